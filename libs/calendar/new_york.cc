#include "libs/calendar/new_york.h"

namespace spillway::calendar {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::March;
using std::chrono::November;
using std::chrono::Sunday;
using std::chrono::year;

constexpr hours kStandard{-5};
constexpr hours kDaylight{-4};

// Daylight saving time of a year, in UTC: begins at 02:00 standard time, ends at 02:00 daylight time.
struct DaylightTime {
  Time begin;
  Time end;
};

// Energy Policy Act of 2005 from 2007 on; before it the Uniform Time Act as amended in 1986.
DaylightTime DaylightTimeOf(year y) {
  const bool since_2007 = y >= year(2007);
  const Date begin = since_2007 ? Date(y / March / Sunday[2]) : Date(y / std::chrono::April / Sunday[1]);
  const Date end =
      since_2007 ? Date(y / November / Sunday[1]) : Date(y / std::chrono::October / Sunday[std::chrono::last]);
  return {.begin = Time(begin) + hours(2) - kStandard, .end = Time(end) + hours(2) - kDaylight};
}

bool Covered(year y) {
  return y >= year(kFirstYear) && y <= year(kLastYear);
}
year YearOf(Date date) {
  return std::chrono::year_month_day(date).year();
}

hours OffsetAt(Time time) {
  const DaylightTime daylight = DaylightTimeOf(YearOf(std::chrono::floor<days>(time + kStandard)));
  return time >= daylight.begin && time < daylight.end ? kDaylight : kStandard;
}

}  // namespace

std::optional<NewYorkTime> ToNewYork(Time time) {
  // Within a day of the ends of the clock's range there is no local time to speak of.
  if (time < Time::min() + days(1) || time > Time::max() - days(1)) return std::nullopt;
  const Time wall = time + OffsetAt(time);
  const Date date = std::chrono::floor<days>(wall);
  if (!Covered(YearOf(date))) return std::nullopt;
  return NewYorkTime{.date = date, .since_midnight = wall - date};
}

std::optional<int> NewYorkMinuteOfDay(Time time) {
  const std::optional<NewYorkTime> new_york = ToNewYork(time);
  if (!new_york) return std::nullopt;
  return new_york->minute_of_day();
}

std::optional<Time> NewYorkMidnight(Date date) {
  return FromNewYork(date, Duration(0));
}

std::optional<Time> FromNewYork(Date date, Duration since_midnight) {
  if (!Covered(YearOf(date)) || since_midnight < Duration(0) || since_midnight >= hours(24)) return std::nullopt;
  const Time wall = Time(date) + since_midnight;
  const Time by_daylight = wall - kDaylight;
  const DaylightTime daylight = DaylightTimeOf(YearOf(date));
  if (by_daylight >= daylight.begin && by_daylight < daylight.end) return by_daylight;
  return wall - kStandard;
}

}  // namespace spillway::calendar
