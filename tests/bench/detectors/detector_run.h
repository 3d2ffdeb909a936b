// Detectors against planted truth: a simulated market goes through the whole pipeline, with a profile that asks for
// every detector, and what they say is held against what was planted (services/journal/truth_scorecard.h). Nothing is
// recorded.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/truth/planted_episode.h"
#include "services/journal/truth_scorecard.h"

namespace spillway::bench {

struct DetectorRunOptions {
  std::string scenario = "detectors";  // a shipped name or a file
  uint64_t seed = 1;
  std::optional<uint32_t> symbols;  // instead of the scenario's
  std::string profile = "detector-watch";
  std::function<void(double part)> progress = [](double) {};  // 0 to 1
};

struct DetectorRun {
  uint64_t seed = 0;
  uint64_t rows = 0;
  std::vector<truth::PlantedEpisode> truth;
  std::vector<journal::Detection> detections;
};

absl::StatusOr<DetectorRun> RunDetectors(const DetectorRunOptions& options);

// Of all runs together: instruments of different runs are different instruments.
journal::TruthScorecard ScoreTogether(const std::vector<DetectorRun>& runs);

}  // namespace spillway::bench
