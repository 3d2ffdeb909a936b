// A simulated market as a session on disk: what `spillway sim`, the demo and a live ingest that plays a scenario share.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "libs/log/new_session.h"
#include "services/ingest/adapters/simulator/simulator.h"

namespace spillway::ingest {

// The file of a shipped scenario by its name ("demo"), or the file itself. "" stays: the scenario of all defaults.
absl::StatusOr<std::string> ScenarioFile(const std::string& name);

struct SimulatedSession {
  uint64_t rows = 0;
  uint64_t symbols = 0;
  uint64_t bytes = 0;
};
// Records the simulation as lane market.0 of `output`, with the truth beside it as truth.jsonl, and commits it. The
// simulator's options are the scenario's, their truth file aside. Cancelled as soon as `stop` says so.
absl::StatusOr<SimulatedSession> SimulateSession(SimulatorOptions options, log::NewSession& output,
                                                 const ProgressFn& progress, const std::function<bool()>& stop = {});

}  // namespace spillway::ingest
