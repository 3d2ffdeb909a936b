// The market events of one source row, in storage that is used again for the next row.
#pragma once

#include <span>
#include <vector>

#include "libs/events/market_event.h"

namespace spillway::ingest {

class RowBuilder {
 public:
  explicit RowBuilder(InstrumentId instrument) { common_.instrument = instrument; }

  // What all events of the row share. `position`: row number in the source, from 1.
  void Begin(Time event_time, Time ingest_time, uint64_t position) {
    events_.clear();
    common_.event_time = event_time;
    common_.ingest_time = ingest_time;
    common_.position = position;
  }

  // The reference is valid until the next Add.
  MarketEvent& Add(MarketEventKind kind) {
    MarketEvent& event = events_.emplace_back(common_);
    event.kind = kind;
    return event;
  }
  MarketEvent& AddLevel(Side side, Price price, Quantity quantity, Cause cause) {
    MarketEvent& event = Add(MarketEventKind::kLevel);
    event.side = side;
    event.price = price;
    event.quantity = quantity;
    event.cause = cause;
    return event;
  }

  // A row that changed nothing we carry becomes one kNone event, so that no row is lost.
  std::span<const MarketEvent> Finish(bool end_of_event) {
    if (events_.empty()) Add(MarketEventKind::kNone);
    events_.front().flags |= MarketEventFlags::kRowStart;
    if (end_of_event) events_.back().flags |= MarketEventFlags::kEndOfEvent;
    return events_;
  }

  const MarketEvent& common() const { return common_; }

 private:
  MarketEvent common_;
  std::vector<MarketEvent> events_;
};

}  // namespace spillway::ingest
