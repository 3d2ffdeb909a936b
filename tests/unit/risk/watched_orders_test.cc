// Risk while orders trade: confirmations, breakers, the kill switch and what would stop me now, through the processor.
#include "services/risk/rule_distances.h"

#include "nlohmann/json.hpp"
#include "tests/unit/risk/order_scenario.h"

namespace spillway::test {
namespace {

using namespace spillway::risk;

v1::Profile TradingProfile(v1::ExecutionMode mode) {
  v1::Profile profile = ClassicProfile();
  profile.set_execution_mode(mode);
  profile.clear_throttle();
  profile.mutable_throttle()->set_halt_scope(v1::HALT_SCOPE_SYMBOL);
  return profile;
}

std::string OrderLine(const Event& event) {
  const std::string clock = Clock(event.header.event_time);
  if (const auto* decision = std::get_if<RiskDecision>(&event.body)) {
    if (decision->approved) {
      constexpr std::string_view kRoutes[] = {"none", "alert", "confirm", "auto"};
      return fmt::format("{} approved {} {}", clock, decision->quantity.ToString(),
                         kRoutes[static_cast<size_t>(decision->route)]);
    }
    return fmt::format("{} refused {}{}", clock, RefusalRuleName(decision->rule),
                       decision->detail.empty() ? "" : " (" + decision->detail + ")");
  }
  if (std::holds_alternative<TradeIntent>(event.body)) return clock + " intent";
  if (const auto* kill = std::get_if<KillSwitchChanged>(&event.body)) {
    return fmt::format("{} {}{} {}", clock, kill->active ? "killed" : "enabled", kill->flatten ? " flatten" : "",
                       kill->cause);
  }
  if (const auto* state = std::get_if<TradingState>(&event.body)) {
    return fmt::format("{} {} {}", clock, state->paused ? "paused" : "resumed", state->cause);
  }
  return clock + " ?";
}

class OrderDay {
 public:
  explicit OrderDay(v1::ExecutionMode mode, const v1::RiskProfile& limits = OpenRisk(), int64_t equity = 100'000)
      : OrderDay(TradingProfile(mode), limits, equity) {}
  OrderDay(const v1::Profile& profile, const v1::RiskProfile& limits, int64_t equity) {
    lane.At("09:25");
    Send(lane.Configure(profile));
    for (InstrumentId id = 1; id <= 4; ++id) Send(lane.Define(id, fmt::format("SYM{}", id)));
    Send(lane.Session());
    Send(lane.Feed(FeedState::kUp));
    Send(ConfigureRisk(lane, limits));
    Broker(BrokerReport{.kind = BrokerReportKind::kConnected});
    Broker(PaperSnapshot(equity));
    lane.At("10:00");
    for (InstrumentId id = 1; id <= 4; ++id) Send(lane.Mark(id, 19.97, 20.00));
  }

  // What it brought, one answer a line; snapshots of accounts left out.
  std::string Send(const Event& event) {
    history.push_back(event);
    CollectingSink sink;
    risk.Process(event, sink);
    std::string text;
    for (const Event& out : sink.events) {
      answers.push_back(out);
      if (!std::holds_alternative<AccountSnapshot>(out.body)) text += (text.empty() ? "" : "\n") + OrderLine(out);
    }
    return text;
  }
  template <class Body>
  std::string Broker(const Body& body, InstrumentId instrument = 0) {
    return Send(lane.Make(body, instrument, 0, Producer::kBroker));
  }
  template <class Body>
  std::string Oms(const Body& body, InstrumentId instrument = 1) {
    return Send(lane.Make(body, instrument, StrategyInstanceIdOf("classic#1"), Producer::kOms));
  }
  std::string Intent(InstrumentId instrument = 1, const EventId& signal = EventId{1, 1}) {
    Event event = lane.Intent({.instrument = instrument}, signal);
    std::get<TradeIntent>(event.body).minute_volume = Quantity::Units(100'000);
    last_intent = event;
    return Send(event);
  }
  std::string Command(AdminCommandKind kind, const EventId& intent = {}, std::string_view by = "anna") {
    AdminCommand command;
    command.kind = kind;
    command.intent = intent;
    command.by = by;
    command.reason = "told so";
    command.account = account;
    Event event = lane.Make(command, 0, 0, Producer::kGateway);
    event.header.event_time = lane.now() + std::chrono::hours(9'999);  // of another machine: it moves no clock
    return Send(event);
  }
  std::string Confirm() { return Command(AdminCommandKind::kConfirm, last_intent.header.id()); }
  std::string Reject() { return Command(AdminCommandKind::kReject, last_intent.header.id()); }
  std::string Hold(double quantity, double cash_flow, double cost, std::optional<double> stop = std::nullopt,
                   InstrumentId instrument = 1) {
    PositionSnapshot position;
    position.quantity = Quantity::FromE8(std::llround(quantity * 1e8));
    position.cash_flow = Money::FromE8(std::llround(cash_flow * 1e8));
    position.cost = Money::FromE8(std::llround(cost * 1e8));
    if (stop) position.stop = Usd(*stop);
    if (stop) position.protected_quantity = position.quantity;
    return Oms(position, instrument);
  }
  const RiskDecision& LastDecision() const {
    for (auto it = answers.rbegin(); it != answers.rend(); ++it) {
      if (const auto* decision = std::get_if<RiskDecision>(&it->body)) return *decision;
    }
    FAIL("no decision");
    std::abort();
  }

  TradingLane lane;
  RiskProcessor risk;
  std::vector<Event> history, answers;
  Event last_intent;
  std::string account;
};

// ---- confirmations

TEST_CASE("C-19: a confirmed card becomes an intent of risk's own with its own decision", "[risk][confirm]") {
  OrderDay day(v1::EXECUTION_MODE_CONFIRM);
  CHECK(day.Intent() == "10:00:00.000 approved 833 confirm");
  CHECK(day.risk.broker().reservations().empty());
  CHECK(day.risk.confirmations().waiting() == 1);
  day.lane.At("10:00:20");
  CHECK(day.Confirm() == "10:00:00.000 intent\n10:00:00.000 approved 833 auto");
  const Event& decided = day.answers.back();
  const Event& child = day.answers[day.answers.size() - 2];
  const auto& intent = std::get<TradeIntent>(child.body);
  CHECK(intent.parent == day.last_intent.header.id());
  CHECK(child.header.producer == Producer::kRisk);
  CHECK(child.header.instance == day.last_intent.header.instance);
  CHECK(child.header.cause.event == day.history.back().header.id());
  CHECK(child.header.correlation == day.last_intent.header.correlation_id());
  CHECK(std::get<RiskDecision>(decided.body).intent == child.header.id());
  CHECK(decided.header.cause.event == child.header.id());
  REQUIRE(day.risk.broker().reservations().size() == 1);
  CHECK(day.risk.broker().Holds(child.header.id()));
  CHECK(day.risk.confirmations().waiting() == 0);
}

TEST_CASE("C-19: unanswered nothing is traded, and that is said", "[risk][confirm]") {
  v1::Profile profile = TradingProfile(v1::EXECUTION_MODE_CONFIRM);
  SECTION("within the blueprint's life") {
    OrderDay day(profile, OpenRisk(), 100'000);
    day.Intent();
    CHECK(day.Send(day.lane.At("10:00:59.999").Tick()) == "");
    CHECK(day.Send(day.lane.At("10:01").Tick()) ==
          "10:01:00.000 intent\n10:01:00.000 refused CONFIRM_EXPIRED (nobody answered)");
    CHECK(day.Confirm() == "10:01:00.000 intent\n10:01:00.000 refused CONFIRM_EXPIRED (too late)");
    CHECK(day.risk.broker().reservations().empty());
  }
  SECTION("within confirm_within, where that is less") {
    profile.mutable_execution()->set_confirm_within_ns(Duration(std::chrono::seconds(15)).count());
    OrderDay day(profile, OpenRisk(), 100'000);
    day.Intent();
    CHECK(day.Send(day.lane.At("10:00:14").Tick()) == "");
    CHECK(day.Send(day.lane.At("10:00:15").Tick()) ==
          "10:00:15.000 intent\n10:00:15.000 refused CONFIRM_EXPIRED (nobody answered)");
  }
}

TEST_CASE("C-19: twice, rejected, unknown, without a name", "[risk][confirm]") {
  OrderDay day(v1::EXECUTION_MODE_CONFIRM);
  day.Intent();
  SECTION("twice") {
    day.Confirm();
    CHECK(day.Confirm() == "10:00:00.000 intent\n10:00:00.000 refused DUPLICATE_INTENT (confirmed before)");
    CHECK(day.Reject() == "10:00:00.000 intent\n10:00:00.000 refused DUPLICATE_INTENT (confirmed before)");
    CHECK(day.risk.broker().reservations().size() == 1);
  }
  SECTION("rejected") {
    CHECK(day.Reject() == "10:00:00.000 intent\n10:00:00.000 refused CONFIRM_REJECTED (by anna)");
    CHECK(day.Confirm() == "10:00:00.000 intent\n10:00:00.000 refused CONFIRM_REJECTED (rejected before)");
    CHECK(day.Send(day.lane.At("10:05").Tick()) == "");
  }
  SECTION("unknown") {
    CHECK(day.Command(AdminCommandKind::kConfirm, EventId{9, 9}) ==
          "10:00:00.000 refused CONFIRM_UNKNOWN (00000000000000090000000000000009)");
    CHECK(day.LastDecision().intent == day.history.back().header.id());
  }
  SECTION("nobody's") {
    CHECK(day.Command(AdminCommandKind::kConfirm, day.last_intent.header.id(), "") == "");
    CHECK(day.risk.commands_refused() == 1);
    CHECK(day.risk.confirmations().waiting() == 1);
  }
}

TEST_CASE("C-19: everything is asked again at that moment", "[risk][confirm]") {
  OrderDay day(v1::EXECUTION_MODE_CONFIRM);
  day.Intent();
  SECTION("the price moved") {
    day.Send(day.lane.Mark(1, 19.90, 19.93));
    CHECK(day.Confirm() == "10:00:00.000 intent\n10:00:00.000 refused CONFIRM_PRICE_MOVED (towards the stop)");
    CHECK_THAT(day.LastDecision().seen, WithinAbs(100 * 0.07 / 0.12, 1e-6));
    CHECK(day.LastDecision().limit == 50);
    day.Send(day.lane.Mark(1, 19.95, 19.98));  // and came back while the card waits
    CHECK(day.Confirm() == "10:00:00.000 intent\n10:00:00.000 approved 833 auto");
  }
  SECTION("a halt") {
    day.Send(day.lane.Halt(1, TradingStatus::kHalted));
    CHECK(day.Confirm() == "10:00:00.000 intent\n10:00:00.000 refused SYMBOL_HALT");
  }
  SECTION("the kill switch") {
    day.Command(AdminCommandKind::kKill);
    CHECK(day.Confirm() == "10:00:00.000 intent\n10:00:00.000 refused KILL_SWITCH (manual)");
  }
  SECTION("the signal was cancelled") {
    CHECK(day.Send(day.lane.Make(SignalCancelled{.signal = EventId{1, 1}}, 1, day.last_intent.header.instance)) ==
          "10:00:00.000 intent\n10:00:00.000 refused CONFIRM_EXPIRED (the signal was cancelled)");
    CHECK(day.Confirm() == "10:00:00.000 intent\n10:00:00.000 refused CONFIRM_EXPIRED (the signal was cancelled)");
  }
  SECTION("the profile only alerts now") {
    day.Send(day.lane.Configure(TradingProfile(v1::EXECUTION_MODE_ALERT_ONLY)));
    CHECK(day.Confirm() == "10:00:00.000 intent\n10:00:00.000 refused CONFIRM_EXPIRED (the profile only alerts now)");
  }
  SECTION("the profile was retired") {
    day.Send(day.lane.Configure(TradingProfile(v1::EXECUTION_MODE_CONFIRM), "classic#1", InstanceMode::kRetired));
    CHECK(day.Confirm() == "10:00:00.000 intent\n10:00:00.000 refused PROFILE_UNKNOWN");
  }
}

TEST_CASE("C-19: throttles that counted for the card do not count again, and no more than the card said is traded",
          "[risk][confirm]") {
  v1::Profile profile = TradingProfile(v1::EXECUTION_MODE_CONFIRM);
  profile.mutable_throttle()->set_same_ticker_ns(Duration(std::chrono::minutes(30)).count());
  profile.mutable_throttle()->set_alerts_per_hour(1);
  OrderDay day(profile, OpenRisk(), 100'000);
  CHECK(day.Intent() == "10:00:00.000 approved 833 confirm");
  profile.mutable_sizing()->set_equity_e8(2 * profile.sizing().equity_e8());
  day.Send(day.lane.Configure(profile));
  CHECK(day.Confirm() == "10:00:00.000 intent\n10:00:00.000 approved 833 auto");
}

// ---- the account's breakers

TEST_CASE("S4-SC10.4, S4-R10.4.1, S3-B3.3: a loss of 3.1%, unrealised too, closes all and disables the day",
          "[risk][breakers]") {
  v1::RiskProfile account = OpenRisk();
  account.mutable_daily_loss()->set_flatten_percent(3);
  OrderDay day(v1::EXECUTION_MODE_AUTO, account);
  CHECK(day.Intent() == "10:00:00.000 approved 833 auto");
  CHECK(day.Hold(1000, -20'000, 20'000) == "");           // bought at 20.00, worth 19.97
  CHECK(day.Send(day.lane.Mark(1, 17.00, 17.03)) == "");  // exactly 3%
  CHECK(day.Send(day.lane.At("10:05").Mark(1, 16.90, 16.93)) ==
        "10:05:00.000 paused account_day_loss\n10:05:00.000 killed flatten day_loss");
  CHECK(day.Intent(2) == "10:05:00.000 refused KILL_SWITCH (day_loss)");
  CHECK(day.Hold(0, -3'100, 0) == "");  // all is closed
  CHECK(day.Intent(2) == "10:05:00.000 refused KILL_SWITCH (day_loss)");
  // The next session.
  day.lane.At("15:55");
  CHECK(day.Send(day.lane.Session("09:30", "16:00", 20250505)) ==
        "15:55:00.000 resumed account_day_loss\n15:55:00.000 enabled day_loss");
}

TEST_CASE("C-14, S3-B3.3: the first step refuses entries alone", "[risk][breakers]") {
  v1::RiskProfile account = OpenRisk();
  account.mutable_daily_loss()->set_no_new_entries_e8(400'00000000);
  account.mutable_daily_loss()->set_flatten_e8(600'00000000);
  OrderDay day(v1::EXECUTION_MODE_AUTO, account);
  CHECK(day.Hold(0, -401, 0) == "10:00:00.000 paused account_day_loss");
  CHECK(day.Intent() == "10:00:00.000 refused ACCOUNT_DAY_LOSS (no_new_entries)");
  CHECK(day.LastDecision().seen == 401);
  CHECK(day.LastDecision().limit == 400);
  CHECK(day.Command(AdminCommandKind::kEnable) == "10:00:00.000 enabled \n10:00:00.000 resumed account_day_loss");
  CHECK(day.Intent() == "10:00:00.000 approved 833 auto");
}

TEST_CASE("S4-SC11.1, EX-43: five losses of 1% are 4.90%, and trading goes on", "[risk][breakers]") {
  v1::RiskProfile account = OpenRisk();
  v1::Drawdown& drawdown = *account.add_drawdowns();
  drawdown.set_horizon(v1::DRAWDOWN_HORIZON_ALL_TIME);
  drawdown.set_reduce_percent(6);
  drawdown.set_flatten_percent(20);
  OrderDay day(v1::EXECUTION_MODE_AUTO, account);
  double equity = 100'000;
  for (int i = 0; i < 5; ++i) CHECK(day.Hold(0, (equity *= 0.99) - 100'000, 0) == "");
  CHECK(day.risk.watch().drawdowns().Of(DrawdownHorizon::kAllTime).value == 49'009);
  CHECK(day.Intent() == "10:00:00.000 approved 833 auto");
  CHECK(day.LastDecision().warnings.empty());
}

TEST_CASE("S4-SC11.2, S4-R11.3.2, S3-B3.4, C-15: at 15% sizes are halved, stops nearer, and each decision warns",
          "[risk][breakers]") {
  v1::RiskProfile account = OpenRisk();
  v1::Drawdown& drawdown = *account.add_drawdowns();
  drawdown.set_horizon(v1::DRAWDOWN_HORIZON_ALL_TIME);
  drawdown.set_reduce_percent(15);
  drawdown.set_size_factor(0.5);
  drawdown.set_stop_factor(0.8);
  drawdown.set_flatten_percent(20);
  OrderDay day(v1::EXECUTION_MODE_AUTO, account);
  CHECK(day.Hold(0, -15'000, 0) == "");
  day.Intent();
  CHECK(day.LastDecision().approved);
  REQUIRE(day.LastDecision().stop);
  CHECK(*day.LastDecision().stop == Usd(19.90));               // 0.8 x 0.12, to the tick that is not nearer
  CHECK(day.LastDecision().quantity == Quantity::Units(500));  // half of 100 / 0.10
  REQUIRE(day.LastDecision().warnings.size() == 1);
  CHECK(day.Hold(0, -20'000, 0) == "10:00:00.000 killed flatten drawdown");
  CHECK(day.Intent(2) == "10:00:00.000 refused KILL_SWITCH (drawdown)");
}

TEST_CASE("S3-B3.3: a broker that says less than the risk profile is no loss", "[risk][breakers]") {
  v1::RiskProfile account = OpenRisk();
  account.mutable_account()->set_equity_e8(1'000'000'00000000);
  account.mutable_daily_loss()->set_flatten_percent(3);
  OrderDay day(v1::EXECUTION_MODE_AUTO, account, 100'000);
  CHECK_FALSE(day.risk.watch().kill().active());
  CHECK(day.risk.watch().daily_loss().profit() == Money());
  CHECK(day.Intent() == "10:00:00.000 approved 833 auto");
}

// ---- what pauses

TEST_CASE("S3-B3.5, FX-74, FX-75, S3-B3.8: anomalies and incidents refuse entries, alerts go on", "[risk][kill]") {
  v1::RiskProfile account = OpenRisk();
  account.mutable_anomalies();
  OrderDay day(v1::EXECUTION_MODE_AUTO, account);
  SECTION("slippage") {
    OrderEvent fill;
    fill.trigger = OrderTrigger::kFill;
    fill.slippage_decision_bps = 50;
    for (int i = 0; i < 3; ++i) day.Oms(fill);
    CHECK(day.Intent() == "10:00:00.000 refused SLIPPAGE_ANOMALY");
    CHECK(day.Send(day.lane.At("10:10").Tick()) == "10:10:00.000 resumed slippage_anomaly");
    CHECK(day.Intent() == "10:10:00.000 approved 833 auto");
  }
  SECTION("latency") {
    OrderEvent accept;
    accept.trigger = OrderTrigger::kAccepted;
    accept.latency = std::chrono::seconds(3);
    for (int i = 0; i < 20; ++i) day.Oms(accept);
    CHECK(day.Intent() == "10:00:00.000 refused LATENCY_ANOMALY");
  }
  SECTION("an incident") {
    OrderIncident incident;
    incident.kind = IncidentKind::kOverfill;
    CHECK(day.Oms(incident, 1) == "10:00:00.000 paused order_incident");
    CHECK(day.Intent(1) == "10:00:00.000 refused SYMBOL_PAUSED (order_incident)");
    CHECK(day.Intent(2) == "10:00:00.000 approved 833 auto");
  }
  SECTION("an alert is no order") {
    day.Command(AdminCommandKind::kKill);
    day.Send(day.lane.Configure(TradingProfile(v1::EXECUTION_MODE_ALERT_ONLY)));
    CHECK(day.Intent() == "10:00:00.000 approved 833 alert");
  }
}

TEST_CASE("S3-B3.6, S3-B3.7, FX-76: the kill switch survives a restart", "[risk][kill]") {
  OrderDay day(v1::EXECUTION_MODE_AUTO);
  for (int i = 0; i < 3; ++i) day.Broker(BrokerReport{.kind = BrokerReportKind::kDisconnected});
  day.Broker(PaperSnapshot());
  CHECK(day.Intent() == "10:00:00.000 refused KILL_SWITCH (disconnects)");
  SECTION("from a checkpoint") {
    runtime::StateWriter saved;
    day.risk.Save(saved);
    day.risk = RiskProcessor();
    runtime::StateReader reader(saved.bytes());
    REQUIRE(day.risk.Restore(reader).ok());
  }
  SECTION("from the lane") {
    day.risk = RiskProcessor();
    const std::vector<Event> lane = day.history;
    CollectingSink sink;
    for (const Event& event : lane) day.risk.Process(event, sink);
  }
  CHECK(day.Intent() == "10:00:00.000 refused KILL_SWITCH (disconnects)");
  CHECK(day.Command(AdminCommandKind::kEnable) == "10:00:00.000 enabled disconnects");
  CHECK(day.Intent() == "10:00:00.000 approved 833 auto");
}

TEST_CASE("S4-R10.4.3: a live account is refused until a person arms it", "[risk][kill]") {
  v1::RiskProfile account = OpenRisk();
  account.mutable_account()->set_live(true);
  OrderDay day(v1::EXECUTION_MODE_AUTO, account);
  BrokerSnapshot live = PaperSnapshot();
  live.live = true;
  day.Broker(live);
  CHECK(day.Intent() == "10:00:00.000 refused NOT_ARMED (PAPER-1)");
  day.account = "PAPER-1";
  CHECK(day.Command(AdminCommandKind::kArm) == "10:00:00.000 resumed not_armed");
  CHECK(day.answers.back().header.cause.event == day.history.back().header.id());  // whoever commanded sees it
  CHECK(day.Intent() == "10:00:00.000 approved 833 auto");
  day.Send(ConfigureRisk(day.lane, account));  // the same again changes nothing
  CHECK(day.Intent(2) == "10:00:00.000 approved 833 auto");
  account.mutable_exposure()->set_positions(9);
  CHECK(day.Send(ConfigureRisk(day.lane, account)) == "10:00:00.000 paused not_armed");
  CHECK(day.Intent(3) == "10:00:00.000 refused NOT_ARMED (PAPER-1)");
}

// ---- what would stop me now

const RuleDistance& Of(const std::vector<RuleDistance>& distances, RefusalRule rule) {
  return distances.at(static_cast<size_t>(rule) - 1);
}

TEST_CASE("S3-B3.8: what would stop me now names every rule once, with its distance", "[risk][distances]") {
  v1::RiskProfile account = OpenRisk();
  account.mutable_daily_loss()->set_no_new_entries_e8(1'000'00000000);
  account.mutable_exposure()->set_gross_percent(50);
  account.mutable_orders()->set_orders_per_minute(10);
  account.mutable_orders()->set_spread_bps_max(30);
  OrderDay day(v1::EXECUTION_MODE_AUTO, account);
  day.Intent();
  day.Hold(0, -250, 0);
  const StrategyInstanceId id = StrategyInstanceIdOf("classic#1");
  std::vector<RuleDistance> distances = day.risk.Distances(id, 1);
  REQUIRE(distances.size() == static_cast<size_t>(kLastRefusalRule));
  for (size_t i = 0; i < distances.size(); ++i) CHECK(static_cast<size_t>(distances[i].rule) == i + 1);
  for (const RuleDistance& distance : distances) {
    INFO(RefusalRuleName(distance.rule));
    CHECK_FALSE(distance.refuses);
  }
  CHECK(Of(distances, RefusalRule::kAccountDayLoss).seen == 250);
  CHECK(Of(distances, RefusalRule::kAccountDayLoss).distance_percent == 75);
  CHECK(Of(distances, RefusalRule::kOrdersPerMinute).distance_percent == 90);
  CHECK_THAT(*Of(distances, RefusalRule::kSpreadBps).seen, WithinAbs(1e4 * 0.03 / 19.985, 1e-6));
  CHECK(Of(distances, RefusalRule::kGrossExposure).limit == 49'875);
  CHECK_THAT(*Of(distances, RefusalRule::kGrossExposure).seen, WithinAbs(16'660, 20));

  SECTION("what refuses now is what an intent would be told") {
    day.Command(AdminCommandKind::kKill);
    day.Send(day.lane.Mark(1, 19.80, 20.00));
    distances = day.risk.Distances(id, 1);
    CHECK(Of(distances, RefusalRule::kKillSwitch).refuses);
    CHECK(Of(distances, RefusalRule::kKillSwitch).distance_percent == 0);
    CHECK(Of(distances, RefusalRule::kSpreadBps).refuses);
    CHECK_FALSE(Of(distances, RefusalRule::kBrokerDown).refuses);
  }
  SECTION("without a risk profile, an instance or a symbol") {
    CHECK(Of(RiskProcessor().Distances(7, 9), RefusalRule::kNoRiskProfile).refuses);
    CHECK(Of(RiskProcessor().Distances(7, 9), RefusalRule::kProfileUnknown).refuses);
    CHECK(Of(day.risk.Distances(id, 99), RefusalRule::kInstrumentUnknown).refuses);
  }
  SECTION("rules of the account and of the instance are told without a symbol") {
    distances = day.risk.Distances(id, 0);
    for (const RefusalRule rule : {RefusalRule::kPositions, RefusalRule::kGrossExposure, RefusalRule::kBuyingPower,
                                   RefusalRule::kOrdersPerMinute, RefusalRule::kDayLoss, RefusalRule::kTradesPerDay}) {
      INFO(RefusalRuleName(rule));
      CHECK(Of(distances, rule).judged);
      CHECK_FALSE(Of(distances, rule).refuses);
    }
    CHECK(Of(distances, RefusalRule::kGrossExposure).limit == 49'875);
    CHECK_FALSE(Of(distances, RefusalRule::kFeedSuspended).distance_percent);
  }
}

TEST_CASE("FX-103, S4-R11.4.2: the worst case if every stop is hit, and through a gap of 5%", "[risk][distances]") {
  v1::Profile profile = TradingProfile(v1::EXECUTION_MODE_AUTO);
  profile.mutable_costs()->Clear();
  profile.mutable_costs()->set_round_trip_e8(5'00000000);
  OrderDay day(profile, OpenRisk(), 100'000);
  day.Hold(1000, -20'000, 20'000, 19.50);    // worth 19.97: 470 to the stop
  day.Hold(-500, 10'000, 10'000, 20.50, 2);  // to be bought back at 20.00: 250 to the stop
  PositionSnapshot bare;                     // nothing protects it
  bare.quantity = Quantity::Units(100);
  bare.cost = Money::FromE8(2'000'00000000);
  bare.cash_flow = -bare.cost;
  day.Oms(bare, 3);
  // The short's protected quantity is said unsigned.
  PositionSnapshot hedge;
  hedge.quantity = Quantity::Units(-500);
  hedge.cost = hedge.cash_flow = Money::FromE8(10'000'00000000);
  hedge.stop = Usd(20.50);
  hedge.protected_quantity = Quantity::Units(500);
  day.Oms(hedge, 2);
  const WorstCase worst = WorstCaseOf(day.risk);
  REQUIRE(worst.rows.size() == 3);
  CHECK(worst.rows[0].at_stop == Money::FromE8(470'00000000));
  CHECK(worst.rows[0].with_gap == Money::FromE8(1'445'00000000));  // 19.97 - 18.525
  CHECK(worst.rows[1].at_stop == Money::FromE8(250'00000000));
  CHECK(worst.rows[1].with_gap == Money::FromE8(762'50000000));  // 21.525 - 20.00
  CHECK(worst.rows[2].at_stop == Money::FromE8(1'997'00000000));
  CHECK(worst.at_stops == Money::FromE8((470 + 250 + 1'997 + 15) * 100'000'000LL));
  CHECK(worst.largest == 1U);
}

TEST_CASE("S4-R11.4.1, FX-103, FX-104: the JSON of it reads, and names what it is about", "[risk][distances]") {
  OrderDay day(v1::EXECUTION_MODE_AUTO);
  NameTable names;
  for (const Event& event : day.history) names.Learn(event);
  day.Hold(1000, -20'000, 20'000, 19.50);
  const auto json = nlohmann::json::parse(DistancesJson(day.risk, names));
  CHECK(json["account"]["equity"] == 99'970);
  CHECK(json["account"]["kill_switch"]["active"] == false);
  CHECK(json["account"]["exposure"]["positions"] == 1);
  CHECK(json["worst_case"]["largest_position"] == "SYM1");
  CHECK(json["worst_case"]["positions"][0]["at_stop"] == 470);
  REQUIRE(json["instances"].size() == 1);
  CHECK(json["instances"][0]["symbols"][0]["symbol"] == "SYM1");
  CHECK(json["instances"][0]["symbols"][0]["rules"].size() == static_cast<size_t>(kLastRefusalRule));
  const auto one = nlohmann::json::parse(DistancesJson(day.risk, names, {.instance = 0, .instrument = 3}));
  CHECK(one["instances"][0]["symbols"][0]["symbol"] == "SYM3");
}

}  // namespace
}  // namespace spillway::test
