// Market by order, as CSV and as DBN.
#include <filesystem>
#include <fstream>

#include "fmt/format.h"
#include "services/ingest/binary_reader.h"
#include "services/ingest/line_reader.h"
#include "tests/catch.h"
#include "tests/support/recorded_data.h"
#include "tests/unit/ingest/dbn_bytes.h"
#include "tests/unit/ingest/imported_market.h"

namespace spillway::ingest {
namespace {

using Levels = ImportedMarket::Levels;
using Picture = std::pair<Levels, Levels>;

constexpr char kHeader[] =
    "ts_recv,ts_event,rtype,publisher_id,instrument_id,action,side,price,size,channel_id,order_id,flags,ts_in_delta,"
    "sequence,symbol\n";

// One mbo row at 13:30:00 and `millis`.
std::string Order(int millis, char action, char side, std::string_view price, int size, int order_id, int flags) {
  const std::string time = fmt::format("2025-05-02T13:30:00.{:03}000000Z", millis);
  return fmt::format("{0},{0},160,2,7,{1},{2},{3},{4},0,{5},{6},0,1,ACME\n", time, action, side, price, size, order_id,
                     flags);
}

std::vector<MarketEvent> EventsOf(const std::string& rows) {
  const TemporaryFile file("acme.csv", kHeader + rows);
  ImportedMarket market;
  market.keep_events = true;
  const ImportResult result = Import("databento-csv", {.files = {file.path()}, .symbol = "ACME"}, market);
  INFO(result.status.message());
  CHECK(result.status.ok());
  CHECK(market.broken == "");
  return market.events;
}

// The sequence column of every data row of the CSV.
std::vector<std::string> SequencesOf(const std::string& path, size_t column) {
  std::vector<std::string> sequences;
  std::unique_ptr<LineReader> lines = *LineReader::Open(path);
  std::string_view line;
  REQUIRE(lines->Next(line));
  while (lines->Next(line)) {
    for (size_t i = 0; i < column; ++i) line.remove_prefix(line.find(',') + 1);
    sequences.emplace_back(line.substr(0, line.find(',')));
  }
  return sequences;
}

// The last ten-level picture of each sequence number.
std::map<std::string, Picture> PicturesOf(const std::string& path, size_t sequence_column, ImportedMarket& market) {
  const std::vector<std::string> sequences = SequencesOf(path, sequence_column);
  std::map<std::string, Picture> pictures;
  market.after_row = [&](std::span<const MarketEvent> row) {
    pictures[sequences.at(row.front().position - 1)] = {market.Top(Side::kBid, 10), market.Top(Side::kAsk, 10)};
  };
  const ImportResult result = Import("databento-csv", {.files = {path}, .symbol = "ARL"}, market);
  INFO(result.status.message());
  REQUIRE(result.status.ok());
  CHECK(market.broken == "");
  return pictures;
}

}  // namespace

TEST_CASE("mbo: ARL's orders build the vendor's ten levels at every sequence number") {
  const auto orders_path = test::RecordedData("data/equities/mbo/ARL_2025-07-17_xnas_mbo.csv.zst");
  const auto levels_path = test::RecordedData("data/equities/mbo/ARL_2025-07-17_xnas_mbp10_expected.csv.zst");
  if (!orders_path || !levels_path) return;
  ImportedMarket orders;
  ImportedMarket levels;
  const std::map<std::string, Picture> built = PicturesOf(*orders_path, 13, orders);
  const std::map<std::string, Picture> expected = PicturesOf(*levels_path, 13, levels);
  size_t equal = 0;
  for (const auto& [sequence, picture] : expected) {
    const auto found = built.find(sequence);
    REQUIRE(found != built.end());
    equal += found->second == picture;
  }
  CHECK(expected.size() == 3360);
  CHECK(equal == 3360);
  CHECK(orders.rows == 5886);
  CHECK(orders.trades == 46);
  CHECK(orders.volume == 1341);
  CHECK(orders.Vwap() == "13.215630");
  CHECK(orders.unknown_orders == 0);
  CHECK(orders.orders.size() == 6);
  CHECK(orders.kinds[MarketEventKind::kOrderFill] == 11);
  CHECK(orders.Top(Side::kBid, 3) == Levels{{*Price::Parse("9.85"), Quantity::Units(400)},
                                            {*Price::Parse("9.84"), Quantity::Units(100)},
                                            {*Price::Parse("9.79"), Quantity::Units(100)}});
}

TEST_CASE("mbo: a cancel that follows the fill of the same order in the same event is an execution") {
  const std::vector<MarketEvent> events =
      EventsOf(Order(1, 'A', 'A', "10.00", 50, 11, 128) + Order(1, 'A', 'A', "10.00", 20, 12, 128) +
               Order(2, 'T', 'B', "10.00", 30, 0, 130) + Order(2, 'F', 'A', "10.00", 30, 11, 130) +
               Order(2, 'C', 'A', "10.00", 30, 11, 130) + Order(2, 'C', 'A', "10.00", 20, 12, 128) +
               Order(3, 'C', 'A', "10.00", 20, 11, 128) + Order(4, 'M', 'A', "10.01", 5, 11, 128));
  REQUIRE(events.size() == 8);
  CHECK(events[2].kind == MarketEventKind::kTrade);
  CHECK(events[2].reference == 0);
  CHECK(events[3].kind == MarketEventKind::kOrderFill);
  CHECK(events[3].reference == 11);
  CHECK(events[4].kind == MarketEventKind::kOrderCancel);
  CHECK(events[4].cause == Cause::kExecute);
  CHECK(events[5].cause == Cause::kCancel);  // another order
  CHECK(events[6].cause == Cause::kCancel);  // another event
  CHECK(events[7].kind == MarketEventKind::kOrderModify);
  CHECK(events[7].cause == Cause::kReplace);
}

TEST_CASE("mbo: orders of a snapshot may be older than what came before; their time is carried forward") {
  const std::vector<MarketEvent> events =
      EventsOf(Order(5, 'R', 'N', "", 0, 0, 8) + Order(1, 'A', 'B', "10.00", 50, 11, 40));
  REQUIRE(events.size() == 2);
  CHECK(events[0].kind == MarketEventKind::kClear);
  CHECK(events[1].cause == Cause::kSnapshot);
  CHECK(events[1].event_time == events[0].event_time);
}

TEST_CASE("dbn: ES at Christmas, in separate zstd frames, ends with the oracle's orders") {
  const auto path = test::RecordedData("data/dbn/esh4_glbx_2023-12-25.mbo.dbn.zst");
  if (!path) return;
  ImportedMarket market;
  const ImportResult result = Import("dbn", {.files = {*path}, .symbol = ""}, market);
  INFO(result.status.message());
  REQUIRE(result.status.ok());
  CHECK(market.broken == "");
  CHECK(market.rows == 68792);
  CHECK(market.kinds[MarketEventKind::kOrderAdd] == 29216);
  CHECK(market.kinds[MarketEventKind::kOrderCancel] == 17999);
  CHECK(market.kinds[MarketEventKind::kOrderModify] == 12233);
  CHECK(market.kinds[MarketEventKind::kOrderFill] == 6371);
  CHECK(market.trades == 2973);
  CHECK(market.volume == 9892);
  CHECK(market.Vwap() == "4808.722705");
  CHECK(market.price_min == *Price::Parse("4800.25"));
  CHECK(market.price_max == *Price::Parse("4811.75"));
  CHECK(market.unknown_orders == 0);
  CHECK(market.orders.size() == 11217);
  CHECK(market.Top(Side::kBid, 1) == Levels{{*Price::Parse("4810"), Quantity::Units(22)}});
  CHECK(market.Top(Side::kAsk, 1) == Levels{{*Price::Parse("4810.25"), Quantity::Units(28)}});
  CHECK(result.facts.bad_receive_times == 8725);
  const auto& definition = std::get<InstrumentDefinition>(market.announced.at(0).body);
  CHECK(definition.symbol == "ESH4");
  CHECK(definition.asset_class == AssetClass::kFuture);
  CHECK(definition.venue == "GLBX");
}

TEST_CASE("dbn: each of the vendor's samples is decoded or refused with a reason") {
  const auto folder = test::RecordedData("data/dbn");
  if (!folder) return;
  size_t decoded = 0;
  size_t refused = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(*folder)) {
    if (!entry.is_regular_file()) continue;
    const std::string path = entry.path();
    const std::string name = entry.path().filename();
    ImportedMarket market;
    const ImportResult result = Import("dbn", {.files = {path}, .symbol = ""}, market);
    INFO(path << ": " << result.status.message());
    const bool fits = name.find(".dbn") != std::string::npos &&
                      (name.find("mbo") != std::string::npos || name.find("data.mbp-") != std::string::npos ||
                       name.find("tbbo") != std::string::npos || name.find("trades") != std::string::npos);
    CHECK(result.status.ok() == fits);
    CHECK(market.broken == "");
    if (result.status.ok()) {
      ++decoded;
      CHECK(market.rows >= 2);
      CHECK(result.skipped.count == 0);
    } else {
      ++refused;
      CHECK(result.status.message().find(path) != std::string::npos);
      CHECK(result.status.message().find("expected") != std::string::npos);
    }
  }
  CHECK(decoded == 30);
  CHECK(refused > 60);
}

