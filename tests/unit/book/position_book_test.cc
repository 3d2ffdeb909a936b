// IR-2: books by position, as Interactive Brokers sends them, against a naive model of two arrays.
#include <functional>
#include <random>

#include "libs/book/book_state.h"
#include "libs/runtime/persist.h"
#include "tests/catch.h"
#include "tests/support/market_builder.h"

namespace spillway::book {
namespace {

using test::Px;
using test::Qty;
using Kind = MarketEventKind;

constexpr Time kStart = test::MarketBuilder::kStart;
constexpr Duration kMs = std::chrono::milliseconds(1);

struct Feed {
  BookState book;
  Time now = kStart;
  std::vector<LevelChange> changes;

  void Send(Kind kind, Side side, uint8_t level, Price price = {}, Quantity size = {}) {
    MarketEvent event;
    event.event_time = now;
    event.kind = kind;
    event.side = side;
    event.level = level;
    event.price = price;
    event.quantity = size;
    event.flags = MarketEventFlags::kEndOfEvent;
    book.Apply(event, [&](const LevelChange& change) { changes.push_back(change); });
  }
  void Insert(Side side, uint8_t level, double price, double size) {
    Send(Kind::kLevelInsert, side, level, Px(price), Qty(size));
  }
  // Three rows a side: 20.00 and below, 20.02 and above.
  void Build() {
    for (uint8_t i = 0; i < 3; ++i) {
      Insert(Side::kBid, i, 20.00 - 0.01 * i, 100 + i);
      Insert(Side::kAsk, i, 20.02 + 0.01 * i, 200 + i);
    }
  }
  std::vector<double> Prices(Side side) const {
    std::vector<double> prices;
    for (size_t i = 0; i < book.levels().side(side).size(); ++i) {
      prices.push_back(book.levels().side(side).price_at(i).ToDouble());
    }
    return prices;
  }
};

struct NaiveRow {
  int64_t price = 0;
  int64_t size = 0;
};
struct Naive {
  std::vector<NaiveRow> sides[2];
  uint64_t unknown = 0, resets = 0;
  Time changed_at;

