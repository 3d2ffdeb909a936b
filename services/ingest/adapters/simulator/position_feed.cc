#include "services/ingest/adapters/simulator/position_feed.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace spillway::simulator {
namespace {

constexpr int64_t kResetJump = 100'000'000;

}  // namespace

absl::Status PositionFeed::OnEvent(const Event& event) {
  if (const auto* definition = std::get_if<InstrumentDefinition>(&event.body)) {
    books_[definition->id].tick = definition->tick;
  }
  return next_.OnEvent(event);
}

absl::Status PositionFeed::OnRow(std::span<const MarketEvent> row) {
  Book& book = books_[row.front().instrument];
  out_.clear();
  for (const MarketEvent& event : row) {
    switch (event.kind) {
      case MarketEventKind::kLevel:
        Change(book, event);
        break;
      case MarketEventKind::kClear:
        book.bids.clear();
        book.asks.clear();
        out_.push_back(event);
        break;
      case MarketEventKind::kTrade:
        out_.push_back(event);
        OnTrade(book, event);
        break;
      default:
        out_.push_back(event);
    }
  }
  SendTop(book.bids, book.top_bid, Side::kBid, row.back());
  SendTop(book.asks, book.top_ask, Side::kAsk, row.back());
  if (out_.empty()) return absl::OkStatus();
  constexpr auto kEnds = static_cast<uint8_t>(MarketEventFlags::kRowStart | MarketEventFlags::kEndOfEvent);
  for (MarketEvent& event : out_) event.flags &= static_cast<uint8_t>(~kEnds);
  out_.front().flags |= MarketEventFlags::kRowStart;
  out_.back().flags |= MarketEventFlags::kEndOfEvent;
  return next_.OnRow(out_);
}

void PositionFeed::Change(Book& book, const MarketEvent& event) {
  std::vector<Row>& rows = event.side == Side::kAsk ? book.asks : book.bids;
  const auto found = std::ranges::find(rows, event.price, &Row::price);
  const auto rank = static_cast<size_t>(found - rows.begin());
  if (event.quantity <= Quantity()) {
    if (found != rows.end()) Remove(rows, rank, event);
  } else if (found != rows.end()) {
    found->size = event.quantity;
    Send(event, MarketEventKind::kLevelUpdate, rank, *found);
  } else {
    const auto worse = [&](const Row& row) {
      return event.side == Side::kAsk ? row.price > event.price : row.price < event.price;
    };
    Insert(rows, static_cast<size_t>(std::ranges::find_if(rows, worse) - rows.begin()), event);
  }
}

// The first row behind the tenth comes into sight.
void PositionFeed::Remove(std::vector<Row>& rows, size_t rank, const MarketEvent& event) {
  rows.erase(rows.begin() + static_cast<std::ptrdiff_t>(rank));
  if (rank >= kRows) return;
  Send(event, MarketEventKind::kLevelDelete, rank, {});
  if (rows.size() >= kRows) Send(event, MarketEventKind::kLevelInsert, kRows - 1, rows[kRows - 1]);
}

void PositionFeed::Insert(std::vector<Row>& rows, size_t rank, const MarketEvent& event) {
  const bool jumps = rank == 0 && !rows.empty() && std::abs((event.price - rows.front().price).nanos()) >= kResetJump;
  rows.insert(rows.begin() + static_cast<std::ptrdiff_t>(rank), {event.price, event.quantity});
  if (!jumps) return Send(event, MarketEventKind::kLevelInsert, rank, rows[rank]);
  for (size_t i = 0; i < std::min(rows.size(), kRows); ++i) Send(event, MarketEventKind::kLevelInsert, i, rows[i]);
}

void PositionFeed::OnTrade(Book& book, const MarketEvent& event) {
  if (!event.eligible() || event.event_time < open_) return;
  book.notional += event.price.ToDouble() * event.quantity.ToDouble();
  book.volume += event.quantity.ToDouble();
  if (book.volume <= 0 || ++book.trades < kTradesBetweenVwaps) return;
  book.trades = 0;
  const double ticks = std::round(book.notional / book.volume / book.tick.ToDouble());
  MarketEvent vwap = event;
  vwap.kind = MarketEventKind::kVenueVwap;
  vwap.side = Side::kNone;
  vwap.cause = Cause::kUnknown;
  vwap.quantity = Quantity();
  vwap.reference = 0;
  vwap.flags = 0;
  vwap.price = Price::FromNanos(static_cast<int64_t>(ticks) * book.tick.nanos());
  out_.push_back(vwap);
}

void PositionFeed::SendTop(const std::vector<Row>& rows, Row& sent, Side side, const MarketEvent& last) {
  const Row top = rows.empty() ? Row() : rows.front();
  if (top == sent) return;
  sent = top;
  MarketEvent event = last;
  event.side = side;
  Send(event, MarketEventKind::kTop, 0, top);
}

void PositionFeed::Send(const MarketEvent& source, MarketEventKind kind, size_t rank, const Row& row) {
  if (rank >= kRows) return;
  MarketEvent& event = out_.emplace_back(source);
  event.kind = kind;
  event.cause = Cause::kUnknown;
  event.level = static_cast<uint8_t>(rank);
  event.price = row.price;
  event.quantity = row.size;
  event.reference = 0;
  event.flags = 0;
}

}  // namespace spillway::simulator
