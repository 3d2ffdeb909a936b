// FX-08: how fast the best quote of a side is refilled compared with how fast it is executed.
#pragma once

#include "services/metrics/feature_side.h"
#include "services/metrics/feature_spec_persist.h"
#include "services/metrics/ring_queue.h"
#include "services/metrics/top_of_book.h"

namespace spillway::metrics {

// Size added at the best ask (or inside it) over size executed there, in (t - W, t]: rates over one window compare as
// sizes. divisor_zero while nothing was executed; warm-up until W has been watched. Mirrored: at the best bid.
class Replenishment {
 public:
  Replenishment() = default;
  Replenishment(const FeatureSpec& spec, Time now) : spec_(spec), since_(now) {}
  const FeatureSpec& spec() const { return spec_; }
  Side side() const { return SideOf(spec_); }

  // A change of the side. `best`: its best price before the event, 1e-9; 0 if there was none. Executions happen at the
  // best by definition.
  void OnLevelChange(Time now, const book::LevelChange& change, int64_t best, bool causes) {
    const int64_t added = change.after.e8() - change.before.e8();
    if (added > 0) {
      const bool real = change.cause != Cause::kWindow && change.cause != Cause::kSnapshot;
      if (real && best != 0 && sign() * change.price.nanos() >= sign() * best) Push(now, added, 0);
    } else if (added < 0 && causes && change.cause == Cause::kExecute) {
      Push(now, 0, -added);
    }
  }
  // Visible prints, of feeds that do not say causes.
  void OnPrint(Time now, Price price, Quantity quantity, Side aggressor, int64_t best) {
    const bool taken = aggressor == Opposite(side()) || (aggressor == Side::kNone && price.nanos() == best);
    if (taken) Push(now, 0, quantity.e8());
  }
  FeatureValue Value(Time now) {
    if (now < since_ + spec_.window) return Unready(NotReady::kWarmUp);
    Trim(now);
    if (executed_ <= 0) return Unready(NotReady::kDivisorZero);
    return Ready(static_cast<double>(added_) / static_cast<double>(executed_));
  }
  // Refill after fill, faster than the fills.
  bool Active(Time now) {
    if (now < since_ + spec_.window) return false;
    Trim(now);
    return executed_ > 0 && added_ > executed_;
  }
  bool Settled(Time now) {
    Trim(now);
    return flows_.empty() && now >= since_ + spec_.window;
  }

  template <class Archive>
  void Persist(Archive& a) {
    PersistSpec(a, spec_);
    a(since_, flows_, added_, executed_);
  }

 private:
  int64_t sign() const { return spec_.mirrored ? 1 : -1; }  // higher is better
  struct Flow {
    Time time;
    int64_t added = 0;
    int64_t executed = 0;
    template <class Archive>
    void Persist(Archive& a) {
      a(time, added, executed);
    }
  };
  void Push(Time now, int64_t added, int64_t executed) {
    Trim(now);
    added_ += added;
    executed_ += executed;
    if (!flows_.empty() && flows_.back().time == now) {
      flows_.back().added += added;
      flows_.back().executed += executed;
    } else {
      flows_.push_back({now, added, executed});
    }
  }
  void Trim(Time now) {
    while (!flows_.empty() && flows_.front().time <= now - spec_.window) {
      added_ -= flows_.front().added;
      executed_ -= flows_.front().executed;
      flows_.pop_front();
    }
  }

  FeatureSpec spec_;
  Time since_;
  RingQueue<Flow> flows_;
  int64_t added_ = 0;
  int64_t executed_ = 0;
};

}  // namespace spillway::metrics
