// The tape: eligible trades (they update last and volume by the feed's condition codes) in windows of event time.
// Prints with one time and price stay separate trades; odd lots count.
#pragma once

#include <optional>

#include "services/metrics/feature_spec_persist.h"
#include "services/metrics/ring_queue.h"
#include "services/metrics/top_of_book.h"
#include "services/metrics/window_sum.h"

namespace spillway::metrics {

// FX-03: eligible trades in (t - W, t] divided by W, in trades/s. Warm-up until W has been watched. Of a side
// (buy_velocity): those that took it.
class TapeVelocity {
 public:
  TapeVelocity() = default;
  TapeVelocity(const FeatureSpec& spec, Time now) : spec_(spec), since_(now) {}
  const FeatureSpec& spec() const { return spec_; }

  void OnTrade(Time time, uint64_t id) {
    Trim(time);
    trades_.push_back({time, id, true});
    ++count_;
  }
  void OnBust(uint64_t id) {
    for (size_t i = 0; i < trades_.size(); ++i) {
      Print& print = trades_[i];
      if (print.id != id || !print.counts) continue;
      print.counts = false;
      --count_;
    }
  }
  FeatureValue Value(Time now) {
    if (now < since_ + spec_.window) return Unready(NotReady::kWarmUp);
    Trim(now);
    return Ready(static_cast<double>(count_) / Seconds(spec_.window));
  }
  bool Settled(Time now) {
    Trim(now);
    return trades_.empty() && now >= since_ + spec_.window;
  }

  template <class Archive>
  void Persist(Archive& a) {
    PersistSpec(a, spec_);
    a(since_, count_, trades_);
  }

 private:
  struct Print {
    Time time;
    uint64_t id = 0;
    bool counts = true;
    template <class Archive>
    void Persist(Archive& a) {
      a(time, id, counts);
    }
  };
  void Trim(Time now) {
    while (!trades_.empty() && trades_.front().time <= now - spec_.window) {
      count_ -= trades_.front().counts ? 1 : 0;
      trades_.pop_front();
    }
  }

  FeatureSpec spec_;
  Time since_;
  int64_t count_ = 0;
  RingQueue<Print> trades_;
};

// FX-73: units of eligible trades in (t - W, t]. Warm-up until W has been watched.
class TradedVolume {
 public:
  TradedVolume() = default;
  TradedVolume(const FeatureSpec& spec, Time now) : spec_(spec), since_(now) {}
  const FeatureSpec& spec() const { return spec_; }

  void OnTrade(Time time, Quantity quantity) { sum_.Add(spec_.window, time, quantity.e8()); }
  // A trade of `time` changed by so much; it counts as long as it would have.
  void OnCorrection(Time now, Time time, int64_t difference_e8) {
    sum_.Correct(spec_.window, now, time, difference_e8);
  }
  FeatureValue Value(Time now) {
    if (now < since_ + spec_.window) return Unready(NotReady::kWarmUp);
    sum_.Trim(spec_.window, now);
    return Ready(static_cast<double>(sum_.sum()) / Quantity::kUnit);
  }
  bool Settled(Time now) {
    sum_.Trim(spec_.window, now);
    return sum_.empty() && now >= since_ + spec_.window;
  }

  template <class Archive>
  void Persist(Archive& a) {
    PersistSpec(a, spec_);
    a(since_, sum_);
  }

 private:
  FeatureSpec spec_;
  Time since_;
  WindowSum sum_;
};

// FX-19: the velocity over `window` over that of the `below_for` before it: trades in (t - W, t] by W, over trades in
// (t - W - B, t - W] by B. divisor_zero without trades before; warm-up until both have been watched.
class TapeAcceleration {
 public:
  TapeAcceleration() = default;
  TapeAcceleration(const FeatureSpec& spec, Time now) : spec_(spec), since_(now) {}
  const FeatureSpec& spec() const { return spec_; }

  void OnTrade(Time time, uint64_t id) {
    Trim(time);
    trades_.push_back({time, id, true});
    ++recent_;
  }
  void OnBust(uint64_t id) {
    for (size_t i = 0; i < trades_.size(); ++i) {
      Print& print = trades_[i];
      if (print.id != id || !print.counts) continue;
      print.counts = false;
      --(i < older_ ? before_ : recent_);
    }
  }
  FeatureValue Value(Time now) {
    if (now < since_ + spec_.window + spec_.below_for) return Unready(NotReady::kWarmUp);
    Trim(now);
    if (before_ == 0) return Unready(NotReady::kDivisorZero);
    const double recent = static_cast<double>(recent_) / Seconds(spec_.window);
    return Ready(recent / (static_cast<double>(before_) / Seconds(spec_.below_for)));
  }
  bool Settled(Time now) {
    Trim(now);
    return trades_.empty() && now >= since_ + spec_.window + spec_.below_for;
  }

  template <class Archive>
  void Persist(Archive& a) {
    PersistSpec(a, spec_);
    a(since_, recent_, before_, older_, trades_);
  }

 private:
  struct Print {
    Time time;
    uint64_t id = 0;
    bool counts = true;
    template <class Archive>
    void Persist(Archive& a) {
      a(time, id, counts);
    }
  };
  void Trim(Time now) {
    for (; older_ < trades_.size() && trades_[older_].time <= now - spec_.window; ++older_) {
      if (!trades_[older_].counts) continue;
      --recent_;
      ++before_;
    }
    while (!trades_.empty() && trades_.front().time <= now - spec_.window - spec_.below_for) {
      before_ -= trades_.front().counts ? 1 : 0;
      trades_.pop_front();
      --older_;
    }
  }

  FeatureSpec spec_;
  Time since_;
  int64_t recent_ = 0;
  int64_t before_ = 0;
  uint64_t older_ = 0;  // how many of the trades are before `window`
  RingQueue<Print> trades_;
};

// The trades with an id of the last five minutes: what a bust or a correction can still take back.
class TradeLog {
 public:
  static constexpr Duration kKept = std::chrono::minutes(5);
  struct Trade {
    Time time;
    uint64_t id = 0;
    Price price;
    Quantity quantity;
    bool eligible = false;
    bool in_session = false;  // counted in the session's VWAP
    bool in_volume = false;   // counted in the day's volume
    bool busted = false;
    template <class Archive>
    void Persist(Archive& a) {
      a(time, id, price, quantity, eligible, in_session, in_volume, busted);
    }
  };

  void Add(const Trade& trade) {
    while (!trades_.empty() && trades_.front().time <= trade.time - kKept) trades_.pop_front();
    trades_.push_back(trade);
  }
  // nullptr if it is not known (any more) or was busted.
  Trade* Find(uint64_t id) {
    for (size_t i = trades_.size(); i > 0; --i) {
      if (trades_[i - 1].id == id && !trades_[i - 1].busted) return &trades_[i - 1];
    }
    return nullptr;
  }
  // The last eligible trade that stands; nullptr if none is known.
  const Trade* Last() const {
    for (size_t i = trades_.size(); i > 0; --i) {
      if (trades_[i - 1].eligible && !trades_[i - 1].busted) return &trades_[i - 1];
    }
    return nullptr;
  }

  template <class Archive>
  void Persist(Archive& a) {
    a(trades_);
  }

 private:
  RingQueue<Trade> trades_;
};

}  // namespace spillway::metrics
