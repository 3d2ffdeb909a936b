#include "tests/unit/ingest/imported_market.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "fmt/format.h"

namespace spillway::ingest {

void ImportedMarket::Break(std::string what) {
  if (broken.empty()) broken = fmt::format("row {}: {}", rows, what);
}

absl::Status ImportedMarket::OnEvent(const Event& event) {
  if (event.header.event_time < last_time_) Break("an event's time goes back");
  last_time_ = event.header.event_time;
  if (const auto* status = std::get_if<FeedStatus>(&event.body)) ended_ |= status->state == FeedState::kEnded;
  announced.push_back(event);
  return absl::OkStatus();
}

void ImportedMarket::CheckRow(std::span<const MarketEvent> row) {
  if (announced.size() < 3) Break("a row before the instrument, the capabilities and the feed were announced");
  if (ended_) Break("a row after the end");
  if (row.empty()) return Break("an empty row");
  if (row.front().event_time < last_time_) Break("time goes back");
  last_time_ = row.front().event_time;
  if (row.front().position <= row_positions_last) Break("the position does not rise");
  row_positions_last = row.front().position;
  for (size_t i = 0; i < row.size(); ++i) {
    if (row[i].row_start() != (i == 0)) Break("kRowStart belongs on the first event alone");
    if (row[i].end_of_event() && i + 1 != row.size()) Break("kEndOfEvent belongs on the last event");
    if (row[i].event_time != row[0].event_time || row[i].ingest_time != row[0].ingest_time ||
        row[i].position != row[0].position || row[i].instrument != row[0].instrument) {
      Break("the events of a row differ in what they share");
    }
  }
}

absl::Status ImportedMarket::OnRow(std::span<const MarketEvent> row) {
  ++rows;
  CheckRow(row);
  for (const MarketEvent& event : row) {
    ++kinds[event.kind];
    Apply(event);
    if (keep_events) events.push_back(event);
  }
  if (const std::optional<Bbo> now = bbo()) {
    last_bbo = now;
    if (!first_bbo) first_bbo = now;
  }
  if (!row.empty() && row.back().end_of_event()) CountEnd();
  if (after_row) after_row(row);
  return absl::OkStatus();
}

void ImportedMarket::CountEnd() {
  ++ends;
  const std::optional<Bbo> now = bbo();
  if (!now) return;
  crossed += now->bid > now->ask;
  locked += now->bid == now->ask;
}

void ImportedMarket::Apply(const MarketEvent& event) {
  switch (event.kind) {
    case MarketEventKind::kLevel:
      ++causes[event.cause];
      if (event.quantity == Quantity()) {
        book[event.side].erase(event.price);
      } else {
        book[event.side][event.price] = event.quantity;
      }
      break;
    case MarketEventKind::kTop:
      book[event.side].clear();
      if (event.quantity > Quantity()) book[event.side][event.price] = event.quantity;
      break;
    case MarketEventKind::kClear:
      book.clear();
      orders.clear();
      break;
    case MarketEventKind::kTrade:
      ApplyTrade(event);
      break;
    default:
      ApplyOrder(event);
  }
}

void ImportedMarket::ApplyTrade(const MarketEvent& event) {
  const int64_t units = event.quantity.e8() / Quantity::kUnit;
  if (trades == 0 || event.price < price_min) price_min = event.price;
  if (trades == 0 || event.price > price_max) price_max = event.price;
  ++trades;
  volume += units;
  ++trades_by_side[event.side].first;
  trades_by_side[event.side].second += units;
  hidden_trades += (event.flags & MarketEventFlags::kHidden) != 0;
  notional_ += static_cast<Int128>(event.price.nanos()) * units;
}

void ImportedMarket::Resize(Side side, Price price, Quantity change) {
  Quantity& level = book[side][price];
  level += change;
  if (level <= Quantity()) book[side].erase(price);
}

void ImportedMarket::ApplyOrder(const MarketEvent& event) {
  const auto found = orders.find(event.reference);
  if (event.kind == MarketEventKind::kOrderAdd) {
    orders[event.reference] = {event.side, event.price, event.quantity};
    Resize(event.side, event.price, event.quantity);
  } else if (event.kind == MarketEventKind::kOrderCancel || event.kind == MarketEventKind::kOrderModify) {
    if (found == orders.end()) {
      ++unknown_orders;
      return;
    }
    Order& order = found->second;
    const Quantity taken = event.kind == MarketEventKind::kOrderModify ? order.quantity : event.quantity;
    Resize(order.side, order.price, Quantity() - taken);
    order.quantity -= taken;
    if (event.kind == MarketEventKind::kOrderModify) {
      order = {event.side, event.price, event.quantity};
      Resize(order.side, order.price, order.quantity);
    } else if (order.quantity <= Quantity()) {
      orders.erase(found);
    }
  }
}

ImportedMarket::Levels ImportedMarket::Top(Side side, size_t n) const {
  Levels levels;
  const auto found = book.find(side);
  if (found == book.end()) return levels;
  const std::map<Price, Quantity>& all = found->second;
  if (side == Side::kBid) {
    for (auto it = all.rbegin(); it != all.rend() && levels.size() < n; ++it) levels.emplace_back(*it);
  } else {
    for (auto it = all.begin(); it != all.end() && levels.size() < n; ++it) levels.emplace_back(*it);
  }
  return levels;
}

std::optional<ImportedMarket::Bbo> ImportedMarket::bbo() const {
  const Levels bid = Top(Side::kBid, 1);
  const Levels ask = Top(Side::kAsk, 1);
  if (bid.empty() || ask.empty()) return std::nullopt;
  return Bbo{bid[0].first, ask[0].first, bid[0].second, ask[0].second, last_time_};
}

std::string ImportedMarket::Vwap() const {
  return volume == 0 ? "none" : FormatRatio(notional_, static_cast<Int128>(volume) * 1'000'000'000, 6);
}

ImportResult Import(std::string_view format, const SourceOptions& options, MarketSink& sink) {
  ImportResult result;
  absl::StatusOr<std::unique_ptr<Source>> source = FindFormat(format)->open(options);
  if (!source.ok()) {
    result.status = source.status();
    return result;
  }
  result.status = (*source)->Run(sink, nullptr);
  result.skipped = (*source)->skipped();
  result.facts = (*source)->facts();
  return result;
}

TemporaryFile::TemporaryFile(std::string_view name, std::string_view content)
    : path_((folder_ / std::string(name)).string()) {
  Write(content);
}

void TemporaryFile::Write(std::string_view content) {
  std::ofstream(path_, std::ios::binary).write(content.data(), static_cast<std::streamsize>(content.size()));
}

}  // namespace spillway::ingest
