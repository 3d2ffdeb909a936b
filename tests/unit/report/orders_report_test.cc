#include <algorithm>

#include "nlohmann/json.hpp"
#include "services/journal/report/report_html.h"
#include "services/journal/report/report_json.h"
#include "spillway/v1/risk.pb.h"
#include "tests/unit/report/browser.h"
#include "tests/unit/report/session_fixture.h"

namespace spillway::test {
namespace {

using Json = nlohmann::json;
using report::SessionReport;
using report::TradeEnd;

Money Dollars(double amount) {
  return Money::FromE8(std::llround(amount * 1e8));
}

// The alert of OneAlert, traded: an approved size with its caps, an entry, a pair of stop and target, a fill of each.
class Traded {
 public:
  Traded() : session_(OneAlert()) {
    for (Event& event : session_.trading) {
      auto* decision = std::get_if<RiskDecision>(&event.body);
      if (decision == nullptr || !decision->approved) continue;
      decision->route = Route::kAuto;
      decision->binding_cap = SizeCap::kTouch;
      decision->caps = {
          {.cap = SizeCap::kShares, .quantity = Quantity::Units(4000), .used = 0, .limit = 4000, .unit = "shares"},
          {.cap = SizeCap::kTouch, .quantity = Quantity::Units(2500), .used = 0, .limit = 2500, .unit = "shares"}};
      intent_ = decision->intent;
      story_ = event.header;
    }
  }

  HandMadeSession& session() { return session_; }
  EventId intent() const { return intent_; }

  Traded& Add(std::string_view clock, EventBody body, Producer producer = Producer::kOms) {
    session_.lane.At(clock);
    Event event = session_.lane.Make(std::move(body), 1, story_.instance, producer);
    event.header.correlation = story_.correlation_id();
    session_.trading.push_back(std::move(event));
    return *this;
  }
  // Of the whole account.
  Traded& AddAll(std::string_view clock, EventBody body, Producer producer = Producer::kRisk) {
    session_.lane.At(clock);
    session_.trading.push_back(session_.lane.Make(std::move(body), 0, 0, producer));
    return *this;
  }

  OrderEvent Order(uint64_t id, OrderRole role, OrderState state, OrderTrigger trigger) const {
    OrderEvent order;
    order.order = {7, id};
    order.intent = intent_;
    order.role = role;
    order.state = state;
    order.trigger = trigger;
    order.side = role == OrderRole::kEntry ? Side::kBid : Side::kAsk;
    order.type = role == OrderRole::kStop ? OrderType::kStop : OrderType::kLimit;
    order.time_in_force = TimeInForce::kDay;
    order.quantity = Quantity::Units(2500);
    return order;
  }
  OrderEvent Fill(uint64_t id, OrderRole role, double price, int64_t units, double bps) const {
    OrderEvent order = Order(id, role, OrderState::kFilled, OrderTrigger::kFill);
    order.previous = OrderState::kAccepted;
    order.execution_id = "x" + std::to_string(id) + "-" + std::to_string(units);
    order.last_price = Usd(price);
    order.last_quantity = order.filled = Quantity::Units(units);
    order.last_fee = order.fees = Dollars(0.5);
    order.slippage_decision_bps = bps;
    return order;
  }
  PositionSnapshot Position(int64_t units, AccountTradeState state, double price) const {
    PositionSnapshot position;
    position.quantity = position.account_quantity = Quantity::Units(units);
    AccountTrade trade{.intent = intent_, .state = state, .side = Side::kBid, .price = Usd(price)};
    trade.quantity = Quantity::Units(2500);
    if (state == AccountTradeState::kClosed) {
      trade.profit_gross = Dollars(200);
      trade.profit_net = Dollars(199);
      trade.r_multiple = 1.99;
      trade.reason = "target";
    }
    position.trade = trade;
    return position;
  }

