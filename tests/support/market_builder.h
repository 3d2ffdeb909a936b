// Writes market events by hand: a test reads as the rows of a feed. Times are in milliseconds after `start`.
//
//   MarketBuilder feed;
//   feed.At(0).Bid(10.00, 500).Ask(10.01, 300).Row();   // one row: both levels, end of event on the last
//   feed.At(120).Trade(10.01, 100, Side::kBid).Row();   // clock ticks are put in as a recorder does
//   processor.Process(feed.Batch(), sink);
#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "libs/events/event.h"

namespace spillway::test {

inline Price Px(double price) {
  return Price::FromNanos(std::llround(price * 1e9));
}
inline Quantity Qty(double units) {
  return Quantity::FromE8(std::llround(units * 1e8));
}

class MarketBuilder {
 public:
  // 2025-05-02T13:30:00Z, 09:30 in New York.
  static constexpr Time kStart = TimeFromNanos(1'746'192'600'000'000'000);

  explicit MarketBuilder(Time start = kStart) : start_(start) {}

  MarketBuilder& At(double milliseconds) {
    time_ = start_ + Duration(static_cast<int64_t>(std::llround(milliseconds * 1e6)));
    return *this;
  }
  MarketBuilder& Instrument(InstrumentId id) {
    instrument_ = id;
    return *this;
  }
  MarketBuilder& ReceivedAfter(Duration delay) {
    delay_ = delay;
    return *this;
  }

  MarketBuilder& Bid(double price, double size, Cause cause = Cause::kUnknown) {
    return Level(Side::kBid, price, size, cause);
  }
  MarketBuilder& Ask(double price, double size, Cause cause = Cause::kUnknown) {
    return Level(Side::kAsk, price, size, cause);
  }
  MarketBuilder& Level(Side side, double price, double size, Cause cause = Cause::kUnknown) {
    MarketEvent event;
    event.kind = MarketEventKind::kLevel;
    event.side = side;
    event.cause = cause;
    event.price = Px(price);
    event.quantity = Qty(size);
    return Add(event);
  }
  MarketBuilder& Trade(double price, double size, Side aggressor = Side::kNone, uint64_t id = 0,
                       uint8_t flags = MarketEventFlags::kEligible) {
    MarketEvent event;
    event.kind = MarketEventKind::kTrade;
    event.side = aggressor;
    event.price = Px(price);
    event.quantity = Qty(size);
    event.reference = id;
    event.flags = flags;
    return Add(event);
  }
  MarketBuilder& Clear(Side side = Side::kNone) {
    MarketEvent event;
    event.kind = MarketEventKind::kClear;
    event.side = side;
    return Add(event);
  }
  MarketBuilder& Add(MarketEvent event) {
    row_.push_back(event);
    return *this;
  }
  // Ends the row that was written since the last one. An empty row is a kNone event.
  MarketBuilder& Row() {
    if (row_.empty()) row_.emplace_back();
    ++position_;
    Tick();
    for (size_t i = 0; i < row_.size(); ++i) {
      MarketEvent& event = row_[i];
      Stamp(event);
      if (i == 0) event.flags |= MarketEventFlags::kRowStart;
      if (i + 1 == row_.size()) event.flags |= MarketEventFlags::kEndOfEvent;
      events_.push_back(event);
    }
    row_.clear();
    return *this;
  }

  Time time() const { return time_; }
  const std::vector<MarketEvent>& events() const { return events_; }
  // Everything since the last Batch(); the view holds until the builder is used again.
  Event Batch(uint32_t feed = 1, uint32_t epoch = 1) {
    const std::span<const MarketEvent> all(events_);
    const std::span<const MarketEvent> rest = all.subspan(handed_out_);
    const Time previous = handed_out_ == 0 ? Time() : events_[handed_out_ - 1].event_time;
    handed_out_ = events_.size();
    return BatchOf(rest, feed, epoch, previous);
  }
  static Event BatchOf(std::span<const MarketEvent> events, uint32_t feed = 1, uint32_t epoch = 1,
                       Time previous = Time()) {
    Event batch;
    batch.header.producer = Producer::kIngest;
    if (!events.empty()) batch.header.event_time = events.front().event_time;
    batch.header.ingest_time = batch.header.event_time;
    batch.body = MarketBatch{.feed = feed, .epoch = epoch, .previous_row_time = previous, .events = events};
    return batch;
  }

 private:
  void Stamp(MarketEvent& event) const {
    event.event_time = time_;
    event.ingest_time = time_ + delay_;
    event.position = position_;
    event.instrument = instrument_;
  }
  void Tick() {
    const Time boundary = FloorTo(time_, kTickPeriod);
    if (last_ != Time() && boundary > last_) {
      MarketEvent tick;
      tick.kind = MarketEventKind::kTick;
      Stamp(tick);
      tick.event_time = boundary;
      tick.instrument = 0;
      events_.push_back(tick);
    }
    last_ = time_;
  }

  Time start_;
  Time time_ = start_;
  Time last_;
  Duration delay_{0};
  InstrumentId instrument_ = 1;
  uint64_t position_ = 0;
  std::vector<MarketEvent> row_;
  std::vector<MarketEvent> events_;
  size_t handed_out_ = 0;
};

}  // namespace spillway::test
