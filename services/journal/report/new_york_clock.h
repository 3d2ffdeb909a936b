// Times as people read them.
#pragma once

#include <string>

#include "libs/base/time.h"
#include "libs/calendar/new_york.h"

namespace spillway::journal::report {

// What New York's clocks show minus UTC; zero outside the years the calendar covers.
inline Duration NewYorkOffset(Time time) {
  const auto local = calendar::ToNewYork(time);
  if (!local) return Duration(0);
  const Duration utc = time - FloorTo(time, std::chrono::hours(24));
  Duration offset = local->since_midnight - utc;
  if (offset > Duration(0)) offset -= std::chrono::hours(24);
  return offset;
}

// "09:30:00.014" in New York.
inline std::string NewYorkClock(Time time, int decimals = 3) {
  return FormatTimeOfDay(time + NewYorkOffset(time), decimals);
}

}  // namespace spillway::journal::report
