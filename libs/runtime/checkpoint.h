// A processor's state between two inputs, as bytes: what it needs to go on as if it had never stopped.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "libs/runtime/lane_merge.h"
#include "libs/runtime/processor.h"

namespace spillway::runtime {

struct ShellState {
  LanePositions positions;
  uint64_t next_producer_sequence = 1;
  std::string build;  // that saved it
};

// v1::Checkpoint, serialized.
std::string SaveCheckpoint(const Processor& processor, const ShellState& shell);

// FailedPrecondition if it is another producer's, or of a state version this build cannot read; DataLoss if it is
// damaged.
absl::Status RestoreCheckpoint(std::string_view bytes, Processor& processor, ShellState& shell);

}  // namespace spillway::runtime
