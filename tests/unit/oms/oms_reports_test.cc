// What brokers do to orders: late, twice, out of order, silent, wrong.
#include "tests/support/order_desk.h"

namespace spillway::test {

using enum BrokerReportKind;

TEST_CASE("S3-B2.1: a fill before the acceptance, and an acceptance after it, count once", "[oms]") {
  OrderDesk desk;
  desk.Approve(100);
  CHECK(desk.Fill(OrderRole::kEntry, 40, 20.00).starts_with("entry PARTIAL (partial_fill) 40/100 open=60\n"));
  CHECK(desk.Say(kAccepted, OrderRole::kEntry).empty());
  CHECK(desk.Say(kSent, OrderRole::kEntry).empty());
  desk.CheckRepeats();
}

TEST_CASE("S3-B2.2, IR-14: an execution counts once by its id, whatever is repeated", "[oms]") {
  OrderDesk desk;
  desk.Approve(100);
  desk.Accept(OrderRole::kEntry);
  const ReportFields fill{.quantity = 40, .price = 20.00, .execution = "e1"};
  CHECK(!desk.Say(kFill, OrderRole::kEntry, fill).empty());
  CHECK(desk.Say(kFill, OrderRole::kEntry, fill).empty());
  CHECK(desk.Say(kFill, OrderRole::kEntry, {.quantity = 41, .price = 20.00, .execution = "e1"}) ==
        "! repeated_differs\n");
  desk.CheckRepeats();
}

TEST_CASE("S3-B2.1: fills while a cancel is under way count, its confirmation may come after them", "[oms]") {
  OrderDesk desk;
  desk.Approve(100);
  desk.Accept(OrderRole::kEntry);
  desk.TickTo("10:01:00");
  CHECK(desk.Fill(OrderRole::kEntry, 40, 20.00).starts_with("entry PENDING_CANCEL (partial_fill) 40/100 open=60\n"));
  CHECK(desk.Fill(OrderRole::kEntry, 60, 20.00).starts_with("entry FILLED (fill) 100/100 open=0\n"));
  CHECK(desk.Say(kCanceled, OrderRole::kEntry, {.cumulative = 100}).empty());
  CHECK(desk.Say(kCancelRejected, OrderRole::kEntry).empty());
  desk.CheckRepeats();
}

TEST_CASE("S3-B2.1: a fill that the confirmation of the cancel announced is awaited, reserved, and no incident",
          "[oms]") {
  OrderDesk desk;
  desk.Approve(100);
  desk.Accept(OrderRole::kEntry);
  desk.TickTo("10:01:00");
  CHECK(desk.Say(kCanceled, OrderRole::kEntry, {.cumulative = 40}) ==
        "entry CANCELED (canceled) 0/100 open=40: expired\n");
  CHECK(desk.Fill(OrderRole::kEntry, 40, 20.00) ==
        "entry CANCELED (partial_fill) 40/100 open=0\n"
        "stop NEW (placed) 0/40\n"
        "target NEW (placed) 0/40\n"
        "> place stop sell stop 40 at 19.88 target sell limit 40 at 20.24: protection\n"
        "position 40 protected=0 entered 40 at 20.00\n");
  desk.CheckRepeats();
}

TEST_CASE("S3-B2.1: a fill after the end, or more than was ordered, is the position's and an incident", "[oms]") {
  OrderDesk desk;
  desk.Approve(100);
  desk.Accept(OrderRole::kEntry);
  desk.TickTo("10:01:00");
  desk.Say(kCanceled, OrderRole::kEntry, {.cumulative = 0});
  CHECK(desk.Fill(OrderRole::kEntry, 30, 20.00) ==
        "entry CANCELED (partial_fill) 30/100 open=0\n"
        "! fill_after_final\n"
        "stop NEW (placed) 0/30\n"
        "target NEW (placed) 0/30\n"
        "> place stop sell stop 30 at 19.88 target sell limit 30 at 20.24: protection\n"
        "position 30 protected=0 entered 30 at 20.00\n");
  CHECK(desk.Fill(OrderRole::kEntry, 80, 20.00).starts_with("entry CANCELED (fill) 110/100 open=0\n! overfill\n"));
  desk.CheckRepeats();
}

TEST_CASE("S3-B2.1: what no state allows is an incident that changes nothing", "[oms]") {
  OrderDesk desk;
  desk.Approve(100);
  desk.Accept(OrderRole::kEntry);
  desk.Fill(OrderRole::kEntry, 100, 20.00);
  CHECK(desk.Say(kRejected, OrderRole::kEntry) == "! illegal_transition\n");
  // An order of ours by its id that was never placed.
  CHECK(desk.Say(kAccepted, desk.Order(OrderRole::kExit, 7)) == "! unknown_order\n> cancel: not in our books\n");
  CHECK(desk.Say(kAccepted, desk.Order(OrderRole::kExit, 7)).empty());
  desk.CheckRepeats();
}

TEST_CASE("S3-B2.1: a rejected entry ends the trade; what surely was not sent reserves nothing", "[oms]") {
  OrderDesk desk;
  desk.Approve(100);
  desk.Say(kSent, OrderRole::kEntry);
  CHECK(desk.Say(kRejected, OrderRole::kEntry, {.reason = "insufficient buying power"}) ==
        "entry REJECTED (rejected) 0/100 open=0: insufficient buying power\n");
  desk.At("10:02").Approve(100);
  CHECK(desk.Say(kNotSent, OrderRole::kEntry, {.reason = "not connected"}) ==
        "entry REJECTED (rejected) 0/100 open=0: not connected\n");
  CHECK(desk.TickTo("10:05").empty());
  desk.CheckRepeats();
}

TEST_CASE("FX-77: silence for 10 s makes an order UNKNOWN, asked for again and again, and keeps it reserved", "[oms]") {
  OrderDesk desk;
  desk.Approve(100);
  desk.Say(kSent, OrderRole::kEntry);
  CHECK(desk.TickTo("10:00:09").empty());
  CHECK(desk.TickTo("10:00:10") ==
        "entry UNKNOWN (no_answer) 0/100 open=100: no answer for 10 s\n"
        "> query: question 1\n");
  CHECK(desk.TickTo("10:00:20") == "> query: question 2\n");
  CHECK(desk.TickTo("10:00:30") == "> query: question 3\n");
  CHECK(desk.Say(kStatus, OrderRole::kEntry, {.cumulative = 0, .state = OrderState::kAccepted}) ==
        "entry ACCEPTED (accepted) 0/100 open=100\n");
  CHECK(desk.TickTo("10:00:59").empty());
  desk.CheckRepeats();
}

TEST_CASE("FX-77: given up only when it was not found twice, 10 s apart", "[oms]") {
  OrderDesk desk;
  desk.Approve(100);
  desk.Say(kSent, OrderRole::kEntry);
  desk.TickTo("10:00:10");
  CHECK(desk.Say(kNotFound, OrderRole::kEntry).empty());
  CHECK(desk.Say(kNotFound, OrderRole::kEntry).empty());
  CHECK(desk.TickTo("10:00:20") == "> query: question 2\n");
  CHECK(desk.Say(kNotFound, OrderRole::kEntry) ==
        "entry REJECTED (not_found) 0/100 open=0: never reached the broker\n");
  CHECK(desk.TickTo("10:02").empty());
  // And there it is.
  CHECK(desk.Say(kAccepted, OrderRole::kEntry) == "! illegal_transition\n> cancel: it had been given up\n");
  CHECK(desk.Fill(OrderRole::kEntry, 100, 20.00)
            .starts_with("entry REJECTED (fill) 100/100 open=0\n! fill_after_final\n"));
  desk.CheckRepeats();
}

TEST_CASE("FX-77: a cancel without an answer is UNKNOWN as well, and what was filled still counts", "[oms]") {
  OrderDesk desk;
  desk.Approve(100);
  desk.Accept(OrderRole::kEntry);
  desk.TickTo("10:01:00");
  CHECK(desk.TickTo("10:01:10") ==
        "entry UNKNOWN (no_answer) 0/100 open=100: no answer for 10 s\n"
        "> query: question 1\n");
  // It works on: the cancel is sent again.
  CHECK(desk.Say(kStatus, OrderRole::kEntry, {.cumulative = 0, .state = OrderState::kAccepted}) ==
        "entry ACCEPTED (accepted) 0/100 open=100\n"
        "entry PENDING_CANCEL (cancel_requested) 0/100 open=100: expired\n"
        "> cancel: expired\n");
  CHECK(desk.Say(kStatus, OrderRole::kEntry, {.cumulative = 0, .state = OrderState::kCanceled}) ==
        "entry CANCELED (canceled) 0/100 open=0: expired\n");
  desk.CheckRepeats();
}

TEST_CASE("FX-77: what is in doubt is asked for as soon as the session is up again", "[oms]") {
  OrderDesk desk;
  desk.Approve(100);
  desk.Say(kSent, OrderRole::kEntry);
  desk.Say(kDisconnected, OrderId{});
  desk.TickTo("10:00:15");
  CHECK(desk.Say(kConnected, OrderId{}) == "> query: question 2\n");
  desk.CheckRepeats();
}

TEST_CASE("S3-B2.1: a refused cancel is asked about and sent again while it is wanted", "[oms]") {
  OrderDesk desk;
  desk.Approve(100);
  desk.Accept(OrderRole::kEntry);
  desk.TickTo("10:01:00");
  CHECK(desk.Say(kCancelRejected, OrderRole::kEntry, {.reason = "too busy"}) ==
        "entry ACCEPTED (cancel_rejected) 0/100 open=100: too busy\n"
        "> query: question 1\n");
  CHECK(desk.TickTo("10:01:01").empty());
  CHECK(desk.TickTo("10:01:02") ==
        "entry PENDING_CANCEL (cancel_requested) 0/100 open=100: expired\n"
        "> cancel: expired\n");
  desk.CheckRepeats();
}

TEST_CASE("S3-C2.2: fees and busts of executions reach orders and positions", "[oms]") {
  OrderDesk desk;
  desk.Approve(100);
  desk.Accept(OrderRole::kEntry);
  desk.Say(kFill, OrderRole::kEntry, {.quantity = 100, .price = 20.00, .execution = "e1"});
  desk.Protected();
  desk.Say(kFee, OrderRole::kEntry, {.execution = "e1", .fee = 0.35});
  CHECK(std::get<PositionSnapshot>(desk.outputs().back().body).fees == Money::FromE8(35'000'000));
  // Undone: nothing is held, so that nothing may be protected.
  CHECK(desk.Say(kBust, OrderRole::kEntry, {.execution = "e1"}) ==
        "! bust\n"
        "stop PENDING_CANCEL (cancel_requested) 0/100: more than is held\n"
        "> cancel: more than is held\n"
        "target PENDING_CANCEL (cancel_requested) 0/100: more than is held\n"
        "> cancel: more than is held\n"
        "position 0 protected=100\n");
  desk.CheckRepeats();
}

TEST_CASE("S3-C2.2: slippage against the decision and the mid on arrival, more is worse", "[oms]") {
  OrderDesk desk;
  desk.Approve(100, {.entry = 20.00});
  desk.Accept(OrderRole::kEntry);
  desk.Fill(OrderRole::kEntry, 100, 20.02);
  const auto events = desk.outputs();
  const auto fill = std::find_if(events.begin(), events.end(), [](const Event& event) {
    const auto* order = std::get_if<OrderEvent>(&event.body);
    return order != nullptr && order->trigger == OrderTrigger::kFill;
  });
  REQUIRE(fill != events.end());
  const auto& order = std::get<OrderEvent>(fill->body);
  CHECK_THAT(order.slippage_decision_bps.value(), Catch::Matchers::WithinAbs(10, 1e-9));
  CHECK_THAT(order.slippage_arrival_bps.value(), Catch::Matchers::WithinAbs(10, 1e-9));
}

TEST_CASE("S3-B2.3: the broker's list is asked for while a risk profile is in force, and a lost fill is applied",
          "[oms]") {
  OrderDesk desk;
  CHECK(desk.ConfigureRisk(v1::RiskProfile()) == "> snapshot: first reconciliation\n");
  desk.TakeSnapshot({});
  desk.Approve(100);
  desk.Accept(OrderRole::kEntry);
  CHECK(desk.TickTo("10:00:29").empty());
  CHECK(desk.TickTo("10:00:30") == "> snapshot: reconciliation\n");
  desk.At("10:00:31");
  BrokerSnapshot::Execution execution{.execution_id = "e1",
                                      .client_order_id = ClientOrderId(desk.Order(OrderRole::kEntry)),
                                      .instrument = 1,
                                      .side = Side::kBid,
                                      .price = Usd(20.00),
                                      .quantity = Quantity::Units(100),
                                      .time = NewYork("10:00:20")};
  BrokerSnapshot snapshot;
  snapshot.executions.push_back(execution);
  snapshot.positions.push_back({.instrument = 1, .symbol = "ACME", .quantity = Quantity::Units(100)});
  const std::string lines = desk.TakeSnapshot(snapshot);
  INFO(lines);
  CHECK(lines.find("entry FILLED (fill) 100/100 open=0: reconciliation\n") != std::string::npos);
  CHECK(lines.find("> place stop sell stop 100") != std::string::npos);
  desk.CheckRepeats();
}

}  // namespace spillway::test
