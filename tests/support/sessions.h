// Market lanes for tests of the whole chain, in memory: SOUN as recorded, and a simulated market.
#pragma once

#include <memory>
#include <optional>

#include "libs/log/memory_log.h"
#include "services/ingest/adapters/simulator/simulator.h"
#include "services/ingest/market_recorder.h"
#include "services/ingest/source.h"
#include "tests/catch.h"
#include "tests/support/recorded_data.h"

namespace spillway::test {

// Passes on the first rows only.
class FirstRows final : public ingest::MarketSink {
 public:
  FirstRows(ingest::MarketSink& next, uint64_t rows) : next_(next), rows_(rows) {}
  absl::Status OnEvent(const Event& event) override {
    return rows_ > 0 || std::holds_alternative<FeedStatus>(event.body) ? next_.OnEvent(event) : absl::OkStatus();
  }
  absl::Status OnRow(std::span<const MarketEvent> row) override {
    if (rows_ == 0) return absl::OkStatus();
    --rows_;
    return next_.OnRow(row);
  }

 private:
  ingest::MarketSink& next_;
  uint64_t rows_;
};

// Records the source's first `rows` rows, in batches of about `batch_events_max`.
inline void Record(ingest::Source& source, log::EventLog& log, uint64_t rows, size_t batch_events_max = 8192) {
  auto writer = log.OpenWriter("market.0").value();
  runtime::Lane lane(writer.get());
  ingest::MarketRecorder recorder(&lane, {.batch_events_max = batch_events_max});
  FirstRows first(recorder, rows);
  REQUIRE(source.Run(first, [](uint64_t, uint64_t) {}).ok());
  REQUIRE(recorder.Finish().ok());
  REQUIRE(writer->Close().ok());
}

// False, with SKIPPED on stderr, where the recorded data is missing.
inline bool RecordSoun(log::EventLog& log, uint64_t rows = UINT64_MAX, size_t batch_events_max = 8192) {
  const auto file = RecordedData("data/equities/mbp10/SOUN_2025-05-02_xnas_mbp10.csv.zst");
  if (!file) return false;
  ingest::SourceOptions options;
  options.files = {file->string()};
  options.symbol = "SOUN";
  auto source = ingest::FindFormat("databento-csv")->open(options).value();
  Record(*source, log, rows, batch_events_max);
  return true;
}

inline void RecordSimulated(log::EventLog& log, uint64_t rows, uint32_t symbols, uint64_t seed = 7) {
  ingest::SimulatorOptions options;
  options.symbols = symbols;
  options.seed = seed;
  auto source = ingest::OpenSimulator(options).value();
  Record(*source, log, rows);
}

}  // namespace spillway::test
