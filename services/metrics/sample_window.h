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

template <size_t N>
class SampleWindow {
 public:
  static constexpr int64_t kNone = std::numeric_limits<int64_t>::min();  // nothing to sample at that time

  // Takes `times` samples of the same value. O(N) at most: a memory move a sample.
  void Push(int64_t value, uint64_t times) {
    for (uint64_t left = std::min<uint64_t>(times, N); left > 0; --left) PushOne(value);
  }

  bool full() const { return count_ == N; }
  size_t count() const { return count_; }
  // Twice the median (the sum of the two middle ones), so that an even count stays exact; nullopt without samples.
  std::optional<int64_t> MedianDoubled() const {
    if (valid_ == 0) return std::nullopt;
    return sorted_[(valid_ - 1) / 2] + sorted_[valid_ / 2];
  }

  template <class Archive>
  void Persist(Archive& a) {
    a(ring_, sorted_, next_, count_, valid_);
    if constexpr (Archive::kReading) {
      next_ %= N;
      count_ = std::min<uint32_t>(count_, N);
      valid_ = std::min(valid_, count_);
    }
  }

 private:
  void PushOne(int64_t value) {
    const int64_t old = count_ == N ? ring_[next_] : kNone;
    ring_[next_] = value;
    next_ = next_ + 1 == N ? 0 : next_ + 1;
    if (count_ < N) ++count_;
    if (old == value) return;
    int64_t* const begin = sorted_.data();
    int64_t* const end = begin + valid_;
    if (old != kNone && value != kNone) {  // what lies between them moves by one place
      if (old < value) {
        int64_t* const from = std::lower_bound(begin, end, old);
        int64_t* const to = std::lower_bound(from, end, value);
        std::copy(from + 1, to, from);
        *(to - 1) = value;
      } else {
        int64_t* const to = std::upper_bound(begin, end, value);
        int64_t* const from = std::lower_bound(to, end, old);
        std::copy_backward(to, from, from + 1);
        *to = value;
      }
    } else if (old != kNone) {
      int64_t* const at = std::lower_bound(begin, end, old);
      std::copy(at + 1, end, at);
      --valid_;
    } else {
      int64_t* const at = std::upper_bound(begin, end, value);
      std::copy_backward(at, end, end + 1);
      *at = value;
      ++valid_;
    }
  }

  std::array<int64_t, N> ring_{};
  std::array<int64_t, N> sorted_{};  // the valid ones, ascending
  uint32_t next_ = 0;
  uint32_t count_ = 0;
  uint32_t valid_ = 0;
};

}  // namespace spillway::metrics
