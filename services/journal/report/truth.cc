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

std::string TruthPass::Score(const std::vector<truth::PlantedEpisode>& episodes) const {
  return ToJson(ScoreAgainstTruth(episodes, state_->collector.detections()));
}

absl::StatusOr<std::optional<std::vector<truth::PlantedEpisode>>> ReadPlanted(const std::filesystem::path& session) {
  const std::filesystem::path file = session / kTruthFile;
  if (!std::filesystem::exists(file)) return std::optional<std::vector<truth::PlantedEpisode>>();
  absl::StatusOr<std::vector<truth::PlantedEpisode>> episodes = truth::ReadTruth(file.string());
  if (!episodes.ok()) return episodes.status();
  return std::optional(*std::move(episodes));
}

}  // namespace spillway::journal::report
