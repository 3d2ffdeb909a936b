#include "services/journal/report/market_window.h"

#include <algorithm>

namespace spillway::journal::report {

WindowRecorder::WindowRecorder(InstrumentId instrument, Time from, Time to, Time trigger) {
  window_.instrument = instrument;
  window_.from = FloorTo(from, MarketWindow::kColumn);
  window_.to = FloorTo(to, MarketWindow::kColumn) + MarketWindow::kColumn;
  window_.trigger = trigger;
}

void WindowRecorder::AdvanceTo(Time now, const book::BookState& book) {
  const Time until = std::min(now, window_.to);
  if (now >= window_.from && !opened_) {
    opened_ = true;
    OnQuote(window_.from, book);
  }
  while (window_.from + (window_.columns + 1) * MarketWindow::kColumn <= until) Sample(book);
}

void WindowRecorder::Sample(const book::BookState& book) {
  for (auto& [price, row] : rows_) row.shown = 0;
  Show(book.levels().bids(), 1);
  Show(book.levels().asks(), -1);
  for (auto& [price, row] : rows_) {
    const int64_t before = row.changes.empty() ? 0 : row.changes.back().size_e8;
    if (row.shown != before) row.changes.push_back({window_.columns, row.shown});
  }
  if (wall_) {
    FindWalls(book.levels().bids(), Side::kBid);
    FindWalls(book.levels().asks(), Side::kAsk);
  }
  ++window_.columns;
}

// FX-05 as far as columns show it: what a level lost to executions within a column cannot be told from what was taken
// away.
void WindowRecorder::FindWalls(const book::BookSide& side, Side which) {
  const size_t visible = std::min(side.size(), MarketWindow::kHeatLevels);
  const auto size_at = [&](Price price) {
    for (size_t rank = 0; rank < visible; ++rank) {
      if (side.at(rank).price == price) return side.at(rank).size.e8();
    }
    return int64_t{0};
  };
  std::erase_if(open_walls_, [&](WallSpan& wall) {
    if (wall.side != which) return false;
    wall.to = window_.columns;
    const bool stands = size_at(wall.price) * 10 >= wall.size_e8 * 8;
    if (!stands) EndWall(wall);
    return !stands;
  });
  if (visible == 0) return;
  std::vector<int64_t> sizes;
  for (size_t rank = 0; rank < visible; ++rank) sizes.push_back(side.at(rank).size.e8());
  std::sort(sizes.begin(), sizes.end());
  const double median = static_cast<double>(sizes[(visible - 1) / 2] + sizes[visible / 2]) / 2;
  for (size_t rank = 0; rank < std::min<size_t>(visible, std::max(wall_->levels, 1U)); ++rank) {
    const book::Level level = side.at(rank);
    const auto size = static_cast<double>(level.size.e8());
    if (size < wall_->threshold * median || size < wall_->minimum * 1e8) continue;
    const bool known = std::any_of(open_walls_.begin(), open_walls_.end(), [&](const WallSpan& wall) {
      return wall.side == which && wall.price == level.price;
    });
    if (!known) open_walls_.push_back({level.price, which, window_.columns, window_.columns, level.size.e8()});
  }
}

void WindowRecorder::EndWall(const WallSpan& wall) {
  constexpr uint32_t kStanding = std::chrono::seconds(1) / MarketWindow::kColumn;
  if (wall.to - wall.from < kStanding) return;
  if (window_.walls.size() == MarketWindow::kWallsMax) {
    ++window_.walls_left_out;
    return;
  }
  window_.walls.push_back(wall);
}

void WindowRecorder::Show(const book::BookSide& side, int sign) {
  const size_t levels = std::min(side.size(), MarketWindow::kHeatLevels);
  for (size_t rank = 0; rank < levels; ++rank) {
    const book::Level level = side.at(rank);
    rows_[level.price].shown = sign * level.size.e8();
  }
}

void WindowRecorder::OnQuote(Time time, const book::BookState& book) {
  if (time < window_.from || time >= window_.to) return;
  QuotePoint point{.time = time, .bid = {}, .ask = {}};
  if (const auto bid = book.levels().best_bid()) point.bid = bid->price;
  if (const auto ask = book.levels().best_ask()) point.ask = ask->price;
  std::vector<QuotePoint>& quotes = window_.quotes;
  if (!quotes.empty() && quotes.back().bid == point.bid && quotes.back().ask == point.ask) return;
  constexpr Duration kResolution = MarketWindow::kQuoteResolution;
  const bool near_trigger = std::chrono::abs(time - window_.trigger) <= MarketWindow::kEveryQuoteWithin;
  const bool same_bin = !quotes.empty() && FloorTo(quotes.back().time, kResolution) == FloorTo(time, kResolution);
  if ((same_bin && !near_trigger) || quotes.size() == MarketWindow::kQuotesMax) {
    quotes.back() = point;
  } else {
    quotes.push_back(point);
  }
}

void WindowRecorder::OnTrade(const MarketEvent& trade) {
  if (trade.event_time < window_.from || trade.event_time >= window_.to) return;
  std::vector<TradePoint>& trades = window_.trades;
  const Time column = FloorTo(trade.event_time, MarketWindow::kColumn);
  for (auto point = trades.rbegin(); point != trades.rend() && point->time >= column; ++point) {
    if (point->price != trade.price || point->aggressor != trade.side) continue;
    point->quantity += trade.quantity;
    ++point->count;
    return;
  }
  if (trades.size() == MarketWindow::kTradesMax) {
    ++window_.trades_left_out;
    return;
  }
  trades.push_back({trade.event_time, 1, trade.price, trade.quantity, trade.side});
}

void WindowRecorder::OnDetector(Time time, const DetectorFired& detector) {
  if (time < window_.from || time >= window_.to) return;
  if (window_.marks.size() == MarketWindow::kMarksMax) {
    ++window_.marks_left_out;
    return;
  }
  window_.marks.push_back({time, detector});
}

MarketWindow WindowRecorder::Finish(Time last, const book::BookState& book) {
  AdvanceTo(last, book);
  if (last >= window_.from && window_.to > last) {
    window_.to = last;
    // The column that the end of the data cut short.
    if (window_.from + window_.columns * MarketWindow::kColumn < last) Sample(book);
  }
  for (auto& [price, row] : rows_) {
    if (!row.changes.empty()) window_.rows.push_back({price, std::move(row.changes)});
  }
  rows_.clear();
  for (WallSpan& wall : open_walls_) {
    wall.to = window_.columns;
    EndWall(wall);
  }
  std::stable_sort(window_.walls.begin(), window_.walls.end(),
                   [](const WallSpan& a, const WallSpan& b) { return a.from < b.from; });
  LeaveOutFarRows();
  return std::move(window_);
}

void WindowRecorder::LeaveOutFarRows() {
  if (window_.rows.size() <= MarketWindow::kHeatRowsMax) return;
  int64_t center = window_.rows[window_.rows.size() / 2].price.nanos();
  for (const QuotePoint& quote : window_.quotes) {
    if (quote.time > window_.trigger) break;
    if (quote.bid && quote.ask) center = (quote.bid->nanos() + quote.ask->nanos()) / 2;
  }
  auto first = window_.rows.begin();
  auto last = window_.rows.end();
  const auto distance = [center](const HeatRow& row) { return std::abs(row.price.nanos() - center); };
  while (static_cast<size_t>(last - first) > MarketWindow::kHeatRowsMax) {
    if (distance(*first) > distance(*(last - 1))) {
      ++first;
    } else {
      --last;
    }
  }
  window_.rows_left_out = window_.rows.size() - static_cast<size_t>(last - first);
  window_.rows = std::vector<HeatRow>(std::make_move_iterator(first), std::make_move_iterator(last));
}

}  // namespace spillway::journal::report
