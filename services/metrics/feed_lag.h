// FX-15: how far a feed is behind. Receive time minus exchange time contains the difference of two clocks; its minimum
// over a minute is taken for that difference, and what is above it for lag.
#pragma once

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

#include "libs/base/time.h"

namespace spillway::metrics {

// Lagging when the 95th percentile of the lag over 5 s reaches 500 ms; up again after 5 s below 250 ms. The percentile
// is known to its bucket: 12.5 ms up to 500 ms, 50 ms up to 1 s, 1 s above; both limits are bucket edges, so they are
// exact.
class FeedLag {
 public:
  static constexpr Duration kLagMax = std::chrono::milliseconds(500);
  static constexpr Duration kRecovered = std::chrono::milliseconds(250);
  static constexpr Duration kRecovery = std::chrono::seconds(5);

  FeedLag() { minima_.fill(kNoDelay); }

  void OnEvent(Time event_time, Time ingest_time) {
    if (event_time >= slot_end_) Rotate(event_time);
    const int64_t delay = (ingest_time - event_time).count();
    if (delay < minimum_) {
      minimum_ = delay;
      minima_[minute_slot_] = delay;
    } else if (delay < minima_[minute_slot_]) {
      minima_[minute_slot_] = delay;
    }
    const size_t bucket = BucketOf(delay - minimum_);
    ++slots_[slot_][bucket];
    used_[slot_] = std::max(used_[slot_], static_cast<uint8_t>(bucket + 1));
    ++counts_[bucket];
    ++total_;
  }

  // On clock ticks. True if the state changed.
  bool Evaluate(Time now) {
    if (total_ == 0 && !lagging_) return false;
    if (now >= slot_end_) Rotate(now);
    if (total_ == 0) return false;
    percentile_ = Percentile95();
    if (!lagging_) {
      lagging_ = percentile_ >= kLagMax;
      below_since_.reset();
      return lagging_;
    }
    if (percentile_ >= kRecovered) {
      below_since_.reset();
      return false;
    }
    if (!below_since_) below_since_ = now;
    if (now - *below_since_ < kRecovery) return false;
    lagging_ = false;
    return true;
  }
  bool lagging() const { return lagging_; }
  Duration percentile() const { return percentile_; }  // at the last Evaluate(): the lower edge of its bucket

  template <class Archive>
  void Persist(Archive& a) {
    a(slots_, used_, counts_, minima_, total_, slot_, slot_end_, minute_slot_, minute_slot_end_, minimum_, lagging_,
      below_since_, percentile_);
    if constexpr (Archive::kReading) {
      slot_ %= kSlots;
      minute_slot_ %= kMinuteSlots;
      for (uint8_t& used : used_) used = std::min<uint8_t>(used, kBuckets);
    }
  }

 private:
  static constexpr size_t kSlots = 50;        // of 100 ms
  static constexpr size_t kMinuteSlots = 60;  // of 1 s
  static constexpr size_t kBuckets = 60;
  static constexpr int64_t kNoDelay = std::numeric_limits<int64_t>::max();
  static constexpr Duration kSlot = std::chrono::milliseconds(100);
  static constexpr int64_t kMilli = 1'000'000;

  static size_t BucketOf(int64_t lag) {
    if (lag < 500 * kMilli) return static_cast<size_t>(lag / (12'500'000));
    if (lag < 1000 * kMilli) return static_cast<size_t>(40 + (lag - 500 * kMilli) / (50 * kMilli));
    return static_cast<size_t>(50 + std::min<int64_t>(lag / (1000 * kMilli) - 1, 9));
  }
  static Duration LowerEdge(size_t bucket) {
    const auto i = static_cast<int64_t>(bucket);
    if (i < 40) return Duration(i * 12'500'000);
    if (i < 50) return Duration((500 + (i - 40) * 50) * kMilli);
    return Duration((i - 49) * 1000 * kMilli);
  }
  Duration Percentile95() const {
    uint64_t sum = 0;
    for (size_t i = 0; i < kBuckets; ++i) {
      sum += counts_[i];
      if (sum * 100 >= total_ * 95) return LowerEdge(i);
    }
    return LowerEdge(kBuckets - 1);
  }
  void Rotate(Time now) {
    const Time first = FloorTo(now, kSlot);
    const auto passed = slot_end_ == Time() ? int64_t{kSlots} : (first - slot_end_) / kSlot + 1;
    for (int64_t i = std::min<int64_t>(passed, kSlots); i > 0; --i) {
      slot_ = (slot_ + 1) % kSlots;
      for (size_t b = 0; b < used_[slot_]; ++b) {
        counts_[b] -= slots_[slot_][b];
        total_ -= slots_[slot_][b];
        slots_[slot_][b] = 0;
      }
      used_[slot_] = 0;
    }
    slot_end_ = first + kSlot;
    if (now >= minute_slot_end_) RotateMinute(now);
  }
  void RotateMinute(Time now) {
    const Time first = FloorTo(now, std::chrono::seconds(1));
    const auto passed =
        minute_slot_end_ == Time() ? int64_t{kMinuteSlots} : (first - minute_slot_end_) / std::chrono::seconds(1) + 1;
    for (int64_t i = std::min<int64_t>(passed, kMinuteSlots); i > 0; --i) {
      minute_slot_ = (minute_slot_ + 1) % kMinuteSlots;
      minima_[minute_slot_] = kNoDelay;
    }
    minute_slot_end_ = first + std::chrono::seconds(1);
    minimum_ = *std::min_element(minima_.begin(), minima_.end());
  }

  std::array<std::array<uint32_t, kBuckets>, kSlots> slots_{};
  std::array<uint8_t, kSlots> used_{};  // of each slot: buckets from 0 that may not be empty
  std::array<uint64_t, kBuckets> counts_{};
  std::array<int64_t, kMinuteSlots> minima_{};
  uint64_t total_ = 0;
  uint64_t slot_ = 0;
  Time slot_end_;
  uint64_t minute_slot_ = 0;
  Time minute_slot_end_;
  int64_t minimum_ = kNoDelay;
  bool lagging_ = false;
  std::optional<Time> below_since_;
  Duration percentile_{0};
};

}  // namespace spillway::metrics
