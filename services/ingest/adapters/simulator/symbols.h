// Draws the symbols of a scenario: what each is, and how it trades.
#pragma once

#include <vector>

#include "services/ingest/adapters/simulator/order_flow.h"
#include "services/ingest/adapters/simulator/scenario.h"
#include "services/ingest/adapters/simulator/session.h"

namespace spillway::simulator {

// The seed of everything that happens in one symbol; other symbols have no part in it.
uint64_t SymbolSeed(uint64_t scenario_seed, InstrumentId instrument);

// In the order of their instrument ids, which count from 1. The volume by minute of each definition is what the flow is
// expected to trade, divided by the relative volume drawn from the group's range (FX-20).
std::vector<SymbolParameters> DrawSymbols(const Scenario& scenario, const IntradayShape& shape);

// Shares in the opening cross of such a symbol.
int64_t OpeningCross(const SymbolParameters& parameters);

}  // namespace spillway::simulator
