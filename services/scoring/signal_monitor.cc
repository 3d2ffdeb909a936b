#include "services/scoring/signal_monitor.h"

#include "libs/profile/declared_features.h"
#include "spillway/v1/profile.pb.h"

namespace spillway::scoring {

CancelSettings CancelSettingsOf(const v1::Profile& profile) {
  const v1::CancelRules& from = profile.cancel();
  CancelSettings settings;
  if (from.has_spread_multiple()) settings.spread_multiple = from.spread_multiple();
  if (from.has_spread_confirm_ns()) settings.spread_confirm = Duration(from.spread_confirm_ns());
  if (from.has_spread_within_ns()) settings.spread_within = Duration(from.spread_within_ns());
  if (from.has_tape_fraction()) settings.tape_fraction = from.tape_fraction();
  if (from.has_tape_checks()) settings.tape_checks = from.tape_checks();
  if (from.has_tape_check_interval_ns()) settings.tape_check_interval = Duration(from.tape_check_interval_ns());
  settings.on_liquidity_collapse = from.on_liquidity_collapse();
  settings.on_fake_wall = from.on_fake_wall();
  settings.on_halt = from.on_halt();
  if (from.has_fake_wall_within_ns()) settings.fake_wall_within = Duration(from.fake_wall_within_ns());
  return settings;
}

SignalMonitor::SignalMonitor(const v1::Profile& profile)
    : settings_(CancelSettingsOf(profile)),
      tape_velocity_(profile::SpecFor(profile, FeatureKind::kTapeVelocity)),
      collapse_(profile::SpecFor(profile, FeatureKind::kLiquidityCollapse)),
      fake_wall_(profile::SpecFor(profile, FeatureKind::kFakeWall)) {}

void SignalMonitor::Resolve(std::span<const FeatureSpec> defined) {
  tape_velocity_.Resolve(defined);
  collapse_.Resolve(defined);
  fake_wall_.Resolve(defined);
}

void SignalMonitor::See(InstrumentId instrument, const FeatureSnapshot& snapshot,
                        std::span<const FeatureValue> values) {
  if (instrument >= symbols_.size()) symbols_.resize(instrument + 1);
  const auto holds = [&](const FeatureSlot& slot) {
    const FeatureValue value = slot.Read(values);
    return value.ready() && value.value != 0;
  };
  Symbol& symbol = symbols_[instrument];
  symbol.book = snapshot.book;
  symbol.spread = snapshot.quote.ask - snapshot.quote.bid;
  const FeatureValue velocity = tape_velocity_.Read(values);
  symbol.tape_velocity = velocity.ready() ? std::optional(velocity.value) : std::nullopt;
  symbol.collapsed = holds(collapse_);
  symbol.fake_wall = holds(fake_wall_);
}

void SignalMonitor::Watch(const Trigger& trigger) {
  const Symbol& symbol = symbols_[trigger.instrument];
  live_.push_back({.trigger = trigger,
                   .spread = symbol.spread,
                   .tape_velocity = symbol.tape_velocity,
                   .wide_since = std::nullopt,
                   .slow_checks = 0,
                   .tape_check_due = trigger.time + settings_.tape_check_interval});
}

std::span<const Cancellation> SignalMonitor::Check(Time now, InstrumentId instrument, const MarketState& market) {
  return Sweep(now, instrument, [&](Live& live) { return Judge(live, now, market); });
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
        cancelled_.push_back(
            {trigger.signal, trigger.correlation, trigger.instrument, verdict->rule, verdict->seen, verdict->limit});
        continue;
      }
    }
    if (kept != i) live_[kept] = live_[i];
    ++kept;
  }
  live_.erase(live_.begin() + static_cast<std::ptrdiff_t>(kept), live_.end());
  return cancelled_;
}

std::optional<SignalMonitor::Verdict> SignalMonitor::Judge(Live& live, Time now, const MarketState& market) const {
  if (const auto status = JudgeStatus(live, market)) return status;
  const Symbol& symbol = symbols_[live.trigger.instrument];
  if (symbol.book != 0) return Verdict{CancelRule::kBookInvalid, static_cast<double>(symbol.book), 0};
  // Both keep count of what they saw, so both are asked whatever the other says.
  const std::optional<Verdict> spread = JudgeSpread(live, symbol, now);
  const std::optional<Verdict> tape = JudgeTape(live, symbol, now);
  if (spread) return spread;
  if (tape) return tape;
  if (settings_.on_liquidity_collapse && symbol.collapsed) return Verdict{CancelRule::kLiquidityCollapse, 1, 0};
  if (settings_.on_fake_wall && symbol.fake_wall && now - live.trigger.time <= settings_.fake_wall_within) {
    return Verdict{CancelRule::kFakeWall, 1, 0};
  }
  return std::nullopt;
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

std::optional<SignalMonitor::Verdict> SignalMonitor::JudgeSpread(Live& live, const Symbol& symbol, Time now) const {
  if (!settings_.spread_multiple) return std::nullopt;
  // In nanos both sides are exact for all spreads of cents and multiples of halves: "> 1.5 x" is not met by 1.5 x.
  const double limit = *settings_.spread_multiple * static_cast<double>(live.spread.nanos());
  if (!(static_cast<double>(symbol.spread.nanos()) > limit)) {
    live.wide_since.reset();
    return std::nullopt;
  }
  if (!live.wide_since) {
    const bool any_time = settings_.spread_within == Duration(0);
    if (!any_time && now - live.trigger.time > settings_.spread_within) return std::nullopt;
    live.wide_since = now;
  }
  if (now - *live.wide_since < settings_.spread_confirm) return std::nullopt;
  return Verdict{CancelRule::kSpreadBlowOut, symbol.spread.ToDouble(), limit / 1e9};
}

std::optional<SignalMonitor::Verdict> SignalMonitor::JudgeTape(Live& live, const Symbol& symbol, Time now) const {
  if (!settings_.tape_fraction || !live.tape_velocity || *live.tape_velocity <= 0) return std::nullopt;
  if (now < live.tape_check_due || !symbol.tape_velocity) return std::nullopt;
  live.tape_check_due = now + settings_.tape_check_interval;
  const double limit = *settings_.tape_fraction * *live.tape_velocity;
  live.slow_checks = *symbol.tape_velocity < limit ? live.slow_checks + 1 : 0;
  if (live.slow_checks < settings_.tape_checks) return std::nullopt;
  return Verdict{CancelRule::kTapeSlowdown, *symbol.tape_velocity, limit};
}

}  // namespace spillway::scoring
