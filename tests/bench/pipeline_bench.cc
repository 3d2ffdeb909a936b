// The product from disk to disk: import, the whole embedded pipeline, verify, and what the codec costs.
#include <cstdio>
#include <filesystem>
#include <memory>

#include "libs/base/check.h"
#include "libs/events/codec.h"
#include "libs/log/segment_log.h"
#include "libs/profile/profile_loader.h"
#include "libs/runtime/replay.h"
#include "services/ingest/adapters/simulator/simulator.h"
#include "services/ingest/market_recorder.h"
#include "services/ingest/source.h"
#include "tests/bench/bench.h"
#include "tests/bench/unpacked.h"
#include "tests/support/recorded_data.h"
#include "tools/spillway/pipeline_run.h"

namespace spillway::bench {
namespace {

namespace fs = std::filesystem;

constexpr char kSoun[] = "data/equities/mbp10/SOUN_2025-05-02_xnas_mbp10.csv.zst";

log::SegmentLogOptions Offline() {
  log::SegmentLogOptions options;
  options.lane_options = log::OfflineLaneOptions;
  return options;
}

// Stops a source after so many rows.
class FirstRows final : public ingest::MarketSink {
 public:
  FirstRows(ingest::MarketSink& next, uint64_t rows) : next_(next), rows_(rows) {}
  absl::Status OnEvent(const Event& event) override { return next_.OnEvent(event); }
  absl::Status OnRow(std::span<const MarketEvent> row) override {
    return rows_-- > 0 ? next_.OnRow(row) : absl::CancelledError("enough");
  }

