#include "libs/base/time.h"
#include "libs/base/ids.h"
#include "tests/catch.h"

using namespace spillway;

TEST_CASE("time: text to nanoseconds and back", "[base]") {
  const Time time = ParseTime("2025-05-02 13:30:00.014437085+00:00").value();
  CHECK(ToNanos(time) == 1'746'192'600'014'437'085);
  CHECK(FormatTime(time) == "2025-05-02T13:30:00.014437085Z");
  CHECK(FormatTimeOfDay(time) == "13:30:00.014");
  CHECK(FormatTimeOfDay(time, 0) == "13:30:00");
  CHECK(ParseTime("2024-02-29T00:00:00Z").ok());
}

TEST_CASE("time: what is no UTC time is refused", "[base]") {
  for (const char* text :
       {"", "2025-02-29T00:00:00Z", "2025-05-02T24:00:00Z", "2025-05-02T13:30:00", "2025-05-02T13:30:00+01:00",
        "9025-05-02T13:30:00Z", "2025-05-02T13:30:00.Z", "2025-05-02T13:30:00.1234567890Z"}) {
    INFO(text);
    CHECK_FALSE(ParseTime(text).ok());
  }
}

TEST_CASE("time: floor to a period also before the epoch", "[base]") {
  CHECK(FloorTo(TimeFromNanos(1'250), Duration(100)) == TimeFromNanos(1'200));
  CHECK(FloorTo(TimeFromNanos(-1), Duration(100)) == TimeFromNanos(-100));
}

TEST_CASE("duration: units", "[base]") {
  CHECK(ParseDuration("250ms").value() == std::chrono::milliseconds(250));
  CHECK(ParseDuration("1.5s").value() == std::chrono::milliseconds(1500));
  CHECK(ParseDuration("5m").value() == std::chrono::minutes(5));
  CHECK(FormatDuration(std::chrono::minutes(90)) == "90m");
  for (const char* text : {"", "5", "m", "5 m", "-5m", "5y", "1.0001s"}) CHECK_FALSE(ParseDuration(text).ok());
}

TEST_CASE("ids: derived, stable, and distinct in every part", "[base]") {
  const EventId cause = MarketEventId({.feed = 1, .epoch = 1, .position = 42});
  CHECK(cause == MarketEventId({.feed = 1, .epoch = 1, .position = 42}));
  CHECK(cause != MarketEventId({.feed = 1, .epoch = 2, .position = 42}));
  const EventId id = DeriveEventId(Producer::kScoring, 7, cause, 0);
  CHECK(id != DeriveEventId(Producer::kScoring, 7, cause, 1));
  CHECK(id != DeriveEventId(Producer::kScoring, 8, cause, 0));
  CHECK(id != DeriveEventId(Producer::kRisk, 7, cause, 0));
  CHECK(ParseEventId(ToString(id)) == id);
  CHECK_FALSE(ParseEventId("xyz").has_value());
}
