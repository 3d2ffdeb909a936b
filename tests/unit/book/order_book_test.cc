// Each representation of a book against a naive one, over random sequences.
#include <map>
#include <random>

#include "libs/book/book_state.h"
#include "libs/runtime/persist.h"
#include "tests/catch.h"
#include "tests/support/market_builder.h"

namespace spillway::book {
namespace {

using test::Px;
using test::Qty;

struct NaiveBook {
  std::map<int64_t, int64_t, std::greater<>> bids;
  std::map<int64_t, int64_t> asks;

  void Set(Side side, int64_t price, int64_t size) {
    const auto set = [&](auto& levels) {
      if (size > 0) {
        levels[price] = size;
      } else {
        levels.erase(price);
      }
    };
    side == Side::kBid ? set(bids) : set(asks);
  }
};

template <class Levels>
bool Same(const Levels& naive, const BookSide& side) {
  if (naive.size() != side.size()) return false;
  size_t rank = 0;
  int64_t sum = 0;
  for (const auto& [price, size] : naive) {
    const Level level = side.at(rank);
    sum += size;
    const bool same = level.price.nanos() == price && level.size.e8() == size && side.Depth(rank + 1).e8() == sum &&
                      side.RankOf(level.price) == rank && side.SizeAt(level.price) == level.size;
    if (!same) return false;
    ++rank;
  }
  return true;
}
bool Same(const NaiveBook& naive, const OrderBook& book) {
  return Same(naive.bids, book.bids()) && Same(naive.asks, book.asks());
}

MarketEvent Make(MarketEventKind kind, Side side, int64_t price, int64_t size) {
  MarketEvent event;
  event.kind = kind;
  event.side = side;
  event.price = Price::FromNanos(price);
  event.quantity = Quantity::FromE8(size);
  event.flags = MarketEventFlags::kEndOfEvent;
  return event;
}

uint64_t Seed() {
  const uint64_t seed = std::random_device()();
  UNSCOPED_INFO("seed " << seed);
  return seed;
}

std::string Saved(BookState& book) {
  runtime::StateWriter writer;
  writer(book);
  return writer.Take();
}
BookState Restored(const std::string& bytes) {
  BookState book;
  runtime::StateReader reader(bytes);
  reader(book);
  REQUIRE(reader.Finish().ok());
  return book;
}

TEST_CASE("a book by price holds what a sorted map holds, whatever the order of changes", "[book]") {
  for (const int64_t depth : {4, 30, 400}) {
    std::mt19937_64 random(Seed());
    NaiveBook naive;
    BookState book;
    for (int step = 0; step < 4000; ++step) {
      const Side side = random() % 2 == 0 ? Side::kBid : Side::kAsk;
      const int64_t price = 1000 + static_cast<int64_t>(random() % static_cast<uint64_t>(depth));  // sides may cross
      const int64_t size = static_cast<int64_t>(random() % 4) * 50;
      const auto& levels = naive.bids;
      const int64_t before = side == Side::kBid ? (levels.contains(price) ? levels.at(price) : 0)
                                                : (naive.asks.contains(price) ? naive.asks.at(price) : 0);
      naive.Set(side, price, size);
      int changes = 0;
      book.Apply(Make(MarketEventKind::kLevel, side, price, size), [&](const LevelChange& change) {
        ++changes;
        CHECK(change.before.e8() == before);
        CHECK(change.after.e8() == size);
      });
      CHECK(changes == 1);
      if (step % 97 == 0) book = Restored(Saved(book));
      REQUIRE(Same(naive, book.levels()));
    }
  }
}

struct NaiveOrders {
  struct Order {
    Side side;
    int64_t price;
    int64_t size;
  };
  std::map<uint64_t, Order> orders;

