// The second point of the determinism contract: the embedded run over a recorded market lane gives the same features
// lane and, writer by writer, the same trading events as the run that recorded it.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "libs/log/event_log.h"
#include "libs/runtime/replay.h"

namespace spillway::runtime {

// Compares `recorded` with `computed`, an embedded run over its market lane, for metrics, scoring, risk, notifier and
// journal. A live session may end before its processors had answered all of it (`unrecorded` counts what is missing).
absl::StatusOr<std::vector<ProcessorReplay>> CompareChain(log::EventLog& recorded, log::EventLog& computed);

}  // namespace spillway::runtime
