#include "services/journal/scorecard.h"

#include <algorithm>
#include <tuple>

#include "libs/calendar/new_york.h"
#include "services/journal/failed_rules.h"
#include "spillway/v1/profile.pb.h"

namespace spillway::journal {
namespace {

std::optional<double> InRisks(const std::optional<Price>& distance, Price risk) {
  if (!distance || risk <= Price()) return std::nullopt;
  return distance->ToDouble() / risk.ToDouble();
}

bool HaltsTrading(const TradingState& state) {
  return state.cause == "price_move" || state.cause == "halt" || state.cause == "news";
}

}  // namespace

Scorecard::Record& Scorecard::RecordOf(StrategyInstanceId instance) {
  const auto [it, added] = records_.try_emplace(instance);
  if (added) order_.push_back(instance);
  return it->second;
}

void Scorecard::Add(const Event& event) {
  names_.Learn(event);
  const EventHeader& header = event.header;
  last_ = std::max(last_, header.event_time);
  std::visit(Overloaded{
                 [&](const ConfigurationVersion& version) { OnConfiguration(event, version); },
                 [&](const SessionState& session) { OnSession(session); },
                 [&](const Signal& signal) { OnSignal(event, signal); },
                 [&](const SignalCancelled&) { ++RecordOf(header.instance).counts.signals_cancelled; },
                 [&](const RejectionSummary& summary) {
                   uint64_t& repeated = RecordOf(header.instance).counts.signals_repeated;
                   for (const RejectionSummary::Row& row : summary.rows) repeated += row.count;
                 },
                 [&](const TradeIntent& intent) {
                   if (intent.parent) {
                     confirmations_.insert(header.id());
                     return;
                   }
                   const Price distance = intent.entry - intent.stop;
                   intents_[header.id()] = {header.event_time, std::max(distance, Price() - distance), ""};
                 },
                 [&](const RiskDecision& decision) { OnDecision(event, decision); },
                 [&](const OutcomeLabelled& outcome) { OnOutcome(event, outcome); },
                 [&](const TradingState& state) { OnTradingState(event, state); },
                 [&](const OrderEvent& order) {
                   if (header.instance != 0) RecordOf(header.instance).execution.Add(header, order);
                 },
                 [&](const PositionSnapshot& position) {
                   if (header.instance != 0) RecordOf(header.instance).execution.Add(position);
                 },
                 [&](const AccountSnapshot& account) {
                   if (header.instance == 0) return;  // the broker's account over all
                   Record& record = RecordOf(header.instance);
                   record.counts.account = account;
                   InStage(record, header.event_time, account.stage);
                 },
                 [](const auto&) {},
             },
             event.body);
}

void Scorecard::EndOfLane() {
  for (auto& [instance, record] : records_) EndHalts(record, last_);
  intents_.clear();
  failed_first_.clear();
  session_day_.reset();
  last_ = Time();
}

void Scorecard::OnConfiguration(const Event& event, const ConfigurationVersion& version) {
  if (version.kind != ConfigurationKind::kProfile || event.header.instance == 0) return;
  if (version.mode == InstanceMode::kRetired) return;
  Record& record = RecordOf(event.header.instance);
  record.counts.shadow = version.mode == InstanceMode::kShadow;
  if (session_day_) record.counts.session_days.insert(*session_day_);
  if (version.document == record.document) return;
  record.counts.profile_changed = !record.document.empty();
  record.document = version.document;
}

void Scorecard::OnSession(const SessionState& session) {
  session_day_.reset();
  if (session.phase != SessionPhase::kRegular) return;
  session_day_ = calendar::DateFromNumber(session.trading_day);
  if (!session_day_) return;
  for (auto& [instance, record] : records_) record.counts.session_days.insert(*session_day_);
}

void Scorecard::OnSignal(const Event& event, const Signal& signal) {
  InstanceScore& counts = RecordOf(event.header.instance).counts;
  if (signal.accepted) {
    ++counts.signals_accepted;
    return;
  }
  ++(signal.preview ? counts.signals_preview : counts.signals_rejected);
  const std::vector<const RuleResult*> failed = FailedRules(signal);
  failed_first_[event.header.id()] = failed.empty() ? "" : failed.front()->rule;
  std::vector<NearMiss>& misses = counts.near_misses;
  if (misses.size() == kNearMissesMax && misses.back().score >= signal.score) return;
  NearMiss miss;
  miss.signal = event.header.id();
  miss.time = event.header.event_time;
  miss.symbol = names_.Symbol(event.header.instrument);
  miss.side = signal.side;
  miss.score = signal.score;
  miss.threshold = signal.threshold;
  for (const RuleResult* rule : failed) miss.failed.push_back(ToText(*rule));
  // Of equal scores the earlier stands first.
  const auto at =
      std::find_if(misses.begin(), misses.end(), [&](const NearMiss& other) { return other.score < signal.score; });
  misses.insert(at, std::move(miss));
  if (misses.size() > kNearMissesMax) misses.pop_back();
}

void Scorecard::OnDecision(const Event& event, const RiskDecision& decision) {
  if (confirmations_.erase(decision.intent) != 0) return;
  Record& record = RecordOf(event.header.instance);
  InstanceScore& counts = record.counts;
  InStage(record, event.header.event_time, decision.stage);
  if (decision.approved) {
    ++counts.alerts;
    if (const auto intent = intents_.find(decision.intent); intent != intents_.end()) {
      intent->second.stage = decision.stage;
    }
  } else {
    ++counts.refusals[std::string(RefusalRuleName(decision.rule))];
    intents_.erase(decision.intent);
  }
}

void Scorecard::InStage(Record& record, Time time, const std::string& stage) {
  if (stage.empty() || time < record.counts.stage_at) return;
  record.counts.stage = stage;
  record.counts.stage_at = time;
}

void Scorecard::OnOutcome(const Event& event, const OutcomeLabelled& outcome) {
  Record& record = RecordOf(event.header.instance);
  if (outcome.near_miss) return OnMiss(record, outcome);
  const auto label = static_cast<size_t>(outcome.label);
  if (label < record.counts.labels.size()) ++record.counts.labels[label];
  Intent intent{.triggered = event.header.event_time, .risk = {}, .stage = {}};
  if (const auto known = intents_.find(outcome.intent); known != intents_.end()) {
    intent = std::move(known->second);
    intents_.erase(known);
  }
  if (!outcome.exited) return;
  ClosedTrade trade;
  trade.triggered = intent.triggered;
  trade.exited = *outcome.exited;
  trade.symbol = names_.Symbol(event.header.instrument);
  trade.side = outcome.side == Side::kAsk ? Side::kAsk : Side::kBid;
  trade.label = outcome.label;
  trade.stage = intent.stage;
  trade.score = outcome.score;
  trade.r = outcome.r_multiple;
  trade.percent = outcome.return_net_percent;
  trade.net = outcome.profit_net;
  trade.gross = outcome.side == Side::kNone ? outcome.profit_net : outcome.profit_gross;  // an older record says none
  trade.mae_r = InRisks(outcome.mae, intent.risk);
  trade.mfe_r = InRisks(outcome.mfe, intent.risk);
  record.counts.trades.push_back(std::move(trade));
}

void Scorecard::OnMiss(Record& record, const OutcomeLabelled& outcome) {
  MissedTrade miss;
  miss.score = outcome.score;
  miss.label = outcome.label;
  miss.entered = outcome.entered.has_value();
  miss.r = outcome.r_multiple;
  if (const auto rule = failed_first_.find(outcome.intent); rule != failed_first_.end()) {
    miss.rule = std::move(rule->second);
    failed_first_.erase(rule);
  }
  record.counts.missed.push_back(std::move(miss));
  for (NearMiss& near : record.counts.near_misses) {
    if (near.signal != outcome.intent) continue;
    near.would_have = outcome.label;
    near.would_have_r = outcome.r_multiple;
  }
}

// One symbol (or everything) is halted while at least one cause is in force.
void Scorecard::OnTradingState(const Event& event, const TradingState& state) {
  if (!HaltsTrading(state) || event.header.instance == 0) return;
  Record& record = RecordOf(event.header.instance);
  const InstrumentId instrument = state.scope == PauseScope::kSymbol ? event.header.instrument : 0;
  const auto cause = std::make_tuple(state.scope, instrument, state.cause);
  Halt& halt = record.halts[{state.scope, instrument}];
  Halted& halted = record.halted[state.scope];
  if (state.paused) {
    if (!record.paused.insert(cause).second) return;  // its end is told anew
    ++halted.pauses;
    if (halt.causes++ == 0) halt.since = event.header.event_time;
  } else if (record.paused.erase(cause) > 0 && --halt.causes == 0) {
    halted.time += event.header.event_time - halt.since;
  }
}

void Scorecard::EndHalts(Record& record, Time now) {
  for (const auto& [key, halt] : record.halts) {
    if (halt.causes > 0 && now > halt.since) record.halted[key.first].time += now - halt.since;
  }
  record.halts.clear();
  record.paused.clear();
}

std::vector<InstanceScore> Scorecard::Scores() const {
  std::vector<InstanceScore> scores;
  for (const StrategyInstanceId id : order_) {
    Record record = records_.at(id);
    EndHalts(record, last_);
    InstanceScore score = std::move(record.counts);
    score.name = names_.Instance(id);
    for (const auto& [scope, halted] : record.halted) {
      if (halted.pauses == 0) continue;
      const double minutes = std::chrono::duration<double, std::ratio<60>>(halted.time).count();
      score.halts.push_back({scope, halted.pauses, minutes, std::nullopt});
    }
    if (!record.execution.empty()) score.execution = record.execution.Figures();
    v1::Profile profile;
    const bool known = !record.document.empty() && profile.ParseFromString(record.document);
    if (known) score.equity = Money::FromE8(profile.sizing().equity_e8());
    ComputeFigures(score);
    if (known) score.criteria = EvaluateCriteria(profile, score);
    scores.push_back(std::move(score));
  }
  return scores;
}

}  // namespace spillway::journal
