#include "services/metrics/feature_set.h"

#include <algorithm>
#include <array>
#include <set>

#include "libs/profile/declared_features.h"
#include "spillway/v1/profile.pb.h"

namespace spillway::metrics {
namespace {

v1::Profile Parsed(const std::string& document) {
  v1::Profile profile;
  profile.ParseFromString(document);  // checked when it was set
  return profile;
}

// Rules that fail most often and are cheap to look at come first, so that the sum is decided early.
int CostOf(FeatureKind kind) {
  switch (kind) {
    case FeatureKind::kVwapReclaim:
      return 0;
    case FeatureKind::kTapeVelocity:
    case FeatureKind::kSpreadBelowFor:
      return 1;
    case FeatureKind::kSpread:
    case FeatureKind::kMid:
    case FeatureKind::kBidSizeOverAsk:
    case FeatureKind::kLiquidityCollapse:
    case FeatureKind::kFakeWall:
      return 2;
    case FeatureKind::kBidAskRatio:
    case FeatureKind::kDepthBid:
    case FeatureKind::kDepthAsk:
      return 4;
    default:
      return 3;
  }
}

StrategyTrigger Compile(StrategyInstanceId id, const v1::Profile& profile, const FeatureSet& set) {
  const auto slot_of = [&](FeatureKind kind) {
    const FeatureSpec spec = profile::SpecFor(profile, kind);
    const auto found = std::ranges::lower_bound(set.slots, spec, {}, &FeatureSlot::spec);
    return static_cast<uint32_t>(found - set.slots.begin());
  };
  StrategyTrigger trigger{.id = id, .threshold = profile.rubric().threshold(), .rules = {}, .detectors = {}};
  for (const v1::ScoreRule& rule : profile.rubric().rules()) {
    const std::optional<FeatureKind> kind = ParseFeatureKind(rule.feature());
    const std::optional<Comparison> comparison = ParseComparison(rule.op());
    if (!kind || !comparison || rule.points() == 0) continue;
    trigger.rules.push_back({.slot = slot_of(*kind),
                             .comparison = *comparison,
                             .limit = rule.limit(),
                             .points = rule.points(),
                             .rest_max = 0,
                             .rest_min = 0});
  }
  std::ranges::stable_sort(trigger.rules, {},
                           [&](const TriggerRule& rule) { return CostOf(set.slots[rule.slot].spec.kind); });
  double most = 0;
  double least = 0;
  for (size_t i = trigger.rules.size(); i > 0; --i) {
    TriggerRule& rule = trigger.rules[i - 1];
    most += std::max(rule.points, 0.0);
    least += std::min(rule.points, 0.0);
    rule.rest_max = most;
    rule.rest_min = least;
  }
  for (const FeatureSpec& spec : profile::DeclaredFeatures(profile)) {
    if (HasDetector(spec.kind)) trigger.detectors.push_back(slot_of(spec.kind));
  }
  return trigger;
}

}  // namespace

bool HasDetector(FeatureKind kind) {
  return kind == FeatureKind::kFakeWall || kind == FeatureKind::kAskReplenishment ||
         kind == FeatureKind::kLiquidityCollapse || kind == FeatureKind::kTapeStall;
}

bool StrategyInstances::Set(StrategyInstanceId id, const std::string& document) {
  v1::Profile profile;
  if (!profile.ParseFromString(document)) {
    ++refused_;
    return false;
  }
  const auto [found, inserted] = documents_.try_emplace(id, document);
  if (!inserted && found->second == document) return false;
  found->second = document;
  return true;
}

bool StrategyInstances::Retire(StrategyInstanceId id) {
  return documents_.erase(id) > 0;
}

FeatureSet StrategyInstances::Union(uint32_t version) const {
  std::set<FeatureSpec> specs;
  for (const auto& [id, document] : documents_) {
    const std::vector<FeatureSpec> declared = profile::DeclaredFeatures(Parsed(document));
    specs.insert(declared.begin(), declared.end());
  }
  FeatureSet set{.version = version, .slots = {}, .detectors = {}};
  std::array<uint32_t, 256> next{};
  for (const FeatureSpec& spec : specs) {
    const auto position = static_cast<uint32_t>(set.slots.size());
    set.slots.push_back({spec, next[static_cast<uint8_t>(spec.kind)]++, position});
    if (HasDetector(spec.kind)) set.detectors.push_back({position, 0});
    if (spec.kind == FeatureKind::kLiquidityCollapse) set.detectors.push_back({position, 1});
  }
  return set;
}

std::vector<StrategyTrigger> StrategyInstances::Triggers(const FeatureSet& set) const {
  std::vector<StrategyTrigger> triggers;
  for (const auto& [id, document] : documents_) triggers.push_back(Compile(id, Parsed(document), set));
  return triggers;
}

Duration StrategyInstances::UniverseRefresh() const {
  Duration smallest = Duration::max();
  for (const auto& [id, document] : documents_) {
    const v1::UniverseRules rules = Parsed(document).universe();
    smallest = std::min(smallest, rules.has_refresh_ns() && rules.refresh_ns() > 0 ? Duration(rules.refresh_ns())
                                                                                   : Duration(std::chrono::minutes(5)));
  }
  return smallest == Duration::max() ? Duration(std::chrono::minutes(5)) : smallest;
}

}  // namespace spillway::metrics
