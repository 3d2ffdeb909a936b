#include "tests/bench/detectors/detector_run.h"

#include <unistd.h>

#include <filesystem>

#include "libs/runtime/lane_output.h"
#include "services/ingest/adapters/simulator/simulated_session.h"
#include "services/ingest/market_recorder.h"
#include "tools/spillway/pipeline_run.h"

namespace spillway::bench {
namespace {

namespace fs = std::filesystem;

// A market lane that nobody stores: what is appended goes straight into the pipeline.
class PipelineFeeder final : public log::LaneWriter {
 public:
  PipelineFeeder(runtime::EmbeddedPipeline& pipeline, std::vector<cli::StrategyInstance> instances)
      : pipeline_(pipeline), instances_(std::move(instances)) {}

  absl::StatusOr<uint64_t> Append(Time time, std::string_view bytes, uint64_t rows, std::string_view) override {
    if (sequence_ == 0) {
      for (const Event& event : cli::ConfigurationEvents(time, instances_)) {
        if (absl::Status status = pipeline_.Configure(event); !status.ok()) return status;
      }
    }
    const absl::Status status =
        pipeline_.OnMarketMessage({.sequence = ++sequence_, .time = time, .bytes = bytes, .rows = rows, .side = {}});
    if (!status.ok()) return status;
    return sequence_;
  }
  absl::Status Flush() override { return absl::OkStatus(); }
  absl::Status Close() override { return absl::OkStatus(); }

 private:
  runtime::EmbeddedPipeline& pipeline_;
  const std::vector<cli::StrategyInstance> instances_;
  uint64_t sequence_ = 0;
};

// The truth is written to a file; here only until it is read.
class TruthFile {
 public:
  explicit TruthFile(uint64_t seed)
      : path_(fs::temp_directory_path() /
              ("spillway-truth-" + std::to_string(getpid()) + "-" + std::to_string(seed) + ".jsonl")) {}
  ~TruthFile() {
    std::error_code error;
    fs::remove(path_, error);
  }
  std::string path() const { return path_.string(); }

 private:
  fs::path path_;
};

std::string ProfileFile(const std::string& name) {
  const fs::path shipped = fs::path(SPILLWAY_SCENARIOS) / (name + ".yaml");
  return fs::exists(shipped) ? shipped.string() : name;
}

}  // namespace

absl::StatusOr<DetectorRun> RunDetectors(const DetectorRunOptions& options) {
  const absl::StatusOr<std::string> scenario = ingest::ScenarioFile(options.scenario);
  if (!scenario.ok()) return scenario.status();
  const TruthFile truth_file(options.seed);
  absl::StatusOr<std::unique_ptr<ingest::Source>> source = ingest::OpenSimulator({.scenario_file = *scenario,
                                                                                  .seed = options.seed,
                                                                                  .symbols = options.symbols,
                                                                                  .session = std::nullopt,
                                                                                  .truth_file = truth_file.path()});
  if (!source.ok()) return source.status();
  absl::StatusOr<std::vector<cli::StrategyInstance>> instances = cli::LoadInstances({ProfileFile(options.profile)});
  if (!instances.ok()) return instances.status();

  DetectorRun run{.seed = options.seed, .rows = 0, .truth = {}, .detections = {}};
  journal::DetectionCollector collector;
  runtime::EmbeddedPipeline pipeline(cli::MakeProcessors(), {});
  // Each event once: what scoring made stands on trading, everything else on features.
  pipeline.ObserveFeatures([&](const Event& event) { collector.Observe(event); });
  pipeline.ObserveTrading([&](const Event& event) {
    if (event.header.producer == Producer::kScoring) collector.Observe(event);
  });
  PipelineFeeder feeder(pipeline, *std::move(instances));
  runtime::Lane lane(&feeder);
  ingest::MarketRecorder recorder(&lane);
  absl::Status status = (*source)->Run(recorder, [&](uint64_t done, uint64_t total) {
    options.progress(static_cast<double>(done) / static_cast<double>(total));
  });
  if (status.ok()) status = recorder.Finish();
  if (status.ok()) status = pipeline.Finish();
  if (!status.ok()) return status;
  absl::StatusOr<std::vector<truth::PlantedEpisode>> truth = truth::ReadTruth(truth_file.path());
  if (!truth.ok()) return truth.status();
  run.rows = recorder.rows();
  run.truth = *std::move(truth);
  run.detections = collector.detections();
  return run;
}

journal::TruthScorecard ScoreTogether(const std::vector<DetectorRun>& runs) {
  constexpr InstrumentId kApart = 100'000;  // more than a scenario has symbols
  std::vector<truth::PlantedEpisode> truth;
  std::vector<journal::Detection> detections;
  InstrumentId offset = 0;
  for (const DetectorRun& run : runs) {
    for (truth::PlantedEpisode episode : run.truth) {
      episode.instrument += offset;
      truth.push_back(std::move(episode));
    }
    for (journal::Detection detection : run.detections) {
      detection.instrument += offset;
      detections.push_back(std::move(detection));
    }
    offset += kApart;
  }
  return journal::ScoreAgainstTruth(std::move(truth), std::move(detections));
}

}  // namespace spillway::bench
