#include "libs/calendar/calendar.h"

#include "tests/catch.h"

namespace spillway::calendar {
namespace {

Time At(const char* utc) {
  const absl::StatusOr<Time> time = ParseTime(utc);
  REQUIRE(time.ok());
  return *time;
}

Session SessionOf(int32_t number) {
  const std::optional<Session> session = Calendar::Nyse().SessionOn(*DateFromNumber(number));
  INFO(number);
  REQUIRE(session);
  return *session;
}

bool IsSession(int32_t number) {
  return Calendar::Nyse().SessionOn(*DateFromNumber(number)).has_value();
}

SessionMoment MomentAt(const char* utc) {
  const std::optional<SessionMoment> moment = Calendar::Nyse().SessionAt(At(utc));
  INFO(utc);
  REQUIRE(moment);
  return *moment;
}

}  // namespace

TEST_CASE("calendar: a session's hours in UTC follow New York's clock", "[calendar]") {
  const Session summer = SessionOf(20250502);
  CHECK(summer.pre_market_open == At("2025-05-02T08:00:00Z"));
  CHECK(summer.regular_open == At("2025-05-02T13:30:00Z"));
  CHECK(summer.regular_close == At("2025-05-02T20:00:00Z"));
  CHECK(summer.after_hours_close == At("2025-05-03T00:00:00Z"));
  CHECK_FALSE(summer.early_close);
  CHECK(SessionOf(20250106).regular_open == At("2025-01-06T14:30:00Z"));
  // Three weeks of March are daylight time since 2007 only.
  CHECK(SessionOf(20060320).regular_open == At("2006-03-20T14:30:00Z"));
  CHECK(SessionOf(20070320).regular_open == At("2007-03-20T13:30:00Z"));
}

TEST_CASE("calendar: an early close ends regular trading at 13:00 and after-hours at 17:00", "[calendar]") {
  const Session session = SessionOf(20241129);
  CHECK(session.early_close);
  CHECK(session.regular_close == At("2024-11-29T18:00:00Z"));
  CHECK(session.after_hours_close == At("2024-11-29T22:00:00Z"));
  CHECK(session.PhaseAt(At("2024-11-29T17:59:59.999999999Z")) == SessionPhase::kRegular);
  CHECK(session.PhaseAt(At("2024-11-29T18:00:00Z")) == SessionPhase::kAfterHours);
  CHECK(session.PhaseAt(At("2024-11-29T22:00:00Z")) == SessionPhase::kClosed);
}

TEST_CASE("calendar: weekends, holidays and unplanned closings have no session", "[calendar]") {
  CHECK_FALSE(IsSession(20250503));
  CHECK_FALSE(IsSession(20250504));
  CHECK_FALSE(IsSession(20250704));
  CHECK_FALSE(IsSession(20250109));  // day of mourning
  CHECK_FALSE(IsSession(20010911));
  CHECK_FALSE(IsSession(20121029));  // hurricane
  CHECK_FALSE(IsSession(20220620));  // Juneteenth, observed
  CHECK(IsSession(20210618));        // not a closing before 2022
  CHECK(IsSession(20101231));        // a New Year's Day on Saturday is not made up for
  CHECK(IsSession(20250505));
}

TEST_CASE("calendar: a moment's phase changes at each edge, and what is closed names the next session", "[calendar]") {
  CHECK(MomentAt("2025-05-02T07:59:59.999999999Z").phase == SessionPhase::kClosed);
  CHECK(DateNumber(MomentAt("2025-05-02T07:59:59.999999999Z").session.trading_day) == 20250502);
  CHECK(MomentAt("2025-05-02T08:00:00Z").phase == SessionPhase::kPreMarket);
  CHECK(MomentAt("2025-05-02T13:29:59.999999999Z").phase == SessionPhase::kPreMarket);
  CHECK(MomentAt("2025-05-02T13:30:00Z").phase == SessionPhase::kRegular);
  CHECK(MomentAt("2025-05-02T19:59:59.999999999Z").phase == SessionPhase::kRegular);
  CHECK(MomentAt("2025-05-02T20:00:00Z").phase == SessionPhase::kAfterHours);
  CHECK(MomentAt("2025-05-02T23:59:59.999999999Z").phase == SessionPhase::kAfterHours);
  CHECK(MomentAt("2025-05-03T00:00:00Z").phase == SessionPhase::kClosed);
  CHECK(DateNumber(MomentAt("2025-05-03T00:00:00Z").session.trading_day) == 20250505);  // Friday night -> Monday
  CHECK(DateNumber(MomentAt("2025-07-04T15:00:00Z").session.trading_day) == 20250707);
}

TEST_CASE("calendar: sessions follow one another without overlap over all years", "[calendar]") {
  int sessions = 0;
  std::optional<Session> session = Calendar::Nyse().NextSession(*DateFromNumber(19971231));
  REQUIRE(session);
  CHECK(DateNumber(session->trading_day) == 19980102);
  Session last = *session;
  for (; session; ++sessions) {
    last = *session;
    if (const auto moment = Calendar::Nyse().SessionAt(session->regular_close - Duration(1));
        !moment || moment->session != *session || moment->phase != SessionPhase::kRegular) {
      FAIL("the last moment of " << FormatDate(session->trading_day));
    }
    const std::optional<Session> next = Calendar::Nyse().NextSession(session->trading_day);
    if (next && next->pre_market_open <= session->after_hours_close) FAIL(FormatDate(next->trading_day));
    session = next;
  }
  CHECK(DateNumber(last.trading_day) == 20281229);
  CHECK(sessions == 7796);  // 8087 weekdays without the 291 closings
}

TEST_CASE("calendar: outside the covered years the answer is none, not a guess", "[calendar]") {
  const Calendar& nyse = Calendar::Nyse();
  CHECK_FALSE(nyse.Covers(*DateFromNumber(19971231)));
  CHECK_FALSE(nyse.SessionOn(*DateFromNumber(19971231)));
  CHECK_FALSE(nyse.SessionOn(*DateFromNumber(20290102)));
  CHECK(nyse.Covers(*DateFromNumber(20281231)));
  CHECK_FALSE(nyse.SessionAt(At("2030-05-02T15:00:00Z")));
  CHECK_FALSE(nyse.SessionAt(At("2028-12-30T12:00:00Z")));  // the next session is not known
  CHECK_FALSE(nyse.NextSession(*DateFromNumber(20281229)));
}

}  // namespace spillway::calendar
