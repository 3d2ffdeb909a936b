#include "services/journal/scorecard.h"

#include <algorithm>

#include "libs/calendar/new_york.h"

namespace spillway::journal {
namespace {

constexpr int kBucketMinutes = 30;

// What kept it from being accepted first: with a score that is enough, the gates.
std::vector<std::string> FailedRules(const Signal& signal) {
  const bool enough = signal.score >= signal.threshold;
  std::vector<std::string> decisive, others;
  for (const RuleResult& rule : signal.rules) {
    if (rule.passed || (!rule.gate && rule.points_max == 0)) continue;  // explanation only
    (rule.gate == enough ? decisive : others).push_back(ToText(rule));
  }
  decisive.insert(decisive.end(), others.begin(), others.end());
  return decisive;
}

// Counts and R of a group of trades.
struct Group {
  Proportion wins;
  std::vector<double> r;
  void Add(double trade_r, Money money) {
    ++wins.trials;
    wins.successes += money > Money() ? 1 : 0;
    r.push_back(trade_r);
  }
};

}  // namespace

Scorecard::Record& Scorecard::RecordOf(StrategyInstanceId instance) {
  const auto [it, added] = records_.try_emplace(instance);
  if (added) order_.push_back(instance);
  return it->second;
}

void Scorecard::Add(const Event& event) {
  names_.Learn(event);
  const EventHeader& header = event.header;
  std::visit(Overloaded{
                 [&](const ConfigurationVersion& version) {
                   if (version.kind != ConfigurationKind::kProfile) return;
                   if (header.instance == 0 || version.mode == InstanceMode::kRetired) return;
                   RecordOf(header.instance).counts.shadow = version.mode == InstanceMode::kShadow;
                 },
                 [&](const Signal& signal) { OnSignal(event, signal); },
                 [&](const SignalCancelled&) { ++RecordOf(header.instance).counts.signals_cancelled; },
                 [&](const TradeIntent&) {
                   intents_[header.id()] = {header.instance, header.event_time};
                 },
                 [&](const RiskDecision& decision) { OnDecision(event, decision); },
                 [&](const OutcomeLabelled& outcome) { OnOutcome(event, outcome); },
                 [](const auto&) {},
             },
             event.body);
}

void Scorecard::OnSignal(const Event& event, const Signal& signal) {
  InstanceScore& counts = RecordOf(event.header.instance).counts;
  if (signal.accepted) {
    ++counts.signals_accepted;
    return;
  }
  ++counts.signals_rejected;
  std::vector<NearMiss>& misses = counts.near_misses;
  if (misses.size() == kNearMissesMax && misses.back().score >= signal.score) return;
  // Of equal scores the earlier stands first.
  const auto at =
      std::find_if(misses.begin(), misses.end(), [&](const NearMiss& miss) { return miss.score < signal.score; });
  misses.insert(at, {event.header.event_time, names_.Symbol(event.header.instrument), signal.score, signal.threshold,
                     FailedRules(signal)});
  if (misses.size() > kNearMissesMax) misses.pop_back();
}

void Scorecard::OnDecision(const Event& event, const RiskDecision& decision) {
  InstanceScore& counts = RecordOf(event.header.instance).counts;
  if (decision.approved) {
    ++counts.alerts;
  } else {
    ++counts.refusals[std::string(RefusalRuleName(decision.rule))];
    intents_.erase(decision.intent);
  }
}

void Scorecard::OnOutcome(const Event& event, const OutcomeLabelled& outcome) {
  if (outcome.near_miss) return;
  Record& record = RecordOf(event.header.instance);
  const auto label = static_cast<size_t>(outcome.label);
  if (label < record.counts.labels.size()) ++record.counts.labels[label];
  const auto intent = intents_.find(outcome.intent);
  const Time triggered = intent == intents_.end() ? event.header.event_time : intent->second.triggered;
  if (intent != intents_.end()) intents_.erase(intent);
  if (!outcome.exited) return;
  record.closed.push_back(
      {triggered, outcome.score, outcome.r_multiple, outcome.return_net_percent, outcome.profit_net});
}

std::vector<InstanceScore> Scorecard::Scores() const {
  std::vector<InstanceScore> scores;
  for (const StrategyInstanceId id : order_) {
    const Record& record = records_.at(id);
    InstanceScore score = record.counts;
    score.name = names_.Instance(id);
    for (const uint64_t count : score.labels) score.closure_rate.trials += count;
    score.closure_rate.successes = score.win_rate.trials = record.closed.size();

    std::array<std::vector<double>, 3> gains, losses;
    std::vector<double> r;
    std::map<double, Group, std::greater<>> by_score;
    std::map<int, Group> by_time;
    for (const Closed& trade : record.closed) {
      const bool win = trade.money > Money();
      score.win_rate.successes += win ? 1 : 0;
      score.profit_net = score.profit_net + trade.money;
      auto& sums = win ? gains : losses;
      sums[0].push_back(trade.percent);
      sums[1].push_back(trade.money.ToDouble());
      sums[2].push_back(trade.r);
      r.push_back(trade.r);
      by_score[trade.score].Add(trade.r, trade.money);
      if (const std::optional<int> minute = calendar::NewYorkMinuteOfDay(trade.triggered)) {
        by_time[*minute / kBucketMinutes * kBucketMinutes].Add(trade.r, trade.money);
      }
    }
    score.gain_percent = MeanOf(gains[0]);
    score.gain_money = MeanOf(gains[1]);
    score.gain_r = MeanOf(gains[2]);
    score.loss_percent = MeanOf(losses[0]);
    score.loss_money = MeanOf(losses[1]);
    score.loss_r = MeanOf(losses[2]);
    score.expectancy_r = MeanOf(r);
    for (const auto& [value, group] : by_score) score.by_score.push_back({value, group.wins, MeanOf(group.r)});
    for (const auto& [minute, group] : by_time) {
      score.by_time_of_day.push_back({minute, group.wins, MeanOf(group.r), group.wins.trials < kTradesMin});
    }
    scores.push_back(std::move(score));
  }
  return scores;
}

}  // namespace spillway::journal
