// What of the market is neither a quote nor a feature, and is shared by all strategy instances: each symbol's ticks and
// trading status, and which feeds are suspended (FX-15).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "libs/events/event.h"

namespace spillway::scoring {

class MarketState {
 public:
  void Apply(const InstrumentDefinition& definition) {
    ticks_[definition.id] = {.tick = definition.tick, .bands = definition.tick_bands};
  }
  // Instrument 0: the whole market, or all of the feed.
  void Apply(InstrumentId instrument, const HaltChanged& halt);
  // Each producer's word stands until it takes it back: that the lag is over (metrics) does not end an outage (ingest).
  void Apply(Producer producer, InstrumentId instrument, const FeedStatus& feed);
  // A feed that carries neither book nor trades (news) suspends nothing.
  void Apply(const FeedCapabilities& capabilities);

  // nullptr: the instrument was not defined.
  const TickTable* ticks(InstrumentId instrument) const;
  // Set while the symbol, or the whole market, does not trade.
  std::optional<TradingStatus> halt(InstrumentId instrument) const;
  // Set while a feed of the symbol lags, is stale or down. Which feed a symbol needs is not known, so any will do.
  std::optional<FeedState> suspension(InstrumentId instrument) const;

  template <class Archive>
  void Persist(Archive& a) {
    a(ticks_, halts_, suspensions_, feeds_without_market_);
  }

 private:
  struct Suspension {
    Producer producer = Producer::kNone;
    uint32_t feed = 0;
    InstrumentId instrument = 0;
    friend auto operator<=>(const Suspension&, const Suspension&) = default;
    template <class Archive>
    void Persist(Archive& a) {
      a(producer, feed, instrument);
    }
  };
  std::map<InstrumentId, TickTable> ticks_;
  std::map<InstrumentId, TradingStatus> halts_;  // those in force
  std::map<Suspension, FeedState> suspensions_;  // those in force
  std::set<uint32_t> feeds_without_market_;
};

}  // namespace spillway::scoring
