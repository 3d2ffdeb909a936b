#include <array>
#include <map>
#include <sstream>

#include "fmt/format.h"
#include "services/ingest/line_reader.h"
#include "tests/catch.h"
#include "tests/support/recorded_data.h"
#include "tests/unit/ingest/imported_market.h"

namespace spillway::ingest {
namespace {

using Levels = ImportedMarket::Levels;

std::vector<std::string> SplitLine(std::string_view line) {
  std::vector<std::string> fields;
  std::stringstream stream{std::string(line)};
  for (std::string field; std::getline(stream, field, ',');) fields.push_back(field);
  if (!line.empty() && line.back() == ',') fields.emplace_back();
  return fields;
}

// An independent and slow reader of the same file: header names to fields, one row at a time.
class SlowCsv {
 public:
  explicit SlowCsv(const std::string& path) : lines_(*LineReader::Open(path)) {
    std::string_view line;
    REQUIRE(lines_->Next(line));
    const std::vector<std::string> names = SplitLine(line);
    for (size_t i = 0; i < names.size(); ++i) column_.emplace(names[i], i);
  }
  bool Next() {
    std::string_view line;
    if (!lines_->Next(line)) return false;
    fields_ = SplitLine(line);
    return true;
  }
  const std::string& at(const std::string& name) const { return fields_.at(column_.at(name)); }
  Levels Side(const char* prefix) const {
    Levels levels;
    for (int k = 0; k < 10; ++k) {
      const std::string& price = at(fmt::format("{}_px_{:02}", prefix, k));
      const std::string& size = at(fmt::format("{}_sz_{:02}", prefix, k));
      if (price.empty() || size == "0") continue;
      levels.emplace_back(*Price::Parse(price), *Quantity::Parse(size));
    }
    return levels;
  }

