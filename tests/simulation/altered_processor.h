// A processor with a fault put in: for showing that the fault is seen.
#pragma once

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "libs/runtime/processor.h"

namespace spillway::simulation {

class AlteredProcessor final : public runtime::Processor {
 public:
  struct Alteration {
    std::function<bool(const Event& input)> hears = nullptr;  // what it does not hear is lost to it
    std::function<void(const Event& input, std::vector<Event>& outputs)> says = nullptr;
  };

  AlteredProcessor(std::unique_ptr<runtime::Processor> inner, Alteration alteration)
      : inner_(std::move(inner)), alteration_(std::move(alteration)) {}

  Producer producer() const override { return inner_->producer(); }
  uint32_t state_version() const override { return inner_->state_version(); }
  void Process(const Event& event, runtime::EventSink& out) override {
    if (alteration_.hears && !alteration_.hears(event)) return;
    Sink sink;
    inner_->Process(event, sink);
    if (alteration_.says) alteration_.says(event, sink.events);
    for (const Event& output : sink.events) out.Emit(output);
  }
  void Save(runtime::StateWriter& state) const override { inner_->Save(state); }
  absl::Status Restore(runtime::StateReader& state) override { return inner_->Restore(state); }

 private:
  struct Sink final : runtime::EventSink {
    void Emit(const Event& event) override { events.push_back(event); }
    std::vector<Event> events;
  };
  std::unique_ptr<runtime::Processor> inner_;
  Alteration alteration_;
};

}  // namespace spillway::simulation
