#include "libs/profile/declared_features.h"

#include <algorithm>
#include <set>

#include "spillway/v1/profile.pb.h"

namespace spillway::profile {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

}  // namespace

FeatureSpec SpecFor(const v1::Profile& profile, FeatureKind kind) {
  const v1::FeatureParameters& p = profile.features();
  const auto duration = [](bool present, int64_t nanos, Duration otherwise) {
    return present ? Duration(nanos) : otherwise;
  };
  const uint32_t wall_levels = p.has_wall_levels() ? p.wall_levels() : 3;
  const double wall_multiple = p.has_wall_multiple() ? p.wall_multiple() : 3.0;
  const uint32_t depth_levels = p.has_depth_levels() ? p.depth_levels() : 3;
  FeatureSpec spec{.kind = kind};
  switch (kind) {
    case FeatureKind::kSpreadChange:
      spec.window = duration(p.has_spread_change_window_ns(), p.spread_change_window_ns(), seconds(3));
      break;
    case FeatureKind::kSpreadBelowFor:
      spec.threshold = static_cast<double>(p.spread_below_e9()) / 1e9;
      break;
    case FeatureKind::kBidAskRatio:
      spec.levels = p.has_ratio_levels() ? p.ratio_levels() : 10;
      break;
    case FeatureKind::kTapeVelocity:
      spec.window = duration(p.has_tape_window_ns(), p.tape_window_ns(), seconds(3));
      break;
    case FeatureKind::kVwapReclaim:
      spec.window = seconds(3);  // of the surge volume, FX-04
      spec.below_for = duration(p.has_reclaim_below_for_ns(), p.reclaim_below_for_ns(), seconds(5));
      spec.surge = p.has_reclaim_surge() ? p.reclaim_surge() : 2.0;
      spec.hold = duration(p.has_reclaim_hold_ns(), p.reclaim_hold_ns(), seconds(10));
      break;
    case FeatureKind::kBidWallAge:
      spec.levels = wall_levels;
      spec.threshold = wall_multiple;
      spec.minimum = p.wall_min();
      break;
    case FeatureKind::kFakeWall:
      spec.levels = wall_levels;
      spec.threshold = wall_multiple;
      spec.minimum = p.wall_min();
      spec.window = duration(p.has_fake_wall_within_ns(), p.fake_wall_within_ns(), milliseconds(500));
      spec.hold = duration(p.has_fake_wall_hold_ns(), p.fake_wall_hold_ns(), seconds(1));
      break;
    case FeatureKind::kAskReplenishment:
      spec.window = duration(p.has_replenishment_window_ns(), p.replenishment_window_ns(), seconds(3));
      break;
    case FeatureKind::kLiquidityCollapse:
    case FeatureKind::kDepthBid:
    case FeatureKind::kDepthAsk:
      spec.levels = depth_levels;
      break;
    case FeatureKind::kOrderFlowImbalance:
      spec.window = duration(p.has_flow_window_ns(), p.flow_window_ns(), seconds(3));
      break;
    case FeatureKind::kAskExecuted:
    case FeatureKind::kAskCancelled:
      spec.levels = depth_levels;
      spec.window = duration(p.has_flow_window_ns(), p.flow_window_ns(), seconds(3));
      break;
    case FeatureKind::kVwap:
    case FeatureKind::kVwapDistance:
      break;
    case FeatureKind::kAskAbsorption:
      spec.levels = p.has_absorption_prints_min() ? p.absorption_prints_min() : 2;
      spec.window = duration(p.has_absorption_window_ns(), p.absorption_window_ns(), seconds(3));
      spec.minimum = p.has_absorption_size_min() ? p.absorption_size_min() : 100;
      break;
    case FeatureKind::kTapeAcceleration:
      spec.window = duration(p.has_tape_window_ns(), p.tape_window_ns(), seconds(3));
      spec.below_for = duration(p.has_acceleration_base_ns(), p.acceleration_base_ns(), seconds(30));
      break;
    case FeatureKind::kTradedVolume:
      spec.window = std::chrono::minutes(1);  // FX-73
      break;
    case FeatureKind::kBuyVelocity:
      spec.window = duration(p.has_tape_window_ns(), p.tape_window_ns(), seconds(3));
      break;
    case FeatureKind::kAskWallDepletion:
      spec.levels = wall_levels;
      spec.threshold = wall_multiple;
      spec.minimum = p.wall_min();
      break;
    case FeatureKind::kBidSpoofScore:
    case FeatureKind::kBidAddRate:
    case FeatureKind::kBidCancelRate:
    case FeatureKind::kBidUpdateRate:
      spec.levels = p.has_rate_levels() ? p.rate_levels() : 5;
      spec.window = duration(p.has_rate_window_ns(), p.rate_window_ns(),
                             kind == FeatureKind::kBidSpoofScore ? seconds(3) : seconds(1));
      break;
    case FeatureKind::kBidCancelBurst:
      spec.levels = p.has_rate_levels() ? p.rate_levels() : 5;
      break;
    case FeatureKind::kAskRefills:
      spec.window = duration(p.has_refill_window_ns(), p.refill_window_ns(), seconds(10));
      break;
    case FeatureKind::kAskRefillWithoutPrint:
      spec.window = duration(p.has_replenishment_window_ns(), p.replenishment_window_ns(), seconds(3));
      break;
    case FeatureKind::kAskPassiveAbsorption:
      spec.levels = p.has_passive_ticks() ? p.passive_ticks() : 1;
      spec.window = duration(p.has_passive_window_ns(), p.passive_window_ns(), seconds(10));
      break;
    case FeatureKind::kBidSupport:
      spec.window = duration(p.has_support_window_ns(), p.support_window_ns(), seconds(10));
      break;
    default:
      break;
  }
  const bool of_vwap =
      kind == FeatureKind::kVwap || kind == FeatureKind::kVwapDistance || kind == FeatureKind::kVwapReclaim;
  spec.venue = of_vwap && p.vwap_source() == v1::VWAP_SOURCE_VENUE;
  return spec;
}

