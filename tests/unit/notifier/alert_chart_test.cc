#include "services/notifier/adapters/alert_chart.h"

#include <cstdlib>
#include <fstream>
#include <random>

#include "services/notifier/market_tape.h"
#include "tests/catch.h"
#include "tests/support/market_builder.h"

namespace spillway::notifier {
namespace {

Event Definition(InstrumentId id) {
  Event event;
  InstrumentDefinition definition;
  definition.id = id;
  definition.symbol = "ACME";
  event.body = definition;
  return event;
}

void Feed(MarketTape& tape, test::MarketBuilder& feed) {
  tape.Apply(feed.Batch());
}

AlertCard Card(Time triggered, double entry = 20.0) {
  AlertCard card;
  card.symbol = "ACME";
  card.alert.entry = test::Px(entry);
  card.alert.stop = test::Px(entry - 0.12);
  card.alert.target = test::Px(entry + 0.24);
  card.alert.score = 8;
  card.alert.triggered = triggered;
  return card;
}

// A market that drifts up with a wall below, for a minute.
void Drift(MarketTape& tape, int seconds) {
  test::MarketBuilder feed;
  feed.Instrument(1);
  std::mt19937 random(5);
  double mid = 19.90;
  int64_t shown_bid = 0, shown_ask = 0;
  for (int i = 0; i < seconds * 10; ++i) {
    feed.At(i * 100.0);
    mid += (static_cast<int>(random() % 21) - 9) * 0.0004;
    const auto bid = static_cast<int64_t>(std::floor(mid * 100)), ask = bid + 2;
    if (bid != shown_bid || ask != shown_ask || i % 7 == 0) {
      feed.Clear();
      for (int level = 0; level < 10; ++level) {
        const double wall = bid - level == 1985 ? 9000 : 0;
        feed.Bid(static_cast<double>(bid - level) / 100, 300 + random() % 1500 + wall);
        feed.Ask(static_cast<double>(ask + level) / 100, 300 + random() % 1500);
      }
      shown_bid = bid;
      shown_ask = ask;
    }
    if (random() % 3 == 0) {
      feed.Trade(static_cast<double>(random() % 2 == 0 ? bid : ask) / 100, 100 + random() % 900,
                 random() % 2 == 0 ? Side::kBid : Side::kAsk);
    }
    feed.Row();
  }
  Feed(tape, feed);
}

uint32_t BigEndian(const std::string& bytes, size_t at) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<uint8_t>(bytes[at + i]);
  return value;
}

}  // namespace

TEST_CASE("tape: columns hold the book as it stood at their end, a minute and no more", "[delivery]") {
  MarketTape tape;
  tape.Apply(Definition(1));
  test::MarketBuilder feed;
  feed.Instrument(1);
  feed.At(0).Bid(10.00, 500).Ask(10.02, 300).Row();
  feed.At(100).Bid(10.01, 200).Row();
  feed.At(260).Bid(10.01, 0).Trade(10.02, 100, Side::kBid).Row();
  feed.At(1000).Ask(10.02, 900).Row();
  Feed(tape, feed);
  CHECK(tape.instruments() == 1);
  CHECK_FALSE(tape.Around(2, test::MarketBuilder::kStart).has_value());
  const std::optional<MarketPicture> all = tape.Around(1, test::MarketBuilder::kStart + std::chrono::seconds(5));
  REQUIRE(all);
  CHECK(all->symbol == "ACME");
  REQUIRE(all->columns.size() == 3);
  CHECK(all->columns[0].bids[0].price == test::Px(10.01));
  CHECK(all->columns[1].bids[0].price == test::Px(10.00));
  CHECK(all->columns[1].bids[0].size == test::Qty(500));
  CHECK(all->columns[1].last == test::Px(10.02));
  CHECK(all->columns[2].asks[0].size == test::Qty(900));
  CHECK(all->trades.size() == 1);
  const auto early = tape.Around(1, test::MarketBuilder::kStart + std::chrono::milliseconds(200));
  REQUIRE(early);
  CHECK(early->columns.size() == 1);
  CHECK(early->trades.empty());

  Drift(tape, 200);
  const auto later = tape.Around(1, test::MarketBuilder::kStart + std::chrono::seconds(1000));
  REQUIRE(later);
  CHECK(later->columns.size() <= MarketTape::kColumnsMax + 1);
  CHECK(later->columns.back().time - later->columns.front().time <= MarketTape::kSpan + MarketTape::kColumn);
  CHECK(later->trades.size() <= MarketTape::kTradesMax);
}

TEST_CASE("tape: after a pause longer than its span it starts anew", "[delivery]") {
  MarketTape tape;
  tape.Apply(Definition(1));
  test::MarketBuilder feed;
  feed.Instrument(1);
  feed.At(0).Bid(10.00, 500).Trade(10.00, 5).Row();
  feed.At(500).Bid(10.01, 500).Row();
  feed.At(600'000).Bid(10.02, 500).Trade(10.02, 5).Row();
  Feed(tape, feed);
  const auto picture = tape.Around(1, test::MarketBuilder::kStart + std::chrono::seconds(1000));
  REQUIRE(picture);
  CHECK(picture->columns.size() == 1);
  CHECK(picture->trades.size() == 1);
}

TEST_CASE("chart: a PNG of 800 by 400, whatever the market looks like", "[delivery]") {
  MarketTape tape;
  tape.Apply(Definition(1));
  const Time until = test::MarketBuilder::kStart + std::chrono::seconds(60);
  SECTION("a minute of book") {
    Drift(tape, 60);
  }
  SECTION("one quote") {
    test::MarketBuilder feed;
    feed.Instrument(1).At(59'000).Bid(19.99, 100).Row();
    Feed(tape, feed);
  }
  SECTION("a stray ask far away") {
    Drift(tape, 60);
    test::MarketBuilder feed;
    feed.Instrument(1).At(60'100).Clear(Side::kAsk).Ask(199'999.99, 1).Row();
    Feed(tape, feed);
  }
  const auto picture = tape.Around(1, until + std::chrono::seconds(1));
  REQUIRE(picture);
  const std::string png = DrawAlertChart(Card(until - std::chrono::milliseconds(150)), *picture);
  REQUIRE(png.size() > 1000);
  CHECK(png.starts_with("\x89PNG\r\n"));
  CHECK(BigEndian(png, 16) == kChartWidth);
  CHECK(BigEndian(png, 20) == kChartHeight);
  if (const char* path = std::getenv("SPILLWAY_CHART")) std::ofstream(path, std::ios::binary) << png;
}

TEST_CASE("chart: nothing is drawn of nothing", "[delivery]") {
  CHECK(DrawAlertChart(Card(TimeFromNanos(0)), MarketPicture{}).empty());
  MarketPicture empty_book;
  empty_book.columns.push_back({.time = TimeFromNanos(0), .bids = {}, .asks = {}, .last = std::nullopt});
  CHECK(DrawAlertChart(Card(TimeFromNanos(0)), empty_book).empty());
}

}  // namespace spillway::notifier
