#include "services/journal/report/features_pass.h"

#include <algorithm>

#include "libs/profile/declared_features.h"

namespace spillway::journal::report {
namespace {

// Whether `value` is nearer to holding, or farther beyond the limit.
bool Better(double value, double than, Comparison comparison) {
  switch (comparison) {
    case Comparison::kLessEqual:
    case Comparison::kLess:
    case Comparison::kIsFalse:
      return value < than;
    default:
      return value > than;
  }
}

}  // namespace

FeaturesPass::FeaturesPass(const std::map<StrategyInstanceId, v1::Profile>& profiles,
                           std::vector<WindowRecorder*> windows) {
  for (const auto& [instance, profile] : profiles) {
    for (const Side side : profile::SidesOf(profile)) AddSide(instance, profile, side);
  }
  for (WindowRecorder* window : windows) {
    windows_[window->instrument()].push_back(window);
    windows_[0].push_back(window);
  }
}

void FeaturesPass::AddSide(StrategyInstanceId instance, const v1::Profile& profile, Side side) {
  RuleStatistics statistics;
  statistics.instance = instance;
  statistics.side = side;
  for (const auto& rule : profile.rubric().rules()) {
    statistics.points = profile::PointsOf(rule);
    Add(profile, rule, statistics);
  }
  statistics.points = 0;
  statistics.gate = true;
  for (const auto& gate : profile.gates()) {
    statistics.passes_not_ready = gate.pass_not_ready();
    Add(profile, gate, statistics);
  }
}

template <class ProtoRule>
void FeaturesPass::Add(const v1::Profile& profile, const ProtoRule& from, RuleStatistics statistics) {
  const std::optional<FeatureSpec> spec = profile::SpecOf(profile, from, statistics.side);
  const std::optional<Comparison> comparison = ParseComparison(from.op());
  if (!spec || !comparison) return;  // scoring refused the profile, too
  Rule rule{.statistics = std::move(statistics), .spec = *spec, .place = {}};
  rule.statistics.rule = from.id();
  rule.statistics.feature = ToString(rule.spec);
  rule.statistics.comparison = *comparison;
  rule.statistics.limit = profile::LimitOf(from, rule.statistics.side);
  rules_.push_back(std::move(rule));
}

void FeaturesPass::Take(const Event& event) {
  std::visit(Overloaded{
                 [&](const FeatureSetDefined& features) {
                   for (Rule& rule : rules_) {
                     const auto spec = std::find(features.specs.begin(), features.specs.end(), rule.spec);
                     rule.place.reset();
                     if (spec != features.specs.end()) rule.place = static_cast<size_t>(spec - features.specs.begin());
                   }
                 },
                 [&](const FeatureSnapshot& snapshot) { OnSnapshot(event.header, snapshot); },
                 [&](const DetectorFired& detector) { OnDetector(event.header, detector); },
                 [](const auto&) {},
             },
             event.body);
}

void FeaturesPass::OnSnapshot(const EventHeader& header, const FeatureSnapshot& snapshot) {
  if (!snapshot.boundary) return;
  for (Rule& rule : rules_) {
    if (!rule.place || *rule.place >= snapshot.values.size()) continue;
    const FeatureValue& value = snapshot.values[*rule.place];
    RuleStatistics& statistics = rule.statistics;
    ++statistics.snapshots;
    if (!value.ready()) {
      ++statistics.not_ready[value.not_ready];
      continue;
    }
    ++statistics.ready;
    if (Compare(value.value, statistics.comparison, statistics.limit)) ++statistics.held;
    if (statistics.best && !Better(value.value, *statistics.best, statistics.comparison)) continue;
    statistics.best = value.value;
    statistics.best_time = header.event_time;
    statistics.best_instrument = header.instrument;
  }
}

void FeaturesPass::OnDetector(const EventHeader& header, const DetectorFired& detector) {
  const auto windows = windows_.find(header.instrument);
  if (windows == windows_.end()) return;
  for (WindowRecorder* window : windows->second) window->OnDetector(header.event_time, detector);
}

std::vector<RuleStatistics> FeaturesPass::Finish() {
  std::vector<RuleStatistics> statistics;
  for (Rule& rule : rules_) statistics.push_back(std::move(rule.statistics));
  return statistics;
}

}  // namespace spillway::journal::report
