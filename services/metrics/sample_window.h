// The median of the last N samples of a grid. A sample says what was true at a grid time; grid times that passed
// without an event count as samples of what had not changed.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

namespace spillway::metrics {

// Kept as runs of equal samples: a quiet symbol has few, and touches little memory.
template <size_t N>
class SampleWindow {
 public:
  static constexpr int64_t kNone = std::numeric_limits<int64_t>::min();  // nothing to sample at that time

  // Takes `times` samples of the same value. O(distinct values) at most, O(1) while nothing changes.
  void Push(int64_t value, uint64_t times) {
    const auto fresh = static_cast<uint32_t>(std::min<uint64_t>(times, N));
    if (fresh == 0) return;
    uint32_t excess = count_ + fresh > N ? count_ + fresh - N : 0;
    // What comes is what leaves: only the runs' lengths move.
    if (excess == fresh && runs_[first_].value == value && Last().value == value &&
        (run_count_ == 1 || runs_[first_].count > fresh)) {
      runs_[first_].count -= fresh;
      Last().count += fresh;
      return;
    }
    // The oldest leave first, so that there are never more than N runs.
    while (excess > 0) {
      Run& oldest = runs_[first_];
      const uint32_t leaving = std::min(oldest.count, excess);
      Remove(oldest.value, leaving);
      oldest.count -= leaving;
      excess -= leaving;
      count_ -= leaving;
      if (oldest.count > 0) break;
      first_ = first_ + 1 == N ? 0 : first_ + 1;
      --run_count_;
    }
    if (run_count_ > 0 && Last().value == value) {
      Last().count += fresh;
    } else {
      ++run_count_;
      Last() = {value, fresh};
    }
    count_ += fresh;
    Add(value, fresh);
  }

  bool full() const { return count_ == N; }
  size_t count() const { return count_; }
  // Twice the median (the sum of the two middle ones), so that an even count stays exact; nullopt without samples.
  std::optional<int64_t> MedianDoubled() const {
    if (valid_ == 0) return std::nullopt;
    const uint32_t lower = (valid_ - 1) / 2, upper = valid_ / 2;
    uint32_t before = 0, i = 0;
    while (before + sorted_[i].count <= lower) before += sorted_[i++].count;
    const int64_t low = sorted_[i].value;
    while (before + sorted_[i].count <= upper) before += sorted_[i++].count;
    return low + sorted_[i].value;
  }

  template <class Archive>
  void Persist(Archive& a) {
    a(first_, run_count_, distinct_, count_, valid_);
    if constexpr (Archive::kReading) {
      first_ %= N;
      run_count_ = std::min<uint32_t>(run_count_, N);
      distinct_ = std::min<uint32_t>(distinct_, N);
    }
    for (uint32_t i = 0; i < run_count_; ++i) a(runs_[(first_ + i) % N].value, runs_[(first_ + i) % N].count);
    for (uint32_t i = 0; i < distinct_; ++i) a(sorted_[i].value, sorted_[i].count);
    if constexpr (Archive::kReading) {  // sums that a damaged state cannot contradict
      count_ = valid_ = 0;
      for (uint32_t i = 0; i < run_count_; ++i) count_ += runs_[(first_ + i) % N].count;
      for (uint32_t i = 0; i < distinct_; ++i) valid_ += sorted_[i].count;
    }
  }

 private:
  struct Run {
    int64_t value = 0;
    uint32_t count = 0;
  };

  Run& Last() { return runs_[(first_ + run_count_ - 1) % N]; }
  Run* Find(int64_t value) {
    return std::lower_bound(sorted_.data(), sorted_.data() + distinct_, value,
                            [](const Run& run, int64_t v) { return run.value < v; });
  }
  void Add(int64_t value, uint32_t times) {
    if (value == kNone) return;
    valid_ += times;
    Run* const at = Find(value);
    Run* const end = sorted_.data() + distinct_;
    if (at != end && at->value == value) {
      at->count += times;
      return;
    }
    std::copy_backward(at, end, end + 1);
    *at = {value, times};
    ++distinct_;
  }
  void Remove(int64_t value, uint32_t times) {
    if (value == kNone) return;
    valid_ -= times;
    Run* const at = Find(value);
    at->count -= times;
    if (at->count > 0) return;
    std::copy(at + 1, sorted_.data() + distinct_, at);
    --distinct_;
  }

  uint32_t first_ = 0;  // of runs_, the oldest
  uint32_t run_count_ = 0;
  uint32_t distinct_ = 0;        // of sorted_
  uint32_t count_ = 0;           // samples, kNone included
  uint32_t valid_ = 0;           // samples that are values
  std::array<Run, N> runs_{};    // in order of time, a ring
  std::array<Run, N> sorted_{};  // by value
};

}  // namespace spillway::metrics
