#include "services/scoring/market_context.h"

#include <algorithm>

namespace spillway::scoring {

void MarketContextRows::See(InstrumentId instrument, const FeatureSnapshot& snapshot) {
  if (instrument >= symbols_.size()) {
    symbols_.resize(instrument + 1);
    changed_.reserve(symbols_.size());
  }
  Symbol& symbol = symbols_[instrument];
  symbol.now = {.book = snapshot.book,
                .bid = snapshot.quote.bid,
                .ask = snapshot.quote.ask,
                .bid_size = snapshot.quote.bid_size,
                .ask_size = snapshot.quote.ask_size,
                .last_price = snapshot.last_price};
  if (symbol.listed || symbol.now == symbol.told) return;
  symbol.listed = true;
  changed_.push_back(instrument);
}

void MarketContextRows::Take(std::vector<MarketContext::Row>& rows) {
  rows.clear();
  std::ranges::sort(changed_);
  for (const InstrumentId instrument : changed_) {
    Symbol& symbol = symbols_[instrument];
    symbol.listed = false;
    if (symbol.now == symbol.told) continue;  // it moved and came back
    symbol.told = symbol.now;
    const Row& row = symbol.now;
    rows.push_back({.instrument = instrument,
                    .book = row.book,
                    .quote = {.bid = row.bid, .ask = row.ask, .bid_size = row.bid_size, .ask_size = row.ask_size},
                    .last_price = row.last_price});
  }
  changed_.clear();
}

}  // namespace spillway::scoring
