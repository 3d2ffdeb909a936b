#include "services/risk/account_watch.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"

namespace spillway::risk {
namespace {

constexpr std::string_view kDayLoss = "account_day_loss";
constexpr std::string_view kSlippage = "slippage_anomaly";
constexpr std::string_view kLatency = "latency_anomaly";
constexpr std::string_view kNotArmed = "not_armed";

// What holds while no profile is in force: nothing but the automatic kill's defaults.
const AccountProfile& Or(const AccountProfile* profile) {
  static const AccountProfile kNone;
  return profile == nullptr ? kNone : *profile;
}

bool IsFill(const OrderEvent& order) {
  return order.trigger == OrderTrigger::kPartialFill || order.trigger == OrderTrigger::kFill;
}

double Percent(Millionths fraction) {
  return static_cast<double>(fraction.value) / 10'000;
}

}  // namespace

EventHeader AccountWatch::Teller::Header(Time now, InstrumentId instrument) {
  EventHeader header;
  header.producer = Producer::kRisk;
  header.event_time = now;
  header.ingest_time = cause_.ingest_time;
  header.instrument = instrument;
  header.correlation = cause_.correlation_id();
  header.cause = {.market = {}, .event = cause_.id(), .ordinal = next_ordinal_++};
  return header;
}

// ---- what it tells

void AccountWatch::Begin(std::optional<Pause>& pause, std::string_view cause, std::optional<Time> until, Teller& say) {
  if (pause && pause->until == until) return;
  const EventHeader header = say.Header(now_);
  pause = Pause{until, header.id(), header.correlation};
  say.Emit(header, TradingState{true, PauseScope::kGlobal, std::string(cause), until});
}

// The end of a pause follows from its beginning, whatever showed that it is over; or from the command that ended it.
void AccountWatch::Resumed(const EventId& announced, const EventId& correlation, PauseScope scope,
                           InstrumentId instrument, std::string_view cause, Teller& say) {
  EventHeader header = say.Header(now_, instrument);
  if (!say.by_command()) {
    header.correlation = correlation;
    header.cause = {.market = {}, .event = announced, .ordinal = 0};
  }
  say.Emit(header, TradingState{false, scope, std::string(cause), std::nullopt});
}

void AccountWatch::End(std::optional<Pause>& pause, std::string_view cause, Teller& say) {
  if (!pause) return;
  Resumed(pause->announced, pause->correlation, PauseScope::kGlobal, 0, cause, say);
  pause.reset();
}

void AccountWatch::Tell(const std::vector<SymbolPauses::Change>& changes, Teller& say) {
  for (const SymbolPauses::Change& change : changes) {
    const PauseScope scope = change.key.instrument == 0 ? PauseScope::kGlobal : PauseScope::kSymbol;
    const std::string_view cause = SymbolPauseName(change.key.cause);
    if (!change.paused) {
      Resumed(change.announced, change.correlation, scope, change.key.instrument, cause, say);
      continue;
    }
    const EventHeader header = say.Header(now_, change.key.instrument);
    symbols_.Announced(change.key, header.id(), header.correlation);
    say.Emit(header, TradingState{true, scope, std::string(cause), std::nullopt});
  }
}

void AccountWatch::Throw(const KillReason& reason, bool flatten, const AdminCommand* by, std::string_view why,
                         Teller& say) {
  std::optional<KillSwitchChanged> changed = kill_.Throw(reason, flatten);
  if (!changed && by != nullptr) changed = kill_.Unchanged(reason);  // whoever asked is answered
  if (!changed) return;
  if (by != nullptr) changed->by = by->by;
  changed->reason = by != nullptr ? by->reason : std::string(why);
  say.Emit(say.Header(now_), *std::move(changed));
}

// ---- configuration and time

void AccountWatch::SetProfile(const AccountProfile* profile, Teller& say) {
  arming_.SetAccount(profile);
  if (arming_.required()) {
    Begin(unarmed_, kNotArmed, std::nullopt, say);
  } else {
    End(unarmed_, kNotArmed, say);
  }
}

void AccountWatch::Advance(Time time, const AccountProfile* profile, Teller& say) {
  now_ = std::max(now_, time);
  if (slippage_pause_ && *slippage_pause_->until <= now_) End(slippage_pause_, kSlippage, say);
  if (latency_pause_ && *latency_pause_->until <= now_) End(latency_pause_, kLatency, say);
  const KillLimits& limits = Or(profile).kill;
  if (const std::optional<KillReason> reason = kill_watch_.Tick(now_, limits)) {
    Throw(*reason, limits.flatten, nullptr, "a difference to the broker's books was not repaired", say);
  }
}

void AccountWatch::BeginDay(int32_t trading_day, Teller& say) {
  daily_loss_.BeginDay();
  drawdowns_.BeginDay(trading_day);
  latency_.BeginDay();
  End(loss_pause_, kDayLoss, say);
  if (std::optional<KillSwitchChanged> changed = kill_.End(KillCause::kDayLoss)) {
    changed->reason = fmt::format("trading day {} began", trading_day);
    say.Emit(say.Header(now_), *std::move(changed));
  }
}

// ---- money

void AccountWatch::Rebase() {
  daily_loss_.Rebase();
  drawdowns_.Rebase();
  equity_.reset();
}

void AccountWatch::SeeEquity(Money equity, const AccountProfile* profile, Teller& say) {
  equity_ = equity;
  const DailyLossLimits& daily = Or(profile).daily_loss;
  const LossStep before = daily_loss_.step();
  const LossStep step = daily_loss_.See(equity, daily);
  if (step > LossStep::kNone) Begin(loss_pause_, kDayLoss, std::nullopt, say);
  if (step == LossStep::kFlatten && before != step) {
    const double limit = daily_loss_.Limit(step, daily).value_or(Money()).ToDouble();
    Throw({KillCause::kDayLoss, daily_loss_.loss().ToDouble(), limit, "USD"}, true, nullptr,
          "the day's loss is beyond its limit: all is closed until the next trading day", say);
  }
  drawdowns_.See(equity);
  if (const DrawdownLimits* limit = drawdowns_.Flattens(Or(profile).drawdowns)) {
    Throw({KillCause::kDrawdown, Percent(drawdowns_.SinceReview(limit->horizon)), Percent(*limit->flatten), "%"}, true,
          nullptr,
          fmt::format("drawdown ({}): all is closed until a person enables", DrawdownHorizonName(limit->horizon)), say);
  }
}

// ---- what oms and the broker say

void AccountWatch::See(const OrderEvent& order, const AccountProfile* profile, Teller& say) {
  if (profile == nullptr || !profile->anomalies) return;
  const AnomalyLimits& limits = *profile->anomalies;
  if (IsFill(order) && order.slippage_decision_bps && slippage_.See(*order.slippage_decision_bps, now_, limits)) {
    Begin(slippage_pause_, kSlippage, now_ + limits.pause, say);
  }
  if (order.trigger == OrderTrigger::kAccepted && order.latency && latency_.See(*order.latency, limits)) {
    Begin(latency_pause_, kLatency, now_ + limits.pause, say);
  }
}

void AccountWatch::See(const BrokerReport& report, const AccountProfile* profile, Teller& say) {
  const KillLimits& limits = Or(profile).kill;
  if (const std::optional<KillReason> reason = kill_watch_.See(report, now_, limits)) {
    Throw(*reason, limits.flatten, nullptr, report.reason, say);
  }
}

void AccountWatch::See(const Reconciliation& difference, InstrumentId instrument, Teller& say) {
  kill_watch_.See(difference, now_);
  Tell(symbols_.See(difference, instrument), say);
}

void AccountWatch::See(const OrderIncident& incident, InstrumentId instrument, Teller& say) {
  Tell(symbols_.See(incident, instrument), say);
}

// ---- what a person commands

void AccountWatch::Obey(const AdminCommand& command, InstrumentId instrument, Teller& say) {
  bool done = !IsBlank(command.by) && !IsBlank(command.reason);
  if (done) {
    switch (command.kind) {
      case AdminCommandKind::kKill:
        Throw({}, command.flatten, &command, {}, say);
        break;
      case AdminCommandKind::kEnable:
        Enable(command, say);
        break;
      case AdminCommandKind::kArm:
        done = arming_.Arm(command.account);
        if (done) End(unarmed_, kNotArmed, say);
        break;
      case AdminCommandKind::kDisarm:
        done = arming_.Disarm();
        if (done) Begin(unarmed_, kNotArmed, std::nullopt, say);
        break;
      case AdminCommandKind::kResume:
        Tell(symbols_.Resume(instrument), say);
        if (instrument != 0) break;
        End(slippage_pause_, kSlippage, say);
        End(latency_pause_, kLatency, say);
        break;
      default:
        return;  // not ours
    }
  }
  if (!done) Refuse();
}

void AccountWatch::Enable(const AdminCommand& command, Teller& say) {
  KillSwitchChanged changed = kill_.Enable().value_or(KillSwitchChanged{});
  changed.by = command.by;
  changed.reason = command.reason;
  say.Emit(say.Header(now_), std::move(changed));  // also where it was off: whoever asked is answered
  daily_loss_.Override(equity_);
  drawdowns_.Review();
  kill_watch_.Enabled(now_);
  End(loss_pause_, kDayLoss, say);
}

}  // namespace spillway::risk
