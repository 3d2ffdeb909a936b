// A simulated session on disk: what `sim` and `demo` share.
#pragma once

#include "absl/status/statusor.h"
#include "services/ingest/adapters/simulator/simulated_session.h"
#include "tools/spillway/commands.h"

namespace spillway::cli {

absl::StatusOr<ingest::SimulatedSession> Simulate(const SimArguments& arguments);

}  // namespace spillway::cli
