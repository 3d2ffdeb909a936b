// What a processor says because of one cause, numbered in the order it is said.
#pragma once

#include <utility>

#include "libs/runtime/processor.h"

namespace spillway::oms {

// Whom an output is about.
struct About {
  InstrumentId instrument = 0;
  StrategyInstanceId instance = 0;
  EventId correlation;
};

class Output {
 public:
  // Follows from the event at hand.
  Output(const EventHeader& cause, Time now, runtime::EventSink& sink)
      : now_(now), ingest_(cause.ingest_time), cause_header_(&cause), ordinal_(&own_ordinal_), sink_(&sink) {}
  // Follows from `cause` by time alone; `ordinal` goes on from call to call.
  Output(const EventId& cause, uint32_t& ordinal, const EventHeader& at, Time now, runtime::EventSink& sink)
      : now_(now), ingest_(at.ingest_time), cause_(cause), ordinal_(&ordinal), sink_(&sink) {}
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  template <class Body>
  void Emit(const About& about, Body body) {
    if (!cause_) cause_ = cause_header_->id();
    Event event;
    event.header.producer = Producer::kOms;
    event.header.event_time = now_;
    event.header.ingest_time = ingest_;
    event.header.instrument = about.instrument;
    event.header.instance = about.instance;
    event.header.correlation = about.correlation;
    event.header.cause.event = cause_;
    event.header.cause.ordinal = (*ordinal_)++;
    event.body = std::move(body);
    sink_->Emit(event);
  }

 private:
  Time now_, ingest_;
  const EventHeader* cause_header_ = nullptr;
  EventId cause_;
  uint32_t own_ordinal_ = 0;
  uint32_t* ordinal_;
  runtime::EventSink* sink_;
};

}  // namespace spillway::oms
