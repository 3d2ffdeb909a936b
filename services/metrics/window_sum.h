// Size and number of what came in a window of event time.
#pragma once

#include "libs/base/time.h"
#include "services/metrics/ring_queue.h"

namespace spillway::metrics {

// Over (t - W, t]; the caller keeps W. What comes at one time is one entry.
class WindowSum {
 public:
  // Times do not go back.
  void Add(Duration window, Time now, int64_t size) {
    Trim(window, now);
    sum_ += size;
    ++count_;
    if (!entries_.empty() && entries_.back().time == now) {
      entries_.back().size += size;
      ++entries_.back().count;
    } else {
      entries_.push_back({now, size, 1});
    }
  }
  void Trim(Duration window, Time now) {
    while (!entries_.empty() && entries_.front().time <= now - window) {
      sum_ -= entries_.front().size;
      count_ -= entries_.front().count;
      entries_.pop_front();
    }
  }
  // As of the last Add or Trim.
  int64_t sum() const { return sum_; }
  int64_t count() const { return count_; }
  bool empty() const { return entries_.empty(); }

  template <class Archive>
  void Persist(Archive& a) {
    a(entries_, sum_, count_);
  }

 private:
  struct Entry {
    Time time;
    int64_t size = 0;
    int64_t count = 0;
    template <class Archive>
    void Persist(Archive& a) {
      a(time, size, count);
    }
  };
  RingQueue<Entry> entries_;
  int64_t sum_ = 0;
  int64_t count_ = 0;
};

}  // namespace spillway::metrics
