#include "services/journal/report/truth.h"

#include "services/journal/truth_scorecard.h"

namespace spillway::journal::report {

struct TruthPass::State {
  DetectionCollector collector;
};

TruthPass::TruthPass() : state_(std::make_unique<State>()) {}
TruthPass::~TruthPass() = default;

void TruthPass::TakeTrading(const Event& event) {
  if (std::holds_alternative<Signal>(event.body)) state_->collector.Observe(event);
}

void TruthPass::TakeFeatures(const Event& event) {
  state_->collector.Observe(event);
}

absl::StatusOr<std::string> TruthPass::Score(const std::filesystem::path& session) const {
  const std::filesystem::path file = session / kTruthFile;
  if (!std::filesystem::exists(file)) return std::string();
  absl::StatusOr<std::vector<truth::PlantedEpisode>> episodes = truth::ReadTruth(file.string());
  if (!episodes.ok()) return episodes.status();
  return ToJson(ScoreAgainstTruth(*std::move(episodes), state_->collector.detections()));
}

}  // namespace spillway::journal::report
