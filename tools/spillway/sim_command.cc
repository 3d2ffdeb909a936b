#include <filesystem>

#include "fmt/format.h"
#include "nlohmann/json.hpp"
#include "services/ingest/adapters/simulator/simulator.h"
#include "services/ingest/market_recorder.h"
#include "tools/spillway/commands.h"
#include "tools/spillway/console.h"
#include "tools/spillway/session_files.h"
#include "tools/spillway/simulate.h"

namespace spillway::cli {
namespace {

namespace fs = std::filesystem;

// A shipped scenario by name, or a file.
absl::StatusOr<std::string> ScenarioFile(const std::string& name) {
  if (name.empty() || fs::exists(name)) return name;
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error).parent_path();
  for (const fs::path& folder : {program / "../share/spillway/scenarios", fs::path(SPILLWAY_SCENARIOS)}) {
    const fs::path file = folder / (name + ".yaml");
    if (fs::exists(file, error)) return file.string();
  }
  return absl::NotFoundError(
      fmt::format("no scenario '{}': neither a file nor shipped (demo, detectors, stress)", name));
}

}  // namespace

absl::StatusOr<Simulated> Simulate(const SimArguments& arguments) {
  absl::StatusOr<std::string> scenario = ScenarioFile(arguments.scenario);
  if (!scenario.ok()) return scenario.status();
  absl::StatusOr<std::unique_ptr<log::NewSession>> output = CreateSession(arguments.out, arguments.replace);
  if (!output.ok()) return output.status();
  ingest::SimulatorOptions options;
  options.scenario_file = *scenario;
  if (arguments.seed != 0) options.seed = arguments.seed;
  if (arguments.symbols != 0) options.symbols = arguments.symbols;
  options.truth_file = ((*output)->log().session() / "truth.jsonl").string();
  absl::StatusOr<std::unique_ptr<ingest::Source>> source = ingest::OpenSimulator(options);
  if (!source.ok()) return source.status();
  absl::StatusOr<std::unique_ptr<log::LaneWriter>> writer = (*output)->log().OpenWriter("market.0");
  if (!writer.ok()) return writer.status();
  runtime::Lane lane(writer->get());
  ingest::MarketRecorder recorder(&lane);
  Progress progress("simulating");
  absl::Status status =
      (*source)->Run(recorder, [&](uint64_t done, uint64_t total) { progress.Update(done, total, ""); });
  progress.Clear();
  if (status.ok()) status = recorder.Finish();
  if (status.ok()) status = (*writer)->Close();
  if (!status.ok()) return status;
  Simulated simulated{.rows = recorder.rows(),
                      .symbols = recorder.instruments().size(),
                      .bytes = (*output)->log().manifest().lanes.at("market.0").bytes()};
  if (status = (*output)->Commit(); !status.ok()) return status;
  return simulated;
}

int Sim(const SimArguments& arguments) {
  const absl::StatusOr<Simulated> simulated = Simulate(arguments);
  if (!simulated.ok()) return Fail(simulated.status());
  const std::string truth = (fs::path(arguments.out) / "truth.jsonl").string();
  if (arguments.json) {
    fmt::print("{}\n", nlohmann::ordered_json{{"session", arguments.out},
                                              {"rows", simulated->rows},
                                              {"symbols", simulated->symbols},
                                              {"bytes", simulated->bytes},
                                              {"truth", truth}}
                           .dump(2));
  } else {
    fmt::print("{}: {} rows of {} symbols, {} bytes; the truth is in {}\n", arguments.out, simulated->rows,
               simulated->symbols, simulated->bytes, truth);
  }
  return kExitOk;
}

}  // namespace spillway::cli
