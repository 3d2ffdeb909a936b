// FX-14: liquidity collapse, and the spread blow-out that is a part of it.
#pragma once

#include <optional>

#include "services/metrics/feature_spec_persist.h"
#include "services/metrics/sample_window.h"
#include "services/metrics/top_of_book.h"

namespace spillway::metrics {

// A condition counts once it has held for so long without a break.
class HeldCondition {
 public:
  void Set(Time now, bool holds) {
    if (!holds) {
      since_.reset();
    } else if (!since_) {
      since_ = now;
    }
  }
  bool Active(Time now, Duration hold) const { return since_ && now >= *since_ + hold; }
  bool holds() const { return since_.has_value(); }
  template <class Archive>
  void Persist(Archive& a) {
    a(since_);
  }

 private:
  std::optional<Time> since_;
};

// Depth of the best `levels` of a side below half of its 30 s median, or spread above twice its 30 s median, or a side
// empty, for 500 ms. Medians are over samples at the 250 ms boundaries; without 30 s of them only an empty side counts.
class LiquidityCollapse {
 public:
  static constexpr size_t kSamples = 120;
  static constexpr Duration kHold = std::chrono::milliseconds(500);
  // The detector of blow-outs wants more than the feature: quotes that come and go keep a spread of one tick at three
  // for half a second every few minutes. In the session; before it there is no spread to speak of.
  static constexpr Duration kBlowOutHold = std::chrono::milliseconds(900);

  LiquidityCollapse() = default;
  explicit LiquidityCollapse(const FeatureSpec& spec) : spec_(spec) {}
  const FeatureSpec& spec() const { return spec_; }

  // What has been true at the last `times` boundaries; the latest is `boundary`.
  void Sample(Time boundary, const TopOfBook& top, const book::OrderBook& book, uint64_t times) {
    seen_ = seen_ || top.two_sided();
    if (!seen_) return;
    Measure(book);
    const int64_t spread = top.two_sided() && top.spread() > 0 ? top.spread() : SampleWindow<kSamples>::kNone;
    unchanged_ = spread == spread_sample_ && bid_ == bid_sample_ && ask_ == ask_sample_ ? unchanged_ + times : times;
    spread_sample_ = spread;
    bid_sample_ = bid_;
    ask_sample_ = ask_;
    spreads_.Push(spread, times);
    bids_.Push(bid_, times);
    asks_.Push(ask_, times);
    ready_ = spreads_.full() && spreads_.MedianDoubled().has_value();
    spread_median2_ = spreads_.MedianDoubled().value_or(0);
    bid_median2_ = bids_.MedianDoubled().value_or(0);
    ask_median2_ = asks_.MedianDoubled().value_or(0);
    Judge(boundary, top);
  }
  void OnRowEnd(Time now, const TopOfBook& top, const book::OrderBook& book) {
    seen_ = seen_ || top.two_sided();
    if (!seen_) return;
    Measure(book);
    Judge(now, top);
  }

  FeatureValue Value(Time now, const TopOfBook& top) const {
    if (collapse_.Active(now, kHold)) return Ready(1);
    if (!seen_ || (!ready_ && top.two_sided())) return Unready(NotReady::kWarmUp);
    if ((top.condition &
         (BookCondition::kCrossed | BookCondition::kLocked | BookCondition::kGap | BookCondition::kStale)) != 0) {
      return Unready(NotReady::kBookInvalid);
    }
    return Ready(0);
  }
  bool Active(Time now) const { return collapse_.Active(now, kHold); }
  bool BlowOutActive(Time now, bool in_session) const { return in_session && blow_out_.Active(now, kBlowOutHold); }

  // What a detector says of it: the worst side's depth against its limit in units, or the spread against its limit.
  struct Reading {
    Side side = Side::kNone;
    double seen = 0;
    double limit = 0;
  };
  Reading reading() const {
    if (thin_bid_ || thin_ask_) {
      const bool bid = thin_bid_;
      return {bid ? Side::kBid : Side::kAsk, SizeUnits(bid ? bid_ : ask_),
              SizeUnits(bid ? bid_median2_ : ask_median2_) / 4};
    }
    return blow_out_reading();
  }
  Reading blow_out_reading() const { return {Side::kNone, PriceUnits(spread_), PriceUnits(spread_median2_)}; }

  // Without events nothing more changes once all samples are equal and no condition waits.
  bool Settled(Time now) const {
    const bool waiting = (collapse_.holds() && !collapse_.Active(now, kHold)) ||
                         (blow_out_.holds() && !blow_out_.Active(now, kBlowOutHold));
    return !seen_ || (unchanged_ >= kSamples && !waiting);
  }

  template <class Archive>
  void Persist(Archive& a) {
    PersistSpec(a, spec_);
    a(spreads_, bids_, asks_, collapse_, blow_out_, seen_, ready_, thin_bid_, thin_ask_, spread_, bid_, ask_);
    a(spread_median2_, bid_median2_, ask_median2_, spread_sample_, bid_sample_, ask_sample_, unchanged_);
  }

 private:
  void Measure(const book::OrderBook& book) {
    bid_ = book.bids().Depth(spec_.levels).e8();
    ask_ = book.asks().Depth(spec_.levels).e8();
  }
  void Judge(Time now, const TopOfBook& top) {
    spread_ = top.two_sided() ? top.spread() : 0;
    thin_bid_ = bid_ == 0 || (ready_ && bid_ * 4 < bid_median2_);
    thin_ask_ = ask_ == 0 || (ready_ && ask_ * 4 < ask_median2_);
    const bool wide = ready_ && top.two_sided() && spread_ > spread_median2_;
    collapse_.Set(now, thin_bid_ || thin_ask_ || wide);
    blow_out_.Set(now, wide);
  }

  // What every event touches first, the windows last.
  FeatureSpec spec_;
  HeldCondition collapse_, blow_out_;
  bool seen_ = false;   // both sides, once
  bool ready_ = false;  // 30 s of samples
  bool thin_bid_ = false, thin_ask_ = false;
  int64_t spread_ = 0, bid_ = 0, ask_ = 0;
  int64_t spread_median2_ = 0, bid_median2_ = 0, ask_median2_ = 0;  // doubled
  int64_t spread_sample_ = 0, bid_sample_ = 0, ask_sample_ = 0;
  uint64_t unchanged_ = 0;  // samples equal to the last one
  SampleWindow<kSamples> spreads_, bids_, asks_;
};

}  // namespace spillway::metrics
