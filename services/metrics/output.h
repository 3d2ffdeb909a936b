// Heads the outputs of metrics: each names the input it follows from and is numbered within it. Nothing of a batch or a
// lane enters, so re-cutting batches changes no output.
#pragma once

#include "libs/runtime/processor.h"

namespace spillway::metrics {

class Output {
 public:
  // What follows is caused by this market event, or by this other event.
  void SetCause(const SourcePosition& market, Time ingest_time) {
    if (market != market_ || event_) {
      market_ = market;
      event_ = EventId();
      ordinal_ = 0;
    }
    ingest_time_ = ingest_time;
  }
  void SetCause(const EventHeader& header) {
    const EventId id = header.id();
    if (id != event_) {
      market_ = SourcePosition();
      event_ = id;
      ordinal_ = 0;
    }
    ingest_time_ = header.ingest_time;
  }

  // Fills in the header and emits.
  void Emit(Event& event, Producer producer, Time time, InstrumentId instrument, runtime::EventSink& out) {
    event.header.producer = producer;
    event.header.event_time = time;
    event.header.ingest_time = ingest_time_;
    event.header.instrument = instrument;
    event.header.cause.market = market_;
    event.header.cause.event = event_;
    event.header.cause.ordinal = ordinal_++;
    out.Emit(event);
  }

  template <class Archive>
  void Persist(Archive& a) {
    a(market_.feed, market_.epoch, market_.position, event_.high, event_.low, ordinal_, ingest_time_);
  }

 private:
  SourcePosition market_;
  EventId event_;
  uint32_t ordinal_ = 0;
  Time ingest_time_;
};

}  // namespace spillway::metrics
