// Hands the simulator's rows to the sink: numbers them, marks their first and last event. The first error is kept,
// later rows are dropped.
#pragma once

#include <array>
#include <cstdint>

#include "absl/status/status.h"
#include "libs/base/check.h"
#include "libs/events/market_event.h"
#include "services/ingest/source.h"

namespace spillway::simulator {

class RowWriter {
 public:
  explicit RowWriter(ingest::MarketSink& sink) : sink_(sink) {}

  void Begin(InstrumentId instrument, Time event_time, Time ingest_time) {
    row_.instrument = instrument;
    row_.event_time = event_time;
    row_.ingest_time = ingest_time;
    row_.position = ++position_;
    count_ = 0;
  }
  void Clear() { Next(MarketEventKind::kClear); }
  void Level(Side side, Price price, Quantity quantity, Cause cause) {
    MarketEvent& event = Next(MarketEventKind::kLevel);
    event.side = side;
    event.price = price;
    event.quantity = quantity;
    event.cause = cause;
  }
  // `flags`: MarketEventFlags of the print.
  void Trade(Side aggressor, Price price, Quantity quantity, uint64_t trade_id, uint8_t flags) {
    MarketEvent& event = Next(MarketEventKind::kTrade);
    event.side = aggressor;
    event.price = price;
    event.quantity = quantity;
    event.reference = trade_id;
    event.flags = flags;
  }
  void End() {
    events_[0].flags |= MarketEventFlags::kRowStart;
    events_[count_ - 1].flags |= MarketEventFlags::kEndOfEvent;
    if (status_.ok()) status_ = sink_.OnRow(std::span<const MarketEvent>(events_.data(), count_));
  }
  void Event(const spillway::Event& event) {
    if (status_.ok()) status_ = sink_.OnEvent(event);
  }

  uint64_t rows() const { return position_; }
  const absl::Status& status() const { return status_; }

 private:
  MarketEvent& Next(MarketEventKind kind) {
    SPILLWAY_CHECK(count_ < events_.size());
    MarketEvent& event = events_[count_++];
    event = row_;
    event.kind = kind;
    return event;
  }

  ingest::MarketSink& sink_;
  MarketEvent row_;                     // what all events of the row share
  std::array<MarketEvent, 48> events_;  // a snapshot of 20 levels a side is 41
  size_t count_ = 0;
  uint64_t position_ = 0;
  absl::Status status_;
};

}  // namespace spillway::simulator
