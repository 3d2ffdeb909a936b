// Sums of what came in a window of event time.
#pragma once

#include <array>

#include "libs/base/time.h"
#include "services/metrics/ring_queue.h"

namespace spillway::metrics {

// Over (t - W, t]; the caller keeps W. What comes at one time is one entry. Times do not go back.
class WindowSum {
 public:
  void Add(Duration window, Time now, int64_t value) {
    Trim(window, now);
    sum_ += value;
    if (!entries_.empty() && entries_.back().time == now) {
      entries_.back().value += value;
    } else {
      entries_.push_back({now, value});
    }
  }
  void Trim(Duration window, Time now) {
    while (!entries_.empty() && entries_.front().time <= now - window) {
      sum_ -= entries_.front().value;
      entries_.pop_front();
    }
  }
  // What came at `time` is so much more; nothing where that has left the window.
  void Correct(Duration window, Time now, Time time, int64_t difference) {
    Trim(window, now);
    for (size_t i = 0; i < entries_.size(); ++i) {
      if (entries_[i].time != time) continue;
      entries_[i].value += difference;
      sum_ += difference;
    }
  }
  // As of the last Add or Trim.
  int64_t sum() const { return sum_; }
  bool empty() const { return entries_.empty(); }

  template <class Archive>
  void Persist(Archive& a) {
    a(entries_, sum_);
  }

 private:
  struct Entry {
    Time time;
    int64_t value = 0;
    template <class Archive>
    void Persist(Archive& a) {
      a(time, value);
    }
  };
  RingQueue<Entry> entries_;
  int64_t sum_ = 0;
};

// Sizes that came and went (positive and negative), by number and by sum, over several windows, the shortest first.
template <size_t N>
class FlowSums {
 public:
  struct Sums {
    int64_t added = 0, removed = 0;  // sizes, both positive
    int64_t additions = 0, removals = 0;
    template <class Archive>
    void Persist(Archive& a) {
      a(added, removed, additions, removals);
    }
  };
  using Windows = std::array<Duration, N>;

  void Add(const Windows& windows, Time now, int64_t size) {
    Trim(windows, now);
    for (Sums& sums : sums_) Count(sums, size, 1);
    entries_.push_back({now, size});
  }
  void Trim(const Windows& windows, Time now) {
    for (size_t i = 0; i < N; ++i) {
      for (; older_[i] < entries_.size() && entries_[older_[i]].time <= now - windows[i]; ++older_[i]) {
        Count(sums_[i], entries_[older_[i]].size, -1);
      }
    }
    for (; older_[N - 1] > 0; entries_.pop_front()) {
      for (uint64_t& older : older_) --older;
    }
  }
  const Sums& sums(size_t i) const { return sums_[i]; }
  bool empty() const { return entries_.empty(); }

  template <class Archive>
  void Persist(Archive& a) {
    a(entries_, older_, sums_);
  }

 private:
  struct Entry {
    Time time;
    int64_t size = 0;
    template <class Archive>
    void Persist(Archive& a) {
      a(time, size);
    }
  };
  static void Count(Sums& sums, int64_t size, int64_t sign) {
    if (size > 0) {
      sums.added += sign * size;
      sums.additions += sign;
    } else {
      sums.removed -= sign * size;
      sums.removals += sign;
    }
  }

  RingQueue<Entry> entries_;
  std::array<uint64_t, N> older_{};  // how many of them are before each window
  std::array<Sums, N> sums_{};
};

}  // namespace spillway::metrics
