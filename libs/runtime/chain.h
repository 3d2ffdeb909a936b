// The second point of the determinism contract: the embedded run over a recorded market lane gives the same features
// lane and, writer by writer, the same trading events as the run that recorded it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/log/event_log.h"
#include "libs/runtime/replay.h"

namespace spillway::runtime {

// What a session's trading lane holds of people, brokers and orders.
struct TradingInputs {
  bool simulated_venue = false;  // what the broker said is the simulated venue's: a processor's output
  uint64_t broker_events = 0;
  uint64_t admin_commands = 0;
  uint64_t order_commands = 0;
};
absl::StatusOr<TradingInputs> ReadTradingInputs(log::EventLog& session);

struct ChainComparison {
  std::vector<ProcessorReplay> processors;
  std::string left_out;  // why only metrics and scoring were compared; empty: all were
};
// Compares `recorded` with `computed`, an embedded run over its market lane, for metrics, scoring, risk, oms, the
// simulated venue, notifier and journal. A live session may end before its processors had answered all of it
// (`unrecorded` counts what is missing). Where people or a broker had a say, and where orders were worked `live`, so
// that it mattered how fast services answered, a run over the market alone cannot say the same: only metrics and
// scoring are compared.
absl::StatusOr<ChainComparison> CompareChain(log::EventLog& recorded, log::EventLog& computed, bool live = false);

}  // namespace spillway::runtime
