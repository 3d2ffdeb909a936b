#include "services/risk/rule_distances.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "nlohmann/json.hpp"
#include "services/risk/account_limits.h"
#include "services/risk/account_rules.h"
#include "services/risk/watch_rules.h"

namespace spillway::risk {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kSymbolsMax = 32;
constexpr size_t kMatrixMax = 10;
constexpr Millionths kGap{50'000};  // FX-103

double Seconds(Duration duration) {
  return static_cast<double>(duration.count()) / 1e9;
}
double Percent(Millionths fraction) {
  return static_cast<double>(fraction.value) / 10'000;
}

// ---- what a rule sees

struct Gauge {
  std::optional<double> seen, limit;
  std::string_view unit = {};
  bool at_least = false;  // it refuses below the limit, not above
};

Gauge AtMost(double seen, double limit, std::string_view unit) {
  return {seen, limit, unit};
}
Gauge AtLeast(double seen, double limit, std::string_view unit) {
  return {seen, limit, unit, true};
}
Gauge Count(uint32_t seen, const std::optional<uint32_t>& limit, std::string_view unit) {
  Gauge gauge{static_cast<double>(seen), std::nullopt, unit};
  if (limit) gauge.limit = *limit;
  return gauge;
}

bool DependsOnIntent(RefusalRule rule) {
  switch (rule) {
    case RefusalRule::kSideUnspecified:
    case RefusalRule::kShortSideOff:
    case RefusalRule::kStopInvalid:
    case RefusalRule::kLowConfidenceScore:
    case RefusalRule::kDuplicateIntent:
    case RefusalRule::kLiquidityUnknown:
    case RefusalRule::kConfirmExpired:
    case RefusalRule::kConfirmPriceMoved:
    case RefusalRule::kConfirmUnknown:
    case RefusalRule::kConfirmRejected:
      return true;
    default:
      return false;
  }
}

constexpr std::array kWatchRules = {KillSwitchActive, NotArmed,        SymbolPaused,  AccountDayLoss,
                                    AccountDrawdown,  SlippageAnomaly, LatencyAnomaly};
bool IsWatchRule(RefusalRule rule) {
  switch (rule) {
    case RefusalRule::kKillSwitch:
    case RefusalRule::kNotArmed:
    case RefusalRule::kSymbolPaused:
    case RefusalRule::kAccountDayLoss:
    case RefusalRule::kAccountDrawdown:
    case RefusalRule::kSlippageAnomaly:
    case RefusalRule::kLatencyAnomaly:
      return true;
    default:
      return false;
  }
}

Gauge WatchGauge(RefusalRule rule, const Case& c) {
  const AccountWatch& watch = *c.watch;
  const AccountProfile& profile = *c.account_profile;
  switch (rule) {
    case RefusalRule::kAccountDayLoss: {
      const DailyLoss& day = watch.daily_loss();
      std::optional<Money> limit = day.Limit(LossStep::kNoNewEntries, profile.daily_loss);
      if (!limit || day.step() == LossStep::kNoNewEntries) limit = day.Limit(LossStep::kFlatten, profile.daily_loss);
      if (!limit) return {day.loss().ToDouble(), std::nullopt, "USD"};
      return AtMost(day.loss().ToDouble(), limit->ToDouble(), "USD");
    }
    case RefusalRule::kAccountDrawdown: {
      std::optional<Gauge> nearest;
      for (const DrawdownLimits& limit : profile.drawdowns) {
        if (!limit.flatten) continue;
        const Gauge gauge = AtMost(Percent(watch.drawdowns().SinceReview(limit.horizon)), Percent(*limit.flatten), "%");
        if (!nearest || *gauge.limit - *gauge.seen < *nearest->limit - *nearest->seen) nearest = gauge;
      }
      return nearest.value_or(Gauge{});
    }
    case RefusalRule::kSlippageAnomaly:
      if (!profile.anomalies) return {};
      return AtMost(watch.slippage().Beyond(watch.now(), *profile.anomalies), profile.anomalies->slippage_times,
                    "fills");
    case RefusalRule::kLatencyAnomaly: {
      if (!profile.anomalies) return {};
      const std::optional<Duration> seen = watch.latency().Percentile95(*profile.anomalies);
      const double limit = 1e3 * Seconds(watch.latency().Limit(*profile.anomalies));
      if (!seen) return {std::nullopt, limit, "ms"};
      return AtMost(1e3 * Seconds(*seen), limit, "ms");
    }
    default:
      return {};
  }
}

// Needs a case with an instance.
Gauge InstanceGauge(RefusalRule rule, const Case& c) {
  const std::optional<AccountLimits>& account = c.limits().account;
  const ThrottleLimits& throttle = c.limits().throttle;
  const ScarcityLimits& scarcity = c.limits().scarcity;
  switch (rule) {
    case RefusalRule::kAccountRange:
      if (!account || !account->equity_min) return {};
      return AtLeast(c.account().day_start().ToDouble(), account->equity_min->ToDouble(), "USD");
    case RefusalRule::kDayDrawdown: {
      const std::optional<Money> limit = DayDrawdownMax(*c.instance);
      if (!limit) return {c.account().DayDrawdown().ToDouble(), std::nullopt, "USD"};
      return AtMost(c.account().DayDrawdown().ToDouble(), limit->ToDouble(), "USD");
    }
    case RefusalRule::kDayLoss:
      if (!account || !account->day_loss_stop) return {c.account().DayProfit().ToDouble(), std::nullopt, "USD"};
      return AtLeast(c.account().DayProfit().ToDouble(), (-*account->day_loss_stop).ToDouble(), "USD");
    case RefusalRule::kLosses:
      if (!account || !account->losses_max) return {};
      return AtMost(c.account().LossesWithin(account->losses_window, c.now), *account->losses_max, "losses");
    case RefusalRule::kWeekTarget:
      if (!account || !account->week_target) return {c.account().week_profit().ToDouble(), std::nullopt, "USD"};
      return AtMost(c.account().week_profit().ToDouble(), account->week_target->ToDouble(), "USD");
    case RefusalRule::kSettledCash: {
      if (c.terms == nullptr) return {};
      const std::optional<Money> cash = SpendableCash(*c.instance);
      if (!cash) return {};
      return AtLeast(cash->ToDouble(), Notional(*c.terms, c.intent.entry, Quantity::Units(1)).ToDouble(), "USD");
    }
    case RefusalRule::kTradesPerDay:
      return Count(c.account().TradesToday(), account ? account->trades_per_day : std::nullopt, "trades");
    case RefusalRule::kTradesPerWindow:
      if (!c.window().index) return {};
      return Count(c.account().TradesInWindow(*c.window().index), c.window().trades_max, "trades");
    case RefusalRule::kAfterCancel:
      if (!c.instance->last_cancel) return {};
      return AtLeast(Seconds(c.now - *c.instance->last_cancel), Seconds(scarcity.after_cancel), "s");
    case RefusalRule::kCooldown: {
      if (c.instance->last_alert.empty()) return {};
      Time last = c.instance->last_alert.begin()->second;
      for (const auto& [instrument, alert] : c.instance->last_alert) last = std::max(last, alert);
      return AtLeast(Seconds(c.now - last), Seconds(scarcity.cooldown), "s");
    }
    case RefusalRule::kSameTickerCooldown: {
      const auto last = c.instance->last_alert.find(c.instrument);
      if (last == c.instance->last_alert.end()) return {};
      return AtLeast(Seconds(c.now - last->second), Seconds(throttle.same_ticker), "s");
    }
    case RefusalRule::kAlertsPerSymbolDay:
      return Count(c.instance->AlertsOfSymbol(c.trading_day, c.instrument), scarcity.alerts_per_symbol_day, "alerts");
    case RefusalRule::kAlertRateHard:
      return Count(c.instance->AlertsWithin(kHardRateWindow, c.now), throttle.alerts_per_minute_hard, "alerts");
    case RefusalRule::kAlertsPerDay:
      return Count(c.instance->AlertsOn(c.trading_day), scarcity.alerts_per_day, "alerts");
    case RefusalRule::kAlertsPerWindow:
      if (!c.window().index) return {};
      return Count(c.instance->AlertsInWindow(c.trading_day, *c.window().index), c.window().alerts_max, "alerts");
    case RefusalRule::kAlertsPerHour:
      return Count(c.instance->AlertsWithin(kRateWindow, c.now), throttle.alerts_per_hour, "alerts");
    default:
      return {};
  }
}

SizeCap CapOf(RefusalRule rule) {
  switch (rule) {
    case RefusalRule::kPositionNotional:
      return SizeCap::kPositionNotional;
    case RefusalRule::kGrossExposure:
      return SizeCap::kGrossExposure;
    case RefusalRule::kNetExposure:
      return SizeCap::kNetExposure;
    case RefusalRule::kSectorExposure:
      return SizeCap::kSectorExposure;
    case RefusalRule::kBuyingPower:
      return SizeCap::kBuyingPower;
    default:
      return SizeCap::kNone;
  }
}

// Of the account and no symbol: what all of it uses, as it does before any trade.
Gauge TotalGauge(RefusalRule rule, const Case& c) {
  const ExposureLimits& limits = c.account_profile->exposure;
  const Money equity = c.broker->Equity().value_or(Money());
  const auto of = [&](const MoneyLimit& limit, Money used) -> Gauge {
    const std::optional<Money> most = limit.Of(equity);
    if (!most) return {used.ToDouble(), std::nullopt, "USD"};
    return AtMost(used.ToDouble(), most->ToDouble(), "USD");
  };
  switch (rule) {
    case RefusalRule::kGrossExposure:
      return of(limits.gross, c.exposure.gross);
    case RefusalRule::kNetExposure:
      return of(limits.net, std::max(c.exposure.net_long, c.exposure.net_short));
    case RefusalRule::kPositionNotional:
      return of(limits.position, c.exposure.symbol);
    case RefusalRule::kBuyingPower: {
      if (!limits.buying_power || !c.broker->word()) return {};
      const Money power = c.broker->word()->buying_power;
      return AtMost((power - c.broker->BuyingPowerLeft().value_or(Money())).ToDouble(), power.ToDouble(), "USD");
    }
    default:
      return {};
  }
}

// Needs a case of an order, with a profile and the broker's account; and a mark where `of_symbol`.
Gauge AccountGauge(RefusalRule rule, const Case& c, bool of_symbol) {
  const OrderLimits& orders = c.account_profile->orders;
  if (const SizeCap cap = CapOf(rule); cap != SizeCap::kNone) {
    if (!of_symbol) return TotalGauge(rule, c);
    const Room* room = c.size().Of(cap);
    if (room == nullptr) return TotalGauge(rule, c);  // it limits no size
    return AtMost(room->used, room->limit, room->unit);
  }
  switch (rule) {
    case RefusalRule::kOrdersPerMinute:
      return Count(c.broker->OrdersWithin(std::chrono::minutes(1), c.account_now), orders.orders_per_minute, "orders");
    case RefusalRule::kPositions:
      return Count(c.exposure.positions, c.account_profile->exposure.positions, "positions");
    case RefusalRule::kStaleMark: {
      Gauge gauge{Seconds(c.now - c.mark->time), std::nullopt, "s"};
      if (orders.mark_age_max) gauge.limit = Seconds(*orders.mark_age_max);
      return gauge;
    }
    case RefusalRule::kSpreadBps: {
      const Quote& quote = c.mark->quote;
      const double mid = (quote.bid.ToDouble() + quote.ask.ToDouble()) / 2;
      if (!(mid > 0)) return {};
      return {1e4 * (quote.ask - quote.bid).ToDouble() / mid, orders.spread_bps_max, "bps"};
    }
    case RefusalRule::kBookSize: {
      Gauge gauge{c.displayed().ToDouble(), std::nullopt, "shares", true};
      if (orders.book_size_min) gauge.limit = orders.book_size_min->ToDouble();
      return gauge;
    }
    default:
      return {};
  }
}

// Of the account alone: judged without a symbol.
bool IsTotal(RefusalRule rule) {
  switch (rule) {
    case RefusalRule::kPositions:
    case RefusalRule::kGrossExposure:
    case RefusalRule::kNetExposure:
    case RefusalRule::kPositionNotional:
    case RefusalRule::kBuyingPower:
    case RefusalRule::kOrdersPerMinute:
    case RefusalRule::kBrokerDown:
    case RefusalRule::kAccountUnknown:
      return true;
    default:
      return false;
  }
}

// Of the instance alone.
bool IsOfInstance(RefusalRule rule) {
  switch (rule) {
    case RefusalRule::kDayDrawdown:
    case RefusalRule::kDayLoss:
    case RefusalRule::kLosses:
    case RefusalRule::kWeekTarget:
    case RefusalRule::kTradesPerDay:
    case RefusalRule::kTradesPerWindow:
    case RefusalRule::kAlertsPerDay:
    case RefusalRule::kAlertsPerWindow:
    case RefusalRule::kAlertsPerHour:
    case RefusalRule::kAlertRateHard:
    case RefusalRule::kAccountRange:
      return true;
    default:
      return false;
  }
}

// What such a rule would say, from its own number.
bool Exhausted(const Gauge& gauge) {
  return gauge.seen && gauge.limit && !gauge.at_least && *gauge.seen >= *gauge.limit && *gauge.limit > 0;
}

void SetGauge(RuleDistance& distance, const Gauge& gauge) {
  distance.seen = gauge.seen;
  distance.limit = gauge.limit;
  distance.unit = gauge.unit;
  if (!gauge.seen || !gauge.limit || *gauge.limit == 0) return;
  const double left = gauge.at_least ? *gauge.seen - *gauge.limit : *gauge.limit - *gauge.seen;
  distance.distance_percent = std::max(100 * left / std::abs(*gauge.limit), 0.0);
}

// Yes or no: how far it is has no meaning.
bool IsPlain(RefusalRule rule) {
  switch (rule) {
    case RefusalRule::kScheduleClosed:
    case RefusalRule::kScheduleMonitor:
    case RefusalRule::kFeedSuspended:
    case RefusalRule::kSymbolHalt:
    case RefusalRule::kTradingSession:
      return true;
    default:
      return false;
  }
}

void SetRefusal(RuleDistance& distance, const Refusal& refusal) {
  distance.refuses = true;
  distance.seen = refusal.seen;
  distance.limit = refusal.limit;
  if (!IsPlain(distance.rule)) distance.distance_percent = 0;
  distance.unit = refusal.unit;
  distance.detail = refusal.detail;
}

// A long at the ask with a stop 1% below, which no cap of its own limits.
TradeIntent ExampleOf(const Mark* mark) {
  TradeIntent intent;
  intent.entry = mark != nullptr && mark->quote.ask > Price() ? mark->quote.ask : Price::FromNanos(1'000'000'000);
  intent.stop = Price::FromNanos(intent.entry.nanos() / 100 * 99);
  intent.target = Price::FromNanos(intent.entry.nanos() / 100 * 102);
  intent.score = 1e9;
  intent.minute_volume = Quantity::Units(10'000'000);
  return intent;
}

}  // namespace

std::vector<RuleDistance> RiskProcessor::Distances(StrategyInstanceId instance, InstrumentId instrument) const {
  const auto mark = marks_.find(instrument);
  Event event;
  event.header.event_time = now_;
  event.header.instance = instance;
  event.header.instrument = instrument;
  event.body = ExampleOf(mark == marks_.end() ? nullptr : &mark->second);
  Case c = CaseOf(event, std::get<TradeIntent>(event.body));
  AddAccount(c);

  std::map<RefusalRule, Refusal> refusals;
  const auto add = [&](const std::optional<Refusal>& refusal) {
    if (refusal) refusals.emplace(refusal->rule, *refusal);
  };
  const bool of_instance = c.instance != nullptr && c.terms != nullptr;
  const bool of_account = of_instance && c.mark != nullptr && c.account_profile != nullptr && c.listing != nullptr;
  if (c.account_profile != nullptr) {
    for (const auto rule : kWatchRules) add(rule(c));
  } else {
    add(KillSwitchActive(c));
    add(SymbolPaused(c));
    add(Refusal{RefusalRule::kNoRiskProfile, 0, 1, "risk profiles"});
  }
  if (of_instance) {
    for (const Refusal& refusal : AllRefusals(c)) add(refusal);
  } else {
    if (c.instance == nullptr) add(Refusal{RefusalRule::kProfileUnknown, 0, 1, "profiles"});
    if (c.terms == nullptr)
      add(Refusal{RefusalRule::kInstrumentUnknown, static_cast<double>(instrument), 0, "instrument"});
  }
  if (of_account) {
    for (const Refusal& refusal : AllAccountRefusals(c)) add(refusal);
  }

  std::vector<RuleDistance> distances;
  for (auto number = static_cast<uint8_t>(RefusalRule::kScheduleClosed);
       number <= static_cast<uint8_t>(kLastRefusalRule); ++number) {
    RuleDistance& distance = distances.emplace_back();
    distance.rule = static_cast<RefusalRule>(number);
    if (const auto refusal = refusals.find(distance.rule); refusal != refusals.end()) {
      distance.judged = true;
      SetRefusal(distance, refusal->second);
      continue;
    }
    const bool account = distance.rule >= RefusalRule::kNoRiskProfile;
    if (DependsOnIntent(distance.rule)) continue;
    if (IsWatchRule(distance.rule)) {
      distance.judged = true;
      if (c.account_profile != nullptr) SetGauge(distance, WatchGauge(distance.rule, c));
    } else if (account ? of_account : of_instance) {
      distance.judged = true;
      SetGauge(distance, account ? AccountGauge(distance.rule, c, true) : InstanceGauge(distance.rule, c));
    } else if (account ? c.account_profile != nullptr && IsTotal(distance.rule)
                       : c.instance != nullptr && IsOfInstance(distance.rule)) {  // of no symbol yet
      distance.judged = true;
      const Gauge gauge = account ? AccountGauge(distance.rule, c, false) : InstanceGauge(distance.rule, c);
      SetGauge(distance, gauge);
      distance.refuses = (distance.rule == RefusalRule::kBrokerDown && !c.broker->up()) || Exhausted(gauge);
    } else if (distance.rule == RefusalRule::kNoRiskProfile) {
      distance.judged = true;
    }
  }
  return distances;
}

// ---- FX-103

namespace {

Money Loss(const ContractTerms& terms, bool is_long, Price from, Price to, Quantity quantity) {
  const Money profit = costs::GrossProfit(
      terms, {.side = is_long ? Side::kBid : Side::kAsk, .entry = from, .exit = to, .quantity = quantity});
  return profit < Money() ? -profit : profit;
}

WorstCase::Row RowOf(const RiskProcessor& risk, const BrokerAccount::Key& key,
                     const BrokerAccount::Position& position) {
  const bool is_long = position.quantity > Quantity();
  const Quantity held = is_long ? position.quantity : Quantity() - position.quantity;
  const ContractTerms terms = risk.broker().TermsOf(key.instrument);
  WorstCase::Row row{.instrument = key.instrument, .instance = key.instance, .quantity = position.quantity};
  if (const std::optional<Quote> quote = risk.broker().QuoteOf(key.instrument)) {
    row.mark = is_long ? quote->bid : quote->ask;
  }
  row.stop = position.stop;
  const Quantity guarded = position.stop && row.mark ? std::min(position.protected_quantity, held) : Quantity();
  row.unprotected = held - guarded;
  row.worth = row.mark ? WorthOf(terms, *row.mark, held) : position.cost;
  if (const RiskLimits* limits = risk.LimitsOfInstance(key.instance)) {
    row.cost = costs::RoundTripCost(limits->trade.costs, held);
  }
  const Money bare = row.mark ? WorthOf(terms, *row.mark, row.unprotected) : position.cost;
  row.at_stop = row.with_gap = bare;
  if (guarded > Quantity()) {
    const int64_t gap = row.stop->nanos() / 1'000'000 * kGap.value;
    const Price beyond = Price::FromNanos(row.stop->nanos() + (is_long ? -gap : gap));
    row.at_stop = row.at_stop + Loss(terms, is_long, *row.mark, *row.stop, guarded);
    row.with_gap = row.with_gap + Loss(terms, is_long, *row.mark, beyond, guarded);
  }
  return row;
}

}  // namespace

WorstCase WorstCaseOf(const RiskProcessor& risk) {
  WorstCase worst;
  Money largest;
  for (const auto& [key, position] : risk.broker().positions()) {
    if (position.quantity == Quantity()) continue;
    const WorstCase::Row& row = worst.rows.emplace_back(RowOf(risk, key, position));
    worst.at_stops = worst.at_stops + row.at_stop + row.cost;
    worst.with_gap = worst.with_gap + row.with_gap + row.cost;
    if (!worst.largest || row.worth > largest) {
      worst.largest = row.instrument;
      largest = row.worth;
    }
  }
  return worst;
}

// ---- JSON

namespace {

template <class T>
Json OrNull(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}
Json OrNull(const std::optional<Money>& value) {
  return value ? Json(value->ToDouble()) : Json(nullptr);
}
Json OrNull(const std::optional<Price>& value) {
  return value ? Json(value->ToDouble()) : Json(nullptr);
}

Json RulesOf(const std::vector<RuleDistance>& distances) {
  Json rules = Json::array();
  for (const RuleDistance& distance : distances) {
    Json rule = {{"rule", std::string(RefusalRuleName(distance.rule))}, {"refuses", distance.refuses}};
    if (!distance.judged) rule["judged"] = false;
    if (distance.seen) rule["seen"] = *distance.seen;
    if (distance.limit) rule["limit"] = *distance.limit;
    if (!distance.unit.empty()) rule["unit"] = distance.unit;
    if (distance.distance_percent) rule["distance_percent"] = *distance.distance_percent;
    if (!distance.detail.empty()) rule["detail"] = distance.detail;
    rules.push_back(std::move(rule));
  }
  return rules;
}

Json Counter(double seen, double limit, std::string_view unit) {
  return {{"seen", seen}, {"limit", limit}, {"unit", unit}};
}

Json KillOf(const RiskProcessor& risk) {
  const AccountWatch& watch = risk.watch();
  const KillLimits limits = risk.account_profile() ? risk.account_profile()->kill : KillLimits{};
  const KillWatch& seen = watch.kill_watch();
  return {{"active", watch.kill().active()},
          {"flatten", watch.kill().flatten()},
          {"causes", watch.kill().Causes()},
          {"rate_limited", Counter(seen.RateLimited(watch.now(), limits), limits.rate_limited, "reports")},
          {"disconnects", Counter(seen.Disconnects(watch.now(), limits), limits.disconnects, "disconnects")},
          {"rejects", Counter(seen.rejects(), limits.rejects, "in a row")},
          {"mismatch", Counter(Seconds(seen.MismatchAge(watch.now())), Seconds(limits.mismatch), "s")},
          {"clock_skew", Counter(Seconds(seen.clock_skew()), Seconds(limits.clock_skew), "s")}};
}

Json AccountOf(const RiskProcessor& risk) {
  const AccountWatch& watch = risk.watch();
  const Exposure exposure = risk.broker().ExposureBefore(0);
  const std::optional<Money> equity = risk.broker().Equity();
  const auto percent = [&](Money part) {
    const bool known = equity && *equity > Money();
    return known ? Json(100 * part.ToDouble() / equity->ToDouble()) : Json(nullptr);
  };
  Json drawdowns = Json::object();
  for (const DrawdownHorizon horizon : kDrawdownHorizons) {
    drawdowns[std::string(DrawdownHorizonName(horizon))] = Percent(watch.drawdowns().Of(horizon));
  }
  return {{"profile", risk.account_profile() ? Json(risk.account_profile()->name) : Json(nullptr)},
          {"account", risk.broker().word() ? Json(risk.broker().word()->account) : Json(nullptr)},
          {"broker_up", risk.broker().up()},
          {"live", watch.arming().required()},
          {"armed", watch.arming().armed()},
          {"equity", OrNull(equity)},
          {"day_profit", OrNull(watch.daily_loss().profit())},
          {"drawdown_percent", std::move(drawdowns)},
          {"exposure",
           {{"gross", exposure.gross.ToDouble()},
            {"gross_percent", percent(exposure.gross)},  // FX-104
            {"net_long", exposure.net_long.ToDouble()},
            {"net_short", exposure.net_short.ToDouble()},
            {"reserved", exposure.reserved.ToDouble()},
            {"positions", exposure.positions}}},
          {"kill_switch", KillOf(risk)},
          {"confirmations_waiting", risk.confirmations().waiting()}};
}

Json WorstOf(const RiskProcessor& risk, const NameTable& names) {
  const WorstCase worst = WorstCaseOf(risk);
  Json rows = Json::array();
  for (const WorstCase::Row& row : worst.rows) {
    rows.push_back({{"symbol", names.Symbol(row.instrument)},
                    {"instance", row.instance == 0 ? "" : names.Instance(row.instance)},
                    {"quantity", row.quantity.ToDouble()},
                    {"mark", OrNull(row.mark)},
                    {"stop", OrNull(row.stop)},
                    {"unprotected", row.unprotected.ToDouble()},
                    {"worth", row.worth.ToDouble()},
                    {"at_stop", row.at_stop.ToDouble()},
                    {"with_gap", row.with_gap.ToDouble()},
                    {"cost", row.cost.ToDouble()}});
  }
  return {{"all_stops_hit", worst.at_stops.ToDouble()},
          {"with_gap_5_percent", worst.with_gap.ToDouble()},
          {"largest_position", worst.largest ? Json(names.Symbol(*worst.largest)) : Json(nullptr)},
          {"positions", std::move(rows)}};
}

// Held, being entered, or paused.
std::set<InstrumentId> Concerned(const RiskProcessor& risk) {
  std::set<InstrumentId> symbols = risk.watch().symbols().instruments();
  for (const BrokerAccount::Line& line : risk.broker().Lines()) symbols.insert(line.instrument);
  symbols.erase(0);
  return symbols;
}

// Symbols of which a person may want to know: those; then others that have a quote.
std::vector<InstrumentId> SymbolsOf(const RiskProcessor& risk) {
  const std::set<InstrumentId> symbols = Concerned(risk);
  std::vector<InstrumentId> chosen(symbols.begin(), symbols.end());
  for (const InstrumentId quoted : risk.Quoted()) {
    if (chosen.size() < kSymbolsMax && !symbols.contains(quoted)) chosen.push_back(quoted);
  }
  if (chosen.size() > kSymbolsMax) chosen.resize(kSymbolsMax);
  return chosen;
}

// S4-R11.4.1; null: too little is known of the pair.
Json CorrelationsOf(const RiskProcessor& risk, const NameTable& names) {
  const std::set<InstrumentId> concerned = Concerned(risk);
  std::vector<InstrumentId> symbols(concerned.begin(), concerned.end());
  if (symbols.size() > kMatrixMax) symbols.resize(kMatrixMax);
  const uint32_t returns_min = risk.account_profile() ? risk.account_profile()->exposure.correlation_returns_min
                                                      : ExposureLimits{}.correlation_returns_min;
  Json rows = Json::array();
  for (size_t i = 0; i < symbols.size(); ++i) {
    for (size_t j = i + 1; j < symbols.size(); ++j) {
      rows.push_back(
          {{"symbols", {names.Symbol(symbols[i]), names.Symbol(symbols[j])}},
           {"r", OrNull(risk.history().Correlation(symbols[i], symbols[j], risk.watch().now(), returns_min))}});
    }
  }
  return rows;
}

}  // namespace

std::string DistancesJson(const RiskProcessor& risk, const NameTable& names, const DistancesQuery& query) {
  Json instances = Json::array();
  const std::vector<InstrumentId> symbols =
      query.instrument != 0 ? std::vector<InstrumentId>{query.instrument} : SymbolsOf(risk);
  for (const StrategyInstanceId instance : risk.Instances()) {
    if (query.instance != 0 && instance != query.instance) continue;
    Json by_symbol = Json::array();
    for (const InstrumentId symbol : symbols) {
      by_symbol.push_back({{"symbol", names.Symbol(symbol)}, {"rules", RulesOf(risk.Distances(instance, symbol))}});
    }
    Json one = {{"instance", names.Instance(instance)}};
    if (query.instrument == 0) one["rules"] = RulesOf(risk.Distances(instance, 0));
    one["symbols"] = std::move(by_symbol);
    instances.push_back(std::move(one));
  }
  Json known = Json::array();
  for (const auto& [id, definition] : names.definitions()) known.push_back(definition.symbol);
  const Json all = {{"time", FormatTime(risk.watch().now())},
                    {"known_symbols", std::move(known)},
                    {"account", AccountOf(risk)},
                    {"worst_case", WorstOf(risk, names)},
                    {"correlations", CorrelationsOf(risk, names)},
                    {"instances", std::move(instances)}};
  return all.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace spillway::risk
