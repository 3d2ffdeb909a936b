// FX-04: the session's volume-weighted average price and its reclaim.
#pragma once

#include <optional>

#include "libs/base/int128.h"
#include "services/metrics/feature_spec_persist.h"
#include "services/metrics/ring_queue.h"
#include "services/metrics/top_of_book.h"

namespace spillway::metrics {

// Exact sums: sum(price * quantity) in 1e-17, sum(quantity) in 1e-8.
class SessionVwap {
 public:
  void Add(Price price, Quantity quantity) {
    notional_ += static_cast<Int128>(price.nanos()) * quantity.e8();
    volume_ += quantity.e8();
  }
  void Remove(Price price, Quantity quantity) {
    notional_ -= static_cast<Int128>(price.nanos()) * quantity.e8();
    volume_ -= quantity.e8();
  }
  void Reset() { notional_ = volume_ = 0; }
  bool empty() const { return volume_ <= 0; }
  // In units of the quote currency; only if not empty().
  double value() const { return static_cast<double>(notional_) / static_cast<double>(volume_) / 1e9; }
  // price < VWAP and price > VWAP, without rounding.
  bool above(Price price) const { return static_cast<Int128>(price.nanos()) * volume_ < notional_; }
  bool below(Price price) const { return static_cast<Int128>(price.nanos()) * volume_ > notional_; }

  template <class Archive>
  void Persist(Archive& a) {
    Persist128(a, notional_);
    Persist128(a, volume_);
  }

 private:
  template <class Archive>
  static void Persist128(Archive& a, Int128& value) {
    auto high = static_cast<int64_t>(value >> 64);
    auto low = static_cast<uint64_t>(value);
    a(high, low);
    if constexpr (Archive::kReading) value = (static_cast<Int128>(high) << 64) + low;
  }

  Int128 notional_ = 0;
  Int128 volume_ = 0;
};

// 1 while a reclaim holds, else 0. A reclaim starts at an eligible trade at or above the session's VWAP after the
// trades were below it for `below_for`, if the volume of the last `window` is at least `surge` times its mean over five
// minutes (surge 0: no condition). It holds for `hold` and ends at once with a trade below VWAP. Mirrored, a loss of
// VWAP: the same with above for below.
class VwapReclaim {
 public:
  static constexpr Duration kBaseline = std::chrono::minutes(5);

  VwapReclaim() = default;
  VwapReclaim(const FeatureSpec& spec, Time now) : spec_(spec), since_(now) {}
  const FeatureSpec& spec() const { return spec_; }

  void OnTrade(Time time, Quantity quantity, uint64_t id) {
    if (spec_.surge <= 0) return;
    Trim(time);
    volumes_.push_back({time, id, quantity.e8()});
    baseline_ += quantity.e8();
    recent_ += quantity.e8();
  }
  // After a row with eligible trades in the session; `price` is the last one's.
  void OnRowEnd(Time now, Price price, const SessionVwap& vwap) {
    if (Away(price, vwap)) {
      until_.reset();
      if (!below_since_) below_since_ = now;
      return;
    }
    if (!below_since_) return;
    if (now - *below_since_ >= spec_.below_for && Surge(now)) until_ = now + spec_.hold;
    below_since_.reset();
  }
  // A bust or a correction moved volume (by `change`, 1e-8), last price or VWAP: no reclaim starts by it.
  void OnCorrection(Time now, uint64_t id, int64_t change, std::optional<Price> price, const SessionVwap& vwap) {
    for (size_t i = 0; i < volumes_.size(); ++i) {
      if (volumes_[i].id != id) continue;
      volumes_[i].quantity += change;
      baseline_ += change;
      if (i >= older_) recent_ += change;
    }
    if (price && Away(*price, vwap)) {
      until_.reset();
      if (!below_since_) below_since_ = now;
    } else {
      below_since_.reset();
    }
  }
  void OnSessionStart() {
    below_since_.reset();
    until_.reset();
  }
  FeatureValue Value(Time now) const {
    if (WarmingUp(now)) return Unready(NotReady::kWarmUp);
    return Ready(until_ && now < *until_ ? 1.0 : 0.0);
  }
  bool Settled(Time now) const { return !(until_ && now < *until_) && !WarmingUp(now); }

  template <class Archive>
  void Persist(Archive& a) {
    PersistSpec(a, spec_);
    a(since_, volumes_, older_, baseline_, recent_, below_since_, until_);
  }

 private:
  struct Volume {
    Time time;
    uint64_t id = 0;
    int64_t quantity = 0;
    template <class Archive>
    void Persist(Archive& a) {
      a(time, id, quantity);
    }
  };
  // On the side of VWAP from which it is reclaimed.
  bool Away(Price price, const SessionVwap& vwap) const {
    return spec_.mirrored ? vwap.below(price) : vwap.above(price);
  }
  bool WarmingUp(Time now) const { return spec_.surge > 0 && now < since_ + kBaseline; }
  bool Surge(Time now) {
    if (spec_.surge <= 0) return true;
    if (WarmingUp(now)) return false;
    Trim(now);
    const double mean = static_cast<double>(baseline_) * (Seconds(spec_.window) / Seconds(kBaseline));
    return static_cast<double>(recent_) >= spec_.surge * mean;
  }
  void Trim(Time now) {
    while (older_ < volumes_.size() && volumes_[older_].time <= now - spec_.window)
      recent_ -= volumes_[older_++].quantity;
    while (!volumes_.empty() && volumes_.front().time <= now - kBaseline) {
      baseline_ -= volumes_.front().quantity;
      volumes_.pop_front();
      --older_;
    }
  }

  FeatureSpec spec_;
  Time since_;
  RingQueue<Volume> volumes_;  // of five minutes, if there is a surge condition
  uint64_t older_ = 0;         // how many of them are before `window`
  int64_t baseline_ = 0;
  int64_t recent_ = 0;
  std::optional<Time> below_since_;
  std::optional<Time> until_;
};

}  // namespace spillway::metrics
