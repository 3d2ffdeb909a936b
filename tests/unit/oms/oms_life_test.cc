// The common life of orders: entered, protected, closed.
#include "tests/support/order_desk.h"

namespace spillway::test {

TEST_CASE("S3-B2.1, S3-B2.2, IR-12: an approved intent is entered, protected by a pair, and closed at its target",
          "[oms]") {
  OrderDesk desk;
  CHECK(desk.Approve(100) ==
        "entry NEW (placed) 0/100 open=100\n"
        "> place entry buy limit 100 at 20.00\n");
  CHECK(desk.Say(BrokerReportKind::kSent, OrderRole::kEntry) == "entry SUBMITTED (sent) 0/100 open=100\n");
  CHECK(desk.Say(BrokerReportKind::kAccepted, OrderRole::kEntry) == "entry ACCEPTED (accepted) 0/100 open=100\n");
  CHECK(desk.Fill(OrderRole::kEntry, 100, 20.00, 0.35) ==
        "entry FILLED (fill) 100/100 open=0\n"
        "stop NEW (placed) 0/100\n"
        "target NEW (placed) 0/100\n"
        "> place stop sell stop 100 at 19.88 target sell limit 100 at 20.24: protection\n"
        "position 100 protected=0 entered 100 at 20.00\n");
  CHECK(desk.Protected() ==
        "stop SUBMITTED (sent) 0/100\n"
        "stop ACCEPTED (accepted) 0/100\n"
        "position 100 protected=100\n"
        "target SUBMITTED (sent) 0/100\n"
        "target ACCEPTED (accepted) 0/100\n");
  CHECK(desk.Fill(OrderRole::kTarget, 100, 20.24, 0.35) ==
        "target FILLED (fill) 100/100\n"
        "position 0 protected=0 closed target gross=24.00 net=23.30\n");
  CHECK(desk.Say(BrokerReportKind::kCanceled, OrderRole::kStop) == "stop CANCELED (canceled) 0/0\n");
  CHECK(desk.TickTo("10:30").empty());
  desk.CheckRepeats();
}

TEST_CASE("S3-B2.1: a short is the mirror image", "[oms]") {
  OrderDesk desk;
  desk.Approve(100, {.entry = 20.00, .stop = 20.12, .target = 19.76, .side = Side::kAsk});
  desk.Accept(OrderRole::kEntry);
  CHECK(desk.Fill(OrderRole::kEntry, 100, 20.00) ==
        "entry FILLED (fill) 100/100 open=0\n"
        "stop NEW (placed) 0/100\n"
        "target NEW (placed) 0/100\n"
        "> place stop buy stop 100 at 20.12 target buy limit 100 at 19.76: protection\n"
        "position -100 protected=0 entered 100 at 20.00\n");
  desk.Protected();
  CHECK(desk.Fill(OrderRole::kStop, 100, 20.12) ==
        "stop FILLED (fill) 100/100\n"
        "position 0 protected=0 closed stop gross=-12.00 net=-12.00\n");
  desk.CheckRepeats();
}

TEST_CASE("S3-B2.2: one intent places one entry, however often it is approved", "[oms]") {
  OrderDesk desk;
  desk.Approve(100);
  CHECK(desk.Decide(100).empty());
  CHECK(desk.Decide(200).empty());
  desk.Accept(OrderRole::kEntry);
  CHECK(desk.Decide(100).empty());
  CHECK(desk.Order(OrderRole::kEntry) == desk.Order(OrderRole::kEntry));
  CHECK(desk.Order(OrderRole::kEntry, 0) != desk.Order(OrderRole::kEntry, 1));
  desk.CheckRepeats();
}

TEST_CASE("S3-B3.8: only what is approved for AUTO becomes an order", "[oms]") {
  OrderDesk desk;
  desk.Intend();
  CHECK(desk.Decide(100, Route::kConfirm).empty());
  desk.Intend();
  CHECK(desk.Decide(100, Route::kAlert).empty());
  desk.Intend({.shadow = true});
  CHECK(desk.Decide(100).empty());
  desk.Intend();
  desk.TickTo("10:02");
  CHECK(desk.Decide(100) == "entry REJECTED (refused) 0/100 open=0 INTENT_EXPIRED\n");
  CHECK(desk.outputs().size() == 1);
  desk.CheckRepeats();
}

TEST_CASE("S3-A4.2: the profile says what kind of entry is sent, and at which price", "[oms]") {
  const auto entry = [](v1::EntryOrder order, Side side) {
    v1::Profile profile = OrderDesk::DeskProfile();
    profile.mutable_execution()->set_entry(order);
    profile.mutable_execution()->set_cross_bps(7);
    OrderDesk desk(profile);
    desk.Approve(100, side == Side::kBid
                          ? IntentFields{.entry = 20.005, .stop = 19.88}
                          : IntentFields{.entry = 20.005, .stop = 20.12, .target = 19.76, .side = Side::kAsk});
    return OrderLines{}(std::get<OrderCommand>(desk.outputs().at(1).body));
  };
  // On the tick, where the rounding costs nothing; 7 bps of 20.005 are 0.0140035.
  CHECK(entry(v1::ENTRY_ORDER_LIMIT, Side::kBid) == "> place entry buy limit 100 at 20.00");
  CHECK(entry(v1::ENTRY_ORDER_LIMIT, Side::kAsk) == "> place entry sell limit 100 at 20.01");
  CHECK(entry(v1::ENTRY_ORDER_MARKETABLE_LIMIT, Side::kBid) == "> place entry buy limit 100 at 20.01");
  CHECK(entry(v1::ENTRY_ORDER_MARKETABLE_LIMIT, Side::kAsk) == "> place entry sell limit 100 at 20.00");
  CHECK(entry(v1::ENTRY_ORDER_MARKET, Side::kAsk) == "> place entry sell market 100");
}

TEST_CASE("S3-A4.2: an entry that did not fill is cancelled when its intent expires", "[oms]") {
  OrderDesk desk;
  desk.Approve(100);
  desk.Accept(OrderRole::kEntry);
  CHECK(desk.TickTo("10:00:59").empty());
  CHECK(desk.TickTo("10:01:00") ==
        "entry PENDING_CANCEL (cancel_requested) 0/100 open=100: expired\n"
        "> cancel: expired\n");
  CHECK(desk.Say(BrokerReportKind::kCanceled, OrderRole::kEntry, {.cumulative = 0}) ==
        "entry CANCELED (canceled) 0/100 open=0: expired\n");
  desk.CheckRepeats();
}

TEST_CASE("S3-A4.3: KEEP protects what is filled within a tick and lets the rest go on", "[oms]") {
  OrderDesk desk;
  desk.Approve(100);
  desk.Accept(OrderRole::kEntry);
  CHECK(desk.Fill(OrderRole::kEntry, 40, 20.00) ==
        "entry PARTIAL (partial_fill) 40/100 open=60\n"
        "position 40 protected=0 entered 40 at 20.00\n");
  CHECK(desk.At("10:00:00.100").Tick() ==
        "stop NEW (placed) 0/40\n"
        "target NEW (placed) 0/40\n"
        "> place stop sell stop 40 at 19.88 target sell limit 40 at 20.24: protection\n");
  desk.Protected();
  CHECK(desk.Fill(OrderRole::kEntry, 60, 19.98) ==
        "entry FILLED (fill) 100/100 open=0\n"
        "stop NEW (placed) 0/60\n"
        "target NEW (placed) 0/60\n"
        "> place stop sell stop 60 at 19.88 target sell limit 60 at 20.24: protection\n"
        "position 100 protected=40 entered 100 at 19.988\n");
  desk.CheckRepeats();
}

TEST_CASE("S3-A4.3: executions that come together share a pair", "[oms]") {
  OrderDesk desk;
  desk.Approve(100);
  desk.Accept(OrderRole::kEntry);
  CHECK(desk.Fill(OrderRole::kEntry, 40, 20.00).find("place") == std::string::npos);
  CHECK(desk.Fill(OrderRole::kEntry, 40, 20.00).find("place") == std::string::npos);
  CHECK(desk.Fill(OrderRole::kEntry, 20, 20.00).find("> place stop sell stop 100") != std::string::npos);
  desk.CheckRepeats();
}

TEST_CASE("S3-A4.3: CANCEL_REST waits, cancels the rest and protects all of it", "[oms]") {
  v1::Profile profile = OrderDesk::DeskProfile();
  profile.mutable_execution()->set_partial_fill(v1::PARTIAL_FILL_CANCEL_REST);
  OrderDesk desk(profile);
  desk.Approve(100);
  desk.Accept(OrderRole::kEntry);
  CHECK(desk.Fill(OrderRole::kEntry, 40, 20.00) ==
        "entry PARTIAL (partial_fill) 40/100 open=60\n"
        "position 40 protected=0 entered 40 at 20.00\n");
  CHECK(desk.TickTo("10:00:01").empty());
  CHECK(desk.TickTo("10:00:02") ==
        "entry PENDING_CANCEL (cancel_requested) 40/100 open=60: partial fill: the rest is cancelled\n"
        "> cancel: partial fill: the rest is cancelled\n"
        "stop NEW (placed) 0/40\n"
        "target NEW (placed) 0/40\n"
        "> place stop sell stop 40 at 19.88 target sell limit 40 at 20.24: protection\n");
  // Filled while the cancel was under way: counts, and is protected.
  CHECK(desk.Fill(OrderRole::kEntry, 10, 20.00) ==
        "entry PENDING_CANCEL (partial_fill) 50/100 open=50\n"
        "stop NEW (placed) 0/10\n"
        "target NEW (placed) 0/10\n"
        "> place stop sell stop 10 at 19.88 target sell limit 10 at 20.24: protection\n"
        "position 50 protected=0 entered 50 at 20.00\n");
  CHECK(desk.Say(BrokerReportKind::kCanceled, OrderRole::kEntry, {.cumulative = 50}) ==
        "entry CANCELED (canceled) 50/100 open=0: partial fill: the rest is cancelled\n");
  desk.CheckRepeats();
}

}  // namespace spillway::test
