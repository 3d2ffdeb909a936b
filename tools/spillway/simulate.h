// A simulated session on disk: what `sim` and `demo` share.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "tools/spillway/commands.h"

namespace spillway::cli {

struct Simulated {
  uint64_t rows = 0;
  uint64_t symbols = 0;
  uint64_t bytes = 0;
};
absl::StatusOr<Simulated> Simulate(const SimArguments& arguments);

}  // namespace spillway::cli
