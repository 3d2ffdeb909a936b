// What is wrong with a session, where, what was seen there and what was expected.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"

namespace spillway::log {

struct Damage {
  std::string file;
  uint32_t frame = 0;   // from 1; 0: not in a frame
  uint64_t offset = 0;  // byte of the file at which the damaged part begins
  std::string what{};   // "checksum of the frame"
  std::string seen{};
  std::string expected{};
};

// "<file>: frame 3 at byte 4711: checksum of the frame: seen 1f.., expected 2a..".
std::string ToString(const Damage& damage);
absl::Status DataLoss(const Damage& damage);

}  // namespace spillway::log
