// The smallest processor: for every event of one kind that it reads it emits some of another, and it counts.
#pragma once

#include "libs/runtime/processor.h"

namespace spillway::test {

// Emits `make(count)` for every event that `wants` says yes to. State: the count.
class EchoProcessor final : public runtime::Processor {
 public:
  using Wants = bool (*)(const Event&);
  using Make = std::vector<EventBody> (*)(const Event&, uint64_t count);

  EchoProcessor(Producer producer, Wants wants, Make make) : producer_(producer), wants_(wants), make_(make) {}

  Producer producer() const override { return producer_; }
  uint32_t state_version() const override { return 1; }
  void Process(const Event& event, runtime::EventSink& out) override {
    if (!wants_(event)) return;
    Event output;
    output.header = event.header;
    output.header.producer = producer_;
    output.header.cause = {.market = {}, .event = event.header.id(), .ordinal = 0};
    for (EventBody& body : make_(event, ++count_)) {
      output.body = std::move(body);
      out.Emit(output);
      ++output.header.cause.ordinal;
    }
  }
  void Save(runtime::StateWriter& state) const override { state(count_); }
  absl::Status Restore(runtime::StateReader& state) override {
    state(count_);
    return absl::OkStatus();
  }

 private:
  Producer producer_;
  Wants wants_;
  Make make_;
  uint64_t count_ = 0;
};

}  // namespace spillway::test
