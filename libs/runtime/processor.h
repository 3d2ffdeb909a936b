// A processor is the logic of a service: a deterministic function (state, event) -> (state, events). It never reads a
// clock, a socket, a file, a random number, a thread or the order of a hash map. Time is the events' time.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "libs/events/event.h"
#include "libs/runtime/persist.h"

namespace spillway::runtime {

// Takes what a processor emits, in order. The reference is valid during the call only; the sink fills in nothing.
class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void Emit(const Event& event) = 0;
};

class Processor {
 public:
  virtual ~Processor() = default;
  virtual Producer producer() const = 0;
  // Raised when the saved state of an earlier build can no longer be restored.
  virtual uint32_t state_version() const = 0;

  virtual void Process(const Event& event, EventSink& out) = 0;

  // The whole state, such that a new processor that restores it goes on with the same bytes out.
  virtual void Save(StateWriter& state) const = 0;
  virtual absl::Status Restore(StateReader& state) = 0;
};

}  // namespace spillway::runtime
