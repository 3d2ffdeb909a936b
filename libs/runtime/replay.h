// Verify: each processor, given its recorded input again, must produce exactly its recorded outputs in its own order.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/log/event_log.h"
#include "libs/runtime/processor.h"

namespace spillway::runtime {

// The first place where what a processor says now is not what was recorded. An absent side: the other has more events.
struct Divergence {
  Producer producer = Producer::kNone;
  log::LaneName lane;                      // where the recorded event stands
  uint64_t sequence = 0;                   // its message (0: behind the lane's end)
  uint64_t output = 0;                     // which output of this producer, from 1
  std::optional<std::string> recorded;     // v1::Event, serialized
  std::optional<std::string> regenerated;  // likewise
};

struct ProcessorReplay {
  Producer producer = Producer::kNone;
  uint64_t inputs = 0;        // messages read
  uint64_t outputs = 0;       // events compared
  uint64_t unrecorded = 0;    // ReplayPlan::open_ended: outputs behind the last recorded one
  uint64_t bad_messages = 0;  // input that could not be read, then as now
  std::optional<Divergence> divergence;
};

// Which lanes a processor reads (one, or a merge of two by tick windows) and where its outputs stand.
struct ReplayPlan {
  std::vector<log::LaneName> inputs;
  log::LaneName output;
  // The session was recorded live and may end before its processors had answered all of it: outputs that are missing
  // at the very end are no divergence.
  bool open_ended = false;
};

// Called now and then with the messages read so far.
using ReplayProgress = std::function<void(uint64_t messages)>;

absl::StatusOr<ProcessorReplay> ReplayProcessor(Processor& processor, log::EventLog& log, const ReplayPlan& plan,
                                                const ReplayProgress& progress = {});

}  // namespace spillway::runtime
