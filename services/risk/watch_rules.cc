#include "services/risk/watch_rules.h"

namespace spillway::risk {
namespace {

std::optional<Refusal> Paused(RefusalRule rule, const std::optional<Duration>& left) {
  if (!left) return std::nullopt;
  return Refusal{rule, static_cast<double>(left->count()) / 1e9, 0, "s"};
}

}  // namespace

std::optional<Refusal> KillSwitchActive(const Case& c) {
  if (!c.watch->kill().active()) return std::nullopt;
  return Refusal{RefusalRule::kKillSwitch, 1, 0, "active", c.watch->kill().Causes()};
}

std::optional<Refusal> NotArmed(const Case& c) {
  const Arming& arming = c.watch->arming();
  if (!arming.required() || arming.armed()) return std::nullopt;
  return Refusal{RefusalRule::kNotArmed, 0, 1, "armed", arming.account()};
}

std::optional<Refusal> SymbolPaused(const Case& c) {
  const std::optional<SymbolPauses::Cause> cause = c.watch->symbols().Of(c.instrument);
  if (!cause) return std::nullopt;
  return Refusal{RefusalRule::kSymbolPaused, 1, 0, "pauses", std::string(SymbolPauseName(*cause))};
}

std::optional<Refusal> AccountDayLoss(const Case& c) {
  const DailyLoss& day = c.watch->daily_loss();
  if (day.step() == LossStep::kNone) return std::nullopt;
  const Money limit = day.Limit(day.step(), c.account_profile->daily_loss).value_or(Money());
  return Refusal{RefusalRule::kAccountDayLoss, day.loss().ToDouble(), limit.ToDouble(), "USD",
                 day.step() == LossStep::kFlatten ? "flatten" : "no_new_entries"};
}

std::optional<Refusal> AccountDrawdown(const Case& c) {
  const DrawdownLimits* limit = c.watch->drawdowns().Flattens(c.account_profile->drawdowns);
  if (limit == nullptr) return std::nullopt;
  const Millionths seen = c.watch->drawdowns().SinceReview(limit->horizon);
  return Refusal{RefusalRule::kAccountDrawdown, static_cast<double>(seen.value) / 10'000,
                 static_cast<double>(limit->flatten->value) / 10'000, "%",
                 std::string(DrawdownHorizonName(limit->horizon))};
}

std::optional<Refusal> SlippageAnomaly(const Case& c) {
  return Paused(RefusalRule::kSlippageAnomaly, c.watch->slippage_pause());
}

std::optional<Refusal> LatencyAnomaly(const Case& c) {
  return Paused(RefusalRule::kLatencyAnomaly, c.watch->latency_pause());
}

}  // namespace spillway::risk
