#include "tools/spillway/market_summary.h"

namespace spillway::cli {

std::string SymbolSummary::Vwap() const {
  if (trade_volume.e8() == 0) return "";
  // trade_value / trade_volume is in 1e-9: nine decimals, of which the last is rounded.
  return FormatRatio(trade_value, static_cast<Int128>(trade_volume.e8()) * 1'000'000'000, 9);
}

void MarketSummary::Add(const Event& event) {
  if (const auto* batch = std::get_if<MarketBatch>(&event.body)) {
    for (const MarketEvent& market_event : batch->events) AddMarketEvent(market_event);
    return;
  }
  EndRow();
  if (const auto* definition = std::get_if<InstrumentDefinition>(&event.body)) {
    const auto [at, fresh] = instruments_.try_emplace(definition->id);
    if (fresh) order_.push_back(definition->id);
    at->second.summary.symbol = definition->symbol;
  } else if (std::holds_alternative<FeedGap>(event.body)) {
    for (auto& [id, instrument] : instruments_) {
      if (event.header.instrument == 0 || event.header.instrument == id) instrument.book.OnGap();
    }
  } else if (const auto* bust = std::get_if<TradeBust>(&event.body)) {
    Instrument& instrument = instruments_[event.header.instrument];
    const auto trade = instrument.trades.find(bust->trade_id);
    if (trade == instrument.trades.end()) return;
    Count(instrument, trade->second.first, trade->second.second, -1);
    instrument.trades.erase(trade);
  } else if (const auto* correction = std::get_if<TradeCorrection>(&event.body)) {
    Instrument& instrument = instruments_[event.header.instrument];
    const auto trade = instrument.trades.find(correction->trade_id);
    if (trade == instrument.trades.end()) return;
    Count(instrument, trade->second.first, trade->second.second, -1);
    Count(instrument, correction->price, correction->quantity, 1);
    trade->second = {correction->price, correction->quantity};
  }
}

void MarketSummary::AddMarketEvent(const MarketEvent& event) {
  if (event.kind == MarketEventKind::kTick) return;
  if (event.row_start()) {
    EndRow();
    if (row_ == nullptr || row_id_ != event.instrument) {
      row_ = &instruments_[event.instrument];
      row_id_ = event.instrument;
    }
    ++rows_;
    ++row_->summary.market_events;
    if (!row_->summary.first_time) row_->summary.first_time = event.event_time;
    row_->summary.last_time = event.event_time;
  }
  if (event.kind == MarketEventKind::kTrade) {
    Count(*row_, event.price, event.quantity, 1);
    if (event.reference != 0) row_->trades[event.reference] = {event.price, event.quantity};
  }
  row_->book.Apply(event);
}

void MarketSummary::Count(Instrument& instrument, Price price, Quantity quantity, int sign) {
  SymbolSummary& s = instrument.summary;
  s.trades = sign > 0 ? s.trades + 1 : s.trades - 1;
  s.trade_volume = s.trade_volume + quantity * sign;
  s.trade_value += static_cast<Int128>(price.nanos()) * quantity.e8() * sign;
}

// The quote is looked at once a row is complete; whether the feed's event goes on does not matter here.
void MarketSummary::EndRow() {
  if (row_ == nullptr) return;
  const book::OrderBook& book = row_->book.levels();
  if (book.bids().empty() || book.asks().empty()) return;
  Quote quote{.bid = book.bids().price_at(0), .ask = book.asks().price_at(0), .bid_size = {}, .ask_size = {}};
  if (!row_->summary.first_quote) row_->summary.first_quote = quote;
  row_->summary.last_quote = quote;
}

std::vector<SymbolSummary> MarketSummary::Finish() {
  EndRow();
  std::vector<SymbolSummary> symbols;
  for (const InstrumentId id : order_) {
    Instrument& instrument = instruments_[id];
    instrument.summary.crossed = instrument.book.facts().crossed;
    instrument.summary.locked = instrument.book.facts().locked;
    instrument.summary.gaps = instrument.book.facts().gaps;
    symbols.push_back(instrument.summary);
  }
  return symbols;
}

}  // namespace spillway::cli
