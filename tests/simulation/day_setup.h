// What a simulated day begins with: symbols, profiles of a few instances, the account's limits.
#pragma once

#include <vector>

#include "libs/base/random.h"
#include "libs/events/event.h"
#include "tests/simulation/invariants.h"

namespace spillway::simulation {

struct DaySetup {
  Time begin;
  Money cash;
  SessionState session;
  std::vector<Event> configurations;  // body and instance
  std::vector<StrategyInstanceId> instances;
  ExposureCaps caps;
  int evening_seconds = 0;
};
DaySetup SetupOf(Random& random);
InstrumentDefinition DefinitionOf(InstrumentId id);

}  // namespace spillway::simulation
