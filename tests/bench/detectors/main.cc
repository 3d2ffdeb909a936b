// spillway_detector_bench [--seeds N] [--first-seed S] [--symbols N] [--scenario NAME] [--profile NAME] [--json]:
// recall and precision of every detector against planted truth, for each seed and for all together. Exit code 0 unless
// it cannot run.
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <mutex>
#include <thread>

#include "CLI/CLI.hpp"
#include "fmt/format.h"
#include "tests/bench/detectors/detector_run.h"

namespace spillway::bench {
namespace {

struct Arguments {
  uint64_t seeds = 3;
  uint64_t first_seed = 1;
  std::optional<uint32_t> symbols;  // absent: the scenario's
  std::string scenario = "detectors";
  std::string profile = "detector-watch";
  bool json = false;
  bool list = false;
};

// How far all seeds are together: one line on stderr that is rewritten, on a terminal; else a line for each quarter.
class Progress {
 public:
  explicit Progress(uint64_t seeds) : parts_(seeds) {}
  void Update(uint64_t seed, double part) {
    const std::lock_guard lock(mutex_);
    parts_[seed] = part;
    double sum = 0;
    for (const double p : parts_) sum += p;
    int percent = static_cast<int>(100 * sum / static_cast<double>(parts_.size()));
    if (!terminal_) percent = percent / 25 * 25;
    if (percent <= shown_) return;
    shown_ = percent;
    std::fprintf(stderr, terminal_ ? "\rsimulating and detecting: %d%%" : "simulating and detecting: %d%%\n", percent);
  }
  void Clear() {
    if (terminal_) std::fprintf(stderr, "\r%40s\r", "");
  }

 private:
  std::mutex mutex_;
  std::vector<double> parts_;
  int shown_ = 0;
  const bool terminal_ = isatty(STDERR_FILENO) == 1;
};

// The seeds side by side, in as many threads as the machine has processors.
absl::StatusOr<std::vector<DetectorRun>> RunSeeds(const Arguments& arguments) {
  std::vector<absl::StatusOr<DetectorRun>> results(arguments.seeds, absl::UnknownError("not run"));
  Progress progress(arguments.seeds);
  std::atomic<uint64_t> next = 0;
  const auto work = [&] {
    for (uint64_t i = next++; i < arguments.seeds; i = next++) {
      results[i] = RunDetectors({.scenario = arguments.scenario,
                                 .seed = arguments.first_seed + i,
                                 .symbols = arguments.symbols,
                                 .profile = arguments.profile,
                                 .progress = [&progress, i](double part) { progress.Update(i, part); }});
      progress.Update(i, 1);
    }
  };
  const uint64_t width = std::min<uint64_t>(arguments.seeds, std::max(1U, std::thread::hardware_concurrency()));
  {
    std::vector<std::jthread> threads;
    for (uint64_t i = 0; i < width; ++i) threads.emplace_back(work);
  }
  progress.Clear();
  std::vector<DetectorRun> runs;
  for (absl::StatusOr<DetectorRun>& result : results) {
    if (!result.ok()) return result.status();
    runs.push_back(*std::move(result));
  }
  return runs;
}

void Print(const std::vector<DetectorRun>& runs, const Arguments& arguments) {
  if (arguments.json) {
    std::string seeds;
    for (const DetectorRun& run : runs) {
      seeds += fmt::format("{}{{\"seed\": {}, \"rows\": {}, \"detectors\": {}}}", seeds.empty() ? "" : ", ", run.seed,
                           run.rows, journal::ToJson(ScoreTogether({run})));
    }
    fmt::print("{{\"seeds\": [{}], \"together\": {}}}\n", seeds, journal::ToJson(ScoreTogether(runs)));
    return;
  }
  for (const DetectorRun& run : runs) {
    const journal::TruthScorecard scorecard = ScoreTogether({run});
    fmt::print("seed {}, {} rows\n{}{}\n", run.seed, run.rows, journal::ToTable(scorecard),
               arguments.list ? journal::ToList(scorecard) : "");
  }
  fmt::print("together\n{}", journal::ToTable(ScoreTogether(runs)));
}

int Main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app("Recall and precision of the detectors on simulated markets with planted truth",
               "./dev bench detectors");
  app.add_option("--seeds", arguments.seeds, "How many seeds, one market each (3)")->check(CLI::Range(1, 1000));
  app.add_option("--first-seed", arguments.first_seed, "The first of them (1)");
  app.add_option("--symbols", arguments.symbols, "Symbols of each market (the scenario's)")->check(CLI::Range(1, 2000));
  app.add_option("--scenario", arguments.scenario, "A shipped scenario or a file (detectors)");
  app.add_option("--profile", arguments.profile, "The profile that asks for the detectors (detector-watch)");
  app.add_flag("--list", arguments.list, "Also each missed episode and each false alarm, by seed");
  app.add_flag("--json", arguments.json, "One JSON object");
  CLI11_PARSE(app, argc, argv);
  const absl::StatusOr<std::vector<DetectorRun>> runs = RunSeeds(arguments);
  if (!runs.ok()) {
    fmt::print(stderr, "detectors: {}\n", std::string(runs.status().message()));
    return 1;
  }
  Print(*runs, arguments);
  return 0;
}

}  // namespace
}  // namespace spillway::bench

int main(int argc, char** argv) {
  return spillway::bench::Main(argc, argv);
}
