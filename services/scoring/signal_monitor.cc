#include "services/scoring/signal_monitor.h"

#include "fmt/format.h"
#include "libs/profile/declared_features.h"
#include "spillway/v1/profile.pb.h"

namespace spillway::scoring {
namespace {

bool Holds(const FeatureSlot& slot, std::span<const FeatureValue> values) {
  const FeatureValue value = slot.Read(values);
  return value.ready() && value.value != 0;
}

}  // namespace

CancelSettings CancelSettingsOf(const v1::Profile& profile) {
  const v1::CancelRules& from = profile.cancel();
  CancelSettings settings;
  if (from.has_spread_multiple()) settings.spread_multiple = from.spread_multiple();
  if (from.has_spread_confirm_ns()) settings.spread_confirm = Duration(from.spread_confirm_ns());
  if (from.has_spread_within_ns()) settings.spread_within = Duration(from.spread_within_ns());
  if (from.has_spread_checks()) settings.spread_checks = from.spread_checks();
  if (from.has_tape_fraction()) settings.tape_fraction = from.tape_fraction();
  if (from.has_tape_checks()) settings.tape_checks = from.tape_checks();
  if (from.has_tape_check_interval_ns()) settings.tape_check_interval = Duration(from.tape_check_interval_ns());
  settings.tape_same_side = from.tape_same_side();
  settings.on_liquidity_collapse = from.on_liquidity_collapse();
  settings.on_fake_wall = from.on_fake_wall();
  settings.on_halt = from.on_halt();
  if (from.has_fake_wall_within_ns()) settings.fake_wall_within = Duration(from.fake_wall_within_ns());
  return settings;
}

absl::StatusOr<SignalMonitor> SignalMonitor::Of(const v1::Profile& profile, std::span<const FeatureSpec> declared) {
  SignalMonitor monitor;
  monitor.settings_ = CancelSettingsOf(profile);
  for (const Side side : profile::SidesOf(profile)) {
    absl::StatusOr<SideRules> rules = RulesOf(profile, side, declared);
    if (!rules.ok()) return rules.status();
    monitor.sides_[side == Side::kAsk ? 1 : 0] = *std::move(rules);
  }
  return monitor;
}

absl::StatusOr<SignalMonitor::SideRules> SignalMonitor::RulesOf(const v1::Profile& profile, Side side,
                                                                std::span<const FeatureSpec> declared) {
  const auto slot = [&](const FeatureSpec& spec) {
    FeatureSlot made(spec);
    made.Resolve(declared);
    return made;
  };
  const auto of = [&](FeatureKind kind) {
    const FeatureName name{kind, false};
    return slot(profile::SpecFor(profile, side == Side::kAsk ? Mirrored(name) : name));
  };
  const bool same_side = profile.cancel().tape_same_side();
  SideRules rules{.tape_velocity = of(same_side ? FeatureKind::kBuyVelocity : FeatureKind::kTapeVelocity),
                  .collapse = of(FeatureKind::kLiquidityCollapse),
                  .fake_wall = of(FeatureKind::kFakeWall),
                  .conditions = {}};
  for (const v1::CancelCondition& from : profile.cancel().when()) {
    const std::optional<FeatureSpec> spec = profile::SpecOf(profile, from, side);
    const std::optional<Comparison> comparison = ParseComparison(from.op());
    if (!spec || !comparison) {
      return absl::InvalidArgumentError(fmt::format("cancel condition {}: \"{} {}\" is not known to this build",
                                                    from.id(), from.feature(), from.op()));
    }
    Condition& condition = rules.conditions.emplace_back();
    condition.id = from.id();
    condition.feature = slot(*spec);
    condition.comparison = *comparison;
    condition.limit = profile::LimitOf(from, side);
    if (from.has_within_ns()) condition.within = Duration(from.within_ns());
    if (from.has_checks()) condition.checks = from.checks();
    if (from.has_check_interval_ns()) condition.check_interval = Duration(from.check_interval_ns());
  }
  return rules;
}

void SignalMonitor::Watch(const Trigger& trigger, const Look& look) {
  const SideRules& rules = RulesFor(trigger.side);
  Live& live = live_.emplace_back();
  live.trigger = trigger;
  live.spread = look.quote.ask - look.quote.bid;
  const FeatureValue velocity = rules.tape_velocity.Read(look.values);
  if (velocity.ready()) live.tape_velocity = velocity.value;
  live.slow.due = trigger.time + settings_.tape_check_interval;
  live.conditions.resize(rules.conditions.size());
}

void SignalMonitor::Explain(Side side, std::span<const FeatureValue> values, std::vector<RuleResult>& results) const {
  const auto note = [&](std::string_view id, const FeatureSlot& feature, Comparison comparison, double limit) {
    const FeatureValue value = feature.Read(values);
    if (value.not_ready != NotReady::kNotCarried) return;
    RuleResult& result = results.emplace_back();
    result.rule = fmt::format("cancel:{}", id);
    result.feature = feature.text();
    result.not_ready = NotReadyName(value.not_ready);
    result.comparison = comparison;
    result.limit = limit;
  };
  const SideRules& rules = RulesFor(side);
  const auto built_in = [&](CancelRule rule, const FeatureSlot& feature) {
    note(CancelRuleName(rule), feature, Comparison::kIsTrue, 0);
  };
  if (settings_.tape_fraction) {
    note(CancelRuleName(CancelRule::kTapeSlowdown), rules.tape_velocity, Comparison::kLess, *settings_.tape_fraction);
  }
  if (settings_.on_liquidity_collapse) built_in(CancelRule::kLiquidityCollapse, rules.collapse);
  if (settings_.on_fake_wall) built_in(CancelRule::kFakeWall, rules.fake_wall);
  for (const Condition& condition : rules.conditions) {
    note(condition.id, condition.feature, condition.comparison, condition.limit);
  }
}

std::span<const Cancellation> SignalMonitor::Check(Time now, InstrumentId instrument, std::span<const Looks> looks,
                                                   const MarketState& market) {
  return Sweep(now, instrument, [&](Live& live) { return Judge(live, now, looks, market); });
}

std::span<const Cancellation> SignalMonitor::CheckStatus(Time now, InstrumentId instrument, const MarketState& market) {
  return Sweep(now, instrument, [&](Live& live) { return JudgeStatus(live, market); });
}

template <class JudgeLive>
std::span<const Cancellation> SignalMonitor::Sweep(Time now, InstrumentId instrument, const JudgeLive& judge) {
  cancelled_.clear();
  size_t kept = 0;
  for (size_t i = 0; i < live_.size(); ++i) {
    const Trigger& trigger = live_[i].trigger;
    if (instrument == 0 || trigger.instrument == instrument) {
      if (now >= trigger.expires) continue;
      if (const std::optional<Verdict> verdict = judge(live_[i])) {
        cancelled_.push_back({trigger.signal, trigger.correlation, trigger.instrument, verdict->rule, verdict->seen,
                              verdict->limit, verdict->condition == nullptr ? "" : *verdict->condition});
        continue;
      }
    }
    if (kept != i) live_[kept] = std::move(live_[i]);
    ++kept;
  }
  live_.erase(live_.begin() + static_cast<std::ptrdiff_t>(kept), live_.end());
  return cancelled_;
}

std::optional<SignalMonitor::Verdict> SignalMonitor::Judge(Live& live, Time now, std::span<const Looks> looks,
                                                           const MarketState& market) const {
  if (const auto status = JudgeStatus(live, market)) return status;
  const Look& look = looks[live.trigger.instrument].last();
  if (look.book != 0) return Verdict{CancelRule::kBookInvalid, static_cast<double>(look.book), 0};
  // These keep count of what they saw, so all are asked whatever the others say.
  const std::optional<Verdict> spread = JudgeSpread(live, look, now);
  const std::optional<Verdict> tape = JudgeTape(live, look, now);
  const std::optional<Verdict> condition = JudgeConditions(live, look, now);
  if (spread) return spread;
  if (tape) return tape;
  const SideRules& rules = RulesFor(live.trigger.side);
  if (settings_.on_liquidity_collapse && Holds(rules.collapse, look.values)) {
    return Verdict{CancelRule::kLiquidityCollapse, 1, 0};
  }
  if (settings_.on_fake_wall && now - live.trigger.time <= settings_.fake_wall_within &&
      Holds(rules.fake_wall, look.values)) {
    return Verdict{CancelRule::kFakeWall, 1, 0};
  }
  return condition;
}

std::optional<SignalMonitor::Verdict> SignalMonitor::JudgeStatus(const Live& live, const MarketState& market) const {
  if (settings_.on_halt) {
    if (const auto halt = market.halt(live.trigger.instrument)) {
      return Verdict{CancelRule::kHalt, static_cast<double>(*halt), static_cast<double>(TradingStatus::kTrading)};
    }
  }
  if (const auto feed = market.suspension(live.trigger.instrument)) {
    return Verdict{CancelRule::kFeedSuspended, static_cast<double>(*feed), static_cast<double>(FeedState::kUp)};
  }
  return std::nullopt;
}

std::optional<SignalMonitor::Verdict> SignalMonitor::JudgeSpread(Live& live, const Look& look, Time now) const {
  if (!settings_.spread_multiple) return std::nullopt;
  const Price spread = look.quote.ask - look.quote.bid;
  // In nanos both sides are exact for all spreads of cents and multiples of halves: "> 1.5 x" is not met by 1.5 x.
  const double limit = *settings_.spread_multiple * static_cast<double>(live.spread.nanos());
  if (!(static_cast<double>(spread.nanos()) > limit)) {
    live.wide = {};
    return std::nullopt;
  }
  const bool any_time = settings_.spread_within == Duration(0);
  if (live.wide.count == 0) {
    if (!any_time && now - live.trigger.time > settings_.spread_within) return std::nullopt;
  } else if (now < live.wide.due) {
    return std::nullopt;
  }
  live.wide = {live.wide.count + 1, now + settings_.spread_confirm};
  const bool confirmed = live.wide.count >= settings_.spread_checks || settings_.spread_confirm == Duration(0);
  if (!confirmed) return std::nullopt;
  return Verdict{CancelRule::kSpreadBlowOut, spread.ToDouble(), limit / 1e9};
}

std::optional<SignalMonitor::Verdict> SignalMonitor::JudgeTape(Live& live, const Look& look, Time now) const {
  if (!settings_.tape_fraction || !live.tape_velocity || *live.tape_velocity <= 0) return std::nullopt;
  const FeatureValue velocity = RulesFor(live.trigger.side).tape_velocity.Read(look.values);
  if (now < live.slow.due || !velocity.ready()) return std::nullopt;
  const double limit = *settings_.tape_fraction * *live.tape_velocity;
  live.slow = {velocity.value < limit ? live.slow.count + 1 : 0, now + settings_.tape_check_interval};
  if (live.slow.count < settings_.tape_checks) return std::nullopt;
  return Verdict{CancelRule::kTapeSlowdown, velocity.value, limit};
}

std::optional<SignalMonitor::Verdict> SignalMonitor::JudgeConditions(Live& live, const Look& look, Time now) const {
  const SideRules& rules = RulesFor(live.trigger.side);
  std::optional<Verdict> first;
  for (size_t i = 0; i < rules.conditions.size(); ++i) {
    const Condition& condition = rules.conditions[i];
    Streak& streak = live.conditions[i];
    const FeatureValue value = condition.feature.Read(look.values);
    if (!value.ready()) continue;
    if (!Compare(value.value, condition.comparison, condition.limit)) {
      streak = {};
      continue;
    }
    if (streak.count == 0) {
      if (condition.within && now - live.trigger.time > *condition.within) continue;
    } else if (now < streak.due) {
      continue;
    }
    streak = {streak.count + 1, now + condition.check_interval};
    if (streak.count >= condition.checks && !first) {
      first = Verdict{CancelRule::kCondition, value.value, condition.limit, &condition.id};
    }
  }
  return first;
}

}  // namespace spillway::scoring
