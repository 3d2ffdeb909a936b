// spillway_bench [--json] [--cpu] [--min-time SECONDS] [filter ...]: runs the workloads whose name contains a filter
// (all without one) and prints the median of their runs: "workload n ns_per_item unit", with --json one JSON object a
// line.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <vector>

#include "tests/bench/bench.h"

namespace spillway::bench {

std::vector<Workload>& Workloads() {
  static std::vector<Workload> workloads;
  return workloads;
}

namespace {

bool g_cpu = false;
double g_untimed = 0;  // of the run at hand

// On a machine that others use too, a thread's own processor time says more than the clock on the wall.
double Now() {
  timespec time{};
  clock_gettime(g_cpu ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

double Nanoseconds(const std::function<void()>& run) {
  g_untimed = 0;
  const double start = Now();
  run();
  return Now() - start - g_untimed;
}

// The median of at least five runs that take `seconds` together; the first one, which warms up, is not counted.
double MedianRun(const Prepared& prepared, double seconds) {
  prepared.run();
  std::vector<double> times;
  double total = 0;
  while (times.size() < 5 || (total < seconds * 1e9 && times.size() < 1000)) {
    times.push_back(Nanoseconds(prepared.run));
    total += times.back();
  }
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

bool Wanted(const std::string& name, const std::vector<std::string>& filters) {
  return filters.empty() || std::any_of(filters.begin(), filters.end(), [&](const std::string& filter) {
           return name.find(filter) != std::string::npos;
         });
}

int Main(int argc, char** argv) {
  bool json = false;
  double seconds = 0.5;
  std::vector<std::string> filters;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--json") == 0) {
      json = true;
    } else if (std::strcmp(argv[i], "--cpu") == 0) {
      g_cpu = true;
    } else if (std::strcmp(argv[i], "--min-time") == 0 && i + 1 < argc) {
      seconds = std::atof(argv[++i]);
    } else {
      filters.emplace_back(argv[i]);
    }
  }
  std::vector<Workload> workloads = Workloads();
  std::sort(workloads.begin(), workloads.end(), [](const Workload& a, const Workload& b) { return a.name < b.name; });
  for (const Workload& workload : workloads) {
    if (!Wanted(workload.name, filters)) continue;
    const std::optional<Prepared> prepared = workload.prepare();
    if (!prepared || prepared->items == 0) continue;
    const double per_item = MedianRun(*prepared, seconds) / static_cast<double>(prepared->items);
    std::printf(
        json ? "{\"workload\": \"%s\", \"n\": %llu, \"ns_per_item\": %.2f, \"unit\": \"%s\"}\n" : "%s %llu %.2f %s\n",
        workload.name.c_str(), static_cast<unsigned long long>(prepared->items), per_item, workload.unit.c_str());
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace

Untimed::Untimed() : start_(Now()) {}
Untimed::~Untimed() {
  g_untimed += Now() - start_;
}

}  // namespace spillway::bench

int main(int argc, char** argv) {
  return spillway::bench::Main(argc, argv);
}
