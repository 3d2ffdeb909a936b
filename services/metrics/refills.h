// Refills of the best price of a side: after fills (an iceberg's sign), and without any.
#pragma once

#include <array>

#include "services/metrics/level_flow.h"
#include "services/metrics/price_table.h"
#include "services/metrics/window_sum.h"

namespace spillway::metrics {

// The most refills that one price had in (t - W, t]. A refill is an addition at the best price (or inside the spread)
// within one second of an execution at that price that no addition followed yet: an order that shows a part of its size
// comes back so. Warm-up until W has been watched.
class Refills {
 public:
  static constexpr Duration kAfterFill = std::chrono::seconds(1);
  static constexpr int64_t kActive = 3;  // from here on the detector says so

  Refills() = default;
  Refills(const FeatureSpec& spec, Time now) : spec_(spec), since_(now) {}
  const FeatureSpec& spec() const { return spec_; }

  void Take(const LevelFlow& flow) {
    if (flow.kind == LevelFlow::Kind::kExecuted) {
      NoteFill(flow.time, flow.key);
    } else if (flow.kind == LevelFlow::Kind::kAdded && flow.at_best && TakeFill(flow.time, flow.key)) {
      Trim(flow.time);
      refills_.push_back({flow.time, flow.key});
      const int64_t count = ++counts_[flow.key];
      if (count >= most_) most_ = count, most_key_ = flow.key;
    }
  }
  FeatureValue Value(Time now, const SideContext&) {
    if (now < since_ + spec_.window) return Unready(NotReady::kWarmUp);
    Trim(now);
    return Ready(static_cast<double>(most_));
  }
  bool Active(Time now) {
    Trim(now);
    return most_ >= kActive && now >= since_ + spec_.window;
  }
  // The price that had them last, or has them now; bids as they are, asks negated.
  int64_t most_key() const { return most_key_; }
  bool Settled(Time now) {
    Trim(now);
    return refills_.empty() && now >= since_ + spec_.window;
  }

  template <class Archive>
  void Persist(Archive& a) {
    PersistSpec(a, spec_);
    a(since_, fills_, refills_, counts_, most_, most_key_);
  }

 private:
  struct At {
    Time time;
    int64_t key = 0;
    template <class Archive>
    void Persist(Archive& a) {
      a(time, key);
    }
  };
  // Executions happen at the best price: few prices wait for a refill at once; the oldest makes place.
  void NoteFill(Time now, int64_t key) {
    At* place = &fills_[0];
    for (At& fill : fills_) {
      if (fill.key == key) {
        place = &fill;
        break;
      }
      if (fill.time < place->time) place = &fill;
    }
    *place = {now, key};
  }
  bool TakeFill(Time now, int64_t key) {
    for (At& fill : fills_) {
      if (fill.key != key || fill.time == Time() || fill.time < now - kAfterFill) continue;
      fill = At();
      return true;
    }
    return false;
  }
  void Trim(Time now) {
    bool fewer = false;
    while (!refills_.empty() && refills_.front().time <= now - spec_.window) {
      int64_t& count = counts_[refills_.front().key];
      fewer |= count == most_;
      if (--count == 0) counts_.Erase(refills_.front().key);
      refills_.pop_front();
    }
    if (!fewer) return;
    most_ = 0;
    counts_.ForEach([&](int64_t key, int64_t count) {
      const bool more = count > most_ || (count == most_ && key > most_key_);
      if (more) most_ = count, most_key_ = key;
    });
  }

  FeatureSpec spec_;
  Time since_;
  std::array<At, 8> fills_{};
  RingQueue<At> refills_;
  PriceTable<int64_t> counts_;
  int64_t most_ = 0;
  int64_t most_key_ = 0;
};

// FX-08, second form: 1 while 3 or more additions of together 10 or more round lots at the best price of the side (or
// inside the spread) met no print that took the side, over (t - W, t]. Warm-up until W has been watched.
class RefillWithoutPrint {
 public:
  static constexpr int64_t kAdditionsMin = 3;
  static constexpr int64_t kLotsMin = 10;

  RefillWithoutPrint() = default;
  RefillWithoutPrint(const FeatureSpec& spec, Time now) : spec_(spec), since_(now) {}
  const FeatureSpec& spec() const { return spec_; }

  void Take(const LevelFlow& flow) {
    if (flow.kind == LevelFlow::Kind::kAdded && flow.at_best) added_.Add({spec_.window}, flow.time, flow.size);
  }
  void OnTaken(Time now) { prints_.Add(spec_.window, now, 1); }
  FeatureValue Value(Time now, const SideContext& context) {
    if (now < since_ + spec_.window) return Unready(NotReady::kWarmUp);
    Trim(now);
    const bool refilled = added_.sums(0).additions >= kAdditionsMin && added_.sums(0).added >= kLotsMin * context.lot;
    return Ready(refilled && prints_.empty() ? 1 : 0);
  }
  bool Settled(Time now) {
    Trim(now);
    return added_.empty() && prints_.empty() && now >= since_ + spec_.window;
  }

  template <class Archive>
  void Persist(Archive& a) {
    PersistSpec(a, spec_);
    a(since_, added_, prints_);
  }

 private:
  void Trim(Time now) {
    added_.Trim({spec_.window}, now);
    prints_.Trim(spec_.window, now);
  }

  FeatureSpec spec_;
  Time since_;
  FlowSums<1> added_;
  WindowSum prints_;
};

}  // namespace spillway::metrics
