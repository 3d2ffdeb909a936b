// Importers alone: from text in the page cache to market events that nobody keeps.
#include <filesystem>
#include <fstream>
#include <memory>
#include <vector>

#include "services/ingest/source.h"
#include "tests/bench/bench.h"
#include "tests/bench/unpacked.h"
#include "tests/support/recorded_data.h"

namespace spillway::bench {
namespace {

class NoSink final : public ingest::MarketSink {
 public:
  absl::Status OnEvent(const Event&) override { return absl::OkStatus(); }
  absl::Status OnRow(std::span<const MarketEvent> row) override {
    ++rows_;
    Keep(row.front());
    return absl::OkStatus();
  }
  uint64_t rows() const { return rows_; }

 private:
  uint64_t rows_ = 0;
};

uint64_t RowsOf(const std::string& format, const ingest::SourceOptions& options) {
  NoSink sink;
  auto source = ingest::FindFormat(format)->open(options);
  if (!source.ok() || !(*source)->Run(sink, nullptr).ok()) return 0;
  return sink.rows();
}

std::optional<Prepared> Prepare(const std::string& format, const std::vector<std::string>& files) {
  auto unpacked = std::make_shared<Unpacked>();
  ingest::SourceOptions options{.files = {}, .symbol = ""};
  for (const std::string& file : files) {
    const auto path = test::RecordedData("data/equities/" + file);
    if (!path) return std::nullopt;
    options.files.push_back(unpacked->Add(*path));
  }
  const uint64_t rows = RowsOf(format, options);
  if (rows == 0) return std::nullopt;
  return Prepared{.items = rows, .run = [=] { Keep(unpacked), Keep(RowsOf(format, options)); }};
}

const Registration kMbp10({.name = "import_databento_mbp10", .unit = "row", .prepare = [] {
                             return Prepare("databento-csv", {"mbp10/SOUN_2025-05-02_xnas_mbp10.csv.zst"});
                           }});
const Registration kLobster({.name = "import_lobster", .unit = "row", .prepare = [] {
                               return Prepare("lobster",
                                              {"lobster/AMZN_2012-06-21_34200000_46800000_message_1.csv.zst",
                                               "lobster/AMZN_2012-06-21_34200000_46800000_orderbook_1.csv.zst"});
                             }});
const Registration kTaq(
    {.name = "import_taq", .unit = "row", .prepare = [] {
       return Prepare("taq", {"taq/BAC_2013-10-07_quote.csv.zst", "taq/BAC_2013-10-07_trade.csv.zst"});
     }});

}  // namespace
}  // namespace spillway::bench