 private:
  std::unique_ptr<LineReader> lines_;
  std::map<std::string, size_t> column_;
  std::vector<std::string> fields_;
};

// After every row, the book folded from the events is the picture that the row shows.
void CheckEveryPicture(const std::string& path, ImportedMarket& market) {
  SlowCsv expected(path);
  uint64_t different = 0;
  uint64_t first_different = 0;
  market.after_row = [&](std::span<const MarketEvent> row) {
    REQUIRE(expected.Next());
    const bool same = market.Top(Side::kBid, 20) == expected.Side("bid") &&
                      market.Top(Side::kAsk, 20) == expected.Side("ask") &&
                      row.back().end_of_event() == ((std::stoi(expected.at("flags")) & 128) != 0);
    if (!same && different++ == 0) first_different = row.front().position;
  };
  const ImportResult result = Import("databento-csv", {.files = {path}, .symbol = ""}, market);
  INFO(result.status.message());
  REQUIRE(result.status.ok());
  CHECK_FALSE(expected.Next());
  INFO("first different row: " << first_different);
  CHECK(different == 0);
  CHECK(market.broken == "");
}

const std::string kHeader = [] {
  std::string header =
      "ts_recv,ts_event,rtype,publisher_id,instrument_id,action,side,depth,price,size,flags,ts_in_delta,sequence";
  for (int k = 0; k < 10; ++k) {
    header += fmt::format(",bid_px_{0:02},ask_px_{0:02},bid_sz_{0:02},ask_sz_{0:02},bid_ct_{0:02},ask_ct_{0:02}", k);
  }
  return header + ",symbol\n";
}();

struct Row {
  int millis = 0;
  char action = 'A';
  char side = 'B';
  std::string price = "10.00";
  std::string size = "1";
  int flags = 128;
  std::vector<std::pair<std::string, int>> bids = {}, asks = {};
  std::string symbol = "ACME";
};

std::string Line(const Row& row) {
  const std::string time = fmt::format("2025-05-02T13:30:00.{:03}000000Z", row.millis);
  std::string line = fmt::format("{0},{0},10,2,7,{1},{2},0,{3},{4},{5},0,1", time, row.action, row.side, row.price,
                                 row.size, row.flags);
  for (size_t k = 0; k < 10; ++k) {
    const auto cell = [&](const auto& levels, bool price) {
      if (k >= levels.size()) return std::string(price ? "" : "0");
      return price ? levels[k].first : std::to_string(levels[k].second);
    };
    line += fmt::format(",{},{},{},{},1,1", cell(row.bids, true), cell(row.asks, true), cell(row.bids, false),
                        cell(row.asks, false));
  }
  return line + "," + row.symbol + "\n";
}

// The events of the last row, as "kind side price quantity cause".
std::vector<std::string> LastRowOf(const std::vector<Row>& rows) {
  std::string text = kHeader;
  for (const Row& row : rows) text += Line(row);
  const TemporaryFile file("acme.csv", text);
  ImportedMarket market;
  std::vector<std::string> last;
  market.after_row = [&](std::span<const MarketEvent> row) {
    last.clear();
    for (const MarketEvent& event : row) {
      const char* const kinds[] = {"none", "tick", "level", "top", "clear", "trade"};
      const char* const causes[] = {"unknown", "add", "cancel", "execute", "replace", "window", "snapshot"};
      const char* const sides[] = {"none", "bid", "ask"};
      last.push_back(fmt::format("{} {} {} {} {}", kinds[static_cast<int>(event.kind)],
                                 sides[static_cast<int>(event.side)], event.price.ToString(), event.quantity.ToString(),
                                 causes[static_cast<int>(event.cause)]));
    }
  };
  const ImportResult result = Import("databento-csv", {.files = {file.path()}, .symbol = "ACME"}, market);
  INFO(result.status.message());
  CHECK(result.status.ok());
  CHECK(market.broken == "");
  return last;
}

using Lines = std::vector<std::string>;
using Depth = std::vector<std::pair<std::string, int>>;

Depth FullBids(int first = 1000) {
  Depth bids;
  for (int k = 0; k < 10; ++k)
    bids.emplace_back(fmt::format("{}.{:02}", (first - k) / 100, (first - k) % 100), 100 + k);
  return bids;
}

}  // namespace

TEST_CASE("databento-csv: SOUN agrees with the oracle, and every picture of ten levels with the file") {
  const auto path = test::RecordedData("data/equities/mbp10/SOUN_2025-05-02_xnas_mbp10.csv.zst");
  if (!path) return;
  ImportedMarket market;
  CheckEveryPicture(*path, market);
  CHECK(market.rows == 121619);
  CHECK(market.trades == 8787);
  CHECK(market.volume == 1929072);
  CHECK(market.Vwap() == "9.579898");
  CHECK(market.price_min == *Price::Parse("9.265"));
  CHECK(market.price_max == *Price::Parse("9.795"));
  CHECK(market.trades_by_side[Side::kBid] == std::pair<uint64_t, int64_t>(3195, 716653));
  CHECK(market.trades_by_side[Side::kAsk] == std::pair<uint64_t, int64_t>(3051, 689101));
  CHECK(market.trades_by_side[Side::kNone] == std::pair<uint64_t, int64_t>(2541, 523318));
  CHECK(market.hidden_trades == 2541);
  CHECK(market.ends == 116991);
  CHECK(market.crossed == 0);
  CHECK(market.locked == 0);
  CHECK(*market.first_bbo == ImportedMarket::Bbo{*Price::Parse("9.29"), *Price::Parse("9.32"), Quantity::Units(510),
                                                 Quantity::Units(101), *ParseTime("2025-05-02T13:30:00.014437085Z")});
  CHECK(*market.last_bbo == ImportedMarket::Bbo{*Price::Parse("9.76"), *Price::Parse("9.77"), Quantity::Units(1866),
                                                Quantity::Units(2081), *ParseTime("2025-05-02T15:47:51.130373251Z")});
  const auto& definition = std::get<InstrumentDefinition>(market.announced.at(0).body);
  CHECK(definition.symbol == "SOUN");
  CHECK(definition.id == 1);
  const auto& capabilities = std::get<FeedCapabilities>(market.announced.at(1).body);
  CHECK(capabilities.name == "databento-csv mbp-10");
  CHECK(capabilities.book_levels == 10);
  CHECK(std::get<FeedStatus>(market.announced.at(2).body).state == FeedState::kUp);
  CHECK(std::get<FeedStatus>(market.announced.back().body).state == FeedState::kEnded);
}

TEST_CASE("databento-csv: what was printed with an aggressor is what levels lose as executed") {
  const auto path = test::RecordedData("data/equities/mbp10/SOUN_2025-05-02_xnas_mbp10.csv.zst");
  if (!path) return;
  ImportedMarket market;
  std::map<std::pair<Side, Price>, int64_t> before;
  int64_t executed = 0;
  market.after_row = [&](std::span<const MarketEvent> row) {
    for (const MarketEvent& event : row) {
      if (event.kind != MarketEventKind::kLevel) continue;
      int64_t& level = before[{event.side, event.price}];
      if (event.cause == Cause::kExecute) executed += level - event.quantity.e8() / Quantity::kUnit;
      level = event.quantity.e8() / Quantity::kUnit;
    }
  };
  REQUIRE(Import("databento-csv", {.files = {*path}, .symbol = "SOUN"}, market).status.ok());
  const int64_t printed = market.trades_by_side[Side::kBid].second + market.trades_by_side[Side::kAsk].second;
  INFO("executed " << executed << " of " << printed);
  CHECK(executed <= printed);
  CHECK(executed > printed * 95 / 100);
}

TEST_CASE("databento-csv: AAPL before the open agrees with the oracle") {
  const auto path = test::RecordedData("data/equities/mbp10/AAPL_2024-10-21_xnas_mbp10_premarket.csv.zst");
  if (!path) return;
  ImportedMarket market;
  CheckEveryPicture(*path, market);
  CHECK(market.rows == 5000);
  CHECK(market.trades == 286);
  CHECK(market.volume == 15959);
  CHECK(market.Vwap() == "233.813496");
  CHECK(market.ends == 4925);
  CHECK(market.trades_by_side[Side::kNone] == std::pair<uint64_t, int64_t>(115, 6533));
}

TEST_CASE("databento-csv: columns in another order, with an index column, are found by name") {
  const auto path = test::RecordedData("data/equities/mbo/ARL_2025-07-17_xnas_mbp10_expected.csv.zst");
  if (!path) return;
  ImportedMarket market;
  CheckEveryPicture(*path, market);
  CHECK(market.rows == 3928);
  CHECK(market.kinds[MarketEventKind::kClear] == 1);
}

TEST_CASE("databento-csv: the first picture is a snapshot") {
  CHECK(LastRowOf({{.bids = {{"10.00", 5}}, .asks = {{"10.02", 7}}}}) ==
        Lines{"level bid 10.00 5 snapshot", "level ask 10.02 7 snapshot"});
}

TEST_CASE("databento-csv: a row that changes nothing is still a row") {
  const Row row{.bids = {{"10.00", 5}}, .asks = {{"10.02", 7}}};
  CHECK(LastRowOf({row, row}) == Lines{"none none 0.00 0 unknown"});
}

TEST_CASE("databento-csv: growth inside the window is an add, on a modify a replace") {
  CHECK(LastRowOf({{.bids = {{"10.00", 5}}}, {.bids = {{"10.01", 1}, {"10.00", 8}}}}) ==
        Lines{"level bid 10.01 1 add", "level bid 10.00 8 add"});
  CHECK(LastRowOf({{.bids = {{"10.00", 5}}}, {.action = 'M', .bids = {{"10.01", 5}}}}) ==
        Lines{"level bid 10.00 0 replace", "level bid 10.01 5 replace"});
}

TEST_CASE("databento-csv: a level that enters a full window's far end because a better one left is no add") {
  Depth after = FullBids();
  after.erase(after.begin() + 3);
  after.emplace_back("9.90", 50);
  CHECK(LastRowOf({{.bids = FullBids()}, {.action = 'C', .bids = after}}) ==
        Lines{"level bid 9.97 0 cancel", "level bid 9.90 50 window"});
}

TEST_CASE("databento-csv: a level that leaves a full window because a better one came is no cancel") {
  Depth after = FullBids();
  after.pop_back();
  after.insert(after.begin(), {"10.01", 9});
  CHECK(LastRowOf({{.bids = FullBids()}, {.bids = after}}) ==
        Lines{"level bid 9.91 0 window", "level bid 10.01 9 add"});
}

TEST_CASE("databento-csv: below a window that is not full lies nothing, so a level there is an add") {
  CHECK(LastRowOf({{.bids = {{"10.00", 5}}}, {.bids = {{"10.00", 5}, {"9.00", 2}}}}) == Lines{"level bid 9.00 2 add"});
}

TEST_CASE("databento-csv: a print explains the level's loss in its own row or in a later one") {
  const Row first{.asks = {{"10.02", 70}}};
  CHECK(LastRowOf({first, {.action = 'T', .side = 'B', .price = "10.02", .size = "70"}}) ==
        Lines{"trade bid 10.02 70 unknown", "level ask 10.02 0 execute"});
  CHECK(LastRowOf({first,
                   {.action = 'T', .side = 'B', .price = "10.02", .size = "30", .flags = 0, .asks = {{"10.02", 70}}},
                   {.action = 'C', .side = 'A', .asks = {{"10.02", 40}}}}) == Lines{"level ask 10.02 40 execute"});
}

TEST_CASE("databento-csv: a loss larger than the print is part execution, part cancel") {
  CHECK(LastRowOf({{.asks = {{"10.02", 70}}},
                   {.action = 'T', .side = 'B', .price = "10.02", .size = "30", .asks = {{"10.02", 25}}}}) ==
        Lines{"trade bid 10.02 30 unknown", "level ask 10.02 40 execute", "level ask 10.02 25 cancel"});
}

TEST_CASE("databento-csv: a print explains nothing on its own side, at another price, without a side or after 250 ms") {
  const Row first{.asks = {{"10.02", 70}}};
  const Row then{.millis = 250, .action = 'C', .asks = {{"10.02", 40}}};
  Row print{.action = 'T', .side = 'B', .price = "10.02", .size = "30", .asks = {{"10.02", 70}}};
  CHECK(LastRowOf({first, print, then}) == Lines{"level ask 10.02 40 execute"});
  Row late = then;
  late.millis = 251;
  CHECK(LastRowOf({first, print, late}) == Lines{"level ask 10.02 40 cancel"});
  print.side = 'A';
  CHECK(LastRowOf({first, print, then}) == Lines{"level ask 10.02 40 cancel"});
  print.side = 'N';
  CHECK(LastRowOf({first, print, then}) == Lines{"level ask 10.02 40 cancel"});
  print.side = 'B';
  print.price = "10.01";
  CHECK(LastRowOf({first, print, then}) == Lines{"level ask 10.02 40 cancel"});
}

TEST_CASE("databento-csv: a clear empties the book, what follows is new") {
  CHECK(LastRowOf({{.bids = {{"10.00", 5}}}, {.action = 'R', .side = 'N'}}) == Lines{"clear none 0.00 0 unknown"});
  CHECK(LastRowOf({{.bids = {{"10.00", 5}}}, {.action = 'R', .side = 'N'}, {.bids = {{"10.00", 6}}}}) ==
        Lines{"level bid 10.00 6 add"});
}

}  // namespace spillway::ingest
