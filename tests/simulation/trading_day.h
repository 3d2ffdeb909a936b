// One simulated day: risk and oms on a trading lane, a scripted market and its intents, people who confirm, kill and
// enable, and a broker behind a bad connection. Everything follows from the seed, faults included: which ones a day has
// and how many. Towards the evening the broker is well again and answers everything; then nothing may be left over.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tests/simulation/processor_host.h"

namespace spillway::simulation {

struct DayOptions {
  uint64_t seed = 1;
  size_t events_min = 2'000;
  // The processors that are tested, and ones that are broken on purpose.
  ProcessorFactory make_risk, make_oms;
  bool crashes = true;
};

struct DayResult {
  std::string invariant;  // empty: all held
  std::string text;
  std::vector<std::string> last_events;  // 40 of them, of a day that failed
  size_t events = 0, orders = 0, executions = 0, approvals = 0, crashes = 0;
  size_t kills = 0, incidents = 0, chases = 0, unknowns = 0, by_hand = 0, refused = 0;
  bool ok() const { return invariant.empty(); }
};

DayOptions Options(uint64_t seed);  // with the real processors
DayResult Run(const DayOptions& options);
// What a person needs to see a failed day: seed, invariant, how to run it alone, the last events.
std::string Story(uint64_t seed, const DayResult& result);
// All events of a day as text.
std::vector<std::string> Transcript(const DayOptions& options);

}  // namespace spillway::simulation
