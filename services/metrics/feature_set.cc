#include "services/metrics/feature_set.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <set>

#include "libs/profile/declared_features.h"
#include "services/metrics/feature_side.h"
#include "spillway/v1/profile.pb.h"

namespace spillway::metrics {
namespace {

v1::Profile Parsed(const std::string& document) {
  v1::Profile profile;
  profile.ParseFromString(document);  // checked when it was set
  return profile;
}

// An instance that is judged no more often than there are boundaries (IR-6) is judged there; no rubric of its own is
// watched between them.
constexpr Duration kBoundaryInterval = std::chrono::milliseconds(250);

// How dear a feature is to look at, and how seldom a rule of it fails.
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

// A score that is cut to a range on one side of the threshold is there whatever the rules say.
double ThresholdOf(const v1::Rubric& rubric) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const double threshold = rubric.threshold();
  if (rubric.has_score_max() && rubric.score_max() < threshold) return kInfinity;
  if (rubric.has_score_min() && rubric.score_min() >= threshold) return -kInfinity;
  return threshold;
}

StrategyTrigger Compile(StrategyInstanceId id, const v1::Profile& profile, Side side, const FeatureSet& set) {
  const auto slot_of = [&](const FeatureSpec& spec) {
    const auto found = std::ranges::lower_bound(set.slots, spec, {}, &FeatureSlot::spec);
    return static_cast<uint32_t>(found - set.slots.begin());
  };
  const v1::Rubric& rubric = profile.rubric();
  StrategyTrigger trigger;
  trigger.id = id;
  trigger.side = side;
  trigger.threshold = ThresholdOf(rubric);
  trigger.base = rubric.base();
  const bool at_boundaries = Duration(rubric.evaluation_interval_ns()) >= kBoundaryInterval;
  if (at_boundaries) trigger.threshold = std::numeric_limits<double>::infinity();
  for (const v1::ScoreRule& rule : rubric.rules()) {
    if (at_boundaries) break;
    const std::optional<FeatureSpec> spec = profile::SpecOf(profile, rule, side);
    const std::optional<Comparison> comparison = ParseComparison(rule.op());
    const double points = profile::PointsOf(rule);
    if (!spec || !comparison || points == 0) continue;
    const auto order = static_cast<uint32_t>(trigger.rules.size());
    TriggerRule& added = trigger.rules.emplace_back();
    added.slot = slot_of(*spec);
    added.order = order;
    added.comparison = *comparison;
    added.limit = profile::LimitOf(rule, side);
    added.points = points;
    added.start = rule.start();
    added.graded = rubric.mode() == v1::SCORING_MODE_GRADED && rule.has_start() && rule.start() != added.limit;
  }
  // Rules that are cheap, fail often and weigh much come first, so that the sum is decided early.
  double weight = 0;
  for (const TriggerRule& rule : trigger.rules) weight += std::abs(rule.points);
  std::ranges::stable_sort(trigger.rules, {}, [&](const TriggerRule& rule) {
    return CostOf(set.slots[rule.slot].spec.kind) - 8 * std::abs(rule.points) / weight;
  });
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
    if (HasDetector(spec.kind)) trigger.detectors.push_back(slot_of(spec));
  }
  return trigger;
}

}  // namespace

bool HasDetector(FeatureKind kind) {
  return kind == FeatureKind::kFakeWall || kind == FeatureKind::kAskReplenishment ||
         kind == FeatureKind::kAskPassiveAbsorption || kind == FeatureKind::kAskRefills ||
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
  std::array<std::array<uint32_t, 3>, 256> next{};  // by kind and side
  for (const FeatureSpec& spec : specs) {
    const auto position = static_cast<uint32_t>(set.slots.size());
    set.slots.push_back({spec, next[static_cast<uint8_t>(spec.kind)][static_cast<size_t>(SideOf(spec))]++, position});
    if (HasDetector(spec.kind)) set.detectors.push_back({position, 0});
    if (spec.kind == FeatureKind::kLiquidityCollapse) set.detectors.push_back({position, 1});
  }
  return set;
}

std::vector<StrategyTrigger> StrategyInstances::Triggers(const FeatureSet& set) const {
  std::vector<StrategyTrigger> triggers;
  for (const auto& [id, document] : documents_) {
    const v1::Profile profile = Parsed(document);
    for (const Side side : profile::SidesOf(profile)) triggers.push_back(Compile(id, profile, side, set));
  }
  for (uint32_t i = 0; i < triggers.size(); ++i) {
    const auto same = [&](const StrategyTrigger& other) {
      return other.threshold == triggers[i].threshold && other.base == triggers[i].base &&
             other.rules == triggers[i].rules;
    };
    triggers[i].same_as = static_cast<uint32_t>(std::ranges::find_if(triggers, same) - triggers.begin());
  }
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