  void Apply(Kind kind, bool ask, size_t level, NaiveRow row, Time now) {
    std::vector<NaiveRow>& rows = sides[ask ? 1 : 0];
    changed_at = now;
    if (level >= 10) {
      ++unknown;
      return;
    }
    if (kind == Kind::kLevelDelete) {
      if (level < rows.size()) {
        rows.erase(rows.begin() + static_cast<std::ptrdiff_t>(level));
      } else {
        ++unknown;
      }
      return;
    }
    if (kind == Kind::kLevelUpdate && level < rows.size()) {
      rows[level] = row;
      return;
    }
    if (kind == Kind::kLevelUpdate) ++unknown;
    if (kind == Kind::kLevelInsert && level == 0 && !rows.empty() &&
        std::abs(row.price - rows[0].price) >= 100'000'000) {
      rows.clear();
      ++resets;
    }
    if (kind == Kind::kLevelInsert && level > rows.size()) ++unknown;
    rows.insert(rows.begin() + static_cast<std::ptrdiff_t>(std::min(level, rows.size())), row);
    if (rows.size() > 10) rows.pop_back();
  }
  uint8_t Condition(Time now) const {
    const auto& [bids, asks] = sides;
    uint8_t bits = 0;
    if (bids.empty()) bits |= BookCondition::kBidEmpty;
    if (asks.empty()) bits |= BookCondition::kAskEmpty;
    if (now - changed_at > 2000 * kMs) bits |= BookCondition::kStale;
    for (const auto& side : sides) {
      if (!side.empty() && (side[0].price <= 0 || side[0].size <= 0)) bits |= BookCondition::kZero;
    }
    if (bids.empty() || asks.empty()) return bits;
    if (bids[0].price > asks[0].price) bits |= BookCondition::kCrossed;
    if (bids[0].price == asks[0].price) bits |= BookCondition::kLocked;
    if ((bits & BookCondition::kZero) == 0 && asks[0].price - bids[0].price > 200'000'000) bits |= BookCondition::kWide;
    return bits;
  }
};

}  // namespace

TEST_CASE(
    "IR-2: every sequence of inserts, updates and deletes by position leaves what a naive array of ten rows holds",
    "[book]") {
  const uint64_t seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  Feed feed;
  Naive naive;
  uint32_t valid = 0;
  for (int step = 0; step < 20000; ++step) {
    feed.now += Duration(static_cast<int64_t>(random() % 400) * 1'000'000 * (random() % 40 == 0 ? 20 : 1));
    const bool ask = random() % 2 == 0;
    const auto level = static_cast<uint8_t>(random() % 12);
    const bool jump = random() % 30 == 0;
    // Mostly where the row belongs, so that books are often valid.
    const int64_t cents = (ask ? 2002 + level : 2000 - level) + (jump ? static_cast<int64_t>(random() % 41) - 20 : 0);
    const NaiveRow row{random() % 200 == 0 ? 0 : cents * 10'000'000,
                       static_cast<int64_t>(random() % 900) * 100'000'000};
    constexpr Kind kKinds[] = {Kind::kLevelInsert, Kind::kLevelUpdate, Kind::kLevelUpdate, Kind::kLevelDelete};
    const Kind kind = kKinds[random() % 4];
    feed.changes.clear();
    const std::vector<NaiveRow> before = naive.sides[ask ? 1 : 0];
    feed.Send(kind, ask ? Side::kAsk : Side::kBid, level, Price::FromNanos(row.price), Quantity::FromE8(row.size));
    naive.Apply(kind, ask, level, row, feed.now);
    if (step % 97 == 0) {
      runtime::StateWriter writer;
      writer(feed.book);
      BookState restored;
      runtime::StateReader reader(writer.bytes());
      reader(restored);
      REQUIRE_FALSE(reader.failed());
      feed.book = restored;
    }

    // What it said of its levels adds up to what they are: sums of sizes by side.
    int64_t told = 0, was = 0, is = 0;
    for (const LevelChange& change : feed.changes) told += change.after.e8() - change.before.e8();
    for (const NaiveRow& each : before) was += each.size;
    for (const NaiveRow& each : naive.sides[ask ? 1 : 0]) is += each.size;
    REQUIRE(told == is - was);
    for (const bool side : {false, true}) {
      const std::vector<NaiveRow>& rows = naive.sides[side ? 1 : 0];
      const BookSide& levels = feed.book.levels().side(side ? Side::kAsk : Side::kBid);
      REQUIRE(levels.size() == rows.size());
      for (size_t i = 0; i < rows.size(); ++i) {
        REQUIRE(levels.at(i).price.nanos() == rows[i].price);
        REQUIRE(levels.at(i).size.e8() == rows[i].size);
      }
    }
    REQUIRE(feed.book.condition() == naive.Condition(feed.now));
    valid += feed.book.condition() == 0;
    const Time later = feed.now + 2500 * kMs;
    BookState aged = feed.book;
    aged.AdvanceTo(later);
    REQUIRE(aged.condition() == naive.Condition(later));
  }
  CHECK(feed.book.facts().unknown_positions == naive.unknown);
  CHECK(feed.book.facts().resets == naive.resets);
  CHECK(naive.unknown > 0);
  CHECK(naive.resets > 0);
  CHECK(valid > 100);
}

TEST_CASE("IR-2: an insert shifts the rest down, the eleventh row goes out of sight; a delete shifts up", "[book]") {
  Feed feed;
  for (uint8_t i = 0; i < 10; ++i) feed.Insert(Side::kBid, i, 20.00 - 0.01 * i, 100);
  feed.changes.clear();
  feed.Insert(Side::kBid, 0, 20.01, 50);
  CHECK(feed.Prices(Side::kBid).size() == BookState::kPositionRows);
  CHECK(feed.Prices(Side::kBid).front() == 20.01);
  CHECK(feed.Prices(Side::kBid).back() == 19.92);
  REQUIRE(feed.changes.size() == 2);
  CHECK(feed.changes[1].cause == Cause::kWindow);  // nothing happened to it
  CHECK(feed.changes[1].price == Px(19.91));
  feed.Send(Kind::kLevelDelete, Side::kBid, 0);
  CHECK(feed.Prices(Side::kBid).front() == 20.00);
  CHECK(feed.Prices(Side::kBid).size() == 9);
}

TEST_CASE("IR-2: a change of a row that is missing or deeper than ten is counted and otherwise ignored", "[book]") {
  Feed feed;
  feed.Build();
  feed.Send(Kind::kLevelDelete, Side::kBid, 7);
  feed.Insert(Side::kAsk, 10, 20.50, 100);
  feed.Insert(Side::kAsk, 200, 20.50, 100);
  CHECK(feed.Prices(Side::kBid).size() == 3);
  CHECK(feed.Prices(Side::kAsk).size() == 3);
  CHECK(feed.book.facts().unknown_positions == 3);
}

TEST_CASE("IR-2: an insert at the best 0.10 away begins the side anew; 0.09 away it does not", "[book]") {
  Feed feed;
  feed.Build();
  feed.Insert(Side::kBid, 0, 20.00 - 0.09, 10);
  CHECK(feed.Prices(Side::kBid).size() == 4);
  CHECK(feed.book.facts().resets == 0);
  feed.Send(Kind::kLevelDelete, Side::kBid, 0);
  feed.changes.clear();
  for (uint8_t i = 0; i < 3; ++i) feed.Insert(Side::kBid, i, 20.10 - 0.01 * i, 10);
  CHECK(feed.Prices(Side::kBid) == std::vector<double>{20.10, 20.09, 20.08});
  CHECK(feed.book.facts().resets == 1);
  CHECK(feed.changes.front().cause == Cause::kWindow);  // the old side, the worst first
  CHECK(feed.changes.front().price == Px(19.98));
  CHECK(feed.Prices(Side::kAsk).size() == 3);
  CHECK(feed.book.condition() == BookCondition::kCrossed);  // until the other side has come too
  for (uint8_t i = 0; i < 3; ++i) feed.Insert(Side::kAsk, i, 20.12 + 0.01 * i, 10);
  CHECK(feed.book.condition() == 0);
  // The first insert into an empty side is no reset.
  CHECK(feed.book.facts().resets == 2);
  feed.Send(Kind::kClear, Side::kNone, 0);
  feed.Insert(Side::kBid, 0, 5.00, 10);
  CHECK(feed.book.facts().resets == 2);
}

TEST_CASE("IR-2: half a book is not valid until its other side has come", "[book]") {
  Feed feed;
  feed.Insert(Side::kBid, 0, 20.00, 100);
  CHECK(feed.book.condition() == BookCondition::kAskEmpty);
  feed.Insert(Side::kAsk, 0, 20.01, 100);
  CHECK(feed.book.condition() == 0);
}

TEST_CASE("IR-2: zero, crossed, locked, wide and old books are not valid", "[book]") {
  const auto after = [](const std::function<void(Feed&)>& change) {
    Feed feed;
    feed.Build();
    change(feed);
    return feed.book.condition();
  };
  CHECK(after([](Feed&) {}) == 0);
  CHECK(after([](Feed& f) { f.Send(Kind::kLevelUpdate, Side::kBid, 0, Px(20.00), Qty(0)); }) == BookCondition::kZero);
  CHECK(after([](Feed& f) { f.Send(Kind::kLevelUpdate, Side::kBid, 0, Price(), Qty(5)); }) == BookCondition::kZero);
  CHECK(after([](Feed& f) { f.Send(Kind::kLevelUpdate, Side::kBid, 2, Px(19.98), Qty(0)); }) == 0);  // not the best
  CHECK(after([](Feed& f) { f.Send(Kind::kLevelUpdate, Side::kBid, 0, Px(20.03), Qty(5)); }) ==
        BookCondition::kCrossed);
  CHECK(after([](Feed& f) { f.Send(Kind::kLevelUpdate, Side::kBid, 0, Px(20.02), Qty(5)); }) == BookCondition::kLocked);
  CHECK(after([](Feed& f) { f.Send(Kind::kLevelUpdate, Side::kAsk, 0, Px(20.20), Qty(5)); }) ==
        0);  // 0.20 is not above it
  CHECK(after([](Feed& f) { f.Send(Kind::kLevelUpdate, Side::kAsk, 0, Px(20.21), Qty(5)); }) == BookCondition::kWide);
  CHECK(after([](Feed& f) { f.book.AdvanceTo(f.now + 2000 * kMs); }) == 0);
  CHECK(after([](Feed& f) { f.book.AdvanceTo(f.now + 2001 * kMs); }) == BookCondition::kStale);
  // A print alone does not make it younger, a change does.
  Feed feed;
  feed.Build();
  feed.now += 2500 * kMs;
  feed.Send(Kind::kTrade, Side::kBid, 0, Px(20.02), Qty(5));
  CHECK(feed.book.condition() == BookCondition::kStale);
  feed.Send(Kind::kLevelUpdate, Side::kBid, 1, Px(19.99), Qty(5));
  CHECK(feed.book.condition() == 0);
  // A book by price knows neither.
  BookState by_price;
  MarketEvent event;
  event.event_time = kStart;
  event.kind = Kind::kLevel;
  event.side = Side::kBid;
  event.price = Px(20);
  event.quantity = Qty(1);
  by_price.Apply(event);
  event.side = Side::kAsk;
  event.price = Px(21);
  by_price.Apply(event);
  CHECK_FALSE(by_price.AdvanceTo(kStart + std::chrono::hours(1)));
  CHECK(by_price.condition() == 0);
}

TEST_CASE("IR-2: while a deep book is not valid the quotes are the top of book's, and nothing is known of depth",
          "[book]") {
  Feed feed;
  feed.Send(Kind::kTop, Side::kBid, 0, Px(19.99), Qty(7));  // the line comes first
  feed.Send(Kind::kTop, Side::kAsk, 0, Px(20.03), Qty(8));
  CHECK(feed.book.condition() == 0);
  CHECK_FALSE(feed.book.by_position());
  feed.Insert(Side::kBid, 0, 20.00, 100);  // half a book: what the line said is kept
  CHECK(feed.book.by_position());
  CHECK(feed.book.top_only());
  CHECK(feed.book.condition() == 0);
  CHECK(feed.book.quote(Side::kBid)->price == Px(19.99));
  feed.Insert(Side::kAsk, 0, 20.02, 100);
  CHECK_FALSE(feed.book.top_only());
  CHECK(feed.book.quote(Side::kBid)->price == Px(20.00));

  feed.Send(Kind::kTop, Side::kBid, 0, Px(20.05), Qty(9));  // does not touch the deep book
  feed.Send(Kind::kTop, Side::kAsk, 0, Px(20.06), Qty(9));
  CHECK(feed.Prices(Side::kBid) == std::vector<double>{20.00});
  feed.Send(Kind::kLevelUpdate, Side::kAsk, 0, Px(19.90), Qty(5));
  CHECK(feed.book.top_only());
  CHECK(feed.book.condition() == 0);
  CHECK(feed.book.quote(Side::kBid)->price == Px(20.05));
  CHECK(feed.book.quote(Side::kAsk)->size == Qty(9));
  feed.Send(Kind::kTop, Side::kAsk, 0, Px(20.05), Qty(9));
  CHECK(feed.book.condition() == BookCondition::kLocked);
  feed.Send(Kind::kTop, Side::kAsk, 0, Price(), Quantity());  // the line has no ask: the deep book's word it is
  CHECK_FALSE(feed.book.top_only());
  CHECK(feed.book.condition() == BookCondition::kCrossed);
}

}  // namespace spillway::book
