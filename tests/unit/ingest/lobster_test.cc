#include "fmt/format.h"
#include "services/ingest/line_reader.h"
#include "tests/catch.h"
#include "tests/support/recorded_data.h"
#include "tests/unit/ingest/imported_market.h"

namespace spillway::ingest {
namespace {

// After every row, the book folded from the events is that row of the order book file.
ImportResult ImportAndCompare(const std::string& messages, const std::string& books, ImportedMarket& market) {
  std::unique_ptr<LineReader> lines = *LineReader::Open(books);
  uint64_t different = 0;
  market.after_row = [&](std::span<const MarketEvent>) {
    std::string_view line;
    REQUIRE(lines->Next(line));
    ImportedMarket::Levels sides[2];
    for (size_t side = 0; !line.empty(); side ^= 1) {
      int64_t number[2];
      for (int64_t& each : number) {
        const size_t end = std::min(line.find(','), line.size());
        each = std::stoll(std::string(line.substr(0, end)));
        line.remove_prefix(std::min(end + 1, line.size()));
      }
      if (number[1] == 0) continue;
      sides[side].emplace_back(Price::FromNanos(number[0] * 100'000), Quantity::Units(number[1]));
    }
    different += market.Top(Side::kAsk, 20) != sides[0] || market.Top(Side::kBid, 20) != sides[1];
  };
  ImportResult result = Import("lobster", {.files = {messages, books}, .symbol = ""}, market);
  CHECK(different == 0);
  CHECK(market.broken == "");
  return result;
}

constexpr char kMessageName[] = "ACME_2012-06-21_34200000_57600000_message_2.csv";
constexpr char kBookName[] = "ACME_2012-06-21_34200000_57600000_orderbook_2.csv";

}  // namespace

TEST_CASE("lobster: AAPL with ten levels agrees with the oracle") {
  const auto messages = test::RecordedData("data/equities/lobster/AAPL_2012-06-21_34200000_34249086_message_10.csv");
  const auto books = test::RecordedData("data/equities/lobster/AAPL_2012-06-21_34200000_34249086_orderbook_10.csv");
  if (!messages || !books) return;
  ImportedMarket market;
  REQUIRE(ImportAndCompare(*messages, *books, market).status.ok());
  CHECK(market.rows == 999);
  CHECK(market.ends == 999);
  CHECK(market.trades == 98 + 61);
  CHECK(market.volume == 4730 + 5862);
  CHECK(market.hidden_trades == 61);
  CHECK(market.Vwap() == "585.556161");
  CHECK(market.price_min == *Price::Parse("585.3"));
  CHECK(market.price_max == *Price::Parse("585.93"));
  CHECK(market.crossed + market.locked == 0);
  CHECK(*market.first_bbo == ImportedMarket::Bbo{*Price::Parse("585.33"), *Price::Parse("585.94"), Quantity::Units(18),
                                                 Quantity::Units(200), *ParseTime("2012-06-21T13:30:00.004241176Z")});
  CHECK(*market.last_bbo == ImportedMarket::Bbo{*Price::Parse("585.35"), *Price::Parse("585.71"), Quantity::Units(18),
                                                Quantity::Units(100), *ParseTime("2012-06-21T13:30:49.086375027Z")});
  CHECK(std::get<InstrumentDefinition>(market.announced.at(0).body).symbol == "AAPL");
  // Every message names the level it changes: nothing but the window is left to explain.
  CHECK(market.causes[Cause::kUnknown] == 0);
  CHECK(market.causes[Cause::kExecute] > 0);
  CHECK(market.causes[Cause::kSnapshot] == 20);
}

TEST_CASE("lobster: AMZN with one level agrees with the oracle") {
  const auto messages = test::RecordedData("data/equities/lobster/AMZN_2012-06-21_34200000_46800000_message_1.csv.zst");
  const auto books = test::RecordedData("data/equities/lobster/AMZN_2012-06-21_34200000_46800000_orderbook_1.csv.zst");
  if (!messages || !books) return;
  ImportedMarket market;
  REQUIRE(ImportAndCompare(*messages, *books, market).status.ok());
  CHECK(market.rows == 31099);
  CHECK(market.trades == 4282 + 1232);
  CHECK(market.volume == 310142 + 101873);
  CHECK(market.hidden_trades == 1232);
  CHECK(market.Vwap() == "223.974772");
  CHECK(market.crossed + market.locked == 0);
  CHECK(market.last_bbo->bid_size == Quantity::Units(23));
  CHECK(market.last_bbo->time == *ParseTime("2012-06-21T16:59:58.374747513Z"));
}

TEST_CASE("lobster: each type of message becomes what it says") {
  const TemporaryFile messages(kMessageName,
                               "34200.1,1,11,100,100000,1\n"
                               "34200.2,4,12,30,100200,-1\n"
                               "34200.3,5,0,7,100100,1\n"
                               "34200.4,6,-1,500,100100,-1\n"
                               "34200.5,7,-1,0,-1,-1\n"
                               "34200.6,7,-1,0,0,-1\n"
                               "34200.7,7,-1,0,1,-1\n"
                               "34200.8,2,11,40,100000,1\n");
  const std::string empty = "9999999999,0,-9999999999,0";
  const std::string before = "100200,70,100000,100," + empty + "\n";
  const std::string after = "100200,40,100000,100," + empty + "\n";
  const TemporaryFile books(
      kBookName, before + after + after + after + after + after + after + "100200,40,100000,60," + empty + "\n");
  ImportedMarket market;
  market.keep_events = true;
  const ImportResult result = ImportAndCompare(messages.path(), books.path(), market);
  INFO(result.status.message());
  REQUIRE(result.status.ok());
  REQUIRE(market.events.size() == 10);
  CHECK(market.events[2].kind == MarketEventKind::kTrade);
  CHECK(market.events[2].side == Side::kBid);  // a sell order was hit
  CHECK(market.events[2].flags == (MarketEventFlags::kEligible | MarketEventFlags::kRowStart));
  CHECK(market.events[3].cause == Cause::kExecute);
  CHECK(market.events[4].side == Side::kAsk);
  CHECK((market.events[4].flags & MarketEventFlags::kHidden) != 0);
  CHECK(market.events[5].side == Side::kNone);
  CHECK((market.events[5].flags & MarketEventFlags::kCross) != 0);
  CHECK(market.events[9].cause == Cause::kCancel);
  std::vector<TradingStatus> halts;
  for (const Event& event : market.announced) {
    if (const auto* halt = std::get_if<HaltChanged>(&event.body)) halts.push_back(halt->status);
  }
  CHECK(halts == std::vector{TradingStatus::kHalted, TradingStatus::kQuotationOnly, TradingStatus::kTrading});
}

TEST_CASE("lobster: the files must have equally many rows") {
  const TemporaryFile messages(kMessageName, "34200.1,1,11,100,100000,1\n34200.2,1,11,100,100000,1\n");
  const TemporaryFile books(kBookName, "100200,70,100000,100\n");
  ImportedMarket market;
  const ImportResult result = Import("lobster", {.files = {messages.path(), books.path()}, .symbol = "ACME"}, market);
  CHECK(result.status.message() ==
        fmt::format("{}: ends after 1 rows, expected the row of {}:2", books.path(), messages.path()));
}

TEST_CASE("lobster: symbol and day come from the options or the file's name, and must agree") {
  const TemporaryFile messages(kMessageName, "34200.5,1,11,100,100000,1\n");
  const TemporaryFile books(kBookName, "100200,70,100000,100\n");
  const std::vector<std::string> files = {messages.path(), books.path()};
  ImportedMarket winter;
  REQUIRE(Import("lobster", {.files = files, .symbol = "ACME", .date = "2013-01-15"}, winter).status.ok());
  CHECK(winter.first_bbo->time == *ParseTime("2013-01-15T14:30:00.5Z"));
  ImportedMarket market;
  CHECK(Import("lobster", {.files = files, .symbol = "OTHER"}, market).status.message() ==
        fmt::format("{}: the file's name says symbol 'ACME', expected 'OTHER'", messages.path()));
  CHECK(Import("lobster", {.files = files, .symbol = "ACME", .date = "2013-02-30"}, market).status.message() ==
        "date is '2013-02-30', expected a day such as 2012-06-21");
  const TemporaryFile unnamed("messages.csv", "34200.5,1,11,100,100000,1\n");
  CHECK_FALSE(Import("lobster", {.files = {unnamed.path(), books.path()}, .symbol = "ACME"}, market).status.ok());
}

}  // namespace spillway::ingest
