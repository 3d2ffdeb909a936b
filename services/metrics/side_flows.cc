#include "services/metrics/side_flows.h"

namespace spillway::metrics {

void SideFlows::Build(const FeatureSet& set, Time now) {
  const auto rebuild = [&]<class F>(std::vector<F>& features, FeatureKind kind) {
    features = Rebuilt(features, set, kind, side_, [&](const FeatureSpec& spec) { return F(spec, now); });
  };
  rebuild(absorptions_, FeatureKind::kAskAbsorption);
  rebuild(spoofs_, FeatureKind::kBidSpoofScore);
  rebuild(bursts_, FeatureKind::kBidCancelBurst);
  rebuild(refills_, FeatureKind::kAskRefills);
  rebuild(added_, FeatureKind::kBidAddRate);
  rebuild(cancelled_rates_, FeatureKind::kBidCancelRate);
  rebuild(updated_, FeatureKind::kBidUpdateRate);
  rebuild(bare_refills_, FeatureKind::kAskRefillWithoutPrint);
  rebuild(passives_, FeatureKind::kAskPassiveAbsorption);
  rebuild(supports_, FeatureKind::kBidSupport);
  rebuild(executed_, FeatureKind::kAskExecuted);
  rebuild(cancelled_, FeatureKind::kAskCancelled);
  watched_ = false;
  uint32_t rank_max = 1;
  for (const FeatureSlot& slot : set.slots) {
    const FeatureKind kind = slot.spec.kind;
    if (!IsOfFlow(kind) || SideOf(slot.spec) != side_) continue;
    if (kind != FeatureKind::kBidSupport) watched_ = true;
    if (kind != FeatureKind::kAskAbsorption && kind != FeatureKind::kAskPassiveAbsorption) {
      rank_max = std::max(rank_max, slot.spec.levels);
    }
  }
  rank_max_ = rank_max;
}

void SideFlows::TakeChange(Time now, const book::LevelChange& change, const book::BookSide& levels, int64_t best,
                           bool causes) {
  LevelFlow flow;
  flow.time = now;
  flow.key = sign() * change.price.nanos();
  if (change.cause == Cause::kWindow || change.cause == Cause::kSnapshot) {
    for (SpoofScore& score : spoofs_) score.Forget(flow.key);
    return;
  }
  const int64_t by = change.after.e8() - change.before.e8();
  if (by == 0) return;
  flow.size = by > 0 ? by : -by;
  flow.before = change.before.e8();
  flow.rank = RankOf(sign(), flow.key, levels, causes ? rank_max_ : kLevelsMax);
  flow.at_best = best != 0 && flow.key >= sign() * best;
  const auto take = [this](const LevelFlow& known) { Take(known); };
  if (!causes) attribution_.Expire(now, take);
  for (FlowWindow& feature : updated_) feature.Take(flow);
  if (by > 0) {
    flow.kind = LevelFlow::Kind::kAdded;
    Take(flow);
  } else if (!causes) {
    attribution_.OnDecrease(flow, take);
  } else {
    flow.kind = change.cause == Cause::kExecute ? LevelFlow::Kind::kExecuted : LevelFlow::Kind::kCancelled;
    Take(flow);
  }
}

void SideFlows::Take(const LevelFlow& flow) {
  switch (flow.kind) {
    case LevelFlow::Kind::kAdded:
      for (FlowWindow& feature : added_) feature.Take(flow);
      for (RefillWithoutPrint& feature : bare_refills_) feature.Take(flow);
      break;
    case LevelFlow::Kind::kExecuted:
      for (FlowWindow& feature : executed_) feature.Take(flow);
      for (PassiveAbsorption& feature : passives_) feature.Take(flow);
      for (Absorption& feature : absorptions_) feature.Take(flow);
      break;
    case LevelFlow::Kind::kCancelled:
      for (FlowWindow& feature : cancelled_rates_) feature.Take(flow);
      for (FlowWindow& feature : cancelled_) feature.Take(flow);
      for (Absorption& feature : absorptions_) feature.Take(flow);
      break;
  }
  for (SpoofScore& feature : spoofs_) feature.Take(flow);
  for (CancelBurst& feature : bursts_) feature.Take(flow);
  for (Refills& feature : refills_) feature.Take(flow);
}

}  // namespace spillway::metrics
