// A made-up market of ten-level books for benches and property tests: level-2 changes near the top, trades that execute
// at the best quote, prices that wander. The same seed gives the same events on every machine.
#pragma once

#include <random>
#include <vector>

#include "tests/support/market_builder.h"

namespace spillway::test {

struct GeneratorOptions {
  uint64_t seed = 1;
  uint32_t symbols = 1;
  double rows_per_second = 1000;  // of each symbol
  double trade_share = 0.05;
  bool trade_ids = false;
  int levels = 10;
};

class MarketGenerator {
 public:
  explicit MarketGenerator(const GeneratorOptions& options) : options_(options), random_(options.seed) {
    for (uint32_t i = 0; i < options.symbols; ++i) symbols_.push_back({});
  }

  // The next `rows` rows, clock ticks included, appended to `events`.
  void Append(size_t rows, std::vector<MarketEvent>& events) {
    for (size_t i = 0; i < rows; ++i) Row(events);
  }
  std::vector<MarketEvent> Make(size_t rows) {
    std::vector<MarketEvent> events;
    events.reserve(rows * 2 + rows / 16);
    Append(rows, events);
    return events;
  }

 private:
  static constexpr int64_t kTick = 10'000'000;
  struct Symbol {
    int64_t bid = 2000;  // in ticks
    int64_t ask = 2001;
    bool started = false;
    std::vector<int64_t> bid_sizes, ask_sizes;  // by distance from the best
  };

  uint64_t Draw(uint64_t below) { return random_() % below; }

  void Row(std::vector<MarketEvent>& events) {
    const auto mean = static_cast<uint64_t>(1e9 / (options_.rows_per_second * options_.symbols));
    const Time before = time_;
    time_ += Duration(static_cast<int64_t>(1 + Draw(2 * mean)));
    ++position_;
    if (FloorTo(time_, kTickPeriod) > before && position_ > 1) {
      MarketEvent tick = Blank(MarketEventKind::kTick);
      tick.event_time = FloorTo(time_, kTickPeriod);
      tick.instrument = 0;
      events.push_back(tick);
    }
    const size_t first = events.size();
    instrument_ = static_cast<InstrumentId>(1 + Draw(options_.symbols));
    Fill(symbols_[instrument_ - 1], events);
    events[first].flags |= MarketEventFlags::kRowStart;
    events.back().flags |= MarketEventFlags::kEndOfEvent;
  }

  void Fill(Symbol& symbol, std::vector<MarketEvent>& events) {
    if (!symbol.started) {
      symbol.started = true;
      symbol.bid_sizes.assign(static_cast<size_t>(options_.levels), 500);
      symbol.ask_sizes.assign(static_cast<size_t>(options_.levels), 500);
      for (int i = 0; i < options_.levels; ++i) {
        Level(events, Side::kBid, symbol.bid - i, 500, Cause::kSnapshot);
        Level(events, Side::kAsk, symbol.ask + i, 500, Cause::kSnapshot);
      }
      return;
    }
    const bool bid = Draw(2) == 0;
    if (Draw(1000) < static_cast<uint64_t>(options_.trade_share * 1000)) {
      Trade(symbol, bid, events);
    } else {
      Change(symbol, bid, events);
    }
  }

  // A size of one of the levels changes, mostly near the best.
  void Change(Symbol& symbol, bool bid, std::vector<MarketEvent>& events) {
    std::vector<int64_t>& sizes = bid ? symbol.bid_sizes : symbol.ask_sizes;
    const size_t distance =
        std::min<size_t>(Draw(3) == 0 ? Draw(static_cast<uint64_t>(options_.levels)) : Draw(3), sizes.size() - 1);
    int64_t& size = sizes[distance];
    const bool add = Draw(2) == 0 || size <= 100;
    const int64_t change = 100 * static_cast<int64_t>(1 + Draw(Draw(40) == 0 ? 60 : 6));
    size = add ? size + change : std::max<int64_t>(100, size - change);
    if (size > 6000) size = 700;
    const int64_t price =
        bid ? symbol.bid - static_cast<int64_t>(distance) : symbol.ask + static_cast<int64_t>(distance);
    Level(events, bid ? Side::kBid : Side::kAsk, price, size, add ? Cause::kAdd : Cause::kCancel);
  }

  // A trade at the best of the side; one that takes all moves both best quotes by a tick.
  void Trade(Symbol& symbol, bool bid, std::vector<MarketEvent>& events) {
    std::vector<int64_t>& sizes = bid ? symbol.bid_sizes : symbol.ask_sizes;
    const int64_t best = bid ? symbol.bid : symbol.ask;
    const int64_t taken = std::min<int64_t>(sizes[0], 100 * static_cast<int64_t>(1 + Draw(4)));
    MarketEvent trade = Blank(MarketEventKind::kTrade);
    trade.side = bid ? Side::kAsk : Side::kBid;
    trade.price = Price::FromNanos(best * kTick);
    trade.quantity = Quantity::Units(taken);
    trade.flags = MarketEventFlags::kEligible;
    if (options_.trade_ids) trade.reference = position_;
    events.push_back(trade);
    sizes[0] -= taken;
    Level(events, bid ? Side::kBid : Side::kAsk, best, sizes[0], Cause::kExecute);
    if (sizes[0] == 0) Move(symbol, bid ? -1 : 1, events);
  }

  void Move(Symbol& symbol, int64_t by, std::vector<MarketEvent>& events) {
    const auto n = static_cast<int64_t>(symbol.bid_sizes.size());
    std::vector<int64_t>& gone = by > 0 ? symbol.ask_sizes : symbol.bid_sizes;  // its best is empty
    std::vector<int64_t>& grown = by > 0 ? symbol.bid_sizes : symbol.ask_sizes;
    gone.erase(gone.begin());
    gone.push_back(400);
    const Side gone_side = by > 0 ? Side::kAsk : Side::kBid;
    const int64_t far = by > 0 ? symbol.ask + n : symbol.bid - n;
    Level(events, gone_side, far, 400, Cause::kWindow);
    const int64_t last = by > 0 ? symbol.bid - (n - 1) : symbol.ask + (n - 1);
    Level(events, Opposite(gone_side), last, 0, Cause::kWindow);
    grown.pop_back();
    grown.insert(grown.begin(), 300);
    Level(events, Opposite(gone_side), by > 0 ? symbol.bid + 1 : symbol.ask - 1, 300, Cause::kAdd);
    symbol.bid += by;
    symbol.ask += by;
  }

  void Level(std::vector<MarketEvent>& events, Side side, int64_t ticks, int64_t size, Cause cause) {
    MarketEvent event = Blank(MarketEventKind::kLevel);
    event.side = side;
    event.price = Price::FromNanos(ticks * kTick);
    event.quantity = Quantity::Units(size);
    event.cause = cause;
    events.push_back(event);
  }
  MarketEvent Blank(MarketEventKind kind) const {
    MarketEvent event;
    event.kind = kind;
    event.event_time = time_;
    event.ingest_time = time_ + std::chrono::microseconds(100 + position_ % 50);
    event.position = position_;
    event.instrument = instrument_;
    return event;
  }

  GeneratorOptions options_;
  std::mt19937_64 random_;
  std::vector<Symbol> symbols_;
  Time time_ = MarketBuilder::kStart;
  uint64_t position_ = 0;
  InstrumentId instrument_ = 1;
};

}  // namespace spillway::test
