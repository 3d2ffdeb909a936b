#include "services/notifier/market_tape.h"

#include <algorithm>
#include <utility>

namespace spillway::notifier {

void MarketTape::Apply(const Event& event) {
  if (const auto* batch = std::get_if<MarketBatch>(&event.body)) {
    const std::lock_guard lock(mutex_);
    for (const MarketEvent& market : batch->events) Apply(market);
    return;
  }
  if (const auto* definition = std::get_if<InstrumentDefinition>(&event.body)) {
    const std::lock_guard lock(mutex_);
    if (Instrument* instrument = Find(definition->id)) {
      instrument->symbol = definition->symbol;
      instrument->tick = definition->tick;
    }
  }
}

MarketTape::Instrument* MarketTape::Find(InstrumentId id) {
  const auto found = instruments_.find(id);
  if (found != instruments_.end()) return found->second.get();
  if (instruments_.size() >= kInstrumentsMax) return nullptr;
  return instruments_.emplace(id, std::make_unique<Instrument>()).first->second.get();
}

void MarketTape::Apply(const MarketEvent& event) {
  if (event.kind == MarketEventKind::kTick || event.kind == MarketEventKind::kNone) return;
  Instrument* known = Find(event.instrument);
  if (known == nullptr) return;
  Instrument& instrument = *known;
  const Time period = FloorTo(event.event_time, kColumn);
  if (!instrument.open) instrument.open = period;
  if (period > *instrument.open) {
    instrument.columns.push_back(Snapshot(instrument));
    instrument.open = period;
    while (instrument.columns.size() > kColumnsMax || instrument.columns.front().time < period - kSpan) {
      instrument.columns.pop_front();
      if (instrument.columns.empty()) break;
    }
  }
  if (event.kind != MarketEventKind::kTrade) return instrument.book.Apply(event);
  if (!event.eligible()) return;
  instrument.last = event.price;
  instrument.trades.push_back({event.event_time, event.price, event.quantity, event.side});
  while (instrument.trades.size() > kTradesMax || instrument.trades.front().time < event.event_time - kSpan) {
    instrument.trades.pop_front();
    if (instrument.trades.empty()) break;
  }
}

MarketTape::Column MarketTape::Snapshot(const Instrument& instrument) {
  Column column;
  column.time = *instrument.open;
  column.last = instrument.last;
  const auto copy = [&](Side side, std::array<SmallLevel, kLevelsMax>& levels, uint8_t& count) {
    instrument.book.levels().ForEachLevel(side, kLevelsMax, [&](size_t rank, const book::Level& level) {
      levels[rank] = {level.price.nanos(), static_cast<float>(level.size.ToDouble())};
      count = static_cast<uint8_t>(rank + 1);
    });
  };
  copy(Side::kBid, column.bids, column.bid_count);
  copy(Side::kAsk, column.asks, column.ask_count);
  return column;
}

PictureColumn MarketTape::Expand(const Column& column) {
  PictureColumn out{.time = column.time, .bids = {}, .asks = {}, .last = column.last};
  const auto copy = [](const std::array<SmallLevel, kLevelsMax>& levels, uint8_t count, std::vector<PictureLevel>& to) {
    for (size_t i = 0; i < count; ++i) {
      const auto size = static_cast<int64_t>(static_cast<double>(levels[i].size) * Quantity::kUnit);
      to.push_back({Price::FromNanos(levels[i].price), Quantity::FromE8(size)});
    }
  };
  copy(column.bids, column.bid_count, out.bids);
  copy(column.asks, column.ask_count, out.asks);
  return out;
}

std::optional<MarketPicture> MarketTape::Around(InstrumentId id, Time until) const {
  const std::lock_guard lock(mutex_);
  const auto found = instruments_.find(id);
  if (found == instruments_.end() || !found->second->open) return std::nullopt;
  const Instrument& instrument = *found->second;
  MarketPicture picture{
      .symbol = instrument.symbol, .tick = instrument.tick, .column = kColumn, .columns = {}, .trades = {}};
  for (const Column& column : instrument.columns) {
    if (column.time <= until) picture.columns.push_back(Expand(column));
  }
  if (*instrument.open <= until) picture.columns.push_back(Expand(Snapshot(instrument)));
  if (picture.columns.empty()) return std::nullopt;
  for (const PictureTrade& trade : instrument.trades) {
    if (trade.time <= until) picture.trades.push_back(trade);
  }
  return picture;
}

size_t MarketTape::instruments() const {
  const std::lock_guard lock(mutex_);
  return instruments_.size();
}

}  // namespace spillway::notifier
