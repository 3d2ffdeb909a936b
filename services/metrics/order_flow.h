// Order-flow imbalance at the best quotes. Source: Cont, Kukanov & Stoikov (2014), "The Price Impact of Order Book
// Events".
#pragma once

#include "services/metrics/feature_spec_persist.h"
#include "services/metrics/ring_queue.h"
#include "services/metrics/top_of_book.h"

namespace spillway::metrics {

// Sum over (t - W, t] of  e = 1{b' >= b} qb' - 1{b' <= b} qb - 1{a' <= a} qa' + 1{a' >= a} qa,  in units; b, a, q are
// the best prices and sizes before, the primed ones after an event. Quotes that are not valid have no e. Warm-up until
// W has been watched. Mirrored: of the market seen from the other side.
class OrderFlowImbalance {
 public:
  OrderFlowImbalance() = default;
  OrderFlowImbalance(const FeatureSpec& spec, Time now) : spec_(spec), since_(now) {}
  const FeatureSpec& spec() const { return spec_; }

  void OnTop(Time now, const TopOfBook& before, const TopOfBook& after) {
    if (!before.valid() || !after.valid()) return;
    const int64_t e = spec_.mirrored ? Contribution(before.Mirrored(), after.Mirrored()) : Contribution(before, after);
    if (e == 0) return;
    Trim(now);
    flows_.push_back({now, e});
    sum_ += e;
  }
  FeatureValue Value(Time now) {
    if (now < since_ + spec_.window) return Unready(NotReady::kWarmUp);
    Trim(now);
    return Ready(SizeUnits(sum_));
  }
  bool Settled(Time now) {
    Trim(now);
    return flows_.empty() && now >= since_ + spec_.window;
  }

  template <class Archive>
  void Persist(Archive& a) {
    PersistSpec(a, spec_);
    a(since_, flows_, sum_);
  }

 private:
  static int64_t Contribution(const TopOfBook& before, const TopOfBook& after) {
    int64_t e = 0;
    if (after.bid >= before.bid) e += after.bid_size;
    if (after.bid <= before.bid) e -= before.bid_size;
    if (after.ask <= before.ask) e -= after.ask_size;
    if (after.ask >= before.ask) e += before.ask_size;
    return e;
  }
  struct Flow {
    Time time;
    int64_t e = 0;
    template <class Archive>
    void Persist(Archive& a) {
      a(time, e);
    }
  };
  void Trim(Time now) {
    while (!flows_.empty() && flows_.front().time <= now - spec_.window) {
      sum_ -= flows_.front().e;
      flows_.pop_front();
    }
  }

  FeatureSpec spec_;
  Time since_;
  RingQueue<Flow> flows_;
  int64_t sum_ = 0;
};

}  // namespace spillway::metrics
