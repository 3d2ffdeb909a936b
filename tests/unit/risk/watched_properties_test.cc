// What holds for every sequence of orders, reports, commands and markets.
#include <map>
#include <random>
#include <set>

#include "tests/unit/risk/order_scenario.h"

namespace spillway::test {
namespace {

constexpr std::string_view kAuto = "auto#1";
constexpr std::string_view kConfirm = "confirm#1";
constexpr std::string_view kAlert = "alert#1";

v1::Profile ProfileOf(std::string_view instance) {
  v1::Profile profile = ClassicProfile();
  profile.mutable_throttle()->set_same_ticker_ns(Duration(std::chrono::seconds(20)).count());
  profile.mutable_throttle()->set_alerts_per_hour(200);
  profile.mutable_throttle()->set_halt_scope(v1::HALT_SCOPE_SYMBOL);
  profile.set_execution_mode(instance == kAuto      ? v1::EXECUTION_MODE_AUTO
                             : instance == kConfirm ? v1::EXECUTION_MODE_CONFIRM
                                                    : v1::EXECUTION_MODE_ALERT_ONLY);
  return profile;
}

v1::RiskProfile Limits() {
  v1::RiskProfile risk = OpenRisk();
  risk.mutable_exposure()->set_gross_percent(200);
  risk.mutable_exposure()->set_positions(3);
  risk.mutable_daily_loss()->set_no_new_entries_percent(0.05);
  risk.mutable_daily_loss()->set_flatten_percent(0.15);
  v1::Drawdown& drawdown = *risk.add_drawdowns();
  drawdown.set_horizon(v1::DRAWDOWN_HORIZON_ALL_TIME);
  drawdown.set_reduce_percent(0.2);
  drawdown.set_stop_factor(0.8);
  drawdown.set_flatten_percent(0.6);
  risk.mutable_anomalies()->set_latency_orders(5);
  risk.mutable_anomalies()->set_pause_ns(Duration(std::chrono::minutes(2)).count());
  return risk;
}

// Plays a session against a processor, so that what comes after its decisions is about them. The lane alone is kept.
class RandomSession {
 public:
  RandomSession(uint64_t seed, int length) : random_(seed) {
    lane_.At("09:20");
    for (InstrumentId id = 1; id <= 4; ++id) Send(lane_.Define(id, fmt::format("SYM{}", id)));
    for (const std::string_view instance : {kAuto, kConfirm, kAlert}) {
      Send(lane_.Configure(ProfileOf(instance), instance));
    }
    Send(lane_.Session());
    Send(lane_.Feed(FeedState::kUp));
    Send(ConfigureRisk(lane_, Limits()));
    Connect();
    for (InstrumentId id = 1; id <= 4; ++id) Send(lane_.Mark(id, 19.97, 20.00));
    Time now = NewYork("09:30");
    for (int i = 0; i < length; ++i) {
      now += std::chrono::milliseconds(Below(9'000));
      lane_.At(now);
      Step(i);
    }
  }
  std::vector<Event> Take() { return std::move(events_); }

 private:
  struct Order {
    EventId intent;
    InstrumentId instrument = 0;
    StrategyInstanceId instance = 0;
    Quantity quantity;
  };

  int Below(uint64_t n) { return static_cast<int>(random_() % n); }
  InstrumentId AnySymbol() { return static_cast<InstrumentId>(1 + Below(4)); }

  void Send(const Event& event) {
    events_.push_back(event);
    CollectingSink sink;
    model_.Process(event, sink);
    for (const Event& out : sink.events) {
      const auto* decision = std::get_if<RiskDecision>(&out.body);
      if (decision == nullptr || !decision->approved) continue;
      if (decision->route == Route::kConfirm) cards_.push_back(decision->intent);
      if (decision->route != Route::kAuto) continue;
      orders_.push_back({decision->intent, out.header.instrument, out.header.instance, decision->quantity});
    }
  }
  template <class Body>
  void Broker(const Body& body, InstrumentId instrument = 0) {
    Send(lane_.Make(body, instrument, 0, Producer::kBroker));
  }
  void Report(BrokerReportKind kind) {
    BrokerReport report;
    report.kind = kind;
    report.client_order_id = fmt::format("order {}", Below(1'000));
    if (kind == BrokerReportKind::kClock) report.clock_skew = std::chrono::milliseconds(Below(1'100));
    Broker(report);
  }
  void Connect() {
    Broker(BrokerReport{.kind = BrokerReportKind::kConnected});
    Broker(PaperSnapshot());
  }

  void Step(int number) {
    const int kind = Below(100);
    if (kind < 35) return Intent(number);
    if (kind < 55) {
      const double mid = 19.9 + 0.01 * Below(20);
      return Send(lane_.Mark(AnySymbol(), mid, mid + 0.03));
    }
    if (kind < 75) return Trade();
    if (kind < 80) return Command();
    if (kind < 86) return Trouble();
    if (kind < 88)
      return Send(lane_.Halt(AnySymbol(), Below(2) == 0 ? TradingStatus::kHalted : TradingStatus::kTrading));
    if (kind == 88 && Below(20) == 0) {
      return Send(lane_.Make(SessionState{.trading_day = 20250502 + Below(3),
                                          .phase = SessionPhase::kRegular,
                                          .regular_open = NewYork("09:30"),
                                          .regular_close = NewYork("16:00")}));
    }
    Send(lane_.Tick());
  }

  void Intent(int number) {
    const std::string_view instances[] = {kAuto, kConfirm, kAlert};
    Event event = lane_.Intent({.instrument = AnySymbol(),
                                .entry = 20.00,
                                .stop = 19.88 - 0.01 * Below(10),
                                .target = 20.40,
                                .instance = instances[Below(3)]},
                               EventId{2, static_cast<uint64_t>(number) + 1});
    std::get<TradeIntent>(event.body).minute_volume = Quantity::Units(100'000);
    Send(event);
    if (Below(6) != 0) return;
    Send(lane_.Make(SignalCancelled{.signal = EventId{2, static_cast<uint64_t>(number) + 1}, .rule = CancelRule::kHalt},
                    event.header.instrument, event.header.instance));
  }

  // Something happens to an order: accepted, filled, refused, in doubt; or a position ends.
  void Trade() {
    if (orders_.empty()) return Send(lane_.Tick());
    const size_t which = static_cast<size_t>(Below(orders_.size()));
    const Order order = orders_[which];
    OrderEvent step;
    step.order = EventId{7, order.intent.low};
    step.intent = order.intent;
    step.role = OrderRole::kEntry;
    step.side = Side::kBid;
    step.quantity = step.intent_open = order.quantity;
    const auto oms = [&](const auto& body) {
      Send(lane_.Make(body, order.instrument, order.instance, Producer::kOms));
    };
    switch (Below(5)) {
      case 0:
        step.trigger = OrderTrigger::kAccepted;
        step.state = OrderState::kAccepted;
        step.latency = std::chrono::milliseconds(Below(2'500));
        return oms(step);
      case 1:
        step.trigger = OrderTrigger::kNoAnswer;
        step.state = OrderState::kUnknown;
        return oms(step);
      case 2:
        step.trigger = OrderTrigger::kRejected;
        step.state = OrderState::kRejected;
        step.intent_open = Quantity();
        break;
      default:
        step.trigger = OrderTrigger::kFill;
        step.state = OrderState::kFilled;
        step.intent_open = Quantity();
        step.slippage_decision_bps = Below(8);
        break;
    }
    orders_.erase(orders_.begin() + static_cast<std::ptrdiff_t>(which));
    oms(step);
    if (step.trigger != OrderTrigger::kFill) return;
    Hold(order, order.quantity, -20 * order.quantity.ToDouble());
    if (Below(3) != 0) Hold(order, Quantity(), 0.01 * (Below(20) - 12) * order.quantity.ToDouble());
  }
  void Hold(const Order& order, Quantity quantity, double cash) {
    Money& flow = flows_[{order.instrument, order.instance}];
    PositionSnapshot position;
    position.quantity = quantity;
    position.cost = Money::FromE8(20 * quantity.e8());
    if (quantity > Quantity()) position.stop = Usd(19.8);
    if (quantity == Quantity()) flow = flow + Money::FromE8(std::llround(cash * 1e8));
    position.cash_flow = flow - position.cost;
    Send(lane_.Make(position, order.instrument, order.instance, Producer::kOms));
  }

  void Command() {
    AdminCommand command;
    command.by = Below(9) == 0 ? "" : "anna";
    command.reason = "random";
    constexpr AdminCommandKind kKinds[] = {
        AdminCommandKind::kConfirm, AdminCommandKind::kConfirm, AdminCommandKind::kReject, AdminCommandKind::kKill,
        AdminCommandKind::kEnable,  AdminCommandKind::kEnable,  AdminCommandKind::kResume, AdminCommandKind::kArm};
    command.kind = kKinds[Below(std::size(kKinds))];
    command.flatten = Below(2) == 0;
    command.intent = cards_.empty() || Below(8) == 0
                         ? EventId{9, 9}
                         : cards_[cards_.size() - 1 - Below(std::min<size_t>(cards_.size(), 3))];
    const InstrumentId instrument = command.kind == AdminCommandKind::kResume ? AnySymbol() - 1 : 0;
    Event event = lane_.Make(command, instrument, 0, Producer::kGateway);
    event.header.event_time = lane_.now() + std::chrono::hours(Below(48));
    Send(event);
  }

  void Trouble() {
    switch (Below(9)) {
      case 0:
        Report(BrokerReportKind::kDisconnected);
        return Connect();
      case 1:
        return Report(BrokerReportKind::kRateLimited);
      case 2:
        return Report(BrokerReportKind::kRejected);
      case 3:
        return Report(BrokerReportKind::kClock);
      case 4: {
        OrderIncident incident;
        incident.kind = IncidentKind::kOverfill;
        return Send(lane_.Make(incident, AnySymbol(), 0, Producer::kOms));
      }
      case 5:
      case 6: {
        Reconciliation difference;
        difference.kind = DifferenceKind::kQuantityDrift;
        difference.resolved = Below(2) == 0;
        return Send(lane_.Make(difference, AnySymbol(), 0, Producer::kOms));
      }
      default:
        return Send(lane_.Make(Reconciliation{}, 0, 0, Producer::kOms));
    }
  }

  std::mt19937_64 random_;
  TradingLane lane_;
  risk::RiskProcessor model_;
  std::vector<Event> events_;
  std::vector<Order> orders_;
  std::vector<EventId> cards_;
  std::map<std::pair<InstrumentId, StrategyInstanceId>, Money> flows_;
};

std::vector<Event> RandomLane(uint64_t seed, int length) {
  return RandomSession(seed, length).Take();
}

TEST_CASE("S3-B3.8, C-19: each intent has one decision, ids never repeat, a person stands behind each confirmed order",
          "[risk][property]") {
  size_t children = 0, approved_children = 0;
  std::set<RefusalRule> refused;
  for (uint64_t seed = 1; seed <= 25; ++seed) {
    INFO("seed " << seed);
    risk::RiskProcessor risk;
    std::set<EventId> ids;
    for (const Event& event : RandomLane(seed, 1500)) {
      CollectingSink sink;
      risk.Process(event, sink);
      std::set<EventId> intents, decided;
      if (std::holds_alternative<TradeIntent>(event.body)) intents.insert(event.header.id());
      const auto* command = std::get_if<AdminCommand>(&event.body);
      for (const Event& out : sink.events) {
        REQUIRE(ids.insert(out.header.id()).second);
        if (const auto* intent = std::get_if<TradeIntent>(&out.body)) {
          REQUIRE(intent->parent);
          intents.insert(out.header.id());
          ++children;
        }
        const auto* decision = std::get_if<RiskDecision>(&out.body);
        if (decision == nullptr) continue;
        REQUIRE(decided.insert(decision->intent).second);
        if (!decision->approved) refused.insert(decision->rule);
        const bool of_confirm = out.header.instance == StrategyInstanceIdOf(kConfirm);
        if (decision->approved && of_confirm && decision->route == Route::kAuto) {
          REQUIRE(command != nullptr);
          REQUIRE(command->kind == AdminCommandKind::kConfirm);
          REQUIRE_FALSE(command->by.empty());
          ++approved_children;
        }
      }
      if (command != nullptr && decided.contains(event.header.id())) {  // no such card
        intents.insert(event.header.id());
      }
      REQUIRE(intents == decided);
    }
  }
  CHECK(children > 100);
  CHECK(approved_children >= 5);
  for (const RefusalRule rule :
       {RefusalRule::kKillSwitch, RefusalRule::kSymbolPaused, RefusalRule::kAccountDayLoss,
        RefusalRule::kLatencyAnomaly, RefusalRule::kConfirmExpired, RefusalRule::kConfirmUnknown,
        RefusalRule::kConfirmRejected, RefusalRule::kConfirmPriceMoved, RefusalRule::kDuplicateIntent,
        RefusalRule::kOrderInDoubt}) {
    INFO(RefusalRuleName(rule));
    CHECK(refused.contains(rule));
  }
}

TEST_CASE(
    "S3-B3.6, S3-B3.7, FX-76: while the kill switch is active no order is approved, and only what ends it ends it",
    "[risk][property]") {
  std::set<std::string> causes;
  for (uint64_t seed = 100; seed <= 125; ++seed) {
    INFO("seed " << seed);
    risk::RiskProcessor risk;
    bool active = false;
    for (const Event& event : RandomLane(seed, 1500)) {
      CollectingSink sink;
      risk.Process(event, sink);
      for (const Event& out : sink.events) {
        if (const auto* kill = std::get_if<KillSwitchChanged>(&out.body)) {
          active = kill->active;
          if (kill->active) causes.insert(kill->cause);
          if (!kill->active && kill->by.empty()) REQUIRE(kill->cause == "day_loss");
          REQUIRE(risk.watch().kill().active() == active);
        }
        const auto* decision = std::get_if<RiskDecision>(&out.body);
        if (decision != nullptr && decision->approved && decision->route == Route::kAuto) REQUIRE_FALSE(active);
      }
      REQUIRE(risk.watch().kill().active() == active);
    }
  }
  CHECK(causes.contains("manual"));
  CHECK(causes.contains("clock_skew"));
  CHECK(causes.contains("day_loss"));
  CHECK(causes.contains("reconciliation"));
}

TEST_CASE("risk: with orders, reports and commands the same lane twice, and restored after every event, gives the same",
          "[risk][determinism]") {
  const std::vector<Event> lane = RandomLane(7, 700);
  const std::vector<Event> once = Play<risk::RiskProcessor>(lane);
  CHECK(once.size() > 200);
  CHECK((Bytes(once) == Bytes(Play<risk::RiskProcessor>(lane))));
  CHECK((Bytes(once) == Bytes(PlayRestoring<risk::RiskProcessor>(lane))));
}

TEST_CASE("risk: what only alerts does the same whatever is ordered, reported and commanded beside it",
          "[risk][determinism]") {
  for (uint64_t seed = 200; seed <= 210; ++seed) {
    INFO("seed " << seed);
    const std::vector<Event> lane = RandomLane(seed, 1200);
    std::vector<Event> quiet;
    for (const Event& event : lane) {
      const Producer producer = event.header.producer;
      const bool of_orders =
          producer == Producer::kOms || producer == Producer::kBroker || producer == Producer::kGateway;
      if (!of_orders) quiet.push_back(event);
    }
    CHECK((Bytes(OfInstance(Play<risk::RiskProcessor>(lane), kAlert)) ==
           Bytes(OfInstance(Play<risk::RiskProcessor>(quiet), kAlert))));
  }
}

}  // namespace
}  // namespace spillway::test
