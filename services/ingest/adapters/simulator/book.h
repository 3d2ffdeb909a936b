// The book of one simulated symbol: sizes by price level, of which the best `visible` of each side are shown. What lies
// behind them is remembered for a few levels only; beyond that it is drawn when it comes into sight.
#pragma once

#include <array>
#include <cstdint>

#include "libs/base/check.h"
#include "libs/events/market_event.h"
#include "services/ingest/adapters/simulator/row_writer.h"

namespace spillway::simulator {

struct BookLevel {
  int64_t tick = 0;  // price in ticks
  int64_t size = 0;  // shares, > 0
};

// Says what stands behind the levels that have been seen.
class DeepLiquidity {
 public:
  virtual ~DeepLiquidity() = default;
  // The next level behind `worst`, worse than it.
  virtual BookLevel Behind(Side side, const BookLevel& worst) = 0;
  // A level that was out of sight comes back as the `index`-th: its size now.
  virtual int64_t SizeOnReturn(Side side, uint32_t index, const BookLevel& remembered) = 0;
};

class SimulatedBook {
 public:
  static constexpr uint32_t kVisibleMax = 20;

  SimulatedBook(uint32_t visible, Price tick) : visible_(visible), tick_nanos_(tick.nanos()) {
    SPILLWAY_CHECK(visible >= 1 && visible <= kVisibleMax);
  }

  // Empties both sides and builds each from its best level on.
  void Build(const BookLevel& bid, const BookLevel& ask, DeepLiquidity& deep);

  // Level `index` from the best; index < visible().
  const BookLevel& level(Side side, uint32_t index) const { return of(side).levels[index]; }
  int64_t best(Side side) const { return of(side).levels[0].tick; }
  int64_t spread() const { return best(Side::kAsk) - best(Side::kBid); }
  double mid() const { return 0.5 * static_cast<double>(best(Side::kBid) + best(Side::kAsk)); }
  uint32_t visible() const { return visible_; }
  Price price(int64_t tick) const { return Price::FromNanos(tick * tick_nanos_); }
  // Shares of the first `levels` levels.
  int64_t Depth(Side side, uint32_t levels) const;
  // The level's index, or visible() if the tick has no visible level.
  uint32_t Find(Side side, int64_t tick) const;

  // The level at `index` has `size` from now on; 0 removes it. Writes the change and what enters the window.
  void Resize(Side side, uint32_t index, int64_t size, Cause cause, DeepLiquidity& deep, RowWriter& row);
  // A new level at a tick that has none and that is better than the worst visible level and not across the other side.
  void Insert(Side side, const BookLevel& level, Cause cause, RowWriter& row);
  // The whole visible book as one picture.
  void WriteSnapshot(RowWriter& row) const;

 private:
  static constexpr uint32_t kRemembered = 6;
  struct Levels {
    std::array<BookLevel, kVisibleMax + kRemembered> levels;
    uint32_t count = 0;
  };

  Levels& of(Side side) { return side == Side::kBid ? bids_ : asks_; }
  const Levels& of(Side side) const { return side == Side::kBid ? bids_ : asks_; }
  void WriteLevel(Side side, const BookLevel& level, int64_t size, Cause cause, RowWriter& row) const;

  uint32_t visible_;
  int64_t tick_nanos_;
  Levels bids_, asks_;
};

}  // namespace spillway::simulator
