// What was added to the levels of one side of a book, and what left them: executed or cancelled.
//
// The event's cause says it, where the feed says causes (order ids, or causes of changes): a decrease that is no
// execution was cancelled, also one by an update of an order. A feed without causes has its decreases matched with
// visible prints at the same price within 250 ms before or after, the oldest first; what finds no print was cancelled,
// which is known 250 ms after the decrease. Snapshots and levels that come into sight or leave it are no flow.
#pragma once

#include "services/metrics/feature_spec_persist.h"
#include "services/metrics/ring_queue.h"
#include "services/metrics/top_of_book.h"

namespace spillway::metrics {

struct LevelFlow {
  enum class Kind : uint8_t { kAdded, kExecuted, kCancelled };
  Time time;            // when it is known
  int64_t key = 0;      // price, negated on the ask side: higher is better
  int64_t size = 0;     // 1e-8, above 0
  int64_t before = 0;   // the level's size before the change
  uint32_t rank = 0;    // how many levels are better; the best has 0
  bool at_best = true;  // at the side's best price before the event, or inside the spread
  Kind kind = Kind::kAdded;
  template <class Archive>
  void Persist(Archive& a) {
    a(time, key, size, before, rank, at_best, kind);
  }
};

// Tells of the decreases of one side what became of them. take(LevelFlow) is called in order of time.
class FlowAttribution {
 public:
  static constexpr Duration kWithin = std::chrono::milliseconds(250);

  // A decrease of a feed without causes.
  template <class Take>
  void OnDecrease(LevelFlow flow, Take&& take) {
    Expire(flow.time, take);
    const int64_t matched = Match(prints_, flow.key, flow.size);
    if (matched > 0) Tell(flow, flow.time, matched, LevelFlow::Kind::kExecuted, take);
    flow.size -= matched;
    if (flow.size > 0) decreases_.push_back(flow);
  }
  template <class Take>
  void OnPrint(Time now, int64_t key, int64_t size, Take&& take) {
    Expire(now, take);
    int64_t left = size;
    for (size_t i = 0; i < decreases_.size() && left > 0; ++i) {
      LevelFlow& decrease = decreases_[i];
      if (decrease.key != key || decrease.size == 0) continue;
      const int64_t matched = std::min(left, decrease.size);
      decrease.size -= matched;
      left -= matched;
      Tell(decrease, now, matched, LevelFlow::Kind::kExecuted, take);
    }
    if (left > 0) prints_.push_back({now, key, left});
  }
  // What no print can be matched with any more.
  template <class Take>
  void Expire(Time now, Take&& take) {
    while (!decreases_.empty() && decreases_.front().time < now - kWithin) {
      const LevelFlow decrease = decreases_.front();
      decreases_.pop_front();
      if (decrease.size > 0) {
        Tell(decrease, decrease.time + kWithin, decrease.size, LevelFlow::Kind::kCancelled, take);
      }
    }
    while (!prints_.empty() && prints_.front().time < now - kWithin) prints_.pop_front();
  }
  bool waiting() const { return !decreases_.empty(); }

  template <class Archive>
  void Persist(Archive& a) {
    a(decreases_, prints_);
  }

 private:
  struct Print {
    Time time;
    int64_t key = 0;
    int64_t size = 0;
    template <class Archive>
    void Persist(Archive& a) {
      a(time, key, size);
    }
  };
  static int64_t Match(RingQueue<Print>& prints, int64_t key, int64_t size) {
    int64_t left = size;
    for (size_t i = 0; i < prints.size() && left > 0; ++i) {
      if (prints[i].key != key) continue;
      const int64_t matched = std::min(left, prints[i].size);
      prints[i].size -= matched;
      left -= matched;
    }
    return size - left;
  }
  template <class Take>
  static void Tell(LevelFlow flow, Time time, int64_t size, LevelFlow::Kind kind, Take&& take) {
    flow.time = time;
    flow.size = size;
    flow.kind = kind;
    take(flow);
  }

  RingQueue<LevelFlow> decreases_;  // what of them was not matched yet
  RingQueue<Print> prints_;
};

// What the features of a side's flow are told of the symbol beside it.
struct SideContext {
  int64_t best_size = 0;  // of the side, 1e-8
  NotReady book = NotReady::kReady;
  NotReady side_empty = NotReady::kReady;  // the reason that an empty side would be
  int64_t tick = 10'000'000;               // 1e-9
  int64_t lot = 100'00000000;              // 1e-8
};

}  // namespace spillway::metrics
