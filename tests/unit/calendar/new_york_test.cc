#include "libs/calendar/new_york.h"

#include "absl/time/time.h"
#include "tests/catch.h"

namespace spillway::calendar {
namespace {

Time At(const char* utc) {
  const absl::StatusOr<Time> time = ParseTime(utc);
  REQUIRE(time.ok());
  return *time;
}

Date Day(int32_t number) {
  const std::optional<Date> date = DateFromNumber(number);
  REQUIRE(date);
  return *date;
}

}  // namespace

TEST_CASE("calendar: a date is read, written and numbered, and an impossible one refused", "[calendar]") {
  CHECK(DateNumber(Day(20250502)) == 20250502);
  CHECK(FormatDate(Day(19980105)) == "1998-01-05");
  CHECK(ParseDate("2024-02-29").value() == Day(20240229));
  for (const char* text :
       {"2023-02-29", "2025-13-01", "2025-5-02", "20250502", "2025-05-02T", "", "2025/05/02", "0000-01-01"}) {
    INFO(text);
    CHECK_FALSE(ParseDate(text).ok());
  }
  CHECK_FALSE(DateFromNumber(20250431));
  CHECK_FALSE(DateFromNumber(-20250430));
}

TEST_CASE("calendar: the clock in New York jumps at the second it should, before and since 2007", "[calendar]") {
  struct Jump {
    const char* before;
    int minute_before;
    int minute_after;
  };
  for (const Jump& jump :
       {Jump{"2006-04-02T06:59:59.999999999Z", 119, 180}, Jump{"2006-10-29T05:59:59.999999999Z", 119, 60},
        Jump{"2007-03-11T06:59:59.999999999Z", 119, 180}, Jump{"2007-11-04T05:59:59.999999999Z", 119, 60}}) {
    INFO(jump.before);
    CHECK(NewYorkMinuteOfDay(At(jump.before)) == jump.minute_before);
    CHECK(NewYorkMinuteOfDay(At(jump.before) + Duration(1)) == jump.minute_after);
  }
}

TEST_CASE("calendar: every half hour of the covered years agrees with the time zone database", "[calendar]") {
  absl::TimeZone zone;
  if (!absl::LoadTimeZone("America/New_York", &zone)) {
    std::fprintf(stderr,
                 "SKIPPED: agreement with the time zone database: America/New_York is not installed (tzdata)\n");
    return;
  }
  const Time first = *NewYorkMidnight(Day(19980101));
  const Time last = *NewYorkMidnight(Day(20281231)) + std::chrono::hours(24);
  int64_t checked = 0, wrong = 0;
  for (Time time = first; time < last; time += std::chrono::minutes(30), ++checked) {
    const absl::CivilSecond wall = absl::ToCivilSecond(absl::FromUnixNanos(ToNanos(time)), zone);
    const std::optional<NewYorkTime> ours = ToNewYork(time);
    const bool agrees = ours && DateNumber(ours->date) == wall.year() * 10'000 + wall.month() * 100 + wall.day() &&
                        ours->minute_of_day() == wall.hour() * 60 + wall.minute();
    if (!agrees && ++wrong == 1) UNSCOPED_INFO("first at " << FormatTime(time));
  }
  CHECK(wrong == 0);
  CHECK(checked == (last - first) / std::chrono::minutes(30));
  CHECK(checked > 543'000);
}

TEST_CASE("calendar: from UTC to New York and back is the same time, but for the hour that autumn repeats",
          "[calendar]") {
  int64_t wrong = 0, repeated = 0;
  for (Time time = *NewYorkMidnight(Day(19980101)); time < *NewYorkMidnight(Day(20281231));
       time += std::chrono::minutes(17) + Duration(1)) {
    const NewYorkTime wall = *ToNewYork(time);
    const Time back = *FromNewYork(wall.date, wall.since_midnight);
    if (back == time - std::chrono::hours(1)) {
      ++repeated;
    } else if (back != time) {
      ++wrong;
    }
  }
  CHECK(wrong == 0);
  CHECK(repeated >= 31 * 3);  // an hour a year, seen every 17 minutes
  CHECK(repeated <= 31 * 4);
}

TEST_CASE("calendar: the hour that spring leaves out is read an hour later, the repeated one as its first",
          "[calendar]") {
  using std::chrono::minutes;
  CHECK(FromNewYork(Day(20250309), minutes(150)) == At("2025-03-09T07:30:00Z"));  // 02:30 -> 03:30 daylight time
  CHECK(FromNewYork(Day(20251102), minutes(90)) == At("2025-11-02T05:30:00Z"));   // the first 01:30
  CHECK_FALSE(FromNewYork(Day(20251102), std::chrono::hours(24)));
  CHECK_FALSE(FromNewYork(Day(20251102), minutes(-1)));
}

TEST_CASE("calendar: outside the covered years there is no New York time", "[calendar]") {
  CHECK(ToNewYork(At("1998-01-01T05:00:00Z")));
  CHECK_FALSE(ToNewYork(At("1998-01-01T04:59:59.999999999Z")));
  CHECK(ToNewYork(At("2029-01-01T04:59:59.999999999Z")));
  CHECK_FALSE(ToNewYork(At("2029-01-01T05:00:00Z")));
  CHECK_FALSE(NewYorkMidnight(Day(19971231)));
  CHECK_FALSE(NewYorkMidnight(Day(20290101)));
  CHECK_FALSE(ToNewYork(Time::max()));
  CHECK_FALSE(ToNewYork(Time::min()));
}

}  // namespace spillway::calendar
