#include "services/ingest/level_window.h"

#include <algorithm>
#include <map>
#include <random>

#include "tests/catch.h"

namespace spillway::ingest {
namespace {

constexpr size_t kDepth = 5;

struct Picture {
  std::map<int64_t, int64_t, std::greater<>> bids;  // price to quantity, best first
  std::map<int64_t, int64_t> asks;
};

// A random uncrossed book, near the one before in most rows; sometimes with fewer levels than the window shows.
Picture RandomPicture(std::mt19937& random, Picture picture) {
  const auto drop = [&](auto& side) {
    if (!side.empty()) side.erase(std::next(side.begin(), static_cast<ptrdiff_t>(random() % side.size())));
  };
  for (unsigned changes = random() % 5; changes > 0; --changes) {
    const int64_t bid = 100 - static_cast<int64_t>(random() % 12);
    const int64_t ask = bid + 1 + static_cast<int64_t>(random() % 12);
    switch (random() % 4) {
      case 0:
        drop(picture.bids);
        break;
      case 1:
        drop(picture.asks);
        break;
      case 2:
        picture.bids[bid] = 1 + random() % 9;
        break;
      default:
        picture.asks[ask] = 1 + random() % 9;
    }
  }
  while (!picture.bids.empty() && !picture.asks.empty() && picture.bids.begin()->first >= picture.asks.begin()->first) {
    picture.bids.erase(picture.bids.begin());
  }
  return picture;
}

template <class Levels>
std::vector<VisibleLevel> Visible(const Levels& side) {
  std::vector<VisibleLevel> levels;
  for (const auto& [price, quantity] : side) {
    if (levels.size() < kDepth) levels.push_back({Price::FromNanos(price), Quantity::Units(quantity)});
  }
  return levels;
}

void Show(LevelWindow& window, Side side, const std::vector<VisibleLevel>& levels) {
  for (const VisibleLevel& level : levels) REQUIRE(window.Append(side, level.price, level.quantity));
}

// What the reader of the events has.
struct Folded {
  std::map<Price, Quantity> sides[2];

  bool crossed() const {
    return !sides[0].empty() && !sides[1].empty() && sides[0].rbegin()->first >= sides[1].begin()->first;
  }
  std::vector<VisibleLevel> Levels(Side side) const {
    std::vector<VisibleLevel> levels;
    for (const auto& [price, quantity] : sides[side == Side::kAsk]) levels.push_back({price, quantity});
    if (side == Side::kBid) std::reverse(levels.begin(), levels.end());
    return levels;
  }
};

// A level may be explained by the window only beyond the last one of a full picture on the other side of the change.
bool WindowIsTrue(const MarketEvent& event, const std::vector<VisibleLevel>& before,
                  const std::vector<VisibleLevel>& after) {
  const std::vector<VisibleLevel>& other = event.quantity == Quantity() ? after : before;
  if (other.size() < kDepth) return false;
  const Price worst = other.back().price;
  return event.side == Side::kBid ? event.price < worst : event.price > worst;
}

}  // namespace

TEST_CASE("level window: over random books the events lead to each picture, uncrossed between, and change something") {
  const unsigned seed = 5;
  INFO("seed " << seed);
  std::mt19937 random(seed);
  LevelWindow window(kDepth);
  RowBuilder row(1);
  PendingExecutions executions;
  Picture picture;
  Folded folded;
  std::vector<VisibleLevel> before[2];
  for (int n = 0; n < 20'000; ++n) {
    picture = RandomPicture(random, std::move(picture));
    const std::vector<VisibleLevel> after[2] = {Visible(picture.bids), Visible(picture.asks)};
    row.Begin(TimeFromNanos(n), TimeFromNanos(n), static_cast<uint64_t>(n) + 1);
    window.BeginPicture();
    for (const Side side : {Side::kBid, Side::kAsk}) {
      const size_t s = side == Side::kAsk;
      if (after[s] == before[s] && random() % 2 == 0) {
        window.Repeat(side);
      } else {
        Show(window, side, after[s]);
      }
    }
    if (!before[1].empty() && random() % 3 == 0) {
      executions.Add(Side::kAsk, before[1][0].price, Quantity::Units(1 + random() % 4), TimeFromNanos(n));
    }
    window.Commit({.executions = &executions}, row);
    for (const MarketEvent& event : row.Finish(true)) {
      if (event.kind == MarketEventKind::kNone) continue;
      std::map<Price, Quantity>& side = folded.sides[event.side == Side::kAsk];
      const auto found = side.find(event.price);
      const Quantity had = found == side.end() ? Quantity() : found->second;
      REQUIRE(event.quantity != had);
      const size_t s = event.side == Side::kAsk;
      if (event.cause == Cause::kWindow) REQUIRE(WindowIsTrue(event, before[s], after[s]));
      if (event.cause == Cause::kExecute || event.cause == Cause::kCancel) REQUIRE(event.quantity < had);
      if (event.cause == Cause::kAdd) REQUIRE(event.quantity > had);
      if (event.quantity == Quantity()) {
        side.erase(event.price);
      } else {
        side[event.price] = event.quantity;
      }
      REQUIRE_FALSE(folded.crossed());
    }
    REQUIRE(folded.Levels(Side::kBid) == after[0]);
    REQUIRE(folded.Levels(Side::kAsk) == after[1]);
    before[0] = after[0];
    before[1] = after[1];
  }
}

TEST_CASE("level window: a picture out of order is refused") {
  LevelWindow window(3);
  window.BeginPicture();
  CHECK(window.Append(Side::kBid, Price::FromNanos(10), Quantity::Units(1)));
  CHECK_FALSE(window.Append(Side::kBid, Price::FromNanos(10), Quantity::Units(1)));
  CHECK_FALSE(window.Append(Side::kBid, Price::FromNanos(11), Quantity::Units(1)));
  CHECK(window.Append(Side::kBid, Price::FromNanos(9), Quantity::Units(1)));
  CHECK(window.Append(Side::kBid, Price::FromNanos(8), Quantity::Units(1)));
  CHECK_FALSE(window.Append(Side::kBid, Price::FromNanos(7), Quantity::Units(1)));  // no room
}

TEST_CASE("level window: after a reset a side that repeats is built anew") {
  LevelWindow window(3);
  RowBuilder row(1);
  row.Begin(Time(), Time(), 1);
  window.BeginPicture();
  REQUIRE(window.Append(Side::kBid, Price::FromNanos(10), Quantity::Units(1)));
  window.Commit({}, row);
  row.Begin(Time(), Time(), 2);
  window.BeginPicture();
  window.Repeat(Side::kBid);
  window.Repeat(Side::kAsk);
  window.Reset();
  window.Commit({}, row);
  const auto events = row.Finish(true);
  REQUIRE(events.size() == 1);
  CHECK(events[0].quantity == Quantity::Units(1));
  CHECK(events[0].cause == Cause::kSnapshot);
}

TEST_CASE("pending executions: the oldest is forgotten at the bound, and quantity is matched once") {
  PendingExecutions executions;
  const Price price = Price::FromNanos(1);
  for (int i = 0; i < 100; ++i) executions.Add(Side::kBid, price, Quantity::Units(1), Time());
  CHECK(executions.Match(Side::kBid, price, Quantity::Units(10), Time()) == Quantity::Units(10));
  CHECK(executions.Match(Side::kBid, price, Quantity::Units(1'000), Time()) == Quantity::Units(54));
  CHECK(executions.Match(Side::kBid, price, Quantity::Units(1), Time()) == Quantity());
}

}  // namespace spillway::ingest
