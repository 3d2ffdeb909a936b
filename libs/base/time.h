// Time is nanoseconds since the Unix epoch, UTC. New York wall-clock exists in libs/calendar only.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace spillway {

using Duration = std::chrono::nanoseconds;
using Time = std::chrono::sys_time<Duration>;

constexpr Time TimeFromNanos(int64_t nanos) {
  return Time(Duration(nanos));
}
constexpr int64_t ToNanos(Time time) {
  return time.time_since_epoch().count();
}

// The last multiple of `period` at or before the time.
constexpr Time FloorTo(Time time, Duration period) {
  int64_t rest = ToNanos(time) % period.count();
  if (rest < 0) rest += period.count();
  return time - Duration(rest);
}

// "2025-05-02T13:30:00.014437085Z", always nine decimals.
std::string FormatTime(Time time);
// "13:30:00.014" (UTC), for cards and tables.
std::string FormatTimeOfDay(Time time, int decimals = 3);

// Reads "2025-05-02T13:30:00[.fraction](Z|+00:00)"; a blank may stand for the T. Other offsets are refused.
absl::StatusOr<Time> ParseTime(std::string_view text);

// "300ms", "3s", "5m", "1h", "1d", "250us", "40ns".
absl::StatusOr<Duration> ParseDuration(std::string_view text);
std::string FormatDuration(Duration duration);

}  // namespace spillway
