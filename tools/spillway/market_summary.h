// What a market lane holds, symbol by symbol: the figures of `spillway log info`.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "libs/base/int128.h"
#include "libs/book/book_state.h"
#include "libs/events/event.h"

namespace spillway::cli {

struct SymbolSummary {
  std::string symbol;
  uint64_t market_events = 0;  // source rows
  uint64_t trades = 0;         // unbusted prints of all sessions, hidden ones included
  Quantity trade_volume;
  Int128 trade_value = 0;  // sum of price * quantity, 1e-17
  std::optional<Time> first_time, last_time;
  std::optional<Quote> first_quote, last_quote;  // first and last row after which both sides are there
  uint64_t crossed = 0, locked = 0, gaps = 0;

  // With six decimals, or more where the price scale has them; empty without a trade.
  std::string Vwap() const;
};

class MarketSummary {
 public:
  void Add(const Event& event);  // of a market lane, in order
  // In the order of their first definition.
  std::vector<SymbolSummary> Finish();
  uint64_t rows() const { return rows_; }

 private:
  struct Instrument {
    SymbolSummary summary;
    book::BookState book;
    std::unordered_map<uint64_t, std::pair<Price, Quantity>> trades;  // by trade id, for busts and corrections
  };
  void AddMarketEvent(const MarketEvent& event);
  void Count(Instrument& instrument, Price price, Quantity quantity, int sign);
  void EndRow();

  std::map<InstrumentId, Instrument> instruments_;
  std::vector<InstrumentId> order_;
  Instrument* row_ = nullptr;  // whose row is open
  InstrumentId row_id_ = 0;
  uint64_t rows_ = 0;
};

}  // namespace spillway::cli
