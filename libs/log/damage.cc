#include "libs/log/damage.h"

#include <fmt/core.h>

namespace spillway::log {

std::string ToString(const Damage& damage) {
  const std::string frame = damage.frame == 0 ? "" : fmt::format("frame {} ", damage.frame);
  return fmt::format("{}: {}at byte {}: {}: seen {}, expected {}", damage.file, frame, damage.offset, damage.what,
                     damage.seen, damage.expected);
}

absl::Status DataLoss(const Damage& damage) {
  return absl::DataLossError(ToString(damage));
}

}  // namespace spillway::log
