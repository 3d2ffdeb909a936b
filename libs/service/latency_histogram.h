// Durations in buckets whose width grows with them: quantiles within 5 %, in memory that does not grow.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace spillway::service {

// Any thread may record while others ask; what is asked then may lack what is being recorded.
class LatencyHistogram {
 public:
  // 0 ns to 9 hours; what is longer counts as 9 hours, what is negative as 0.
  void Record(int64_t nanos) { counts_[Index(nanos)].fetch_add(1, std::memory_order_relaxed); }

  uint64_t count() const {
    uint64_t sum = 0;
    for (const std::atomic<uint64_t>& count : counts_) sum += count.load(std::memory_order_relaxed);
    return sum;
  }

  // The duration in nanoseconds that a share `q` of all, in [0, 1], does not exceed; 0 where there are none.
  int64_t Quantile(double q) const {
    const uint64_t all = count();
    if (all == 0) return 0;
    const auto wanted = static_cast<uint64_t>(std::ceil(q * static_cast<double>(all)));
    uint64_t seen = 0;
    size_t index = 0;
    for (; index + 1 < kBuckets; ++index) {
      seen += counts_[index].load(std::memory_order_relaxed);
      if (seen > 0 && seen >= wanted) break;
    }
    return Middle(index);
  }

 private:
  // 16 buckets for each power of two: half of a bucket's width is at most 1/32 of its lower bound.
  static constexpr int kSplitBits = 4;
  static constexpr size_t kSplit = size_t{1} << kSplitBits;
  static constexpr int kBitsMax = 45;
  static constexpr size_t kBuckets = kSplit * static_cast<size_t>(kBitsMax - kSplitBits + 1);

  static size_t Index(int64_t nanos) {
    if (nanos < static_cast<int64_t>(kSplit)) return nanos < 0 ? 0 : static_cast<size_t>(nanos);
    const auto value = static_cast<uint64_t>(nanos);
    const int shift = std::bit_width(value) - 1 - kSplitBits;
    const size_t index = kSplit * static_cast<size_t>(shift) + static_cast<size_t>(value >> shift);
    return index < kBuckets ? index : kBuckets - 1;
  }

  static int64_t Middle(size_t index) {
    if (index < 2 * kSplit) return static_cast<int64_t>(index);  // these are one nanosecond wide
    const size_t shift = index / kSplit - 1;
    const int64_t lower = static_cast<int64_t>(kSplit + index % kSplit) << shift;
    return lower + (int64_t{1} << shift) / 2;
  }

  std::array<std::atomic<uint64_t>, kBuckets> counts_ = {};
};

}  // namespace spillway::service
