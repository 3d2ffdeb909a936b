#include "services/notifier/notifier.h"

#include <random>
#include <set>

#include "services/risk/risk.h"
#include "tests/support/profiles.h"
#include "tests/support/trading_lane.h"

namespace spillway::test {
namespace {

using notifier::NotifierProcessor;

v1::Profile Free() {
  v1::Profile profile = ClassicProfile();
  profile.mutable_throttle()->clear_alerts_per_hour();
  profile.mutable_throttle()->set_same_ticker_ns(0);
  return profile;
}

Event Approval(const Event& intent, int64_t quantity, const Money& risk, bool low_confidence = false) {
  RiskDecision decision;
  decision.intent = intent.header.id();
  decision.approved = true;
  decision.quantity = Quantity::Units(quantity);
  decision.binding_cap = SizeCap::kShares;
  decision.risk = risk;
  decision.route = Route::kAlert;
  decision.low_confidence = low_confidence;
  Event event;
  event.header = intent.header;
  event.header.producer = Producer::kRisk;
  event.header.correlation = intent.header.correlation_id();
  event.header.cause = {.market = {}, .event = intent.header.id(), .ordinal = 0};
  event.body = decision;
  return event;
}

class NotifierDay {
 public:
  explicit NotifierDay(const v1::Profile& profile = Free(), InstanceMode mode = InstanceMode::kActive) {
    lane.At("09:25");
    Send(lane.Define(1, "SYM1"));
    Send(lane.Configure(profile, "classic#1", mode));
  }
  std::vector<Event> Send(const Event& event) {
    CollectingSink sink;
    processor.Process(event, sink);
    return sink.events;
  }
  // A signal, its intent, and risk's approval.
  std::vector<Event> ApprovedAt(std::string_view clock, const IntentFields& fields = {}, int64_t quantity = 833) {
    lane.At(clock);
    signal = lane.Accepted(fields);
    Send(signal);
    intent = lane.Intent(fields, signal.header.id());
    CHECK(Send(intent).empty());
    return Send(Approval(intent, quantity, Money::FromE8(45'00000000)));
  }

  TradingLane lane;
  NotifierProcessor processor;
  Event signal, intent;
};

TEST_CASE("S0-0.2, S1-A0.1: an approved intent becomes an alert with its signal's rules", "[notifier]") {
  NotifierDay day;
  const std::vector<Event> out = day.ApprovedAt("10:00");
  REQUIRE(out.size() == 1);
  const Alert& alert = std::get<Alert>(out[0].body);
  CHECK(alert.intent == day.intent.header.id());
  CHECK(alert.signal == day.signal.header.id());
  REQUIRE(alert.rules.size() == 1);
  CHECK(alert.rules[0].rule == "S0-3.1");
  CHECK(alert.triggered == NewYork("10:00"));
  CHECK(alert.expires == NewYork("10:01"));
  CHECK_FALSE(alert.shadow);
  CHECK(out[0].header.producer == Producer::kNotifier);
  CHECK(out[0].header.correlation == day.intent.header.correlation_id());
  CHECK(out[0].header.cause.event == Approval(day.intent, 1, Money()).header.id());
  CHECK(out[0].header.event_time == day.intent.header.event_time);
  CHECK(out[0].header.ingest_time == day.intent.header.ingest_time);
}

TEST_CASE("S1-B5.5, EX-06: 500 shares from 12.04 to 12.22 bring 86.50 USD after 3.50 of costs", "[notifier]") {
  NotifierDay day;
  const std::vector<Event> out = day.ApprovedAt("10:00", {.entry = 12.04, .stop = 11.95, .target = 12.22}, 500);
  REQUIRE(out.size() == 1);
  const Alert& alert = std::get<Alert>(out[0].body);
  CHECK(alert.reward_net.ToString() == "86.50");
  CHECK(alert.risk.ToString() == "45.00");
  CHECK_THAT(alert.reward_to_risk_net, WithinAbs(86.50 / 48.50, 1e-12));
}

TEST_CASE("S1-B7.1: an alert says the stage, the record, the route and the warnings of its decision", "[notifier]") {
  NotifierDay day;
  day.lane.At("10:00");
  const Event intent = day.lane.Intent({});
  day.Send(intent);
  Event approval = Approval(intent, 100, Money::FromE8(9'00000000));
  auto& decision = std::get<RiskDecision>(approval.body);
  decision.stage = "shadow";
  decision.record = {.trades = 40, .wins = 20, .sum_r = 1.5};
  decision.route = Route::kConfirm;
  decision.risk_percent = 0.0225;
  decision.warnings = {"a warning"};
  const std::vector<Event> out = day.Send(approval);
  REQUIRE(out.size() == 1);
  const Alert& alert = std::get<Alert>(out[0].body);
  CHECK(alert.stage == "shadow");
  CHECK(alert.record == decision.record);
  CHECK(alert.route == Route::kConfirm);
  CHECK(alert.risk_percent == 0.0225);
  CHECK(alert.warnings == decision.warnings);
}

TEST_CASE("IR-7: a signal cancelled by a condition of its profile says which", "[notifier]") {
  NotifierDay day;
  day.ApprovedAt("10:00");
  Event cancel = day.lane.At("10:00:05").Cancel(day.signal, CancelRule::kCondition);
  std::get<SignalCancelled>(cancel.body).condition = "S1-I2.3";
  const std::vector<Event> out = day.Send(cancel);
  REQUIRE(out.size() == 1);
  CHECK(std::get<AlertUpdate>(out[0].body).reason == "S1-I2.3 seen=0.05 limit=0.03");
}

TEST_CASE("notifier: a refused intent is told to nobody", "[notifier]") {
  NotifierDay day;
  day.lane.At("10:00");
  const Event intent = day.lane.Intent({});
  day.Send(intent);
  Event refusal = Approval(intent, 0, Money());
  std::get<RiskDecision>(refusal.body).approved = false;
  CHECK(day.Send(refusal).empty());
  CHECK(day.Send(day.lane.At("10:05").Tick()).empty());
}

TEST_CASE("S0-4.5, S0-9.1, S1-A9.1: a cancelled signal edits its alert, once, and it no longer expires", "[notifier]") {
  NotifierDay day;
  const EventId alert = day.ApprovedAt("10:00")[0].header.id();
  day.lane.At("10:00:10");
  const std::vector<Event> out = day.Send(day.lane.Cancel(day.signal));
  REQUIRE(out.size() == 1);
  const AlertUpdate& update = std::get<AlertUpdate>(out[0].body);
  CHECK(update.alert == alert);
  CHECK(update.kind == AlertUpdateKind::kCancelled);
  CHECK(update.reason == "spread_blow_out seen=0.05 limit=0.03");
  CHECK(out[0].header.correlation == day.intent.header.correlation_id());
  CHECK(day.Send(day.lane.Cancel(day.signal)).empty());
  CHECK(day.Send(day.lane.At("10:05").Tick()).empty());
}

TEST_CASE("notifier: an alert expires at the first event at or after its expiry, then is not cancelled", "[notifier]") {
  NotifierDay day;
  const EventId alert = day.ApprovedAt("10:00:00.050")[0].header.id();
  CHECK(day.Send(day.lane.At("10:01:00.000").Tick()).empty());
  const std::vector<Event> out = day.Send(day.lane.At("10:01:00.100").Tick());
  REQUIRE(out.size() == 1);
  CHECK(std::get<AlertUpdate>(out[0].body).kind == AlertUpdateKind::kExpired);
  CHECK(std::get<AlertUpdate>(out[0].body).alert == alert);
  CHECK(out[0].header.event_time == NewYork("10:01:00.100"));
  CHECK(day.Send(day.lane.Cancel(day.signal)).empty());
}

TEST_CASE("notifier: shadow alerts are emitted and marked", "[notifier]") {
  NotifierDay day(Free(), InstanceMode::kShadow);
  CHECK(std::get<Alert>(day.ApprovedAt("10:00")[0].body).shadow);
  NotifierDay active;
  CHECK(std::get<Alert>(active.ApprovedAt("10:00", {.shadow = true})[0].body).shadow);
}

TEST_CASE("S0-9.3, S1-A9.3: beyond the hard limit of a minute alerts are suppressed and counted", "[notifier]") {
  NotifierDay day;  // three a minute
  for (const std::string_view clock : {"10:00:00", "10:00:20", "10:00:40"}) {
    CHECK(std::holds_alternative<Alert>(day.ApprovedAt(clock).back().body));
  }
  const std::vector<Event> out = day.ApprovedAt("10:00:59.999");
  REQUIRE(out.size() == 1);
  const AlertReceipt& receipt = std::get<AlertReceipt>(out[0].body);
  CHECK(receipt.state == ReceiptState::kSuppressed);
  CHECK(receipt.detail == "ALERT_RATE_HARD seen=3 limit=3 alerts");
  CHECK(day.processor.suppressed() == 1);
  // Nobody was told, so nobody is told that it is over.
  CHECK(day.Send(day.lane.Cancel(day.signal)).empty());
  CHECK(std::holds_alternative<Alert>(day.ApprovedAt("10:01:00.000").back().body));
}

// ---- order

constexpr std::string_view kInstances[] = {"a#1", "b#1", "c#1"};

// Scoring's order of a random session, and risk's answers by the event they follow.
struct Session {
  std::vector<Event> scoring;
  std::vector<std::vector<Event>> answers;
};

Session RandomSession(uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto below = [&](uint64_t n) { return static_cast<int>(random() % n); };
  TradingLane lane;
  Session session;
  const auto add = [&](const Event& event) { session.scoring.push_back(event); };
  lane.At("09:29");
  add(lane.Session());
  add(lane.Feed(FeedState::kUp));
  for (InstrumentId id = 1; id <= 3; ++id) {
    add(lane.Define(id, fmt::format("SYM{}", id)));
    add(lane.Mark(id, 19.97, 20.00));
  }
  for (size_t i = 0; i < 3; ++i) {
    v1::Profile profile = Free();
    profile.mutable_throttle()->set_alerts_per_minute_hard(static_cast<uint32_t>(2 + i));
    const Event configure =
        lane.Configure(profile, kInstances[i], i == 2 ? InstanceMode::kShadow : InstanceMode::kActive);
    add(configure);
  }
  Time now = NewYork("09:30");
  std::vector<Event> signals;
  for (int i = 0; i < 300; ++i) {
    now += std::chrono::milliseconds(below(6'000));
    lane.At(now);
    const auto instance = static_cast<size_t>(below(3));
    const int kind = below(10);
    if (kind < 5) {
      const IntentFields fields{.instrument = static_cast<InstrumentId>(1 + below(3)),
                                .stop = below(6) == 0 ? 20.5 : 19.9,
                                .instance = kInstances[instance]};
      const Event signal = lane.Accepted(fields);
      const Event intent = lane.Intent(fields, signal.header.id());
      signals.push_back(signal);
      add(signal);
      add(intent);
    } else if (kind < 7) {
      const auto which = static_cast<size_t>(below(4));
      const Event fallback = lane.Tick();
      if (which < signals.size()) {
        add(lane.Cancel(signals[signals.size() - 1 - which]));
      } else {
        add(fallback);
      }
    } else {
      add(lane.Tick());
    }
  }
  // A risk that has lost the hard limit: the notifier's own must hold.
  v1::Profile unlimited = Free();
  unlimited.mutable_throttle()->clear_alerts_per_minute_hard();
  risk::RiskProcessor risk;
  for (Event event : session.scoring) {
    if (auto* version = std::get_if<ConfigurationVersion>(&event.body)) {
      version->document = profile::SerializeDeterministic(unlimited);
    }
    CollectingSink sink;
    risk.Process(event, sink);
    session.answers.push_back(sink.events);
  }
  return session;
}

// Risk's messages keep their own order, but come `delay(i)` events or more behind what they answer.
template <class Delay>
std::vector<Event> Interleave(const Session& session, Delay&& delay) {
  std::vector<Event> lane;
  std::deque<std::pair<size_t, Event>> waiting;
  for (size_t i = 0; i < session.scoring.size(); ++i) {
    lane.push_back(session.scoring[i]);
    for (const Event& answer : session.answers[i]) waiting.emplace_back(i + delay(), answer);
    while (!waiting.empty() && waiting.front().first <= i) {
      lane.push_back(waiting.front().second);
      waiting.pop_front();
    }
  }
  for (const auto& [when, answer] : waiting) lane.push_back(answer);
  return lane;
}

TEST_CASE("notifier: decisions delayed at will give the same outputs in the same order", "[notifier][determinism]") {
  size_t kinds_seen[3] = {0, 0, 0};
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    INFO("seed " << seed);
    const Session session = RandomSession(seed);
    const std::vector<Event> prompt = Play<NotifierProcessor>(Interleave(session, [] { return size_t{0}; }));
    for (const Event& event : prompt) {
      kinds_seen[0] += std::holds_alternative<Alert>(event.body);
      kinds_seen[1] += std::holds_alternative<AlertUpdate>(event.body);
      kinds_seen[2] += std::holds_alternative<AlertReceipt>(event.body);
    }
    std::mt19937_64 random(seed);
    for (const size_t longest : {3, 40, 1000}) {
      const std::vector<Event> late =
          Play<NotifierProcessor>(Interleave(session, [&] { return static_cast<size_t>(random() % longest); }));
      REQUIRE((Bytes(prompt) == Bytes(late)));
    }
  }
  CHECK(kinds_seen[0] > 100);
  CHECK(kinds_seen[1] > 100);
  CHECK(kinds_seen[2] > 10);
}

TEST_CASE("notifier: the same lane twice, and restored after every event, gives the same bytes",
          "[notifier][determinism]") {
  std::mt19937_64 random(5);
  const std::vector<Event> lane = Interleave(RandomSession(77), [&] { return static_cast<size_t>(random() % 30); });
  const std::string once = Bytes(Play<NotifierProcessor>(lane));
  CHECK(once.size() > 5'000);
  CHECK((once == Bytes(Play<NotifierProcessor>(lane))));
  CHECK((once == Bytes(PlayRestoring<NotifierProcessor>(lane))));
}

TEST_CASE("notifier: an instance alone is told of as beside the others", "[notifier][determinism]") {
  for (uint64_t seed = 40; seed <= 45; ++seed) {
    const auto prompt = [] { return size_t{0}; };
    const std::vector<Event> together = Play<NotifierProcessor>(Interleave(RandomSession(seed), prompt));
    for (size_t i = 0; i < 3; ++i) {
      INFO("seed " << seed << " instance " << kInstances[i]);
      const Session alone = RandomSession(seed);
      Session filtered;
      for (size_t e = 0; e < alone.scoring.size(); ++e) {
        const StrategyInstanceId instance = alone.scoring[e].header.instance;
        if (instance != 0 && instance != StrategyInstanceIdOf(kInstances[i])) continue;
        filtered.scoring.push_back(alone.scoring[e]);
        filtered.answers.push_back(OfInstance(alone.answers[e], kInstances[i]));
      }
      CHECK(
          (Bytes(Play<NotifierProcessor>(Interleave(filtered, prompt))) == Bytes(OfInstance(together, kInstances[i]))));
    }
  }
}

TEST_CASE("notifier: ids never repeat, and every update names an alert that was told", "[notifier][property]") {
  for (uint64_t seed = 60; seed <= 70; ++seed) {
    INFO("seed " << seed);
    std::set<EventId> ids, alerts, ended;
    for (const Event& event : Play<NotifierProcessor>(Interleave(RandomSession(seed), [] { return size_t{2}; }))) {
      REQUIRE(ids.insert(event.header.id()).second);
      if (std::holds_alternative<Alert>(event.body)) alerts.insert(event.header.id());
      if (const auto* update = std::get_if<AlertUpdate>(&event.body)) {
        REQUIRE(alerts.contains(update->alert));
        REQUIRE(ended.insert(update->alert).second);
      }
    }
  }
}

}  // namespace
}  // namespace spillway::test
