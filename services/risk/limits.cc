#include "services/risk/limits.h"

#include <cmath>

#include "fmt/format.h"
#include "spillway/v1/profile.pb.h"

namespace spillway::risk {
namespace {

// "09:30" -> 570. 24:00 is the end of the day.
absl::StatusOr<int32_t> MinuteOf(const std::string& text) {
  const auto digit = [&](size_t i) { return text[i] >= '0' && text[i] <= '9'; };
  if (text.size() == 5 && text[2] == ':' && digit(0) && digit(1) && digit(3) && digit(4)) {
    const int32_t hour = (text[0] - '0') * 10 + (text[1] - '0');
    const int32_t minute = (text[3] - '0') * 10 + (text[4] - '0');
    if (minute < 60 && hour * 60 + minute <= 24 * 60) return hour * 60 + minute;
  }
  return absl::InvalidArgumentError(
      fmt::format("schedule.windows: '{}' is no time of day; write HH:MM from 00:00 to 24:00", text));
}

absl::StatusOr<WindowMode> ModeOf(v1::WindowMode mode) {
  switch (mode) {
    case v1::WINDOW_MODE_FULL:
      return WindowMode::kFull;
    case v1::WINDOW_MODE_STRICT:
      return WindowMode::kStrict;
    case v1::WINDOW_MODE_MONITOR:
      return WindowMode::kMonitor;
    case v1::WINDOW_MODE_CLOSED:
      return WindowMode::kClosed;
    default:
      return absl::InvalidArgumentError(
          "schedule.windows: a window has no mode; write full, strict, monitor or closed");
  }
}

absl::StatusOr<ScheduleLimits> ScheduleOf(const v1::Schedule& schedule) {
  ScheduleLimits limits;
  limits.always_open = schedule.always_open();
  limits.shift_on_early_close = schedule.shift_on_early_close();
  if (schedule.has_low_confidence_points()) limits.low_confidence_points = schedule.low_confidence_points();
  if (schedule.has_low_confidence_size()) limits.low_confidence_size = MillionthsOf(schedule.low_confidence_size());
  for (const v1::Window& window : schedule.windows()) {
    const absl::StatusOr<int32_t> start = MinuteOf(window.start());
    if (!start.ok()) return start.status();
    const absl::StatusOr<int32_t> end = MinuteOf(window.end());
    if (!end.ok()) return end.status();
    if (*end <= *start) {
      return absl::InvalidArgumentError(fmt::format(
          "schedule.windows: {}-{} ends before it starts; split a window at midnight", window.start(), window.end()));
    }
    const absl::StatusOr<WindowMode> mode = ModeOf(window.mode());
    if (!mode.ok()) return mode.status();
    limits.windows.push_back({*start, *end, *mode, std::nullopt});
    if (window.has_alerts_max()) limits.windows.back().alerts_max = window.alerts_max();
  }
  return limits;
}

ThrottleLimits ThrottleOf(const v1::Throttle& throttle) {
  ThrottleLimits limits;
  limits.same_ticker = Duration(throttle.same_ticker_ns());
  if (throttle.has_alerts_per_hour()) limits.alerts_per_hour = throttle.alerts_per_hour();
  limits.throttle_on_exceed = throttle.on_exceed() == v1::ON_EXCEED_THROTTLE;
  if (throttle.has_exceed_interval_ns()) limits.exceed_interval = Duration(throttle.exceed_interval_ns());
  if (throttle.has_alerts_per_minute_hard()) limits.alerts_per_minute_hard = throttle.alerts_per_minute_hard();
  return limits;
}

HaltLimits HaltsOf(const v1::Throttle& throttle) {
  HaltLimits limits;
  limits.halt_global = throttle.halt_scope() == v1::HALT_SCOPE_GLOBAL;
  limits.news_global = throttle.news_scope() == v1::HALT_SCOPE_GLOBAL;
  if (throttle.has_auto_resume_after_ns()) limits.auto_resume_after = Duration(throttle.auto_resume_after_ns());
  limits.price_move = MillionthsOf(throttle.price_move_percent() / 100);
  if (throttle.has_price_move_window_ns()) limits.price_move_window = Duration(throttle.price_move_window_ns());
  return limits;
}

absl::StatusOr<SizingLimits> SizingOf(const v1::Sizing& sizing) {
  if (sizing.equity_e8() <= 0) {
    return absl::InvalidArgumentError(
        fmt::format("sizing.equity: {} is not above 0; give the account's equity", sizing.equity_e8()));
  }
  if (!(sizing.risk_percent() > 0 && sizing.risk_percent() <= 100)) {
    return absl::InvalidArgumentError(fmt::format("sizing.risk_percent: {} is not in (0, 100]", sizing.risk_percent()));
  }
  SizingLimits limits;
  limits.equity = Money::FromE8(sizing.equity_e8());
  limits.risk = MillionthsOf(sizing.risk_percent() / 100);
  if (sizing.has_shares_max_e8()) limits.shares_max = Quantity::FromE8(sizing.shares_max_e8());
  if (sizing.has_notional_max_e8()) limits.notional_max = Money::FromE8(sizing.notional_max_e8());
  if (sizing.has_liquidity_fraction()) limits.liquidity = MillionthsOf(sizing.liquidity_fraction());
  return limits;
}

Route RouteOf(v1::ExecutionMode mode) {
  switch (mode) {
    case v1::EXECUTION_MODE_CONFIRM:
      return Route::kConfirm;
    case v1::EXECUTION_MODE_AUTO:
      return Route::kAuto;
    default:
      return Route::kAlert;
  }
}

}  // namespace

Millionths MillionthsOf(double fraction) {
  return {static_cast<int64_t>(std::llround(fraction * 1e6))};
}

absl::StatusOr<RiskLimits> LimitsOf(std::string_view document) {
  v1::Profile profile;
  if (!profile.ParseFromArray(document.data(), static_cast<int>(document.size()))) {
    return absl::InvalidArgumentError(
        fmt::format("configuration document of {} bytes is no spillway.v1.Profile", document.size()));
  }
  absl::StatusOr<ScheduleLimits> schedule = ScheduleOf(profile.schedule());
  if (!schedule.ok()) return schedule.status();
  absl::StatusOr<SizingLimits> sizing = SizingOf(profile.sizing());
  if (!sizing.ok()) return sizing.status();
  return RiskLimits{.schedule = *std::move(schedule),
                    .throttle = ThrottleOf(profile.throttle()),
                    .halts = HaltsOf(profile.throttle()),
                    .sizing = *sizing,
                    .route = RouteOf(profile.execution_mode())};
}

}  // namespace spillway::risk
