// The product in one go: a simulated market, the pipeline, the proof, the results.
#include <filesystem>
#include <iostream>

#include "fmt/format.h"
#include "nlohmann/json.hpp"
#include "services/ingest/adapters/simulator/simulated_session.h"
#include "tools/spillway/commands.h"
#include "tools/spillway/console.h"
#include "tools/spillway/session_run.h"
#include "tools/spillway/session_summary.h"
#include "tools/spillway/simulate.h"

namespace spillway::cli {
namespace {

namespace fs = std::filesystem;

// The demo's profiles: the classic alerts; one in shadow watches for every planted kind, so that each has its detector.
std::vector<std::string> DemoProfiles() {
  return {"ofi-classic@1", ingest::ScenarioFile("detector-watch").value_or("detector-watch.yaml")};
}

void Say(const DemoArguments& arguments, const std::string& text) {
  if (!arguments.json) fmt::print("\n== {}\n", text);
  std::fflush(stdout);
}

}  // namespace

int Demo(const DemoArguments& arguments) {
  const fs::path out = arguments.out;
  const std::string market = (out / "market").string(), run = (out / "run").string();
  const std::string html = (out / "report.html").string();
  std::error_code error;
  fs::create_directories(out, error);
  if (error) return Fail(absl::UnavailableError(fmt::format("{}: {}", arguments.out, error.message())));

  Say(arguments, "simulating a market with planted episodes");
  SimArguments sim;
  sim.scenario = arguments.scenario;
  sim.out = market;
  sim.replace = true;
  const absl::StatusOr<ingest::SimulatedSession> simulated = Simulate(sim);
  if (!simulated.ok()) return Fail(simulated.status());

  Say(arguments,
      fmt::format("running {} rows of {} symbols through the pipeline", simulated->rows, simulated->symbols));
  absl::StatusOr<std::vector<StrategyInstance>> instances = LoadInstances(DemoProfiles());
  if (!instances.ok()) return Fail(instances.status());
  const absl::StatusOr<SessionRunResult> result = RunSession({.session = market,
                                                              .out = run,
                                                              .replace = true,
                                                              .show_shadow = false,
                                                              .cards = arguments.json ? nullptr : &std::cout,
                                                              .colour = StdoutIsTerminal()},
                                                             *instances, {});
  if (!result.ok()) return Fail(result.status());
  const absl::Status written = WriteReport(run, html);
  if (!written.ok()) return Fail(written);
  if (arguments.json) {
    fmt::print("{}\n", nlohmann::ordered_json{{"session", run},
                                              {"digest", result->digest},
                                              {"market_events", result->rows},
                                              {"alerts", result->alerts},
                                              {"report", fs::absolute(html).string()}}
                           .dump(2));
    return kExitOk;
  }
  Say(arguments, "proving it: every processor, given its recorded input, gives its recorded output");
  ReplayArguments replay;
  replay.session = run;
  replay.verify = true;
  const int verified = Replay(replay);
  Say(arguments, "what it was worth, and how the detectors did against the planted truth");
  const absl::StatusOr<std::string> summary = SummaryText(run);
  if (!summary.ok()) return Fail(summary.status());
  fmt::print("{}\nreport: {}\nsession: {}   (spillway trace {} ID tells one alert's whole story)\n", *summary,
             fs::absolute(html).string(), run, run);
  return verified;
}

}  // namespace spillway::cli
