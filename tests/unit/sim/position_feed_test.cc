// IR-2: the simulated market by position is the market by price.
#include "libs/book/book_state.h"
#include "tests/catch.h"
#include "tests/unit/sim/market_record.h"

using namespace spillway;

namespace {

constexpr char kMarket[] =
    "groups: [{count: 3, daily_volatility_percent: 12}, {count: 1, price_min: 400, price_max: 500, spread_ticks_min: "
    "20, "
    "spread_ticks_max: 30, daily_volatility_percent: 20, depth: 300}]\n"
    "episodes: {halt: {count: 1}, spread_blow_out: {count: 2}, gap: 30s, first_after: 60s}\n"
    "pre_market: 10s\n"
    "session: 15m\n";

}  // namespace

TEST_CASE("simulator: IR-2 books by position are those by price after every row, ten rows a side", "[sim]") {
  const int levels = GENERATE(5, 10, 15);
  CAPTURE(levels);
  const std::string market = kMarket + std::string("book_levels: ") + std::to_string(levels) + "\n";
  const test::MarketRecord by_price = test::Simulate(market);
  const test::MarketRecord by_position = test::Simulate(market + "feed: {by_position: true}\n");
  uint64_t rows = 0, resets = 0, halves = 0;
  for (const auto& [instrument, events] : by_price.symbols) {
    const std::vector<MarketEvent>& positions = by_position.symbols.at(instrument);
    book::BookState expected, seen;
    size_t at = 0;
    for (const MarketEvent& event : events) {
      expected.Apply(event);
      if (!event.end_of_event()) continue;
      if (at < positions.size() && positions[at].position == event.position) {
        do seen.Apply(positions[at]);
        while (!positions[at++].end_of_event());
      }
      ++rows;
      for (const Side side : {Side::kBid, Side::kAsk}) {
        const book::BookSide& want = expected.levels().side(side);
        const book::BookSide& have = seen.levels().side(side);
        REQUIRE(have.size() == std::min<size_t>(want.size(), 10));
        for (size_t i = 0; i < have.size(); ++i) REQUIRE(have.at(i) == want.at(i));
        REQUIRE(seen.quote(side) == want.best());
      }
      halves += seen.top_only();
    }
    CHECK(at == positions.size());
    CHECK(seen.facts().unknown_positions == 0);
    resets += seen.facts().resets;
  }
  CHECK(rows > 50'000);
  CHECK(resets > 0);
  CHECK(halves > 0);  // the expensive one is wider than 0.20
}

TEST_CASE(
    "simulator: IR-2, S1-B1.1 a feed of level I and level II by position says so, gives no causes and tells a VWAP of "
    "its own",
    "[sim]") {
  const test::MarketRecord market =
      test::Simulate(std::string(kMarket) + "feed: {by_position: true, depth_books: 3, lines: 100}\n");
  const auto feed = std::get<FeedCapabilities>(market.EventsOf<FeedCapabilities>().front().body);
  CHECK(feed.book_by_position);
  CHECK(feed.venue_vwap);
  CHECK_FALSE(feed.change_causes);
  CHECK(feed.book_levels == 10);
  CHECK(feed.depth_books == 3);
  CHECK(feed.lines == 100);
  double notional = 0, volume = 0;
  uint32_t told = 0;
  for (const MarketEvent& event : market.symbols.at(1)) {
    if (event.kind != MarketEventKind::kTrade && event.kind != MarketEventKind::kVenueVwap) {
      CHECK((event.kind != MarketEventKind::kLevel && event.cause == Cause::kUnknown));
      continue;
    }
    if (event.kind == MarketEventKind::kTrade && event.eligible()) {
      notional += event.price.ToDouble() * event.quantity.ToDouble();
      volume += event.quantity.ToDouble();
    }
    if (event.kind != MarketEventKind::kVenueVwap) continue;
    ++told;
    CHECK_THAT(event.price.ToDouble(), Catch::Matchers::WithinAbs(notional / volume, 0.006));
  }
  CHECK(told > 10);
}
