// Plays oms by hand: intents that were approved, what the broker says, and what oms answers, as short lines. Keeps the
// lane, so that Repeats() can show that it is answered the same way ever again.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fmt/format.h"
#include "libs/profile/profile_loader.h"
#include "libs/runtime/lane_filter.h"
#include "services/oms/oms.h"
#include "services/oms/trade.h"
#include "spillway/v1/profile.pb.h"
#include "spillway/v1/risk.pb.h"
#include "tests/support/trading_lane.h"

namespace spillway::test {

// One line an output:
//   "entry NEW (placed) 0/100 open=100"        a step of an order; open: what may yet be entered
//   "> place entry buy limit 100 at 20.00"     a command
//   "position 100 protected=100 closed target net=24.00"
//   "! fill_after_final"                       an incident
//   "flatten canceling 1"
struct OrderLines {
  std::string operator()(const OrderEvent& e) const {
    std::string line = fmt::format("{} {} ({}) {}/{}", OrderRoleName(e.role), OrderStateName(e.state),
                                   OrderTriggerName(e.trigger), e.filled.ToString(), e.quantity.ToString());
    if (e.role == OrderRole::kEntry) line += " open=" + e.intent_open.ToString();
    if (!e.rule.empty()) line += " " + e.rule;
    return e.reason.empty() ? line : line + ": " + e.reason;
  }
  std::string operator()(const OrderCommand& c) const {
    std::string line = fmt::format("> {}", OrderCommandKindName(c.kind));
    for (const OrderTicket& t : c.tickets) {
      line += fmt::format(" {} {} {} {}", OrderRoleName(t.role), t.side == Side::kBid ? "buy" : "sell",
                          OrderTypeName(t.type), t.quantity.ToString());
      if (t.limit) line += " at " + t.limit->ToString();
      if (t.stop) line += " at " + t.stop->ToString();
    }
    return c.reason.empty() ? line : line + ": " + c.reason;
  }
  std::string operator()(const PositionSnapshot& p) const {
    std::string line = fmt::format("position {} protected={}", p.quantity.ToString(), p.protected_quantity.ToString());
    if (p.trade && p.trade->state == AccountTradeState::kEntered) {
      line += fmt::format(" entered {} at {}", p.trade->quantity.ToString(), p.trade->price.ToString());
    }
    if (p.trade && p.trade->state == AccountTradeState::kClosed) {
      line += fmt::format(" closed {} gross={} net={}", p.trade->reason, p.trade->profit_gross.ToString(),
                          p.trade->profit_net.ToString());
    }
    return line;
  }
  std::string operator()(const OrderIncident& i) const { return fmt::format("! {}", IncidentKindName(i.kind)); }
  std::string operator()(const FlattenProgress& p) const {
    return fmt::format("flatten {} {}", FlattenStageName(p.stage), p.orders_open);
  }
  std::string operator()(const auto&) const { return "something else"; }
};

struct ReportFields {
  std::optional<int64_t> quantity = std::nullopt;  // of a fill
  double price = 0;
  std::string_view execution = {};
  std::optional<int64_t> cumulative = std::nullopt;
  std::optional<int64_t> leaves = std::nullopt;
  OrderState state = OrderState::kNone;
  std::string_view reason = {};
  std::string_view replaces = {};
  double fee = 0;
};

class OrderDesk {
 public:
  explicit OrderDesk(v1::Profile profile = DeskProfile()) {
    Take(lane_.Define(1, "ACME"));
    Take(lane_.Configure(profile));
    Take(lane_.Session());
    lane_.At("10:00");
    Mark(19.99, 20.01);
  }
  static v1::Profile DeskProfile() {
    v1::Profile profile;
    profile.mutable_outcome()->set_time_stop_ns(15LL * 60 * 1'000'000'000);
    return profile;
  }

  TradingLane& lane() { return lane_; }
  const std::vector<Event>& outputs() const { return sink_.events; }
  OrderDesk& At(std::string_view clock) {
    lane_.At(clock);
    return *this;
  }
  // Ticks until `clock`, one each second: what is due at a time is done then.
  std::string TickTo(std::string_view clock) {
    const Time end = NewYork(clock);
    std::string lines;
    while (lane_.now() < end) {
      lane_.At(std::min(lane_.now() + std::chrono::seconds(1), end));
      lines += Take(lane_.Tick());
    }
    return lines;
  }
  std::string Tick() { return Take(lane_.Tick()); }
  std::string Mark(double bid, double ask, uint8_t book = 0) { return Take(lane_.Mark(1, bid, ask, book)); }

  EventId Intend(const IntentFields& fields = {}) {
    const Event intent = lane_.Intent(fields);
    Take(intent);
    intent_ = intent.header.id();
    return intent_;
  }
  std::string Decide(int64_t quantity = 100, Route route = Route::kAuto) {
    RiskDecision decision;
    decision.intent = intent_;
    decision.approved = true;
    decision.quantity = Quantity::Units(quantity);
    decision.risk = Money::FromE8(quantity * 12'000'000);
    decision.route = route;
    return Take(lane_.Make(decision, 1, StrategyInstanceIdOf("classic#1"), Producer::kRisk));
  }
  std::string Approve(int64_t quantity = 100, const IntentFields& fields = {}) {
    Intend(fields);
    return Decide(quantity);
  }

  OrderId Order(OrderRole role, uint32_t attempt = 0) const { return oms::OrderIdOf(intent_, role, attempt); }
  std::string Say(BrokerReportKind kind, const OrderId& order, const ReportFields& fields = {}) {
    BrokerReport report;
    report.kind = kind;
    report.client_order_id = ClientOrderId(order);
    report.execution_id = fields.execution;
    if (kind == BrokerReportKind::kFill && fields.execution.empty()) report.execution_id = fmt::format("x{}", ++fills_);
    report.price = Usd(fields.price);
    report.side = Side::kBid;
    if (fields.quantity) report.quantity = Quantity::Units(*fields.quantity);
    if (fields.cumulative) report.cumulative = Quantity::Units(*fields.cumulative);
    if (fields.leaves) report.leaves = Quantity::Units(*fields.leaves);
    report.fee = Money::FromE8(std::llround(fields.fee * 1e8));
    report.state = fields.state;
    report.reason = fields.reason;
    report.replaces = fields.replaces;
    report.broker_time = lane_.now();
    return Take(lane_.Make(report, 1, StrategyInstanceIdOf("classic#1"), Producer::kBroker));
  }
  std::string Say(BrokerReportKind kind, OrderRole role, const ReportFields& fields = {}) {
    return Say(kind, Order(role), fields);
  }
  std::string Fill(const OrderId& order, int64_t quantity, double price, double fee = 0) {
    return Say(BrokerReportKind::kFill, order, {.quantity = quantity, .price = price, .fee = fee});
  }
  std::string Fill(OrderRole role, int64_t quantity, double price, double fee = 0) {
    return Fill(Order(role), quantity, price, fee);
  }
  // Sent and accepted.
  std::string Accept(const OrderId& order) {
    std::string lines = Say(BrokerReportKind::kSent, order);
    return lines += Say(BrokerReportKind::kAccepted, order);
  }
  std::string Accept(OrderRole role) { return Accept(Order(role)); }
  std::string Protected() {
    std::string lines = Accept(OrderRole::kStop);
    return lines += Accept(OrderRole::kTarget);
  }

  void Intended(const Event& intent) { intent_ = intent.header.id(); }
  std::string Kill(bool active, bool flatten = false) {
    KillSwitchChanged kill;
    kill.active = active;
    kill.flatten = flatten;
    kill.cause = "manual";
    return Take(lane_.Make(kill, 0, 0, Producer::kRisk));
  }
  std::string Exit(std::string_view reason) {
    ExitSignal signal;
    signal.reason = reason;
    return Take(lane_.Make(signal, 1, StrategyInstanceIdOf("classic#1")));
  }
  std::string ConfigureRisk(const v1::RiskProfile& profile) {
    ConfigurationVersion version;
    version.kind = ConfigurationKind::kRisk;
    version.name = "desk";
    version.document = profile.SerializeAsString();
    return Take(lane_.Make(version));
  }
  std::string TakeSnapshot(BrokerSnapshot snapshot) {
    snapshot.as_of = lane_.now();
    return Take(lane_.Make(std::move(snapshot), 0, 0, Producer::kBroker));
  }

  std::string Take(const Event& event) {
    taken_.push_back(event);
    const size_t before = sink_.events.size();
    oms_.Process(event, sink_);
    std::string lines;
    for (size_t i = before; i < sink_.events.size(); ++i) {
      lines += std::visit(OrderLines{}, sink_.events[i].body) + "\n";
    }
    return lines;
  }

  // The same lane gives the same bytes: again, restored after every event, and with every input twice behind a filter.
  void CheckRepeats() const {
    const std::string once = Bytes(sink_.events);
    CHECK(Bytes(Play<oms::OmsProcessor>(taken_)) == once);
    CHECK(Bytes(PlayRestoring<oms::OmsProcessor>(taken_)) == once);
    oms::OmsProcessor twice;
    runtime::LaneFilter filter;
    CollectingSink sink;
    uint64_t sequence = 0;
    for (const Event& event : taken_) {
      const GroupHeader group{.producer = event.header.producer, .producer_sequence = ++sequence};
      for (int time = 0; time < 2; ++time) {
        if (filter.Accept("trading", group)) twice.Process(event, sink);
      }
    }
    CHECK(Bytes(sink.events) == once);
    std::vector<EventId> ids;
    for (const Event& event : sink_.events) ids.push_back(event.header.id());
    std::sort(ids.begin(), ids.end());
    CHECK(std::adjacent_find(ids.begin(), ids.end()) == ids.end());
  }

 private:
  TradingLane lane_;
  oms::OmsProcessor oms_;
  CollectingSink sink_;
  std::vector<Event> taken_;
  EventId intent_;
  int fills_ = 0;
};

}  // namespace spillway::test
