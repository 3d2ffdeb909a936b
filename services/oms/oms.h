// Turns approved intents into orders and orders into positions.
//
// Reads   trading lane, all of it. Time is the latest event time seen.
// Emits   OrderCommand, OrderEvent, PositionSnapshot, Reconciliation, FlattenProgress, OrderIncident.
#pragma once

#include "libs/runtime/processor.h"

namespace spillway::oms {

class OmsProcessor final : public runtime::Processor {
 public:
  Producer producer() const override { return Producer::kOms; }
  uint32_t state_version() const override { return 1; }
  void Process(const Event& event, runtime::EventSink& out) override;
  void Save(runtime::StateWriter& state) const override;
  absl::Status Restore(runtime::StateReader& state) override;
};

}  // namespace spillway::oms
