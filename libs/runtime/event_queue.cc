#include "libs/runtime/event_queue.h"

#include "libs/base/check.h"

namespace spillway::runtime {

void EventQueue::Push(const Event& event) {
  SPILLWAY_CHECK(!std::holds_alternative<MarketBatch>(event.body));
  std::vector<Event*>& free = free_[event.body.index()];
  if (free.empty()) {
    order_.push_back(slots_.emplace_back(std::make_unique<Event>(event)).get());
    return;
  }
  *free.back() = event;
  order_.push_back(free.back());
  free.pop_back();
}

}  // namespace spillway::runtime
