// A simulated session's detections against the episodes that were planted in it.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "libs/events/event.h"

namespace spillway::journal::report {

inline constexpr const char* kTruthFile = "truth.jsonl";  // beside the lanes of a session

// Takes the trading lane and then the features lane. What scoring passed on is taken from the latter.
class TruthPass {
 public:
  TruthPass();
  ~TruthPass();
  void TakeTrading(const Event& event);
  void TakeFeatures(const Event& event);
  // The scorecard as JSON; empty where the session has no truth file.
  absl::StatusOr<std::string> Score(const std::filesystem::path& session) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace spillway::journal::report
