// A processor's state between two inputs, as bytes: what it needs to go on as if it had never stopped.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "libs/runtime/lane_filter.h"
#include "libs/runtime/processor.h"

namespace spillway::runtime {

struct ShellState {
  std::map<std::string, uint64_t> positions;  // lane -> last message folded
  LaneFilter filter;
  uint64_t next_producer_sequence = 1;
};

// v1::Checkpoint, serialized. `build` names the build that wrote it.
std::string SaveCheckpoint(const Processor& processor, const ShellState& shell, std::string_view build);

// FailedPrecondition if it is another producer's, or of a state version this build cannot read; DataLoss if it is
// damaged.
absl::Status RestoreCheckpoint(std::string_view bytes, Processor& processor, ShellState& shell);

}  // namespace spillway::runtime
