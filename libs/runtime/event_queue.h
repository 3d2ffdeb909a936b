// A FIFO of events that reuses their memory: an event is copied into a slot that last held the same kind of body, so
// that its strings and vectors keep their capacity. No allocation in steady state.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <vector>

#include "libs/events/event.h"

namespace spillway::runtime {

class EventQueue {
 public:
  // A MarketBatch is a view of somebody else's memory: it may not be queued.
  void Push(const Event& event);
  bool empty() const { return next_ == order_.size(); }
  size_t size() const { return order_.size() - next_; }

  // Hands the events queued so far to `take`, oldest first. Events pushed meanwhile stay queued for the next Drain.
  template <class Take>
  void Drain(Take take) {
    const size_t end = order_.size();
    while (next_ < end) {
      Event* event = order_[next_++];
      take(static_cast<const Event&>(*event));
      free_[event->body.index()].push_back(event);
    }
    if (next_ == order_.size()) {
      order_.clear();
      next_ = 0;
    }
  }

 private:
  std::vector<Event*> order_;
  size_t next_ = 0;
  std::array<std::vector<Event*>, std::variant_size_v<EventBody>> free_;
  std::vector<std::unique_ptr<Event>> slots_;
};

}  // namespace spillway::runtime