FeatureSpec SpecFor(const v1::Profile& profile, FeatureName name) {
  FeatureSpec spec = SpecFor(profile, name.kind);
  spec.mirrored = name.mirrored;
  return spec;
}

double PointsOf(const v1::ScoreRule& rule) {
  return rule.has_penalty() ? -rule.penalty() : rule.points();
}

std::vector<Side> SidesOf(const v1::Profile& profile) {
  std::vector<Side> sides = {Side::kBid};
  if (profile.short_side().enabled()) sides.push_back(Side::kAsk);
  return sides;
}

bool BecomesOrders(const v1::Profile& profile) {
  return profile.execution_mode() == v1::EXECUTION_MODE_AUTO || profile.execution_mode() == v1::EXECUTION_MODE_CONFIRM;
}

std::vector<FeatureSpec> DeclaredFeatures(const v1::Profile& profile) {
  std::set<FeatureSpec> specs;
  for (const Side side : SidesOf(profile)) {
    const auto use = [&](FeatureKind kind) {
      const FeatureName name{kind, false};
      specs.insert(SpecFor(profile, side == Side::kAsk ? Mirrored(name) : name));
    };
    const auto use_rules = [&](const auto& rules) {
      for (const auto& rule : rules) {
        if (const std::optional<FeatureSpec> spec = SpecOf(profile, rule, side)) specs.insert(*spec);
      }
    };
    use_rules(profile.rubric().rules());
    use_rules(profile.gates());
    const v1::CancelRules& cancel = profile.cancel();
    use_rules(cancel.when());
    if (cancel.has_spread_multiple()) use(FeatureKind::kSpread);
    if (cancel.has_tape_fraction()) {
      use(cancel.tape_same_side() ? FeatureKind::kBuyVelocity : FeatureKind::kTapeVelocity);
    }
    if (cancel.on_liquidity_collapse()) use(FeatureKind::kLiquidityCollapse);
    if (cancel.on_fake_wall()) use(FeatureKind::kFakeWall);
  }
  if (BecomesOrders(profile)) specs.insert(SpecFor(profile, FeatureKind::kTradedVolume));
  return {specs.begin(), specs.end()};
}

}  // namespace spillway::profile
