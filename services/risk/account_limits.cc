#include "services/risk/account_limits.h"

#include <algorithm>

#include "fmt/format.h"
#include "libs/base/int128.h"

namespace spillway::risk {
namespace {

constexpr int64_t kMillion = 1'000'000;

Money Part(Money money, Millionths part) {
  return Money::FromE8(static_cast<int64_t>(static_cast<Int128>(money.e8()) * part.value / kMillion));
}
double Percent(Millionths part) {
  return static_cast<double>(part.value) / 10'000;
}
bool Degraded(const Instance& instance) {
  const std::optional<AccountLimits>& limits = instance.limits.account;
  return limits && limits->month_drawdown && limits->degraded_risk &&
         instance.account.MonthDrawdown() > *limits->month_drawdown;
}

}  // namespace

const StageLimits* StageOf(const Instance& instance) {
  const std::vector<StageLimits>& stages = instance.limits.stages;
  if (stages.empty()) return nullptr;
  const auto stage =
      std::find_if(stages.begin(), stages.end(), [&](const auto& s) { return s.name == instance.account.stage(); });
  return stage == stages.end() ? &stages.front() : &*stage;
}

Money SizingEquity(const Instance& instance) {
  const std::optional<AccountLimits>& limits = instance.limits.account;
  if (!limits) return instance.limits.sizing.equity;
  const Money equity = instance.account.Equity();
  return limits->sizing_ceiling ? std::min(equity, *limits->sizing_ceiling) : equity;
}

Millionths RiskInForce(const Instance& instance) {
  const Millionths risk = instance.limits.sizing.risk;
  if (!Degraded(instance)) return risk;
  return {std::min(risk.value, instance.limits.account->degraded_risk->value)};
}

std::optional<Money> SpendableCash(const Instance& instance) {
  const std::optional<AccountLimits>& limits = instance.limits.account;
  if (!limits || limits->type == AccountType::kMargin) return std::nullopt;
  const PaperAccount& account = instance.account;
  return (limits->type == AccountType::kCash ? account.SettledCash() : account.Cash()) - account.Reserved();
}

std::optional<Money> DayDrawdownMax(const Instance& instance) {
  const std::optional<AccountLimits>& limits = instance.limits.account;
  if (!limits) return std::nullopt;
  std::optional<Money> limit = limits->day_drawdown_max;
  if (limits->day_drawdown_max_fraction) {
    const Money part = Part(instance.account.day_start(), *limits->day_drawdown_max_fraction);
    if (!limit || part < *limit) limit = part;
  }
  return limit;
}

std::vector<std::string> AccountWarnings(const Instance& instance) {
  std::vector<std::string> warnings;
  const std::optional<AccountLimits>& limits = instance.limits.account;
  if (!limits) return warnings;
  const PaperAccount& account = instance.account;
  const Money equity = account.Equity();
  if (limits->sizing_ceiling && equity > *limits->sizing_ceiling) {
    warnings.push_back(fmt::format("equity {} is above the ceiling {}: sized on the ceiling; withdraw what is above",
                                   equity.ToString(), limits->sizing_ceiling->ToString()));
  }
  if (Degraded(instance)) {
    warnings.push_back(fmt::format("drawdown {} of the month is beyond {}: {:g}% a trade at risk",
                                   account.MonthDrawdown().ToString(), limits->month_drawdown->ToString(),
                                   Percent(RiskInForce(instance))));
  }
  const Money start = account.day_start();
  if (limits->equity_min && start < *limits->equity_min) {
    warnings.push_back(fmt::format("the day began with {}, below {}: no entries today", start.ToString(),
                                   limits->equity_min->ToString()));
  }
  if (limits->equity_max && start > *limits->equity_max) {
    warnings.push_back(fmt::format("the day began with {}, above {}: no entries today", start.ToString(),
                                   limits->equity_max->ToString()));
  }
  if (account.stage_aborted()) {
    const StageLimits* stage = StageOf(instance);
    warnings.push_back(
        fmt::format("stage {} was given up after {} trades: no entries; a new version of the "
                    "profile begins anew",
                    stage == nullptr ? "" : stage->name, account.stage_record().trades));
  }
  return warnings;
}

AccountSnapshot SnapshotOf(const Instance& instance) {
  AccountSnapshot snapshot = instance.account.Snapshot();
  snapshot.risk_percent = Percent(RiskInForce(instance));
  const StageLimits* stage = StageOf(instance);
  snapshot.stage = stage == nullptr ? "" : stage->name;
  snapshot.warnings = AccountWarnings(instance);
  return snapshot;
}

}  // namespace spillway::risk
