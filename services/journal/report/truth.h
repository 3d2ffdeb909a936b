// A simulated session's detections against the episodes that were planted in it.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/events/event.h"
#include "libs/truth/planted_episode.h"

namespace spillway::journal::report {

inline constexpr const char* kTruthFile = "truth.jsonl";  // beside the lanes of a session

// What was planted in the session; nullopt where it has no truth file.
absl::StatusOr<std::optional<std::vector<truth::PlantedEpisode>>> ReadPlanted(const std::filesystem::path& session);

// Takes the trading lane and then the features lane. What scoring passed on is taken from the latter.
class TruthPass {
 public:
  TruthPass();
  ~TruthPass();
  void TakeTrading(const Event& event);
  void TakeFeatures(const Event& event);
  // The scorecard as JSON.
  std::string Score(const std::vector<truth::PlantedEpisode>& episodes) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace spillway::journal::report
