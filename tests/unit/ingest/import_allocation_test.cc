#include "fmt/format.h"
#include "tests/catch.h"
#include "tests/support/allocation_counter.h"
#include "tests/unit/ingest/dbn_bytes.h"
#include "tests/unit/ingest/imported_market.h"

namespace spillway::ingest {
namespace {

class CountingSink final : public MarketSink {
 public:
  absl::Status OnEvent(const Event&) override { return absl::OkStatus(); }
  absl::Status OnRow(std::span<const MarketEvent> row) override {
    rows += !row.empty();
    return absl::OkStatus();
  }
  uint64_t rows = 0;
};

std::string Clock(int row) {
  return fmt::format("2025-05-02T13:{:02}:{:02}.{:03}000000Z", 30 + row / 60'000, row / 1'000 % 60, row % 1'000);
}

std::string Mbp10(int rows) {
  std::string text = "ts_recv,ts_event,action,side,price,size,flags";
  for (int k = 0; k < 10; ++k) text += fmt::format(",bid_px_{0:02},ask_px_{0:02},bid_sz_{0:02},ask_sz_{0:02}", k);
  text += ",symbol\n";
  for (int row = 0; row < rows; ++row) {
    text += fmt::format("{0},{0},{1},B,10.01,{2},130", Clock(row), "ACT"[row % 3], 10 + row % 7);
    for (int k = 0; k < 10; ++k) {
      text += fmt::format(",9.{:02},10.{:02},{},{}", 99 - k - row % 2, k + 1, 100 + row % 9 + k, 200 + row % 4 + k);
    }
    text += ",ACME\n";
  }
  return text;
}

std::string Quotes(int rows) {
  std::string text;
  for (int row = 0; row < rows; ++row)
    text += fmt::format("{0},110000,7,0,0,P,1,0\n{0},0,0,111000,{1},Q,1,0\n", row, row);
  return text;
}

std::string Messages(int rows) {
  std::string text;
  for (int row = 0; row < rows; ++row) text += fmt::format("{}.5,{},11,18,100200,-1\n", 34200 + row, 1 + row % 4);
  return text;
}

std::string Books(int rows) {
  std::string text;
  for (int row = 0; row < rows; ++row) {
    text += fmt::format("100200,{},100000,100,100300,5,99900,{}\n", 1 + row % 5, 1 + row % 3);
  }
  return text;
}

std::string Orders(int rows) {
  std::string bytes = test::DbnMetadata({{"ACME", 7, 20250502, 20250503}});
  for (uint32_t row = 0; row < static_cast<uint32_t>(rows); ++row) {
    bytes += test::DbnOrder({.instrument = 7,
                             .time = test::kDbnStart + row / 4,
                             .order = row / 4,
                             .price = 10'000'000'000,
                             .action = "ATFC"[row % 4],
                             .side = 'A'});
  }
  return bytes;
}

size_t AllocationsOf(const std::string& format, const std::vector<std::pair<std::string, std::string>>& files,
                     uint64_t rows) {
  std::vector<std::unique_ptr<TemporaryFile>> kept;
  SourceOptions options{.files = {}, .symbol = "ACME"};
  for (const auto& [name, content] : files) {
    kept.push_back(std::make_unique<TemporaryFile>(name, content));
    options.files.push_back(kept.back()->path());
  }
  CountingSink sink;
  const size_t before = test::allocations;
  const absl::Status status = Import(format, options, sink).status;
  const size_t allocations = test::allocations - before;
  INFO(format << ": " << status.message());
  REQUIRE(status.ok());
  REQUIRE(sink.rows == rows);
  return allocations;
}

}  // namespace

TEST_CASE("importers allocate nothing per row") {
  const auto mbp10 = [](int rows) {
    return AllocationsOf("databento-csv", {{"acme.csv", Mbp10(rows)}}, static_cast<uint64_t>(rows));
  };
  const auto dbn = [](int rows) {
    return AllocationsOf("dbn", {{"acme.dbn", Orders(rows)}}, static_cast<uint64_t>(rows));
  };
  const auto lobster = [](int rows) {
    return AllocationsOf("lobster",
                         {{"ACME_2012-06-21_message.csv", Messages(rows)}, {"ACME_2012-06-21_book.csv", Books(rows)}},
                         static_cast<uint64_t>(rows));
  };
  const auto taq = [](int rows) {
    return AllocationsOf("taq",
                         {{"ACME_2013-10-07_quote.csv", Quotes(rows)}, {"ACME_2013-10-07_trade.csv", "1,1,1,P,1,0\n"}},
                         static_cast<uint64_t>(rows) + 1);
  };
  CHECK(mbp10(20'000) == mbp10(1'000));
  CHECK(dbn(20'000) == dbn(1'000));
  CHECK(lobster(20'000) == lobster(1'000));
  CHECK(taq(20'000) == taq(1'000));
}

}  // namespace spillway::ingest