TEST_CASE("dbn: three versions of one sample give the same events") {
  for (const std::string schema : {"mbo", "mbp-10", "mbp-1", "tbbo", "trades"}) {
    std::vector<std::vector<MarketEvent>> versions;
    for (const int version : {1, 2, 3}) {
      const auto path = test::RecordedData(fmt::format("data/dbn/samples/test_data.{}.v{}.dbn.zst", schema, version));
      if (!path) return;
      ImportedMarket market;
      market.keep_events = true;
      REQUIRE(Import("dbn", {.files = {*path}, .symbol = "ESH1"}, market).status.ok());
      versions.push_back(market.events);
    }
    CHECK(versions[0] == versions[1]);
    CHECK(versions[1] == versions[2]);
    CHECK(versions[0].size() >= 2);
  }
}

TEST_CASE("dbn: of several symbols the one asked for is imported, whose number may change from day to day") {
  constexpr uint64_t kDay = 86'400'000'000'000;
  std::string bytes = test::DbnMetadata({{"ACME", 7, 20250502, 20250503},
                                         {"ACME", 8, 20250503, 20250504},
                                         {"OTHER", 8, 20250502, 20250503},
                                         {"OTHER", 7, 20250503, 20250504}});
  bytes += test::DbnOrder({.instrument = 7, .time = test::kDbnStart, .order = 1});
  bytes += test::DbnOrder({.instrument = 8, .time = test::kDbnStart, .order = 2});
  bytes += test::DbnOrder({.instrument = 7, .time = test::kDbnStart + kDay, .order = 3});
  bytes += test::DbnOrder({.instrument = 8, .time = test::kDbnStart + kDay, .order = 4});
  const TemporaryFile file("two.dbn", bytes);
  ImportedMarket market;
  market.keep_events = true;
  const ImportResult result = Import("dbn", {.files = {file.path()}, .symbol = "ACME"}, market);
  INFO(result.status.message());
  REQUIRE(result.status.ok());
  REQUIRE(market.events.size() == 2);
  CHECK(market.events[0].reference == 1);
  CHECK(market.events[1].reference == 4);
  CHECK(result.facts.other_rows == 2);
  CHECK(Import("dbn", {.files = {file.path()}, .symbol = ""}, market).status.message() ==
        file.path() + ": holds 2 symbols (ACME, OTHER), expected one to be chosen");
}

TEST_CASE("dbn: a fragment has no metadata, so its symbol must be given") {
  const auto path = test::RecordedData("data/dbn/samples/test_data.mbo.v3.dbn");
  if (!path) return;
  std::ifstream file(*path, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), {});
  const TemporaryFile fragment("part.dbn.frag", bytes.substr(bytes.size() - 2 * 56));
  ImportedMarket whole_market;
  ImportedMarket market;
  whole_market.keep_events = market.keep_events = true;
  REQUIRE(Import("dbn", {.files = {*path}, .symbol = ""}, whole_market).status.ok());
  CHECK(Import("dbn", {.files = {fragment.path()}, .symbol = ""}, market).status.message() ==
        fragment.path() + ": the file does not name its symbol, expected one to be given");
  REQUIRE(Import("dbn", {.files = {fragment.path()}, .symbol = "ESH1"}, market).status.ok());
  CHECK(market.events == whole_market.events);
}

}  // namespace spillway::ingest
