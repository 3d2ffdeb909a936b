#include "services/risk/schedule.h"
#include "tests/unit/risk/risk_scenario.h"

namespace spillway::test {
namespace {

std::string First(const std::string& text) {
  const size_t from = text.find(' ') + 1;
  return text.substr(from, text.find(" seen") - from);
}

TEST_CASE(
    "S0-10.2, S0-10.3, S0-10.4, S1-A10.2, S1-A10.3, S1-A10.4, C-17: the classic day: closed, full, monitor, strict, "
    "monitor, closed",
    "[risk]") {
  RiskDay day;
  CHECK(First(day.IntentAt("09:29:59.999")) == "refused SCHEDULE_CLOSED");
  CHECK(First(day.IntentAt("09:30:00", {.instrument = 1})) == "approved 833 cap=risk risk=99.96");
  CHECK(First(day.IntentAt("11:29:59.999", {.instrument = 2})) == "approved 833 cap=risk risk=99.96");
  CHECK(First(day.IntentAt("11:30:00", {.instrument = 3})) == "refused SCHEDULE_MONITOR");
  CHECK(First(day.IntentAt("11:59:59.999", {.instrument = 3})) == "refused SCHEDULE_MONITOR");
  CHECK(First(day.IntentAt("12:00:00", {.instrument = 3})) == "approved 416 cap=risk risk=49.92 low confidence");
  CHECK(First(day.IntentAt("14:00:00", {.instrument = 4})) == "refused SCHEDULE_MONITOR");
  CHECK(First(day.IntentAt("15:44:59.999", {.instrument = 4})) == "refused SCHEDULE_MONITOR");
  CHECK(First(day.IntentAt("15:45:00", {.instrument = 4})) == "refused SCHEDULE_CLOSED");
}

TEST_CASE("risk: in the low-confidence window the threshold is a point higher (FX-18)", "[risk]") {
  RiskDay day;
  CHECK(day.IntentAt("12:30", {.score = 8.49}) ==
        "12:30:00.000 refused LOW_CONFIDENCE_SCORE seen=8.49 limit=8.5 points");
  CHECK(day.IntentAt("12:30", {.score = 8.5}) == "12:30:00.000 approved 416 cap=risk risk=49.92 low confidence");
}

TEST_CASE("risk: a low-confidence alert leaves the hour's last slot (FX-18)", "[risk]") {
  RiskDay day;
  CHECK(First(day.IntentAt("12:00", {.instrument = 1})).starts_with("approved"));
  CHECK(First(day.IntentAt("12:05", {.instrument = 2})).starts_with("approved"));
  CHECK(day.IntentAt("12:10", {.instrument = 3}) ==
        "12:10:00.000 refused LOW_CONFIDENCE_LAST_SLOT seen=2 limit=2 alerts");
  CHECK(First(day.IntentAt("13:00", {.instrument = 3})).starts_with("approved"));
}

TEST_CASE("risk: without a session of this day nothing is approved, unless the market never closes", "[risk]") {
  RiskDay day;
  day.Send(day.lane.At("09:40").Make(SessionState{.trading_day = 20250502,
                                                  .phase = SessionPhase::kClosed,
                                                  .regular_open = std::nullopt,
                                                  .regular_close = std::nullopt}));
  CHECK(day.IntentAt("10:00") == "10:00:00.000 refused NO_SESSION seen=0 limit=1 sessions");
  day.Send(day.lane.Session());
  CHECK(First(day.IntentAt("10:00")).starts_with("approved"));
  day.lane.At(NewYork("10:00") + std::chrono::hours(24));
  CHECK(day.Send(day.lane.Intent({})).find("NO_SESSION") != std::string::npos);

  v1::Profile crypto = ClassicProfile();
  crypto.mutable_schedule()->set_always_open(true);
  day.Send(day.lane.Configure(crypto));
  CHECK(First(day.Send(day.lane.Intent({}))).starts_with("approved"));
}

TEST_CASE("risk: a window's own cap counts per day", "[risk]") {
  v1::Profile profile = ClassicProfile();
  profile.mutable_schedule()->mutable_windows(0)->set_alerts_max(1);
  RiskDay day(profile);
  CHECK(First(day.IntentAt("10:00", {.instrument = 1})).starts_with("approved"));
  CHECK(day.IntentAt("10:30", {.instrument = 2}) == "10:30:00.000 refused ALERTS_PER_WINDOW seen=1 limit=1 alerts");
  const Duration night = std::chrono::hours(24);
  SessionState monday{.trading_day = 20250503,
                      .phase = SessionPhase::kRegular,
                      .regular_open = NewYork("09:30") + night,
                      .regular_close = NewYork("16:00") + night};
  day.lane.At(NewYork("09:00") + night);
  day.Send(day.lane.Make(monday));
  day.lane.At(NewYork("10:00") + night);
  CHECK(First(day.Send(day.lane.Intent({.instrument = 2}))).starts_with("approved"));
}

TEST_CASE("schedule: an early close moves the afternoon ahead, the morning stays", "[risk]") {
  const absl::StatusOr<risk::RiskLimits> limits = risk::LimitsOf(profile::SerializeDeterministic(ClassicProfile()));
  REQUIRE(limits.ok());
  const auto mode = [&](int32_t close, int32_t hour, int32_t minute) {
    return risk::FindWindow(limits->schedule, close, hour * 60 + minute).mode;
  };
  using risk::WindowMode;
  CHECK(mode(16 * 60, 12, 30) == WindowMode::kStrict);
  CHECK(mode(13 * 60, 9, 29) == WindowMode::kClosed);
  CHECK(mode(13 * 60, 9, 30) == WindowMode::kFull);
  CHECK(mode(13 * 60, 11, 29) == WindowMode::kFull);
  CHECK(mode(13 * 60, 11, 30) == WindowMode::kMonitor);
  CHECK(mode(13 * 60, 12, 44) == WindowMode::kMonitor);
  CHECK(mode(13 * 60, 12, 45) == WindowMode::kClosed);
  // A close an hour early leaves room for the low-confidence window.
  CHECK(mode(15 * 60, 11, 30) == WindowMode::kStrict);
  CHECK(mode(15 * 60, 12, 59) == WindowMode::kStrict);
  CHECK(mode(15 * 60, 13, 0) == WindowMode::kMonitor);
  CHECK(mode(15 * 60, 14, 45) == WindowMode::kClosed);
}

TEST_CASE("limits: what is no schedule or no account is an error that says why", "[risk]") {
  const auto error = [](const v1::Profile& profile) {
    return std::string(risk::LimitsOf(profile::SerializeDeterministic(profile)).status().message());
  };
  v1::Profile profile = ClassicProfile();
  CHECK(error(profile).empty());
  profile.mutable_schedule()->mutable_windows(0)->set_end("09:30");
  CHECK(error(profile).find("ends before it starts") != std::string::npos);
  profile.mutable_schedule()->mutable_windows(0)->set_end("24:01");
  CHECK(error(profile).find("'24:01' is no time of day") != std::string::npos);
  profile.mutable_schedule()->mutable_windows(0)->set_end("24:00");
  CHECK(error(profile).empty());
  profile.mutable_sizing()->set_risk_percent(0);
  CHECK(error(profile).find("risk_percent") != std::string::npos);
  CHECK(risk::LimitsOf("\xff\xff\xff").status().code() == absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace spillway::test
