#include "services/risk/rules.h"

#include <array>
#include <chrono>

#include "services/risk/account_limits.h"
#include "services/risk/account_rules.h"

namespace spillway::risk {
namespace {

using Verdict = std::optional<Refusal>;

double Seconds(Duration duration) {
  return static_cast<double>(duration.count()) / 1e9;
}

Verdict TooMany(RefusalRule rule, uint32_t seen, uint32_t limit, std::string_view unit) {
  if (seen < limit) return std::nullopt;
  return Refusal{rule, static_cast<double>(seen), static_cast<double>(limit), unit};
}

// ---- what risk must know, and what an intent must say

Verdict ProfileUnknown(const Case& c) {
  if (c.instance != nullptr && c.instance->mode != InstanceMode::kRetired) return std::nullopt;
  return Refusal{RefusalRule::kProfileUnknown, 0, 1, "profiles"};
}

Verdict InstrumentUnknown(const Case& c) {
  if (c.terms != nullptr) return std::nullopt;
  return Refusal{RefusalRule::kInstrumentUnknown, static_cast<double>(c.instrument), 0, "instrument"};
}

Verdict SideUnspecified(const Case& c) {
  if (c.intent.side == Side::kBid || c.intent.side == Side::kAsk) return std::nullopt;
  return Refusal{RefusalRule::kSideUnspecified, static_cast<double>(c.intent.side), 0, "side"};
}

Verdict ShortSideOff(const Case& c) {
  if (c.intent.side != Side::kAsk) return std::nullopt;
  if (!c.limits().short_side) return Refusal{RefusalRule::kShortSideOff, 1, 0, "short"};
  const bool cash = c.limits().account && c.limits().account->type != AccountType::kMargin;
  if (!cash) return std::nullopt;
  return Refusal{RefusalRule::kShortSideOff, 1, 0, "short", "account without margin"};
}

Verdict StopInvalid(const Case& c) {
  const Price entry = c.intent.entry;
  const Price stop = c.intent.stop;
  const bool behind = c.intent.side == Side::kBid ? stop < entry : stop > entry;
  if (behind && stop > Price() && entry > Price()) return std::nullopt;
  return Refusal{RefusalRule::kStopInvalid, stop.ToDouble(), entry.ToDouble(), "USD"};
}

// ---- the clock

Verdict NoSession(const Case& c) {
  if (c.limits().schedule.always_open || c.minute) return std::nullopt;
  return Refusal{RefusalRule::kNoSession, 0, 1, "sessions"};
}

Verdict ScheduleClosed(const Case& c) {
  if (c.window().mode != WindowMode::kClosed) return std::nullopt;
  return Refusal{RefusalRule::kScheduleClosed, static_cast<double>(c.minute.value_or(0)), 0, "minute"};
}

Verdict ScheduleMonitor(const Case& c) {
  if (c.window().mode != WindowMode::kMonitor) return std::nullopt;
  return Refusal{RefusalRule::kScheduleMonitor, static_cast<double>(c.minute.value_or(0)), 0, "minute"};
}

Verdict WindowNeedsProfit(const Case& c) {
  const WindowAt window = c.window();
  if (!window.needs_profit || !c.midnight) return std::nullopt;
  const Money profit = c.account().ClosedProfitBefore(*c.midnight + std::chrono::minutes(window.start));
  if (profit > Money()) return std::nullopt;
  return Refusal{RefusalRule::kWindowNeedsProfit, profit.ToDouble(), 0, "USD"};
}

// ---- the account

Verdict AccountRange(const Case& c) {
  const std::optional<AccountLimits>& limits = c.limits().account;
  if (!limits) return std::nullopt;
  const Money start = c.account().day_start();
  if (limits->equity_min && start < *limits->equity_min) {
    return Refusal{RefusalRule::kAccountRange, start.ToDouble(), limits->equity_min->ToDouble(), "USD", "equity_min"};
  }
  if (limits->equity_max && start > *limits->equity_max) {
    return Refusal{RefusalRule::kAccountRange, start.ToDouble(), limits->equity_max->ToDouble(), "USD", "equity_max"};
  }
  return std::nullopt;
}

Verdict Compliance(const Case& c) {
  for (const ComplianceLimits& rule : c.limits().compliance) {
    if (c.trading_day < rule.from || c.trading_day > rule.to) continue;
    const Money equity = c.account().Equity();
    if (equity >= rule.amount) continue;
    if (rule.kind == ComplianceLimits::Kind::kMinimumEquity) {
      return Refusal{RefusalRule::kCompliance, equity.ToDouble(), rule.amount.ToDouble(), "USD", rule.id};
    }
    const int32_t first = TradingDayBefore(c.trading_day, rule.sessions - 1, c.limits().schedule.always_open);
    const uint32_t seen = c.account().DayTradesSince(first);
    if (seen < rule.count) continue;
    return Refusal{RefusalRule::kCompliance, static_cast<double>(seen), static_cast<double>(rule.count), "day trades",
                   rule.id};
  }
  return std::nullopt;
}

Verdict StageAborted(const Case& c) {
  const StageLimits* stage = StageOf(*c.instance);
  if (stage == nullptr || !c.account().stage_aborted()) return std::nullopt;
  const SetupRecord& record = c.account().stage_record();
  const double rate =
      record.trades == 0 ? 0 : 100 * static_cast<double>(record.wins) / static_cast<double>(record.trades);
  const double limit = stage->abort_win_rate ? static_cast<double>(stage->abort_win_rate->value) / 10'000 : 0;
  return Refusal{RefusalRule::kStageAborted, rate, limit, "%", stage->name};
}

// Both hold for the day once they were reached; what is beyond the limit now counts as well, whenever that was set.
Verdict DayDrawdown(const Case& c) {
  const std::optional<Money> limit = DayDrawdownMax(*c.instance);
  const bool beyond = limit && c.account().DayDrawdown() >= *limit;
  if (!beyond && !c.instance->pauses.contains({PauseCause::kDayDrawdown, 0})) return std::nullopt;
  return Refusal{RefusalRule::kDayDrawdown, c.account().DayDrawdown().ToDouble(), limit.value_or(Money()).ToDouble(),
                 "USD"};
}

Verdict DayLoss(const Case& c) {
  const std::optional<Money> limit = c.limits().account ? c.limits().account->day_loss_stop : std::nullopt;
  const bool beyond = limit && c.account().DayProfit() < -*limit;
  if (!beyond && !c.instance->pauses.contains({PauseCause::kDayLoss, 0})) return std::nullopt;
  return Refusal{RefusalRule::kDayLoss, c.account().DayProfit().ToDouble(), (-limit.value_or(Money())).ToDouble(),
                 "USD"};
}

Verdict Losses(const Case& c) {
  if (!c.instance->pauses.contains({PauseCause::kLosses, 0})) return std::nullopt;
  const std::optional<AccountLimits>& limits = c.limits().account;
  const uint32_t seen = limits ? c.account().LossesWithin(limits->losses_window, c.now) : 0;
  return Refusal{RefusalRule::kLosses, static_cast<double>(seen),
                 static_cast<double>(limits ? limits->losses_max.value_or(0) : 0), "losses"};
}

Verdict WeekTarget(const Case& c) {
  const std::optional<AccountLimits>& limits = c.limits().account;
  if (!limits || !limits->week_target || c.account().week_profit() < *limits->week_target) return std::nullopt;
  return Refusal{RefusalRule::kWeekTarget, c.account().week_profit().ToDouble(), limits->week_target->ToDouble(),
                 "USD"};
}

// ---- the market

Verdict FeedSuspended(const Case& c) {
  if (c.feeds.known == 0) return Refusal{RefusalRule::kFeedSuspended, 0, 1, "feeds up"};
  if (c.feeds.not_up == 0) return std::nullopt;
  return Refusal{RefusalRule::kFeedSuspended, static_cast<double>(c.feeds.known - c.feeds.not_up),
                 static_cast<double>(c.feeds.known), "feeds up"};
}

// Seen: seconds until the pause ends, 0 while its cause lasts.
Verdict PausedFor(const Case& c, RefusalRule rule, InstrumentId instrument) {
  for (const PauseCause cause : {PauseCause::kHalt, PauseCause::kNews, PauseCause::kPriceMove}) {
    const auto pause = c.instance->pauses.find({cause, instrument});
    if (pause == c.instance->pauses.end()) continue;
    const Duration left = pause->second.until ? *pause->second.until - c.now : Duration(0);
    return Refusal{rule, Seconds(left), 0, "s"};
  }
  return std::nullopt;
}
Verdict GlobalHalt(const Case& c) {
  return PausedFor(c, RefusalRule::kGlobalHalt, 0);
}
Verdict SymbolHalt(const Case& c) {
  return PausedFor(c, RefusalRule::kSymbolHalt, c.instrument);
}

Verdict NoFreshMark(const Case& c) {
  if (c.mark == nullptr) return Refusal{RefusalRule::kNoFreshMark, 0, 1, "marks"};
  if (c.mark->book == 0) return std::nullopt;
  return Refusal{RefusalRule::kNoFreshMark, static_cast<double>(c.mark->book), 0, "book"};
}

// ---- the intent's worth

Verdict LowConfidenceScore(const Case& c) {
  if (!c.low_confidence()) return std::nullopt;
  const double limit = c.intent.threshold + c.limits().schedule.low_confidence_points;
  if (c.intent.score >= limit) return std::nullopt;
  return Refusal{RefusalRule::kLowConfidenceScore, c.intent.score, limit, "points"};
}

Verdict SettledCash(const Case& c) {
  const Size size = ProfileSize(c);
  if (size.quantity > Quantity() || size.binding_cap != SizeCap::kSettledCash) return std::nullopt;
  const Money unit = Notional(*c.terms, c.intent.entry, Quantity::Units(1));
  return Refusal{RefusalRule::kSettledCash, SpendableCash(*c.instance).value_or(Money()).ToDouble(), unit.ToDouble(),
                 "USD"};
}

// Of orders the account's rules name what left no room.
Verdict SizeZero(const Case& c) {
  if (ProfileSize(c).quantity > Quantity()) return std::nullopt;
  return Refusal{RefusalRule::kSizeZero, 0, 1, "units"};
}

// ---- throttles, last: only what would have been an alert counts as one too many

Verdict SameTickerCooldown(const Case& c) {
  const auto last = c.instance->last_alert.find(c.instrument);
  if (last == c.instance->last_alert.end()) return std::nullopt;
  const Duration cooldown = c.limits().throttle.same_ticker;
  const Duration since = c.now - last->second;
  if (since >= cooldown) return std::nullopt;
  return Refusal{RefusalRule::kSameTickerCooldown, Seconds(since), Seconds(cooldown), "s"};
}

Verdict TradesPerDay(const Case& c) {
  const std::optional<AccountLimits>& limits = c.limits().account;
  if (!limits || !limits->trades_per_day) return std::nullopt;
  return TooMany(RefusalRule::kTradesPerDay, c.account().TradesToday(), *limits->trades_per_day, "trades");
}

Verdict TradesPerWindow(const Case& c) {
  const WindowAt window = c.window();
  if (!window.index || !window.trades_max) return std::nullopt;
  return TooMany(RefusalRule::kTradesPerWindow, c.account().TradesInWindow(*window.index), *window.trades_max,
                 "trades");
}

Verdict AfterCancel(const Case& c) {
  const Duration wait = c.limits().scarcity.after_cancel;
  if (!c.instance->last_cancel || c.now - *c.instance->last_cancel >= wait) return std::nullopt;
  return Refusal{RefusalRule::kAfterCancel, Seconds(c.now - *c.instance->last_cancel), Seconds(wait), "s"};
}

Verdict Cooldown(const Case& c) {
  const Duration cooldown = c.limits().scarcity.cooldown;
  if (cooldown <= Duration::zero() || c.instance->last_alert.empty()) return std::nullopt;
  Time last = c.instance->last_alert.begin()->second;
  for (const auto& [instrument, alert] : c.instance->last_alert) last = std::max(last, alert);
  if (c.now - last >= cooldown) return std::nullopt;
  return Refusal{RefusalRule::kCooldown, Seconds(c.now - last), Seconds(cooldown), "s"};
}

Verdict AlertsPerSymbolDay(const Case& c) {
  const std::optional<uint32_t> limit = c.limits().scarcity.alerts_per_symbol_day;
  if (!limit) return std::nullopt;
  return TooMany(RefusalRule::kAlertsPerSymbolDay, c.instance->AlertsOfSymbol(c.trading_day, c.instrument), *limit,
                 "alerts");
}

Verdict AlertsPerDay(const Case& c) {
  const std::optional<uint32_t> limit = c.limits().scarcity.alerts_per_day;
  if (!limit) return std::nullopt;
  return TooMany(RefusalRule::kAlertsPerDay, c.instance->AlertsOn(c.trading_day), *limit, "alerts");
}

Verdict AlertsPerHour(const Case& c) {
  const ThrottleLimits& throttle = c.limits().throttle;
  if (!throttle.alerts_per_hour) return std::nullopt;
  const uint32_t seen = c.instance->AlertsWithin(kRateWindow, c.now);
  const bool exceeded = seen >= *throttle.alerts_per_hour;
  if (throttle.throttle_on_exceed) {
    if (!exceeded) return std::nullopt;
    const Duration since = c.now - c.instance->alerts.back();
    if (since >= throttle.exceed_interval) return std::nullopt;
    return Refusal{RefusalRule::kAlertsPerHour, Seconds(since), Seconds(throttle.exceed_interval), "s"};
  }
  if (!exceeded && !c.instance->pauses.contains({PauseCause::kAlertsPerHour, 0})) return std::nullopt;
  return Refusal{RefusalRule::kAlertsPerHour, static_cast<double>(seen), static_cast<double>(*throttle.alerts_per_hour),
                 "alerts"};
}

Verdict LowConfidenceLastSlot(const Case& c) {
  if (!c.low_confidence() || !c.limits().throttle.alerts_per_hour) return std::nullopt;
  const uint32_t seen = c.instance->AlertsWithin(kRateWindow, c.now);
  const uint32_t limit = *c.limits().throttle.alerts_per_hour - 1;
  if (seen < limit) return std::nullopt;
  return Refusal{RefusalRule::kLowConfidenceLastSlot, static_cast<double>(seen), static_cast<double>(limit), "alerts"};
}

Verdict AlertsPerWindow(const Case& c) {
  const WindowAt window = c.window();
  if (!window.index || !window.alerts_max) return std::nullopt;
  const uint32_t seen = c.instance->AlertsInWindow(c.trading_day, *window.index);
  if (seen < *window.alerts_max) return std::nullopt;
  return Refusal{RefusalRule::kAlertsPerWindow, static_cast<double>(seen), static_cast<double>(*window.alerts_max),
                 "alerts"};
}

Verdict AlertRateHard(const Case& c) {
  const std::optional<uint32_t> limit = c.limits().throttle.alerts_per_minute_hard;
  if (!limit) return std::nullopt;
  const uint32_t seen = c.instance->AlertsWithin(kHardRateWindow, c.now);
  if (seen < *limit) return std::nullopt;
  return Refusal{RefusalRule::kAlertRateHard, static_cast<double>(seen), static_cast<double>(*limit), "alerts"};
}

constexpr std::array kRules = {
    ProfileUnknown,  InstrumentUnknown, SideUnspecified, ShortSideOff,    StopInvalid,  NoSession,   ScheduleClosed,
    ScheduleMonitor, WindowNeedsProfit, AccountRange,    Compliance,      StageAborted, DayDrawdown, DayLoss,
    Losses,          WeekTarget,        FeedSuspended,   GlobalHalt,      SymbolHalt,   NoFreshMark, LowConfidenceScore,
    SettledCash,     SizeZero,          TradesPerDay,    TradesPerWindow,
};

// Of alerts. The account's own counts above are no throttle: they hold for a confirmation too.
constexpr std::array kThrottles = {
    AfterCancel,  Cooldown,        SameTickerCooldown, AlertsPerSymbolDay,    AlertRateHard,
    AlertsPerDay, AlertsPerWindow, AlertsPerHour,      LowConfidenceLastSlot,
};

}  // namespace

std::optional<Refusal> FirstRefusal(const Case& c) {
  for (const auto rule : kRules) {
    if (Verdict refusal = rule(c)) return refusal;
  }
  for (const auto rule : kThrottles) {
    if (c.confirmed) break;
    if (Verdict refusal = rule(c)) return refusal;
  }
  return c.order ? FirstAccountRefusal(c) : std::nullopt;
}

std::vector<Refusal> AllRefusals(const Case& c) {
  std::vector<Refusal> refusals;
  const auto add = [&](const auto& rules) {
    for (const auto rule : rules) {
      if (Verdict refusal = rule(c)) refusals.push_back(*std::move(refusal));
    }
  };
  add(kRules);
  add(kThrottles);
  return refusals;
}

Price Case::worst_entry() const {
  const CrossLimits& cross = limits().cross;
  Price price = intent.entry;
  if (cross.market && mark != nullptr) price = std::max(price, mark->quote.ask);
  return Price::FromNanos(price.nanos() +
                          static_cast<int64_t>(static_cast<Int128>(price.nanos()) * cross.by.value / 1'000'000));
}

const Size& Case::size() const {
  if (!size_made) size_made = ApprovedSize(*this);
  return *size_made;
}

namespace {

SizingQuestion QuestionOf(const Case& c) {
  SizingQuestion question{.terms = *c.terms,
                          .entry = c.intent.entry,
                          .stop = c.intent.stop,
                          .displayed = std::nullopt,
                          .quantity_max = c.intent.quantity_max};
  if (c.mark != nullptr) question.displayed = c.displayed();
  if (c.low_confidence()) question.scale = c.limits().schedule.low_confidence_size;
  if (const StageLimits* stage = StageOf(*c.instance)) question.stage_max = stage->shares_max;
  question.cash = SpendableCash(*c.instance);
  question.costs = c.limits().trade.costs;
  return question;
}

SizingLimits SizingOf(const Case& c) {
  SizingLimits limits = c.limits().sizing;
  limits.equity = SizingEquity(*c.instance);
  limits.risk = RiskInForce(*c.instance);
  return limits;
}

}  // namespace

Size ProfileSize(const Case& c) {
  return SizeOf(SizingOf(c), QuestionOf(c));
}

Size ApprovedSize(const Case& c) {
  if (!c.order) return ProfileSize(c);
  SizingQuestion question = QuestionOf(c);
  question.stop = StopInForce(c);
  AddAccountCaps(c, question);
  return SizeOf(SizingOf(c), question);
}

}  // namespace spillway::risk
