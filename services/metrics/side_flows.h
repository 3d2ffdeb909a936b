// The features that look at the flow of one side of a symbol's book: what is added, executed, cancelled and refilled
// there, and what its best price shows.
#pragma once

#include <vector>

#include "services/metrics/absorption.h"
#include "services/metrics/cancel_burst.h"
#include "services/metrics/feature_lists.h"
#include "services/metrics/flow_window.h"
#include "services/metrics/level_flow.h"
#include "services/metrics/refills.h"
#include "services/metrics/spoof_score.h"
#include "services/metrics/support.h"

namespace spillway::metrics {

// True for the features that are kept here.
constexpr bool IsOfFlow(FeatureKind kind) {
  switch (kind) {
    case FeatureKind::kAskAbsorption:
    case FeatureKind::kBidSpoofScore:
    case FeatureKind::kBidCancelBurst:
    case FeatureKind::kAskRefills:
    case FeatureKind::kBidAddRate:
    case FeatureKind::kBidCancelRate:
    case FeatureKind::kBidUpdateRate:
    case FeatureKind::kAskRefillWithoutPrint:
    case FeatureKind::kAskPassiveAbsorption:
    case FeatureKind::kBidSupport:
    case FeatureKind::kAskExecuted:
    case FeatureKind::kAskCancelled:
      return true;
    default:
      return false;
  }
}

// True for those of them that look at the symbol beside the flow.
constexpr bool ReadsContext(FeatureKind kind) {
  return kind == FeatureKind::kAskRefillWithoutPrint || kind == FeatureKind::kAskPassiveAbsorption ||
         kind == FeatureKind::kBidSupport;
}

class SideFlows {
 public:
  SideFlows() = default;
  explicit SideFlows(Side side) : side_(side) {}

  // The features of the set from `now` on; those that existed before keep their state.
  void Build(const FeatureSet& set, Time now);

  // A change of a level, which the side already shows; `best` is the side's best price before the event, 0 without one.
  void OnChange(Time now, const book::LevelChange& change, const book::BookSide& levels, int64_t best, bool causes) {
    if (!watched_ && causes) return;
    TakeChange(now, change, levels, best, causes);
  }
  void OnCleared() {
    for (SpoofScore& score : spoofs_) score.ForgetAll();
  }
  // A visible print that may have taken this side, of a feed without causes.
  void OnPrint(Time now, Price price, Quantity quantity) {
    attribution_.OnPrint(now, sign() * price.nanos(), quantity.e8(), [this](const LevelFlow& flow) { Take(flow); });
  }
  // A print took the side.
  void OnTaken(Time now) {
    for (Absorption& feature : absorptions_) feature.OnTaken(now);
    for (CancelBurst& feature : bursts_) feature.OnTaken(now);
    for (RefillWithoutPrint& feature : bare_refills_) feature.OnTaken(now);
  }
  // The best price of the side, at the end of an event; 0 without one.
  void OnBest(int64_t price) {
    if (price == 0) return;
    for (PassiveAbsorption& feature : passives_) feature.OnBest(sign() * price);
  }
  void Sample(int64_t price, int64_t size, uint64_t times) {
    for (PassiveAbsorption& feature : passives_) feature.Sample(sign() * price, size, times);
    for (Support& feature : supports_) feature.Sample(size, times);
  }
  // What the passing of time alone decides.
  void Advance(Time now) {
    if (attribution_.waiting()) attribution_.Expire(now, [this](const LevelFlow& flow) { Take(flow); });
  }

  FeatureValue Value(const FeatureSlot& slot, Time now, const SideContext& context) {
    FeatureValue value;
    With(slot, [&](auto& feature) { value = feature.Value(now, context); });
    return value;
  }
  bool Settled(const FeatureSlot& slot, Time now) {
    bool settled = !attribution_.waiting();
    With(slot, [&](auto& feature) { settled &= feature.Settled(now); });
    return settled;
  }
  PassiveAbsorption& passive(const FeatureSlot& slot) { return passives_[slot.index]; }
  Refills& refills(const FeatureSlot& slot) { return refills_[slot.index]; }

  template <class Archive>
  void Persist(Archive& a) {
    a(side_, watched_, rank_max_, attribution_, added_, cancelled_rates_, updated_, executed_, cancelled_);
    a(absorptions_, spoofs_, bursts_, refills_, bare_refills_, passives_, supports_);
  }

 private:
  static constexpr uint32_t kLevelsMax = 100;  // that a profile can ask for
  int64_t sign() const { return side_ == Side::kAsk ? -1 : 1; }
  static uint32_t RankOf(int64_t sign, int64_t key, const book::BookSide& levels, uint32_t rank_max) {
    const auto seen = static_cast<uint32_t>(std::min<size_t>(levels.size(), rank_max));
    for (uint32_t rank = 0; rank < seen; ++rank) {
      if (sign * levels.price_at(rank).nanos() <= key) return rank;
    }
    return rank_max;
  }
  void TakeChange(Time now, const book::LevelChange& change, const book::BookSide& levels, int64_t best, bool causes);
  void Take(const LevelFlow& flow);

  template <class F>
  void With(const FeatureSlot& slot, F&& f) {
    const uint32_t i = slot.index;
    switch (slot.spec.kind) {
      case FeatureKind::kAskAbsorption:
        return f(absorptions_[i]);
      case FeatureKind::kBidSpoofScore:
        return f(spoofs_[i]);
      case FeatureKind::kBidCancelBurst:
        return f(bursts_[i]);
      case FeatureKind::kAskRefills:
        return f(refills_[i]);
      case FeatureKind::kBidAddRate:
        return f(added_[i]);
      case FeatureKind::kBidCancelRate:
        return f(cancelled_rates_[i]);
      case FeatureKind::kBidUpdateRate:
        return f(updated_[i]);
      case FeatureKind::kAskRefillWithoutPrint:
        return f(bare_refills_[i]);
      case FeatureKind::kAskPassiveAbsorption:
        return f(passives_[i]);
      case FeatureKind::kBidSupport:
        return f(supports_[i]);
      case FeatureKind::kAskExecuted:
        return f(executed_[i]);
      case FeatureKind::kAskCancelled:
        return f(cancelled_[i]);
      default:
        return;
    }
  }

  Side side_ = Side::kBid;
  bool watched_ = false;   // a feature here listens to changes
  uint32_t rank_max_ = 1;  // how many levels the features look at
  // Kept for every feed without causes, whatever is declared: what a feature sees does not depend on others.
  FlowAttribution attribution_;

  std::vector<FlowWindow> added_, cancelled_rates_, updated_, executed_, cancelled_;
  std::vector<Absorption> absorptions_;
  std::vector<SpoofScore> spoofs_;
  std::vector<CancelBurst> bursts_;
  std::vector<Refills> refills_;
  std::vector<RefillWithoutPrint> bare_refills_;
  std::vector<PassiveAbsorption> passives_;
  std::vector<Support> supports_;
};

}  // namespace spillway::metrics
