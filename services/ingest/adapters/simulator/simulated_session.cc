#include "services/ingest/adapters/simulator/simulated_session.h"

#include <filesystem>
#include <memory>
#include <utility>

#include "fmt/format.h"
#include "services/ingest/market_recorder.h"

namespace spillway::ingest {
namespace {

namespace fs = std::filesystem;

class StoppableSink final : public MarketSink {
 public:
  StoppableSink(MarketSink& next, const std::function<bool()>& stop) : next_(next), stop_(stop) {}
  absl::Status OnEvent(const Event& event) override { return next_.OnEvent(event); }
  absl::Status OnRow(std::span<const MarketEvent> row) override {
    constexpr uint64_t kRowsBetween = 4096;  // looks
    if (stop_ && rows_++ % kRowsBetween == 0 && stop_()) return absl::CancelledError("the simulation was stopped");
    return next_.OnRow(row);
  }

 private:
  MarketSink& next_;
  const std::function<bool()>& stop_;
  uint64_t rows_ = 0;
};

}  // namespace

absl::StatusOr<std::string> ScenarioFile(const std::string& name) {
  std::error_code error;
  if (name.empty() || fs::is_regular_file(name, error)) return name;  // a folder of the name of a scenario is none
  const fs::path program = fs::read_symlink("/proc/self/exe", error).parent_path();
  for (const fs::path& folder : {program / "../share/spillway/scenarios", fs::path(SPILLWAY_SCENARIOS)}) {
    const fs::path file = folder / (name + ".yaml");
    if (fs::exists(file, error)) return file.string();
  }
  return absl::NotFoundError(
      fmt::format("no scenario '{}': neither a file nor shipped (demo, detectors, stress)", name));
}

absl::StatusOr<SimulatedSession> SimulateSession(SimulatorOptions options, log::NewSession& output,
                                                 const ProgressFn& progress, const std::function<bool()>& stop) {
  options.truth_file = (output.log().session() / "truth.jsonl").string();
  absl::StatusOr<std::unique_ptr<Source>> source = OpenSimulator(options);
  if (!source.ok()) return source.status();
  absl::StatusOr<std::unique_ptr<log::LaneWriter>> writer = output.log().OpenWriter("market.0");
  if (!writer.ok()) return writer.status();
  runtime::Lane lane(writer->get());
  MarketRecorder recorder(&lane);
  StoppableSink sink(recorder, stop);
  absl::Status status = (*source)->Run(sink, progress);
  if (status.ok()) status = recorder.Finish();
  if (status.ok()) status = (*writer)->Close();
  if (!status.ok()) return status;
  const SimulatedSession simulated{.rows = recorder.rows(),
                                   .symbols = recorder.instruments().size(),
                                   .bytes = output.log().manifest().lanes.at("market.0").bytes()};
  if (status = output.Commit(); !status.ok()) return status;
  return simulated;
}

}  // namespace spillway::ingest
