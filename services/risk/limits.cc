#include "services/risk/limits.h"

#include <cmath>

#include "fmt/format.h"
#include "libs/calendar/date.h"
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
    limits.windows.push_back({.start = *start, .end = *end, .mode = *mode, .alerts_max = std::nullopt});
    ScheduleWindow& added = limits.windows.back();
    if (window.has_alerts_max()) added.alerts_max = window.alerts_max();
    if (window.has_trades_max()) added.trades_max = window.trades_max();
    added.needs_profit = window.needs_profit();
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

ScarcityLimits ScarcityOf(const v1::Scarcity& scarcity) {
  ScarcityLimits limits;
  if (scarcity.has_alerts_per_day()) limits.alerts_per_day = scarcity.alerts_per_day();
  if (scarcity.has_alerts_per_symbol_day()) limits.alerts_per_symbol_day = scarcity.alerts_per_symbol_day();
  limits.cooldown = Duration(scarcity.cooldown_ns());
  limits.after_cancel = Duration(scarcity.after_cancel_ns());
  return limits;
}

std::vector<StageLimits> StagesOf(const v1::Profile& profile) {
  std::vector<StageLimits> stages;
  for (const v1::Stage& stage : profile.stages()) {
    StageLimits& limits = stages.emplace_back(StageLimits{.name = stage.name()});
    if (stage.has_shares_max_e8()) limits.shares_max = Quantity::FromE8(stage.shares_max_e8());
    if (!stage.has_abort_win_rate()) continue;
    limits.abort_win_rate = MillionthsOf(stage.abort_win_rate() / 100);
    limits.abort_after = stage.abort_after();
  }
  return stages;
}

AccountLimits AccountOf(const v1::AccountRules& account) {
  AccountLimits limits;
  if (account.has_equity_min_e8()) limits.equity_min = Money::FromE8(account.equity_min_e8());
  if (account.has_equity_max_e8()) limits.equity_max = Money::FromE8(account.equity_max_e8());
  if (account.has_sizing_ceiling_e8()) limits.sizing_ceiling = Money::FromE8(account.sizing_ceiling_e8());
  if (account.has_day_loss_stop_e8()) limits.day_loss_stop = Money::FromE8(account.day_loss_stop_e8());
  if (account.has_day_drawdown_max_e8()) limits.day_drawdown_max = Money::FromE8(account.day_drawdown_max_e8());
  if (account.has_day_drawdown_max_percent()) {
    limits.day_drawdown_max_fraction = MillionthsOf(account.day_drawdown_max_percent() / 100);
  }
  if (account.has_losses_max()) limits.losses_max = account.losses_max();
  if (account.has_losses_window_ns()) limits.losses_window = Duration(account.losses_window_ns());
  if (account.has_losses_pause_ns()) limits.losses_pause = Duration(account.losses_pause_ns());
  if (account.has_trades_per_day()) limits.trades_per_day = account.trades_per_day();
  if (account.has_week_target_e8()) limits.week_target = Money::FromE8(account.week_target_e8());
  if (account.has_month_drawdown_e8()) limits.month_drawdown = Money::FromE8(account.month_drawdown_e8());
  if (account.has_degraded_risk_percent()) limits.degraded_risk = MillionthsOf(account.degraded_risk_percent() / 100);
  if (account.type() == v1::ACCOUNT_TYPE_CASH) limits.type = AccountType::kCash;
  if (account.type() == v1::ACCOUNT_TYPE_LIMITED_MARGIN) limits.type = AccountType::kLimitedMargin;
  if (account.has_settlement_days()) limits.settlement_days = account.settlement_days();
  return limits;
}

absl::StatusOr<ComplianceLimits> ComplianceOf(const v1::ComplianceRule& rule) {
  ComplianceLimits limits{.id = rule.id(), .amount = Money::FromE8(rule.amount_e8())};
  switch (rule.kind()) {
    case v1::COMPLIANCE_KIND_MINIMUM_EQUITY:
      break;
    case v1::COMPLIANCE_KIND_DAY_TRADES:
      limits.kind = ComplianceLimits::Kind::kDayTrades;
      limits.count = rule.count();
      limits.sessions = rule.has_sessions() ? rule.sessions() : 1;
      break;
    default:
      return absl::InvalidArgumentError(
          fmt::format("compliance: rule '{}' has no kind; write minimum_equity or day_trades", rule.id()));
  }
  const auto day = [&](const std::string& text, int32_t& number) -> absl::Status {
    if (text.empty()) return absl::OkStatus();
    const absl::StatusOr<calendar::Date> date = calendar::ParseDate(text);
    if (!date.ok()) {
      return absl::InvalidArgumentError(
          fmt::format("compliance: rule '{}': '{}' is no day; write YYYY-MM-DD", rule.id(), text));
    }
    number = calendar::DateNumber(*date);
    return absl::OkStatus();
  };
  if (absl::Status status = day(rule.effective_from(), limits.from); !status.ok()) return status;
  if (absl::Status status = day(rule.effective_to(), limits.to); !status.ok()) return status;
  return limits;
}

CrossLimits CrossOf(const v1::ExecutionPolicy& execution) {
  constexpr double kCrossBps = 5;
  if (execution.entry() != v1::ENTRY_ORDER_MARKETABLE_LIMIT && execution.entry() != v1::ENTRY_ORDER_MARKET) return {};
  return {.market = execution.entry() == v1::ENTRY_ORDER_MARKET,
          .by = MillionthsOf((execution.has_cross_bps() ? execution.cross_bps() : kCrossBps) / 1e4)};
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
  RiskLimits limits{.schedule = *std::move(schedule),
                    .throttle = ThrottleOf(profile.throttle()),
                    .halts = HaltsOf(profile.throttle()),
                    .sizing = *sizing,
                    .route = RouteOf(profile.execution_mode()),
                    .short_side = profile.short_side().enabled(),
                    .scarcity = ScarcityOf(profile.scarcity()),
                    .stages = StagesOf(profile)};
  if (profile.has_account()) limits.account = AccountOf(profile.account());
  for (const v1::ComplianceRule& rule : profile.compliance()) {
    absl::StatusOr<ComplianceLimits> read = ComplianceOf(rule);
    if (!read.ok()) return read.status();
    limits.compliance.push_back(*std::move(read));
  }
  limits.trade.costs = costs::CostScheduleOf(profile.costs());
  limits.cross = CrossOf(profile.execution());
  const v1::ExecutionPolicy& execution = profile.execution();
  if (execution.has_confirm_within_ns()) limits.confirm.within = Duration(execution.confirm_within_ns());
  if (execution.has_confirm_price_move_percent()) {
    limits.confirm.price_move = MillionthsOf(execution.confirm_price_move_percent() / 100);
  }
  if (profile.outcome().has_time_stop_ns()) limits.trade.time_stop = Duration(profile.outcome().time_stop_ns());
  return limits;
}

}  // namespace spillway::risk
