// New York wall-clock from UTC and back, computed from the rules of US daylight saving time: no time zone database is
// read, so that a replay gives the same on every machine. The only place in the system that knows New York time.
#pragma once

#include <optional>

#include "libs/base/time.h"
#include "libs/calendar/date.h"

namespace spillway::calendar {

// The rules are right for these New York years; outside them every function here answers nullopt, never a guess.
inline constexpr int kFirstYear = 1998;
inline constexpr int kLastYear = 2028;

struct NewYorkTime {
  Date date;
  Duration since_midnight{0};  // as the clock on the wall shows it: 09:30 is 9.5 hours on every day

  int minute_of_day() const {
    return static_cast<int>(std::chrono::floor<std::chrono::minutes>(since_midnight).count());
  }
};
std::optional<NewYorkTime> ToNewYork(Time time);

// 570 is 09:30.
std::optional<int> NewYorkMinuteOfDay(Time time);

// When the day begins in New York.
std::optional<Time> NewYorkMidnight(Date date);

// When the clock in New York shows `since_midnight` (below 24 hours) on that day. In the hour that autumn repeats: the
// first of the two; in the hour that spring leaves out: one hour later on the clock.
std::optional<Time> FromNewYork(Date date, Duration since_midnight);

}  // namespace spillway::calendar
