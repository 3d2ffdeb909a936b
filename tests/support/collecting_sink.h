// Takes what a processor emits and keeps it.
#pragma once

#include <vector>

#include "libs/runtime/processor.h"

namespace spillway::test {

class CollectingSink final : public runtime::EventSink {
 public:
  void Emit(const Event& event) override { events.push_back(event); }

  template <class Body>
  std::vector<Body> Bodies() const {
    std::vector<Body> bodies;
    for (const Event& event : events) {
      if (const Body* body = std::get_if<Body>(&event.body)) bodies.push_back(*body);
    }
    return bodies;
  }

  std::vector<Event> events;
};

}  // namespace spillway::test
