#include "services/ingest/adapters/simulator/book.h"

#include <algorithm>

namespace spillway::simulator {

void SimulatedBook::Build(const BookLevel& bid, const BookLevel& ask, DeepLiquidity& deep) {
  SPILLWAY_CHECK(bid.tick < ask.tick);
  for (const Side side : {Side::kBid, Side::kAsk}) {
    Levels& levels = of(side);
    levels.levels[0] = side == Side::kBid ? bid : ask;
    for (levels.count = 1; levels.count < visible_; ++levels.count) {
      levels.levels[levels.count] = deep.Behind(side, levels.levels[levels.count - 1]);
    }
  }
}

int64_t SimulatedBook::Depth(Side side, uint32_t levels) const {
  int64_t sum = 0;
  for (uint32_t i = 0; i < std::min(levels, visible_); ++i) sum += of(side).levels[i].size;
  return sum;
}

uint32_t SimulatedBook::Find(Side side, int64_t tick) const {
  for (uint32_t i = 0; i < visible_; ++i) {
    if (of(side).levels[i].tick == tick) return i;
  }
  return visible_;
}

void SimulatedBook::WriteLevel(Side side, const BookLevel& level, int64_t size, Cause cause, RowWriter& row) const {
  row.Level(side, price(level.tick), Quantity::Units(size), cause);
}

void SimulatedBook::Resize(Side side, uint32_t index, int64_t size, Cause cause, DeepLiquidity& deep, RowWriter& row) {
  Levels& levels = of(side);
  SPILLWAY_CHECK(index < visible_ && size >= 0);
  WriteLevel(side, levels.levels[index], size, cause, row);
  if (size > 0) {
    levels.levels[index].size = size;
    return;
  }
  std::copy(levels.levels.begin() + index + 1, levels.levels.begin() + levels.count, levels.levels.begin() + index);
  --levels.count;
  BookLevel& entering = levels.levels[visible_ - 1];
  if (levels.count < visible_) {
    entering = deep.Behind(side, levels.levels[levels.count - 1]);
    ++levels.count;
  } else {
    entering.size = deep.SizeOnReturn(side, visible_ - 1, entering);
  }
  WriteLevel(side, entering, entering.size, Cause::kWindow, row);
}

void SimulatedBook::Insert(Side side, const BookLevel& level, Cause cause, RowWriter& row) {
  Levels& levels = of(side);
  const int64_t better = side == Side::kBid ? 1 : -1;
  uint32_t index = 0;
  while (index < visible_ && (levels.levels[index].tick - level.tick) * better > 0) ++index;
  SPILLWAY_CHECK(index < visible_ && levels.levels[index].tick != level.tick);
  SPILLWAY_CHECK((best(Opposite(side)) - level.tick) * better > 0);
  const BookLevel leaving = levels.levels[visible_ - 1];
  const uint32_t kept = std::min(levels.count, visible_ + kRemembered - 1);
  std::copy_backward(levels.levels.begin() + index, levels.levels.begin() + kept, levels.levels.begin() + kept + 1);
  levels.levels[index] = level;
  levels.count = kept + 1;
  WriteLevel(side, level, level.size, cause, row);
  WriteLevel(side, leaving, 0, Cause::kWindow, row);
}

void SimulatedBook::WriteSnapshot(RowWriter& row) const {
  row.Clear();
  for (uint32_t i = 0; i < visible_; ++i) {
    WriteLevel(Side::kBid, bids_.levels[i], bids_.levels[i].size, Cause::kSnapshot, row);
    WriteLevel(Side::kAsk, asks_.levels[i], asks_.levels[i].size, Cause::kSnapshot, row);
  }
}

}  // namespace spillway::simulator
