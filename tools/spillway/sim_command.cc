#include <filesystem>

#include "fmt/format.h"
#include "nlohmann/json.hpp"
#include "tools/spillway/commands.h"
#include "tools/spillway/console.h"
#include "tools/spillway/session_files.h"
#include "tools/spillway/simulate.h"

namespace spillway::cli {

absl::StatusOr<ingest::SimulatedSession> Simulate(const SimArguments& arguments) {
  absl::StatusOr<std::string> scenario = ingest::ScenarioFile(arguments.scenario);
  if (!scenario.ok()) return scenario.status();
  absl::StatusOr<std::unique_ptr<log::NewSession>> output = CreateSession(arguments.out, arguments.replace);
  if (!output.ok()) return output.status();
  ingest::SimulatorOptions options;
  options.scenario_file = *scenario;
  if (arguments.seed != 0) options.seed = arguments.seed;
  if (arguments.symbols != 0) options.symbols = arguments.symbols;
  Progress progress("simulating");
  absl::StatusOr<ingest::SimulatedSession> simulated = ingest::SimulateSession(
      options, **output, [&](uint64_t done, uint64_t total) { progress.Update(done, total, ""); });
  progress.Clear();
  return simulated;
}

int Sim(const SimArguments& arguments) {
  const absl::StatusOr<ingest::SimulatedSession> simulated = Simulate(arguments);
  if (!simulated.ok()) return Fail(simulated.status());
  const std::string truth = (std::filesystem::path(arguments.out) / "truth.jsonl").string();
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
