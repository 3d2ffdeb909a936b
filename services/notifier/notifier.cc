#include "services/notifier/notifier.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "fmt/format.h"
#include "libs/base/check.h"
#include "libs/events/trading_lane.h"
#include "spillway/v1/profile.pb.h"

namespace spillway::notifier {
namespace {

constexpr Duration kHardRateWindow = std::chrono::minutes(1);

// The header of an output: the alert's own subject, at `time`, following from `cause`.
EventHeader Following(const EventHeader& subject, Time time, const EventId& cause, uint32_t ordinal) {
  EventHeader header = subject;
  header.producer = Producer::kNotifier;
  header.event_time = time;
  header.correlation = subject.correlation_id();
  header.cause = {.market = {}, .event = cause, .ordinal = ordinal};
  return header;
}

}  // namespace

void NotifierProcessor::Process(const Event& event, runtime::EventSink& out) {
  if (const auto* decision = std::get_if<RiskDecision>(&event.body)) return OnDecision(event, *decision, out);
  if (!InScoringOrder(event.header.producer)) return;
  pending_.TakeDue(event.header.event_time, [&](const auto& version) { Activate(version); });
  OnTime(event.header, out);
  std::visit(Overloaded{
                 [&](const Signal& signal) { OnSignal(event, signal); },
                 [&](const TradeIntent& intent) { OnIntent(event, intent, out); },
                 [&](const SignalCancelled& cancelled) { OnCancelled(event, cancelled, out); },
                 [&](const InstrumentDefinition& definition) { contracts_[definition.id] = definition.terms; },
                 [&](const ConfigurationVersion& version) {
                   pending_.Add(event.header, version);
                   pending_.TakeDue(event.header.event_time, [&](const auto& due) { Activate(due); });
                 },
                 [](const auto&) {},  // not ours
             },
             event.body);
}

void NotifierProcessor::Activate(const profile::PendingConfiguration& version) {
  v1::Profile profile;
  if (!profile.ParseFromString(version.document)) {
    ++configurations_refused_;
    return;
  }
  Terms terms{.mode = version.mode, .costs = costs::CostScheduleOf(profile.costs()), .alerts_per_minute_hard = {}};
  if (profile.throttle().has_alerts_per_minute_hard()) {
    terms.alerts_per_minute_hard = profile.throttle().alerts_per_minute_hard();
  }
  instances_[version.instance] = terms;
}

// ---- into the queue

void NotifierProcessor::OnSignal(const Event& event, const Signal& signal) {
  if (!signal.accepted) return;
  signals_.push_back({event.header.id(), signal.rules});
  if (signals_.size() > kSignalsMax) signals_.pop_front();
}

void NotifierProcessor::OnIntent(const Event& event, const TradeIntent& intent, runtime::EventSink& out) {
  Item item;
  item.kind = ItemKind::kIntent;
  item.header = event.header;
  item.intent = intent;
  const auto signal = std::find_if(signals_.begin(), signals_.end(),
                                   [&](const AcceptedSignal& accepted) { return accepted.id == intent.signal; });
  if (signal != signals_.end()) {
    item.rules = std::move(signal->rules);
    signals_.erase(signal);
  }
  if (const auto it = instances_.find(event.header.instance); it != instances_.end()) item.terms = it->second;
  if (const auto it = contracts_.find(event.header.instrument); it != contracts_.end()) item.contract = it->second;
  Queue(std::move(item), out);
}

void NotifierProcessor::OnCancelled(const Event& event, const SignalCancelled& cancelled, runtime::EventSink& out) {
  Item item;
  item.kind = ItemKind::kCancel;
  item.header = event.header;
  item.cancelled = cancelled;
  Queue(std::move(item), out);
}

void NotifierProcessor::OnTime(const EventHeader& header, runtime::EventSink& out) {
  if (queue_.empty()) return Expire(header, out);
  const Item& last = queue_.back();
  const bool same = last.header.event_time == header.event_time && last.header.instance == header.instance;
  if (last.kind == ItemKind::kTime && same) return;
  Item item;
  item.header = header;
  Queue(std::move(item), out);
}

void NotifierProcessor::Queue(Item item, runtime::EventSink& out) {
  SPILLWAY_CHECK(queue_.size() < kQueuedMax);
  queue_.push_back(std::move(item));
  Release(out);
}

void NotifierProcessor::OnDecision(const Event& event, const RiskDecision& decision, runtime::EventSink& out) {
  const auto item = std::find_if(queue_.begin(), queue_.end(), [&](const Item& queued) {
    return queued.kind == ItemKind::kIntent && queued.header.id() == decision.intent;
  });
  if (item == queue_.end() || item->decided.id) return;  // not of an intent we wait for
  item->decided = {event.header.id(), decision};
  Release(out);
}

// ---- out of the queue

void NotifierProcessor::Release(runtime::EventSink& out) {
  while (!queue_.empty()) {
    const Item& item = queue_.front();
    if (item.kind == ItemKind::kIntent && !item.decided.id) return;
    switch (item.kind) {
      case ItemKind::kTime:
        Expire(item.header, out);
        break;
      case ItemKind::kIntent:
        if (item.decided.decision.approved) Tell(item, out);
        break;
      case ItemKind::kCancel:
        Cancel(item, out);
        break;
    }
    queue_.pop_front();
  }
}

void NotifierProcessor::Expire(const EventHeader& mark, runtime::EventSink& out) {
  if (live_.empty()) return;
  std::vector<LiveAlert> expired;
  std::erase_if(live_, [&](const LiveAlert& alert) {
    if (mark.instance != 0 && mark.instance != alert.header.instance) return false;
    if (alert.expires > mark.event_time) return false;
    expired.push_back(alert);
    return true;
  });
  std::stable_sort(expired.begin(), expired.end(), [](const auto& a, const auto& b) { return a.expires < b.expires; });
  for (const LiveAlert& alert : expired) {
    const EventId id = alert.header.id();
    out.Emit({Following(alert.header, mark.event_time, id, 0),
              AlertUpdate{.alert = id, .kind = AlertUpdateKind::kExpired, .reason = "expired"}});
  }
}

void NotifierProcessor::Cancel(const Item& item, runtime::EventSink& out) {
  const SignalCancelled& cancelled = item.cancelled;
  const auto alert =
      std::find_if(live_.begin(), live_.end(), [&](const LiveAlert& live) { return live.signal == cancelled.signal; });
  if (alert == live_.end()) return;  // refused, suppressed or expired: nobody was told, or it is over
  const bool own = cancelled.rule == CancelRule::kCondition;  // one of the profile's: it has a name
  const std::string reason =
      fmt::format("{} seen={} limit={}", own ? cancelled.condition : CancelRuleName(cancelled.rule), cancelled.seen,
                  cancelled.limit);
  out.Emit({Following(alert->header, item.header.event_time, item.header.id(), 0),
            AlertUpdate{.alert = alert->header.id(), .kind = AlertUpdateKind::kCancelled, .reason = reason}});
  live_.erase(alert);
}

bool NotifierProcessor::OverHardLimit(const Item& item) {
  if (!item.terms.alerts_per_minute_hard) return false;
  std::deque<Time>& told = told_[item.header.instance];
  while (!told.empty() && item.header.event_time - told.front() >= kHardRateWindow) told.pop_front();
  if (told.size() >= *item.terms.alerts_per_minute_hard) return true;
  told.push_back(item.header.event_time);
  return false;
}

void NotifierProcessor::Tell(const Item& item, runtime::EventSink& out) {
  const TradeIntent& intent = item.intent;
  const RiskDecision& decision = item.decided.decision;
  const EventHeader header = Following(item.header, item.header.event_time, item.decided.id, 0);
  if (OverHardLimit(item)) {
    ++suppressed_;
    AlertReceipt receipt{.alert = header.id(), .channel = "all", .state = ReceiptState::kSuppressed, .detail = {}};
    receipt.detail = fmt::format("{} seen={} limit={} alerts", RefusalRuleName(RefusalRule::kAlertRateHard),
                                 told_[item.header.instance].size(), *item.terms.alerts_per_minute_hard);
    out.Emit({Following(item.header, item.header.event_time, item.decided.id, 1), std::move(receipt)});
    return;
  }
  const costs::RoundTrip to_target{intent.side, intent.entry, intent.target, decision.quantity};
  const Money cost = costs::RoundTripCost(item.terms.costs, decision.quantity);
  Alert alert;
  alert.intent = item.header.id();
  alert.signal = intent.signal;
  alert.side = intent.side;
  alert.entry = intent.entry;
  alert.stop = intent.stop;
  alert.target = intent.target;
  alert.spread = intent.spread;
  alert.quantity = decision.quantity;
  alert.binding_cap = decision.binding_cap;
  alert.risk = decision.risk;
  alert.reward_net = costs::GrossProfit(item.contract, to_target) - cost;
  const Money loss = decision.risk + cost;
  if (loss > Money()) alert.reward_to_risk_net = alert.reward_net.ToDouble() / loss.ToDouble();
  alert.score = intent.score;
  alert.threshold = intent.threshold;
  alert.rules = item.rules;
  alert.triggered = item.header.event_time;
  alert.expires = intent.expires;
  alert.low_confidence = decision.low_confidence;
  alert.stage = decision.stage;
  alert.record = decision.record;
  alert.route = decision.route;
  alert.risk_percent = decision.risk_percent;
  alert.warnings = decision.warnings;
  alert.shadow = intent.shadow || item.terms.mode == InstanceMode::kShadow;
  live_.push_back({header, intent.signal, intent.expires});
  out.Emit({header, std::move(alert)});
}

// ---- checkpoints

void NotifierProcessor::Save(runtime::StateWriter& state) const {
  const_cast<NotifierProcessor*>(this)->Persist(state);
}

absl::Status NotifierProcessor::Restore(runtime::StateReader& state) {
  Persist(state);
  return state.failed() ? state.Finish() : absl::OkStatus();
}

}  // namespace spillway::notifier
