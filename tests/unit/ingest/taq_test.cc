#include "fmt/format.h"
#include "tests/catch.h"
#include "tests/support/recorded_data.h"
#include "tests/unit/ingest/imported_market.h"

namespace spillway::ingest {
namespace {

constexpr char kQuoteName[] = "ACME_2013-10-07_quote.csv";
constexpr char kTradeName[] = "ACME_2013-10-07_trade.csv";

// What oracles.json states of one symbol's day.
struct Day {
  std::string symbol;
  Time open;
  uint64_t quote_rows, bid_rows, ask_rows;
  uint64_t trades;
  int64_t volume;
  std::string vwap;
  uint64_t odd_lots;
  uint64_t crossed, locked, milliseconds;  // regular hours, after each millisecond with an update
};

void CheckDay(const Day& day) {
  const auto quotes = test::RecordedData(fmt::format("data/equities/taq/{}_quote.csv.zst", day.symbol));
  const auto trades = test::RecordedData(fmt::format("data/equities/taq/{}_trade.csv.zst", day.symbol));
  if (!quotes || !trades) return;
  ImportedMarket market;
  uint64_t bids = 0;
  uint64_t asks = 0;
  uint64_t odd_lots = 0;
  uint64_t crossed = 0;
  uint64_t locked = 0;
  uint64_t milliseconds = 0;
  bool quoted = false;  // in this millisecond
  market.after_row = [&](std::span<const MarketEvent> row) {
    for (const MarketEvent& event : row) {
      bids += event.kind == MarketEventKind::kTop && event.side == Side::kBid;
      asks += event.kind == MarketEventKind::kTop && event.side == Side::kAsk;
      quoted |= event.kind == MarketEventKind::kTop;
      odd_lots += (event.flags & MarketEventFlags::kOddLot) != 0;
    }
    if (!row.back().end_of_event() || !std::exchange(quoted, false)) return;
    const Time time = row.back().event_time;
    if (time < day.open || time >= day.open + std::chrono::minutes(390)) return;
    ++milliseconds;
    const auto bbo = market.bbo();
    crossed += bbo && bbo->bid > bbo->ask;
    locked += bbo && bbo->bid == bbo->ask;
  };
  const ImportResult result = Import("taq", {.files = {*quotes, *trades}, .symbol = ""}, market);
  INFO(day.symbol << " " << result.status.message());
  REQUIRE(result.status.ok());
  CHECK(market.broken == "");
  CHECK(bids == day.bid_rows);
  CHECK(asks == day.ask_rows);
  CHECK(bids + asks == day.quote_rows);
  CHECK(market.trades == day.trades);
  CHECK(market.volume == day.volume);
  CHECK(market.Vwap() == day.vwap);
  CHECK(odd_lots == day.odd_lots);
  CHECK(milliseconds == day.milliseconds);
  CHECK(crossed == day.crossed);
  CHECK(locked == day.locked);
}

std::vector<std::string> RowsOf(std::string_view quotes, std::string_view trades) {
  const TemporaryFile quote_file(kQuoteName, quotes);
  const TemporaryFile trade_file(kTradeName, trades);
  ImportedMarket market;
  std::vector<std::string> rows;
  market.after_row = [&](std::span<const MarketEvent> row) {
    std::string text;
    for (const MarketEvent& event : row) {
      text += fmt::format("{}{} {} ", event.kind == MarketEventKind::kTrade ? "trade " : "",
                          event.side == Side::kBid   ? "bid"
                          : event.side == Side::kAsk ? "ask"
                                                     : "-",
                          event.price.ToString());
    }
    rows.push_back(text + (row.back().end_of_event() ? "|" : ""));
  };
  const ImportResult result =
      Import("taq", {.files = {quote_file.path(), trade_file.path()}, .symbol = "ACME"}, market);
  INFO(result.status.message());
  CHECK(result.status.ok());
  CHECK(market.broken == "");
  return rows;
}

}  // namespace

TEST_CASE("taq: whole days of BAC, AIG and IBM agree with the oracles") {
  const Time open = *ParseTime("2013-10-07T13:30:00Z");
  CheckDay({"BAC_2013-10-07", open, 476855, 238427, 238428, 88172, 64411712, "13.861906", 0, 0, 658, 116374});
  CheckDay({"AIG_2013-10-07", open, 1079935, 539967, 539968, 25351, 5300449, "48.925055", 1, 27, 3167, 270111});
  CheckDay({"IBM_2013-10-07", open, 109067, 54533, 54534, 24293, 3960352, "182.500507", 2, 20, 160, 45075});
}

TEST_CASE("taq: a bid row and the ask row of the same millisecond are one row, another is one by itself") {
  CHECK(RowsOf("100,0,0,120000,5,Q,1,0\n"
               "200,110000,7,0,0,P,1,0\n"
               "200,0,0,111000,5,Q,1,0\n"
               "300,112000,7,0,0,P,1,0\n"
               "301,0,0,113000,5,Q,1,0\n",
               "400,111000,1,P,1,0\n") == std::vector<std::string>{"ask 12.00 |", "bid 11.00 ask 11.10 |",
                                                                   "bid 11.20 |", "ask 11.30 |", "trade - 11.10 |"});
}

TEST_CASE("taq: within a millisecond quotes precede trades, and only its last event ends the event") {
  CHECK(RowsOf("200,110000,7,0,0,P,1,0\n"
               "200,0,0,111000,5,Q,1,0\n"
               "200,110100,7,0,0,P,1,0\n"
               "200,0,0,111000,5,Q,1,0\n",
               "200,110500,1,P,1,0\n"
               "200,110600,1,P,1,0\n"
               "201,110700,1,P,1,0\n") == std::vector<std::string>{"bid 11.00 ask 11.10 ", "bid 11.01 ask 11.10 ",
                                                                   "trade - 11.05 ", "trade - 11.06 |",
                                                                   "trade - 11.07 |"});
}

TEST_CASE("taq: venue letters, condition bits and doubts are carried") {
  const TemporaryFile quotes(kQuoteName, "100,110000,7,0,0,P,1,0\n");
  const TemporaryFile trades(kTradeName, "100,110000,150,D,20002020,0\n100,110000,50,Q,1,1\n");
  ImportedMarket market;
  market.keep_events = true;
  const ImportResult result = Import("taq", {.files = {quotes.path(), trades.path()}, .symbol = "ACME"}, market);
  REQUIRE(result.status.ok());
  REQUIRE(market.events.size() == 3);
  CHECK(market.events[0].venue == 'P');
  CHECK(market.events[0].event_time == *ParseTime("2013-10-07T04:00:00.1Z"));
  CHECK(market.events[1].venue == 'D');
  CHECK(market.events[1].conditions == 0x20002020);
  CHECK(market.events[1].flags == (MarketEventFlags::kRowStart | MarketEventFlags::kEligible));
  CHECK(market.events[2].flags ==
        (MarketEventFlags::kRowStart | MarketEventFlags::kEndOfEvent | MarketEventFlags::kOddLot));
  CHECK(result.facts.suspicious_rows == 1);
}

}  // namespace spillway::ingest