  NaiveBook Levels() const {
    NaiveBook book;
    for (const auto& [reference, order] : orders) {
      (order.side == Side::kBid ? book.bids[order.price] : book.asks[order.price]) += order.size;
    }
    return book;
  }
  uint32_t Count(Side side, int64_t price) const {
    uint32_t count = 0;
    for (const auto& [reference, order] : orders) count += order.side == side && order.price == price;
    return count;
  }
};

TEST_CASE("a book by order aggregates to the levels of its orders, and unknown orders are counted", "[book]") {
  std::mt19937_64 random(Seed());
  NaiveOrders naive;
  BookState book;
  uint64_t unknown = 0;
  uint64_t duplicates = 0;
  for (int step = 0; step < 6000; ++step) {
    const uint64_t reference = 1 + random() % 120;
    const Side side = random() % 2 == 0 ? Side::kBid : Side::kAsk;
    const int64_t price = 1000 + static_cast<int64_t>(random() % 25);
    const int64_t size = 1 + static_cast<int64_t>(random() % 300);
    const auto found = naive.orders.find(reference);
    const bool known = found != naive.orders.end();
    const auto what = random() % 10;
    MarketEvent event = Make(MarketEventKind::kOrderAdd, side, price, size);
    event.reference = reference;
    if (what < 4) {
      duplicates += known;
      naive.orders[reference] = {side, price, size};
    } else if (what < 8) {
      event.kind = MarketEventKind::kOrderCancel;
      unknown += !known;
      if (known && (found->second.size -= size) <= 0) naive.orders.erase(found);
    } else if (what == 8) {
      event.kind = MarketEventKind::kOrderModify;
      unknown += !known;
      if (known) {
        found->second.price = price;
        found->second.size = size;
      } else {
        naive.orders[reference] = {side, price, size};
      }
    } else {
      event.kind = MarketEventKind::kOrderFill;  // the book changes by the cancel that follows
    }
    book.Apply(event);
    if (step % 173 == 0) book = Restored(Saved(book));
    REQUIRE(Same(naive.Levels(), book.levels()));
    if (book.levels().best_bid()) {
      const Level best = *book.levels().best_bid();
      REQUIRE(best.orders == naive.Count(Side::kBid, best.price.nanos()));
    }
    REQUIRE(book.orders().orders() == naive.orders.size());
  }
  CHECK(book.orders().unknown_orders() == unknown);
  CHECK(book.orders().duplicate_orders() == duplicates);
  CHECK(unknown > 0);
}

TEST_CASE("the saved state of a book by order does not depend on the history of its table", "[book]") {
  BookState forward;
  BookState backward;
  for (uint64_t i = 1; i <= 300; ++i) {
    MarketEvent event = Make(MarketEventKind::kOrderAdd, Side::kBid, 1000, 10);
    event.reference = i;
    forward.Apply(event);
    event.reference = 301 - i;
    backward.Apply(event);
  }
  CHECK(Saved(forward) == Saved(backward));
}

TEST_CASE("a cancel that follows the fill of its order is an execution, any other is not", "[book]") {
  BookState book;
  MarketEvent event = Make(MarketEventKind::kOrderAdd, Side::kAsk, 1000, 100);
  event.reference = 7;
  book.Apply(event);
  const auto cause_of_cancel = [&] {
    Cause cause = Cause::kUnknown;
    MarketEvent cancel = Make(MarketEventKind::kOrderCancel, Side::kAsk, 1000, 10);
    cancel.reference = 7;
    book.Apply(cancel, [&](const LevelChange& change) { cause = change.cause; });
    return cause;
  };
  CHECK(cause_of_cancel() == Cause::kCancel);
  MarketEvent fill = Make(MarketEventKind::kOrderFill, Side::kAsk, 1000, 10);
  fill.reference = 7;
  book.Apply(fill);
  CHECK(cause_of_cancel() == Cause::kExecute);
  CHECK(cause_of_cancel() == Cause::kCancel);
}

TEST_CASE("a top-of-book feed has one level a side, and size 0 empties it", "[book]") {
  BookState book;
  book.Apply(Make(MarketEventKind::kTop, Side::kBid, 1000, 5));
  book.Apply(Make(MarketEventKind::kTop, Side::kAsk, 1002, 6));
  CHECK(book.condition() == 0);
  std::vector<Cause> causes;
  book.Apply(Make(MarketEventKind::kTop, Side::kBid, 1001, 7),
             [&](const LevelChange& c) { causes.push_back(c.cause); });
  CHECK(causes == std::vector<Cause>{Cause::kWindow, Cause::kUnknown});
  CHECK(book.levels().best_bid() == Level{Price::FromNanos(1001), Quantity::FromE8(7), 0});
  CHECK(book.levels().bids().size() == 1);
  book.Apply(Make(MarketEventKind::kTop, Side::kAsk, 0, 0));
  CHECK(book.condition() == BookCondition::kAskEmpty);
  CHECK_FALSE(book.levels().best_ask());
}

TEST_CASE("crossed and locked quotes are kept and counted, and the book is not valid while they last", "[book]") {
  BookState book;
  CHECK(book.condition() == (BookCondition::kBidEmpty | BookCondition::kAskEmpty));
  book.Apply(Make(MarketEventKind::kLevel, Side::kBid, 1000, 5));
  book.Apply(Make(MarketEventKind::kLevel, Side::kAsk, 1000, 5));
  CHECK(book.condition() == BookCondition::kLocked);
  book.Apply(Make(MarketEventKind::kLevel, Side::kBid, 1001, 5));
  CHECK(book.condition() == BookCondition::kCrossed);
  CHECK(book.levels().best_bid()->price.nanos() == 1001);
  CHECK(book.levels().best_ask()->price.nanos() == 1000);
  MarketEvent unfinished = Make(MarketEventKind::kLevel, Side::kBid, 1002, 5);
  unfinished.flags = 0;
  book.Apply(unfinished);
  CHECK(book.facts().crossed == 1);
  CHECK(book.facts().locked == 1);
  book.Apply(Make(MarketEventKind::kClear, Side::kNone, 0, 0));
  CHECK(book.condition() == (BookCondition::kBidEmpty | BookCondition::kAskEmpty));
}

TEST_CASE("after a gap a book is not valid until both sides were sent again", "[book]") {
  BookState book;
  book.Apply(Make(MarketEventKind::kLevel, Side::kBid, 1000, 5));
  book.Apply(Make(MarketEventKind::kLevel, Side::kAsk, 1001, 5));
  book.OnGap();
  book.Apply(Make(MarketEventKind::kLevel, Side::kBid, 1000, 6));
  CHECK(book.condition() == BookCondition::kGap);
  book.Apply(Make(MarketEventKind::kClear, Side::kBid, 0, 0));
  book.Apply(Make(MarketEventKind::kLevel, Side::kBid, 1000, 6));
  CHECK(book.condition() == BookCondition::kGap);
  book.Apply(Make(MarketEventKind::kClear, Side::kAsk, 0, 0));
  book.Apply(Make(MarketEventKind::kLevel, Side::kAsk, 1001, 6));
  CHECK(book.condition() == 0);
  CHECK(book.facts().gaps == 1);
  book.SetStale(true);
  CHECK(book.condition() == BookCondition::kStale);
}

TEST_CASE("a truncated or longer state of a book is an error", "[book]") {
  BookState book;
  book.Apply(Make(MarketEventKind::kLevel, Side::kBid, 1000, 5));
  const std::string bytes = Saved(book);
  for (size_t cut = 0; cut < bytes.size(); cut += 7) {
    BookState other;
    const std::string part = bytes.substr(0, cut);
    runtime::StateReader reader(part);
    reader(other);
    CHECK_FALSE(reader.Finish().ok());
  }
}

}  // namespace
}  // namespace spillway::book
