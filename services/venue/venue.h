// The simulated venue: a broker that fills orders against the recorded or live book, deterministically.
//
// Reads   market lanes, then the trading lane, window by window (docs/determinism.md); acts at ticks.
// Emits   BrokerReport, BrokerSnapshot.
#pragma once

#include "libs/runtime/processor.h"

namespace spillway::venue {

class SimulatedVenue final : public runtime::Processor {
 public:
  Producer producer() const override { return Producer::kBroker; }
  uint32_t state_version() const override { return 1; }
  void Process(const Event& event, runtime::EventSink& out) override;
  void Save(runtime::StateWriter& state) const override;
  absl::Status Restore(runtime::StateReader& state) override;
};

}  // namespace spillway::venue