  Traded& EnterAndClose() {
    OrderEvent placed = Order(1, OrderRole::kEntry, OrderState::kNew, OrderTrigger::kPlaced);
    placed.limit = Usd(10.00);
    placed.intent_open = placed.quantity;
    Add("09:30:30.100", placed);
    Add("09:30:30.300", Fill(1, OrderRole::kEntry, 10.00, 2500, 0));
    Add("09:30:30.300", Order(2, OrderRole::kStop, OrderState::kNew, OrderTrigger::kPlaced));
    Add("09:30:30.300", Order(3, OrderRole::kTarget, OrderState::kNew, OrderTrigger::kPlaced));
    Add("09:30:30.300", Position(2500, AccountTradeState::kEntered, 10.00));
    Add("09:30:50", Fill(3, OrderRole::kTarget, 10.08, 2500, 4));
    Add("09:30:50", Position(0, AccountTradeState::kClosed, 10.08));
    OrderEvent cancelled = Order(2, OrderRole::kStop, OrderState::kCanceled, OrderTrigger::kCanceled);
    cancelled.previous = OrderState::kAccepted;
    cancelled.quantity = Quantity();
    cancelled.reason = "the other order of the pair filled";
    return Add("09:30:50.100", cancelled);
  }
  Traded& Account(std::string_view clock, double equity, double drawdown) {
    AccountSnapshot account{.kind = AccountKind::kBroker};
    account.equity = account.cash = Dollars(equity);
    account.day_profit = Dollars(equity - 100'000);
    account.day_drawdown = Dollars(drawdown);
    return AddAll(clock, account);
  }
  Traded& Kill(std::string_view clock) {
    KillSwitchChanged kill{.active = true, .flatten = true, .cause = "day_loss", .seen = 512.5, .limit = 500};
    kill.unit = "USD";
    return AddAll(clock, kill);
  }

  SessionReport Collect() {
    std::stable_sort(session_.trading.begin(), session_.trading.end(),
                     [](const Event& a, const Event& b) { return a.header.event_time < b.header.event_time; });
    const TemporaryFolder folder;
    return Collected(session_.Write(folder.path() / "s"));
  }

 private:
  HandMadeSession session_;
  EventId intent_;
  EventHeader story_;
};

TEST_CASE("S3-B3.8: the report tells a trade from its intent over the caps of its size to fills, position and outcome",
          "[report]") {
  const SessionReport report = Traded().EnterAndClose().Collect();
  REQUIRE(report.orders);
  REQUIRE(report.orders->trades.size() == 1);
  CHECK(report.orders->trades[0].end == TradeEnd::kClosed);
  const Json json = Json::parse(ToJson(report));
  const Json& totals = json["orders"]["totals"];
  CHECK(totals["closed"] == 1);
  CHECK(totals["wins"] == 1);
  CHECK(totals["orders"] == 3);
  CHECK(totals["fills"] == 2);
  CHECK(totals["profit_net"] == "199.00");
  CHECK(totals["fees"] == "1.00");
  const Json& trade = json["orders"]["trades"][0];
  CHECK(trade["symbol"] == "ACME");
  CHECK(trade["side"] == "buy");
  CHECK(trade["intent_id"] == json["alerts"][0]["intent_id"]);
  CHECK(trade["plan"]["target"] == "10.08");
  CHECK(trade["quantity"] == "2500");
  CHECK(trade["entry_average"] == "10.00");
  CHECK(trade["exit_average"] == "10.08");
  CHECK(trade["profit_net"] == "199.00");
  CHECK(trade["fees"] == "1.00");
  CHECK(trade["reason"] == "target");
  CHECK(trade["r_multiple"] == 1.99);
  CHECK(trade["slippage_bps"] == 2);  // of as many bought at 0 as were sold at 4
  const Json& caps = trade["decision"]["caps"];
  REQUIRE(caps.size() == 2);
  CHECK(caps[0]["cap"] == "shares");
  CHECK(caps[0]["binding"] == false);
  CHECK(caps[0]["quantity"] == "4000");
  CHECK(caps[1]["cap"] == "touch");
  CHECK(caps[1]["binding"] == true);
  CHECK(json["alerts"][0]["decision"]["caps"] == caps);
  REQUIRE(trade["orders"].size() == 3);
  CHECK(trade["orders"][1]["role"] == "stop");
  CHECK(trade["orders"][1]["state"] == "CANCELED");
  CHECK(trade["orders"][1]["quantity"] == "2500");  // as it was placed
  const Json& steps = trade["steps"];
  REQUIRE(steps.size() == 8);
  CHECK(steps[0]["to"] == "NEW");
  CHECK(steps[1]["price"] == "10.00");
  CHECK(steps[1]["o"] == 0);
  CHECK(steps[4]["position"] == "2500");
  CHECK(steps[7]["reason"] == "the other order of the pair filled");
  CHECK(steps[7]["o"] == 1);
}

TEST_CASE("report: without orders there is no word of them, in the JSON and in the page", "[report]") {
  const TemporaryFolder folder;
  HandMadeSession session = OneAlert();
  AccountSnapshot paper{.kind = AccountKind::kPaper};
  paper.equity = Dollars(40'000);
  session.trading.push_back(session.lane.Make(paper, 0, StrategyInstanceIdOf("classic#1"), Producer::kRisk));
  const SessionReport report = Collected(session.Write(folder.path() / "s"));
  CHECK_FALSE(report.orders);
  const Json json = Json::parse(ToJson(report));
  CHECK_FALSE(json.contains("orders"));
  CHECK_FALSE(json["alerts"][0]["decision"].contains("caps"));
  CHECK(ToHtml(report).find("Orders and trades") == std::string::npos);
}

TEST_CASE("report: the broker's account over the day, and what interrupted it", "[report]") {
  Traded traded;
  traded.EnterAndClose();
  AccountSnapshot unknown{.kind = AccountKind::kBroker};
  traded.AddAll("09:30:50.200", unknown);  // nothing is known of it yet
  traded.Account("09:30:51", 100'000, 0).Account("09:30:52", 99'500, 500).Kill("09:30:53");
  FlattenProgress progress{.stage = FlattenStage::kCanceling, .cause = "kill_switch", .orders_open = 2};
  progress.positions = {{.instrument = 1, .quantity = Quantity::Units(100), .halted = true}};
  traded.AddAll("09:30:53", progress, Producer::kOms);
  progress.orders_open = 1;
  traded.AddAll("09:30:54", progress, Producer::kOms);  // the same stage: once is enough
  traded.Add("09:30:55", OrderIncident{.kind = IncidentKind::kOverfill, .detail = "2600 of 2500"});
  Reconciliation difference{.kind = DifferenceKind::kQuantityDrift, .repair = Repair::kPaused, .resolved = false};
  difference.brokers = Quantity::Units(100);
  traded.Add("09:30:56", difference);
  Reconciliation summary{.kind = DifferenceKind::kNone};
  summary.differences = summary.unresolved = 1;
  traded.AddAll("09:30:56", summary, Producer::kOms);
  BrokerReport connection{.kind = BrokerReportKind::kConnected};
  traded.AddAll("09:30:57", connection, Producer::kBroker);  // the first one is no news
  const Json json = Json::parse(ToJson(traded.Collect()))["orders"];
  CHECK(json["account"]["equity"] == "99500.00");
  CHECK(json["account"]["points"]["equity"] == Json::array({100'000.0, 99'500.0}));
  CHECK(json["account"]["points"]["day_drawdown"] == Json::array({0.0, 500.0}));
  CHECK(json["account"]["snapshots"] == 3);
  CHECK(json["reconciliation"]["comparisons"] == 1);
  CHECK(json["reconciliation"]["unresolved"] == 1);
  std::vector<std::string> texts;
  for (const Json& notice : json["notices"])
    texts.push_back(notice["kind"].get<std::string>() + " " + notice["text"].get<std::string>());
  CHECK(texts == std::vector<std::string>{
                     "kill_switch on, positions are closed: day_loss, seen 512.5, limit 500 USD",
                     "flatten canceling (kill_switch), cancels not acknowledged: 2, ACME 100 halted, queued",
                     "incident overfill of an order in UNSPECIFIED: 2600 of 2500; the symbol pauses until a person "
                     "resumes it",
                     "difference quantity_drift: ours 0, broker's 100; paused, unresolved"});
}

TEST_CASE("report: the risk profile is told as what was traded under, not as a strategy's profile", "[report]") {
  Traded traded;
  v1::RiskProfile risk;
  risk.set_name("paper");
  ConfigurationVersion version{.kind = ConfigurationKind::kRisk, .name = "paper@1"};
  version.document = profile::SerializeDeterministic(risk);
  traded.AddAll("09:30", version, Producer::kScoring).EnterAndClose();
  const Json json = Json::parse(ToJson(traded.Collect()));
  CHECK(json["profiles"].size() == 1);
  CHECK(json["instances"].size() == 1);
  REQUIRE(json["orders"]["settings"].size() == 1);
  CHECK(json["orders"]["settings"][0]["kind"] == "risk");
  CHECK(json["orders"]["settings"][0]["name"] == "paper@1");
  CHECK(json["orders"]["settings"][0]["yaml"].get<std::string>().find("paper") != std::string::npos);
}

TEST_CASE("report: what is still held, waits, was not filled or refused says so", "[report]") {
  Traded traded;
  const auto add = [&](uint64_t intent, OrderEvent order, Quantity open) {
    order.order = {8, intent};
    order.intent = {9, intent};
    order.intent_open = open;
    traded.Add("09:30:51", order);
  };
  const OrderEvent placed = traded.Order(1, OrderRole::kEntry, OrderState::kAccepted, OrderTrigger::kAccepted);
  add(1, traded.Fill(1, OrderRole::kEntry, 10, 100, 1), Quantity());
  add(2, placed, Quantity::Units(2500));
  add(3, placed, Quantity());
  OrderEvent refused = traded.Order(4, OrderRole::kEntry, OrderState::kRejected, OrderTrigger::kRefused);
  refused.rule = "KILL_SWITCH";
  add(4, refused, Quantity());
  const SessionReport report = traded.Collect();
  std::vector<TradeEnd> ends;
  for (const report::TradeStory& trade : report.orders->trades) ends.push_back(trade.end);
  CHECK(ends == std::vector<TradeEnd>{TradeEnd::kOpen, TradeEnd::kWaiting, TradeEnd::kUnfilled, TradeEnd::kRefused});
  CHECK(report.orders->orders == 3);  // one was never sent
  CHECK(report.orders->fees == Dollars(0.5));
  CHECK(Json::parse(ToJson(report))["orders"]["trades"][3]["steps"][0]["rule"] == "KILL_SWITCH");
}

TEST_CASE("report: a trade that a person confirmed names the person and the intent that was shown", "[report]") {
  Traded traded;
  AdminCommand confirm{.kind = AdminCommandKind::kConfirm, .intent = traded.intent()};
  confirm.by = "ann";
  traded.AddAll("09:30:31", confirm, Producer::kNone);
  HandMadeSession& session = traded.session();
  Event child = session.lane.Intent({.entry = 10.00}, EventId{3, 3});
  child.header.producer = Producer::kRisk;
  std::get<TradeIntent>(child.body).parent = traded.intent();
  session.trading.push_back(child);
  traded.Add("09:30:31", RiskDecision{.intent = child.header.id(), .approved = true, .route = Route::kAuto});
  OrderEvent order = traded.Order(1, OrderRole::kEntry, OrderState::kNew, OrderTrigger::kPlaced);
  order.intent = child.header.id();
  traded.Add("09:30:31", order);
  const Json trade = Json::parse(ToJson(traded.Collect()))["orders"]["trades"][0];
  CHECK(trade["confirmed"]["by"] == "ann");
  CHECK(trade["parent_id"] == ToString(traded.intent()));
  CHECK(trade["intent_id"] == ToString(child.header.id()));
}

TEST_CASE("report: orders are shown up to a bound, sums are over all; the account is thinned, its depth kept",
          "[report]") {
  Traded traded;
  const uint64_t trades = report::kTradesMax + 3;
  for (uint64_t i = 1; i <= trades; ++i) {
    OrderEvent fill = traded.Fill(i, OrderRole::kEntry, 10, 100, 1);
    fill.intent = {9, i};
    traded.Add("09:30:51", fill);
    PositionSnapshot closed = traded.Position(0, AccountTradeState::kClosed, 10);
    closed.trade->intent = fill.intent;
    traded.Add("09:30:51", closed);
  }
  OrderEvent endless = traded.Order(1, OrderRole::kEntry, OrderState::kAccepted, OrderTrigger::kAccepted);
  endless.intent = {9, 1};
  for (size_t i = 0; i < report::kTradeStepsMax; ++i) traded.Add("09:30:52", endless);
  for (size_t i = 0; i < report::kBrokerPointsMax + 1; ++i) traded.Account("09:30:53", 100'000, i == 4 ? 77 : 0);
  const SessionReport report = traded.Collect();
  CHECK(report.orders->trades.size() == report::kTradesMax);
  CHECK(report.orders->closed == trades);
  CHECK(report.orders->trades_left_out == 3);
  CHECK(report.orders->closed_left_out == 3);
  CHECK(report.orders->profit_net == Dollars(199.0 * static_cast<double>(trades)));
  CHECK(report.orders->profit_net_left_out == Dollars(3 * 199));
  CHECK(report.orders->trades[0].steps.size() == report::kTradeStepsMax);
  CHECK(report.orders->trades[0].steps_left_out == 2);
  CHECK(report.orders->account.size() == report::kBrokerPointsMax / 2 + 1);
  CHECK(report.orders->account_snapshots == report::kBrokerPointsMax + 1);
  const auto deepest = std::max_element(
      report.orders->account.begin(), report.orders->account.end(),
      [](const report::BrokerPoint& a, const report::BrokerPoint& b) { return a.day_drawdown < b.day_drawdown; });
  CHECK(deepest->day_drawdown == Dollars(77));
}

TEST_CASE("S3-C2.2 in a browser: the account, a trade's whole life, and how orders were executed", "[report]") {
  const std::optional<std::string> browser = Chromium();
  if (!browser) return;
  const TemporaryFolder folder;
  Traded traded;
  traded.EnterAndClose().Account("09:30:51", 100'000, 0).Account("09:30:52", 99'500, 500).Kill("09:30:53");
  OrderEvent refused = traded.Order(4, OrderRole::kEntry, OrderState::kRejected, OrderTrigger::kRefused);
  refused.intent = {9, 4};
  refused.rule = "KILL_SWITCH";
  refused.reason = "<img src=x onerror=\"document.body.dataset.owned=1\">";
  traded.Add("09:30:54", refused);
  std::string page = ToHtml(traded.Collect());
  page += R"(<script>
    {
      const text = (name, node) => { document.body.dataset[name] = node.textContent; };
      document.querySelector("#closed-trades tr.pick").click();
      text("story", document.querySelector("#closed-trades tr.trace"));
      document.querySelector("#other-trades tr.pick").click();
      text("refused", document.querySelector("#other-trades tr.trace"));
      text("execution", document.getElementById("execution"));
      text("section", document.getElementById("orders"));
      document.body.dataset.bars = document.querySelectorAll("#closed-trades .gantt .span").length;
      document.querySelector("#closed-trades tr.pick button").click();
      document.body.dataset.card = shown.intent_id === report.orders.trades[0].intent_id;
    }
  </script>)";
  const Loaded loaded = Load(*browser, folder.path(), page);
  CheckQuiet(loaded);
  CHECK(loaded.document.find("data-owned") == std::string::npos);
  const auto read = [&](const std::string& name) { return Between(loaded.document, "data-" + name + "=\"", "\""); };
  const std::string story = read("story");
  size_t from = 0;  // in this order
  for (const char* part : {"1. Intent", "2. Decision", "touch2,5000 shares2,500 shares◀ binds", "3. Orders",
                           "entry ▲ 2,500", "4. Step by step", "ACCEPTED → FILLED fill", "2,500 held",
                           "the other order of the pair filled", "5. Outcome", "+199.00 USD"}) {
    INFO(part);
    const size_t found = story.find(part, from);
    CHECK(found != std::string::npos);
    if (found != std::string::npos) from = found;
  }
  CHECK(read("refused").find("KILL_SWITCH") != std::string::npos);
  CHECK(read("execution").find("executions2") != std::string::npos);
  CHECK(read("section").find("1 trade closed, 1 won: net +199.00 USD") != std::string::npos);
  CHECK(read("section").find("seen 512.5, limit 500 USD") != std::string::npos);
  CHECK(read("bars") == "3");
  CHECK(read("card") == "true");
}

}  // namespace
}  // namespace spillway::test