 private:
  ingest::MarketSink& next_;
  uint64_t rows_;
};

// Records into a new session; returns its rows and prints what a row takes on disk.
uint64_t Record(ingest::Source& source, const fs::path& session, uint64_t rows_max, const char* print_as) {
  auto log = log::SegmentLog::Create(session, Offline()).value();
  auto writer = log->OpenWriter("market.0").value();
  runtime::Lane lane(writer.get());
  ingest::MarketRecorder recorder(&lane);
  FirstRows first(recorder, rows_max);
  const absl::Status status = source.Run(first, [](uint64_t, uint64_t) {});
  SPILLWAY_CHECK(status.ok() || absl::IsCancelled(status));
  SPILLWAY_CHECK(recorder.Finish().ok());
  SPILLWAY_CHECK(writer->Close().ok());
  if (print_as != nullptr) {
    const log::LaneEntry& written = log->manifest().lanes.at("market.0");
    std::fprintf(stderr, "%s: %.2f bytes per event on disk, %.2f before compression\n", print_as,
                 static_cast<double>(written.bytes()) / static_cast<double>(recorder.rows()),
                 static_cast<double>(written.raw_bytes()) / static_cast<double>(recorder.rows()));
  }
  return recorder.rows();
}

std::unique_ptr<ingest::Source> OpenSoun(const std::string& file) {
  ingest::SourceOptions options;
  options.files = {file};
  options.symbol = "SOUN";
  return ingest::FindFormat("databento-csv")->open(options).value();
}
std::unique_ptr<ingest::Source> OpenSimulated(uint32_t symbols) {
  ingest::SimulatorOptions options;
  options.symbols = symbols;
  options.seed = 11;
  return ingest::OpenSimulator(options).value();
}

// A profile that lets SOUN in, as examples/soun.yaml.
cli::StrategyInstance Instance() {
  v1::Profile profile = profile::LoadProfile("ofi-classic@1").value();
  profile.mutable_universe()->set_price_min_e9(2'000'000'000);
  for (const auto unknown :
       {v1::UNIVERSE_UNKNOWN_FLOAT, v1::UNIVERSE_UNKNOWN_RELATIVE_VOLUME, v1::UNIVERSE_UNKNOWN_SECURITY_TYPE}) {
    profile.mutable_universe()->add_allow_unknown(unknown);
  }
  return {"bench@1#1", profile, false};
}

// The shipped profiles side by side, let in to whatever is simulated.
std::vector<cli::StrategyInstance> FiveInstances() {
  std::vector<cli::StrategyInstance> instances = {Instance()};
  for (const std::string name : {"ofi-ram@1", "ofi-quant@1", "small-account@1", "ram-observed@1"}) {
    v1::Profile profile = profile::LoadProfile(name).value();
    *profile.mutable_universe() = instances[0].profile.universe();
    instances.push_back({name + "#1", profile, true});
  }
  return instances;
}

// From a session on disk to a session on disk.
void RunPipeline(const fs::path& in, const fs::path& out,
                 const std::vector<cli::StrategyInstance>& instances = {Instance()}) {
  fs::remove_all(out);
  auto read = log::SegmentLog::OpenForReading(in).value();
  auto market = read->OpenReader("market.0").value();
  auto written = log::SegmentLog::Create(out, Offline()).value();
  std::vector<std::unique_ptr<log::LaneWriter>> writers;
  for (const char* lane : {"market.0", "features.0", "trading"}) writers.push_back(written->OpenWriter(lane).value());
  runtime::EmbeddedPipeline pipeline(cli::MakeProcessors(), {writers[0].get(), writers[1].get(), writers[2].get()});
  SPILLWAY_CHECK(cli::RunPipeline(pipeline, *market, instances, {}, [](uint64_t) {}).ok());
  for (const auto& writer : writers) SPILLWAY_CHECK(writer->Close().ok());
}

void Verify(const fs::path& session) {
  auto log = log::SegmentLog::OpenForReading(session).value();
  const std::vector<std::pair<Producer, runtime::ReplayPlan>> plans = {
      {Producer::kMetrics, {{"market.0"}, "features.0"}}, {Producer::kUniverse, {{"features.0"}, "market.0"}},
      {Producer::kScoring, {{"features.0"}, "trading"}},  {Producer::kRisk, {{"trading"}, "trading"}},
      {Producer::kNotifier, {{"trading"}, "trading"}},    {Producer::kJournal, {{"market.0", "trading"}, "trading"}}};
  for (const auto& [producer, plan] : plans) {
    const auto processor = cli::MakeProcessor(producer);
    SPILLWAY_CHECK(!runtime::ReplayProcessor(*processor, *log, plan).value().divergence);
  }
}

// A session in a temporary folder, and its rows.
struct Recorded {
  std::shared_ptr<Unpacked> files = std::make_shared<Unpacked>();
  uint64_t rows = 0;
  fs::path in() const { return files->folder() / "in"; }
  fs::path out() const { return files->folder() / "out"; }
};
std::optional<Recorded> RecordedSoun() {
  const auto packed = test::RecordedData(kSoun);
  if (!packed) return std::nullopt;
  Recorded recorded;
  recorded.rows = Record(*OpenSoun(packed->string()), recorded.in(), UINT64_MAX, "golden log of SOUN");
  return recorded;
}
Recorded RecordedSimulation(uint32_t symbols, uint64_t rows) {
  Recorded recorded;
  const std::string name = "golden log of " + std::to_string(symbols) + " simulated symbols";
  recorded.rows = Record(*OpenSimulated(symbols), recorded.in(), rows, name.c_str());
  return recorded;
}

Prepared Pipeline(const Recorded& recorded) {
  return {recorded.rows, [recorded] { RunPipeline(recorded.in(), recorded.out()); }};
}

const Registration kPipelineSoun({.name = "pipeline_soun", .unit = "event", .prepare = []() -> std::optional<Prepared> {
                                    const auto recorded = RecordedSoun();
                                    if (!recorded) return std::nullopt;
                                    return Pipeline(*recorded);
                                  }});
const Registration kPipeline8({.name = "pipeline_8_symbols",
                               .unit = "event",
                               .prepare = []() -> std::optional<Prepared> {
                                 return Pipeline(RecordedSimulation(8, 1'000'000));
                               }});
// Five profiles may cost less than twice the time of one.
const Registration kPipelineFive(
    {.name = "pipeline_8_symbols_five_profiles", .unit = "event", .prepare = []() -> std::optional<Prepared> {
       const Recorded recorded = RecordedSimulation(8, 1'000'000);
       return Prepared{recorded.rows, [recorded] { RunPipeline(recorded.in(), recorded.out(), FiveInstances()); }};
     }});
const Registration kPipeline500({.name = "pipeline_500_symbols",
                                 .unit = "event",
                                 .prepare = []() -> std::optional<Prepared> {
                                   return Pipeline(RecordedSimulation(500, 1'000'000));
                                 }});
const Registration kPipeline500Five(
    {.name = "pipeline_500_symbols_five_profiles", .unit = "event", .prepare = []() -> std::optional<Prepared> {
       const Recorded recorded = RecordedSimulation(500, 1'000'000);
       return Prepared{recorded.rows, [recorded] { RunPipeline(recorded.in(), recorded.out(), FiveInstances()); }};
     }});
const Registration kVerify({.name = "verify_8_symbols", .unit = "event", .prepare = []() -> std::optional<Prepared> {
                              const Recorded recorded = RecordedSimulation(8, 1'000'000);
                              RunPipeline(recorded.in(), recorded.out());
                              return Prepared{recorded.rows, [recorded] { Verify(recorded.out()); }};
                            }});

const Registration kImport({.name = "import_mbp10_to_segment",
                            .unit = "row",
                            .prepare = []() -> std::optional<Prepared> {
                              const auto packed = test::RecordedData(kSoun);
                              if (!packed) return std::nullopt;
                              Recorded recorded;
                              const std::string text = recorded.files->Add(*packed);
                              recorded.rows = Record(*OpenSoun(text), recorded.in(), UINT64_MAX, nullptr);
                              return Prepared{recorded.rows, [recorded, text] {
                                                fs::remove_all(recorded.in());
                                                Record(*OpenSoun(text), recorded.in(), UINT64_MAX, nullptr);
                                              }};
                            }});

// The columns alone, in memory: batches of a recorded lane, decoded once.
struct Batches {
  std::vector<std::vector<MarketEvent>> events;
  std::vector<std::string> bytes;
  uint64_t rows = 0, size = 0;
};
std::shared_ptr<Batches> DecodedBatches() {
  const Recorded recorded = RecordedSimulation(8, 500'000);
  auto batches = std::make_shared<Batches>();
  auto log = log::SegmentLog::OpenForReading(recorded.in()).value();
  auto reader = log->OpenReader("market.0").value();
  GroupDecoder decoder;
  GroupHeader header;
  log::LaneMessage message;
  while (reader->Next(message).value()) {
    bool market = false;
    SPILLWAY_CHECK(decoder
                       .Decode(message.bytes, header,
                               [&](const Event& event) {
                                 if (const auto* batch = std::get_if<MarketBatch>(&event.body)) {
                                   batches->events.emplace_back(batch->events.begin(), batch->events.end());
                                   market = true;
                                 }
                               })
                       .ok());
    if (market) batches->bytes.emplace_back(message.bytes), batches->size += message.bytes.size();
  }
  batches->rows = recorded.rows;
  return batches;
}

const Registration kEncode({.name = "encode_columns", .unit = "event", .prepare = []() -> std::optional<Prepared> {
                              const auto batches = DecodedBatches();
                              std::fprintf(stderr, "encode_columns: %.2f bytes of columns per event\n",
                                           static_cast<double>(batches->size) / static_cast<double>(batches->rows));
                              return Prepared{
                                  batches->rows, [batches, encoder = std::make_shared<GroupEncoder>()] {
                                    Event event;
                                    for (const auto& events : batches->events) {
                                      event.body = MarketBatch{.feed = 1, .epoch = 1, .events = events};
                                      encoder->Begin({.producer = Producer::kIngest, .producer_sequence = 1});
                                      encoder->Add(event);
                                      Keep(encoder->bytes().size());
                                    }
                                  }};
                            }});
const Registration kDecode(
    {.name = "decode_columns", .unit = "event", .prepare = []() -> std::optional<Prepared> {
       const auto batches = DecodedBatches();
       return Prepared{
           batches->rows, [batches, decoder = std::make_shared<GroupDecoder>()] {
             GroupHeader header;
             for (const std::string& bytes : batches->bytes) {
               SPILLWAY_CHECK(
                   decoder->Decode(bytes, header, [](const Event& event) { Keep(event.header.event_time); }).ok());
             }
           }};
     }});

}  // namespace
}  // namespace spillway::bench
