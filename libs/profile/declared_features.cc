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
    default:
      break;
  }
  return spec;
}

std::vector<FeatureSpec> DeclaredFeatures(const v1::Profile& profile) {
  std::set<FeatureSpec> specs;
  const auto use = [&](FeatureKind kind) { specs.insert(SpecFor(profile, kind)); };
  for (const v1::ScoreRule& rule : profile.rubric().rules()) {
    if (const auto kind = ParseFeatureKind(rule.feature())) use(*kind);
  }
  for (const v1::Gate& gate : profile.gates()) {
    if (const auto kind = ParseFeatureKind(gate.feature())) use(*kind);
  }
  const v1::CancelRules& cancel = profile.cancel();
  if (cancel.has_spread_multiple()) use(FeatureKind::kSpread);
  if (cancel.has_tape_fraction()) use(FeatureKind::kTapeVelocity);
  if (cancel.on_liquidity_collapse()) use(FeatureKind::kLiquidityCollapse);
  if (cancel.on_fake_wall()) use(FeatureKind::kFakeWall);
  return {specs.begin(), specs.end()};
}

}  // namespace spillway::profile
