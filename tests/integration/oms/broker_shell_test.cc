// The broker shell and the venue adapter against the fake venue, over TLS; oms's commands are written by hand.
#include "services/oms/broker_shell.h"

#include <algorithm>
#include <random>

#include "services/oms/adapters/venue/venue_protocol.h"
#include "spillway/v1/risk.pb.h"

#include "tests/integration/oms/stage.h"

namespace spillway::oms {
namespace {

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

BrokerReport Last(const Lane& lane, BrokerReportKind kind) {
  const std::vector<Event> reports = lane.Reports(kind);
  REQUIRE_FALSE(reports.empty());
  return std::get<BrokerReport>(reports.back().body);
}

}  // namespace

TEST_CASE("S4-R10.1.1, S3-B2.2: broker: an order goes out once it is on the lane, and its story comes back to it",
          "[broker]") {
  VenueProcess venue;
  venue.Quote("ACME", "9.98", "10.00");
  Lane lane;
  Worker worker(lane, venue.Options());
  REQUIRE(worker.Until([&] { return lane.Story().starts_with("connected clock"); }));
  const OrderId order = lane.Place();
  REQUIRE(worker.Until([&] { return lane.Story(order) == "sent accepted fill"; }));

  const Json there = venue.Order(order);
  CHECK(there["state"] == "filled");
  CHECK(there["copies"] == 1);
  const Event fill = lane.Reports(BrokerReportKind::kFill).front();
  const auto& report = std::get<BrokerReport>(fill.body);
  CHECK(report.price == *Price::Parse("10.00"));
  CHECK(report.quantity == Quantity::Units(100));
  CHECK(report.cumulative == Quantity::Units(100));
  CHECK(report.leaves == Quantity());
  CHECK_FALSE(report.execution_id.empty());
  CHECK(fill.header.instrument == kAcme);
  CHECK(fill.header.instance == 77);
  CHECK(fill.header.event_time == kOpen);
  const Event command = lane.From(1).at(2);  // behind the definition and "connected clock"
  REQUIRE(std::holds_alternative<OrderCommand>(command.body));
  CHECK(fill.header.correlation == command.header.correlation);
  CHECK(fill.header.cause.event == command.header.id());
  CHECK(Last(lane, BrokerReportKind::kAccepted).latency.has_value());
  CHECK(lane.IdsUnique());

  lane.Ask(OrderCommandKind::kSnapshot);
  REQUIRE(worker.Until([&] { return lane.Snapshots().size() == 1; }));
  const BrokerSnapshot snapshot = lane.Snapshots().front();
  CHECK(snapshot.account == "PA-1");
  CHECK_FALSE(snapshot.live);
  CHECK(snapshot.cash == *Money::Parse("99000"));
  REQUIRE(snapshot.positions.size() == 1);
  CHECK(snapshot.positions[0].instrument == kAcme);
  REQUIRE(snapshot.executions.size() == 1);
  CHECK(snapshot.executions[0].execution_id == report.execution_id);
  CHECK(Contains(worker.registry.Text(), "spillway_oms_broker_connected 1"));
  CHECK(Contains(worker.registry.Text(), "spillway_oms_broker_requests_total{kind=\"place\"} 1"));
}

TEST_CASE("S4-R10.1.1: broker: cancel, replace, query and an OCO pair", "[broker]") {
  VenueProcess venue;
  venue.Quote("ACME", "9.98", "10.00");
  Lane lane;
  Worker worker(lane, venue.Options());
  const OrderId order = lane.Place(100, "9.00");
  REQUIRE(worker.Until([&] { return lane.Story(order) == "sent accepted"; }));

  OrderCommand replace;
  replace.kind = OrderCommandKind::kReplace;
  replace.order = order;
  replace.tickets = {Limit(OrderId{9, 1}, Side::kBid, 100, "9.10")};
  lane.Command(replace);
  REQUIRE(worker.Until([&] { return lane.Story(OrderId{9, 1}) == "sent replaced"; }));
  CHECK(Last(lane, BrokerReportKind::kReplaced).replaces == ClientOrderId(order));
  CHECK(Last(lane, BrokerReportKind::kReplaced).leaves == Quantity::Units(100));

  lane.Ask(OrderCommandKind::kQuery, OrderId{9, 1});
  REQUIRE(worker.Until([&] { return lane.Story(OrderId{9, 1}) == "sent replaced status"; }));
  CHECK(Last(lane, BrokerReportKind::kStatus).state == OrderState::kAccepted);
  lane.Ask(OrderCommandKind::kCancel, OrderId{9, 1});
  REQUIRE(worker.Until([&] { return lane.Story(OrderId{9, 1}) == "sent replaced status canceled"; }));
  lane.Ask(OrderCommandKind::kCancel, OrderId{9, 1});
  REQUIRE(worker.Until([&] { return lane.Story(OrderId{9, 1}).ends_with("cancel_rejected"); }));
  lane.Ask(OrderCommandKind::kQuery, OrderId{9, 2});
  REQUIRE(worker.Until([&] { return lane.Story(OrderId{9, 2}) == "not_found"; }));

  const OrderId entry = lane.Place(100, "10.00");
  REQUIRE(worker.Until([&] { return lane.Story(entry) == "sent accepted fill"; }));
  OrderCommand pair;
  pair.kind = OrderCommandKind::kPlace;
  OrderTicket stop = Limit(OrderId{9, 3}, Side::kAsk, 100, "9.50");
  stop.role = OrderRole::kStop;
  stop.type = OrderType::kStop;
  stop.stop = stop.limit;
  stop.limit.reset();
  pair.tickets = {stop, Limit(OrderId{9, 4}, Side::kAsk, 100, "11.00")};
  lane.Command(pair);
  REQUIRE(worker.Until([&] { return lane.Story(OrderId{9, 4}) == "sent accepted"; }));
  CHECK(lane.Story(OrderId{9, 3}) == "sent accepted");
  venue.Quote("ACME", "11.02", "11.04");
  REQUIRE(worker.Until([&] { return lane.Story(OrderId{9, 3}) == "sent accepted canceled"; }));
  CHECK(lane.Story(OrderId{9, 4}) == "sent accepted fill");
  CHECK(lane.IdsUnique());
}

TEST_CASE("S3-B2.2: broker: what cannot be written to the lane is not sent", "[broker]") {
  VenueProcess venue;
  Lane lane;
  Worker worker(lane, venue.Options());
  REQUIRE(worker.Until([&] { return lane.Story().starts_with("connected clock"); }));
  lane.refuses = true;
  const OrderId order = lane.Place(100, "9.00");
  worker.Linger(milliseconds(500));
  CHECK(venue.Orders().empty());
  lane.refuses = false;
  REQUIRE(worker.Until([&] { return lane.Story(order) == "sent accepted"; }));
  CHECK(venue.Order(order)["copies"] == 1);

  // And not after its time.
  lane.refuses = true;
  const OrderId late = lane.Place(100, "9.00", seconds(1));
  worker.Linger(milliseconds(300));
  lane.now = lane.now + seconds(2);
  lane.Advance(Duration());
  worker.Linger(milliseconds(100));
  lane.refuses = false;
  REQUIRE(worker.Until([&] { return lane.Story(late) == "not_sent"; }));
  CHECK(venue.Order(late).is_null());
}

TEST_CASE("S3-B2.2, FX-77: broker: killed between the command and kSent: the next holder sends it", "[broker]") {
  VenueProcess venue;
  Lane lane;
  OrderId order;
  {
    Worker first(lane, venue.Options(), false);  // had no chance
    order = lane.Place(100, "9.00");
    first.Linger(milliseconds(100));
  }
  CHECK(lane.Story(order).empty());
  Worker second(lane, venue.Options());
  REQUIRE(second.Until([&] { return lane.Story(order) == "sent accepted"; }));
  CHECK(venue.Order(order)["copies"] == 1);
}

TEST_CASE("S3-B2.2, FX-77, FX-81: broker: a kill or a cancel while nobody acts: what was not sent never is",
          "[broker]") {
  VenueProcess venue;
  Lane lane;
  std::string expected;
  const OrderId order = lane.Place(100, "9.00");
  SECTION("kill") {
    lane.Write(Producer::kRisk, KillSwitchChanged{.active = true, .cause = "manual"});
    expected = "kill switch";
  }
  SECTION("a person's kill, of which risk did not speak yet") {
    lane.Write(Producer::kGateway, AdminCommand{.kind = AdminCommandKind::kKill});
    expected = "kill switch";
  }
  SECTION("kill, released again") {
    lane.Write(Producer::kRisk, KillSwitchChanged{.active = true, .cause = "manual"});
    lane.Write(Producer::kRisk, KillSwitchChanged{.active = false, .cause = "manual"});
    expected = "cancelled";
  }
  SECTION("cancel, forgotten since") {
    lane.Ask(OrderCommandKind::kCancel, order);
    for (int i = 0; i < 20; ++i) lane.Advance(seconds(1));
    expected = "cancelled";
  }
  Worker worker(lane, venue.Options());
  REQUIRE(worker.Until([&] { return lane.Story(order) == "not_sent"; }));
  CHECK(Contains(Last(lane, BrokerReportKind::kNotSent).reason, expected));
  worker.Linger();
  CHECK(lane.Story(order) == "not_sent");
  CHECK(venue.Order(order).is_null());
}

TEST_CASE("S3-B2.2: broker: a lease that went and came back unseen: what another began meanwhile is not sent again",
          "[broker]") {
  VenueProcess venue;
  Lane lane;
  Worker worker(lane, venue.Options(), true, 1);
  REQUIRE(worker.Until([&] { return lane.Story().starts_with("connected clock"); }));
  const OrderId own = lane.Place(1, "9.00");
  REQUIRE(worker.Until([&] { return lane.Story(own) == "sent accepted"; }));
  const OrderId others = lane.Place(1, "9.00");
  worker.Pump();  // it waits for its turn
  worker.tenure = 2;
  BrokerReport sent;
  sent.kind = BrokerReportKind::kSent;
  sent.client_order_id = ClientOrderId(others);
  lane.Write(Producer::kBroker, sent);
  REQUIRE(worker.Until([&] { return lane.Story(others) == "sent not_found"; }));
  const OrderId next = lane.Place(1, "9.00");
  REQUIRE(worker.Until([&] { return lane.Story(next) == "sent accepted"; }));
  CHECK(venue.Order(others).is_null());
  CHECK(lane.Story(others) == "sent not_found");
  CHECK(venue.Order(own)["copies"] == 1);
}

TEST_CASE("FX-81: broker: while the kill switch is active only what reduces risk is sent", "[broker]") {
  VenueProcess venue;
  Lane lane;
  Worker worker(lane, venue.Options());
  lane.Write(Producer::kRisk, KillSwitchChanged{.active = true, .cause = "manual"});
  const OrderId entry = lane.Place(100, "9.00");
  const OrderId exit = lane.PlaceReducing(100, "9.00");
  REQUIRE(worker.Until([&] { return lane.Story(entry) == "not_sent"; }));
  REQUIRE(worker.Until([&] { return lane.Story(exit).starts_with("sent"); }));
  lane.Write(Producer::kRisk, KillSwitchChanged{.active = false, .cause = "manual"});
  const OrderId later = lane.Place(100, "9.00");
  REQUIRE(worker.Until([&] { return lane.Story(later) == "sent accepted"; }));
  CHECK(venue.Order(entry).is_null());
}

TEST_CASE("S3-B2.2: broker: what oms gave up before it was sent is not sent", "[broker]") {
  VenueProcess venue;
  Lane lane;
  Worker worker(lane, venue.Options(), true, 1);
  REQUIRE(worker.Until([&] { return lane.Story().starts_with("connected clock"); }));
  lane.Place(1, "9.00");
  const OrderId given_up = lane.Place(1, "9.00");
  const OrderId wanted = lane.Place(1, "9.00");
  BrokerReport not_found;
  not_found.kind = BrokerReportKind::kNotFound;
  not_found.client_order_id = ClientOrderId(wanted);
  lane.Write(Producer::kBroker, not_found);  // of course: it was not sent yet
  OrderEvent over;
  over.order = given_up;
  over.state = OrderState::kExpired;
  lane.Write(Producer::kOms, over);
  REQUIRE(worker.Until([&] { return lane.Story(wanted) == "not_found sent accepted"; }));
  CHECK(lane.Story(given_up).empty());
  CHECK(venue.Order(given_up).is_null());
}

TEST_CASE("S3-B2.2: broker: the clock of whoever gave a command by hand ends no order", "[broker]") {
  VenueProcess venue;
  Lane lane;
  const OrderId order = lane.Place(100, "9.00");
  const Time now = std::exchange(lane.now, lane.now + std::chrono::hours(1));
  lane.Write(Producer::kGateway, AdminCommand());
  lane.now = now;
  Worker worker(lane, venue.Options());
  REQUIRE(worker.Until([&] { return lane.Story(order) == "sent accepted"; }));
  CHECK(worker.ledger().now() == kOpen);
}

TEST_CASE("S3-B2.2, FX-77: broker: killed between kSent and the answer: it is asked for, never sent again",
          "[broker]") {
  VenueProcess venue;
  Lane lane;
  bool arrived = false;
  SECTION("it had arrived") {
    arrived = true;
  }
  SECTION("it had not") {}
  OrderId order;
  venue.Next({{{"on", "place"}, {arrived ? "silence" : "ignore", true}}});
  {
    Worker first(lane, venue.Options());
    order = lane.Place(100, "9.00");
    REQUIRE(first.Until([&] { return venue.Get("/fake/stats")["by_type"].contains("place"); }));
  }
  CHECK(lane.Story(order) == "sent");
  Worker second(lane, venue.Options());
  REQUIRE(second.Until([&] { return lane.Story(order) == (arrived ? "sent status" : "sent not_found"); }));
  second.Linger();
  CHECK(venue.Get("/fake/stats")["by_type"]["place"] == 1);
  CHECK(lane.IdsUnique());
}

TEST_CASE("S3-B2.2: broker: of two replicas one acts, and the other goes on where it ended", "[broker]") {
  VenueProcess venue;
  Lane lane;
  Worker one(lane, venue.Options());
  Worker other(lane, venue.Options(), false);
  std::vector<OrderId> orders;
  for (int i = 0; i < 10; ++i) orders.push_back(lane.Place(1, "9.00"));
  REQUIRE(one.Until([&] {
    other.Pump();
    return lane.Reports(BrokerReportKind::kAccepted).size() >= 5;
  }));
  one.acting = false;
  other.Linger(milliseconds(200));
  for (int i = 0; i < 10; ++i) orders.push_back(lane.Place(1, "9.00"));
  other.Pump();
  other.acting = true;
  // The one at which the lease went may have a kSent and not have been sent: then the other asks for it.
  const auto answered = [&](const OrderId& order) {
    const std::string story = lane.Story(order);
    return Contains(story, "accepted") || Contains(story, "status") || Contains(story, "not_found");
  };
  REQUIRE(other.Until([&] {
    one.Pump();
    return std::ranges::all_of(orders, answered);
  }));
  one.Linger();
  for (const OrderId& order : orders) {
    const Json there = venue.Order(order);
    INFO(order.low << ": " << lane.Story(order));
    CHECK((!there.is_null() || order.low <= 10));  // the other's own all arrived
    CHECK((there.is_null() || there["copies"] == 1));
    CHECK(there.is_null() == Contains(lane.Story(order), "not_found"));
    CHECK(lane.Story(order).starts_with("sent"));
  }
  CHECK(lane.Reports(BrokerReportKind::kSent).size() == 20);
  CHECK(lane.IdsUnique());
}

TEST_CASE("S4-R10.1.1: broker: a lost connection is told, taken up again, and what was in doubt is asked for",
          "[broker]") {
  VenueProcess venue;
  Lane lane;
  Worker worker(lane, venue.Options());
  REQUIRE(worker.Until([&] { return lane.Story().starts_with("connected clock"); }));
  SECTION("cut behind an order") {
    venue.Next({{{"on", "accepted"}, {"drop", true}, {"close", true}}, {{"on", "place"}, {"close", "after"}}});
  }
  SECTION("half open") {
    venue.Next({{{"on", "accepted"}, {"half_open", true}}});
  }
  SECTION("the venue restarts") {
    venue.Next({{{"on", "place"}, {"silence", true}}});
  }
  const OrderId order = lane.Place(100, "9.00");
  REQUIRE(worker.Until([&] { return !venue.Order(order).is_null(); }));
  if (lane.Story(order) == "sent") {
    worker.Linger(milliseconds(100));
    if (lane.Reports(BrokerReportKind::kDisconnected).empty() && venue.Get("/fake/stats")["by_type"]["ping"] > 0) {
      venue.Behave({{"restart_ms", 300}});
    }
  }
  REQUIRE(worker.Until([&] { return lane.Reports(BrokerReportKind::kConnected).size() >= 2; }));
  REQUIRE(worker.Until([&] { return lane.Story(order).ends_with("status"); }));
  CHECK(Contains(lane.Story(), "connected clock disconnected connected clock"));
  CHECK(venue.Order(order)["copies"] == 1);
}

TEST_CASE("S4-R10.1.1: broker: the venue ends and comes back with its books", "[broker]") {
  VenueProcess venue;
  Lane lane;
  Worker worker(lane, venue.Options());
  const OrderId order = lane.Place(100, "9.00");
  REQUIRE(worker.Until([&] { return lane.Story(order) == "sent accepted"; }));
  venue.process().Kill9();
  REQUIRE(worker.Until([&] { return !lane.Reports(BrokerReportKind::kDisconnected).empty(); }));
  const OrderId during = lane.Place(100, "9.00");
  REQUIRE(worker.Until([&] { return lane.Story(during) == "not_sent"; }));
  CHECK(Contains(Last(lane, BrokerReportKind::kNotSent).reason, "no session"));
  venue.Start();
  REQUIRE(worker.Until([&] { return lane.Reports(BrokerReportKind::kConnected).size() == 2; }));
  lane.Ask(OrderCommandKind::kQuery, order);
  REQUIRE(worker.Until([&] { return lane.Story(order) == "sent accepted status"; }));
  CHECK(venue.Order(during).is_null());
}

TEST_CASE("S4-R10.1.1: broker: what does not read is kept as text, and the session begins anew", "[broker]") {
  VenueProcess venue;
  Lane lane;
  Worker worker(lane, venue.Options());
  REQUIRE(worker.Until([&] { return lane.Story().starts_with("connected clock"); }));
  Json behaviour;
  std::string expected;
  SECTION("no JSON") {
    behaviour = {{"garbage", "{\"type\":\"report\",\"event\":"}};
    expected = "no JSON: {\"type\":\"report\",\"event\":";
  }
  SECTION("a price that is a number") {
    behaviour = {{"say",
                  {{"type", "report"},
                   {"event", "fill"},
                   {"execution_id", "E-1"},
                   {"client_order_id", "x"},
                   {"side", "buy"},
                   {"price", 10.5},
                   {"quantity", "1"},
                   {"time", 1}}}};
    expected = "'price' is no text";
  }
  SECTION("an event nobody knows") {
    behaviour = {{"say", {{"type", "report"}, {"event", "levitated"}, {"time", 1}}}};
    expected = "'levitated' is not known";
  }
  SECTION("a quantity that does not fit") {
    behaviour = {{"say",
                  {{"type", "report"},
                   {"event", "accepted"},
                   {"client_order_id", "x"},
                   {"cumulative", "999999999999999999999"},
                   {"time", 1}}}};
    expected = "'cumulative'";
  }
  SECTION("a hole in the sequence") {
    venue.Next({{{"on", "pong"}, {"gap", true}}});
    expected = "follows";
  }
  if (!behaviour.is_null()) venue.Behave(behaviour);
  REQUIRE(worker.Until([&] { return lane.Reports(BrokerReportKind::kConnected).size() == 2; }));
  CHECK(lane.Reports(BrokerReportKind::kMalformed).size() == 1);
  CHECK(Contains(Last(lane, BrokerReportKind::kMalformed).reason, expected));
  CHECK(Contains(lane.Story(), "malformed disconnected connected"));
  CHECK(Contains(worker.registry.Text(), "spillway_oms_broker_reports_total{kind=\"malformed\"} 1"));
  const OrderId order = lane.Place(100, "9.00");
  REQUIRE(worker.Until([&] { return lane.Story(order) == "sent accepted"; }));
}

TEST_CASE("S4-R10.1.1: broker: what is repeated, late or out of order is passed on as it was said", "[broker]") {
  VenueProcess venue;
  venue.Quote("ACME", "9.98", "10.00");
  Lane lane;
  Worker worker(lane, venue.Options());
  std::string story;
  SECTION("a fill twice") {
    venue.Next({{{"on", "fill"}, {"duplicate", 1}}});
    story = "sent accepted fill fill";
  }
  SECTION("a fill before its order is accepted") {
    venue.Next({{{"on", "accepted"}, {"reorder", true}}});
    story = "sent fill accepted";
  }
  SECTION("late") {
    venue.Next({{{"on", "accepted"}, {"delay_ms", 300}}});
    story = "sent fill accepted";
  }
  SECTION("a hole") {
    venue.Next({{{"on", "fill"}, {"drop", true}}});
    story = "sent accepted";
  }
  SECTION("rejected") {
    venue.Next({{{"on", "place"}, {"reject", "NO_BORROW"}}});
    story = "sent rejected";
  }
  const OrderId order = lane.Place();
  REQUIRE(worker.Until([&] { return lane.Story(order) == story; }));
  worker.Linger();
  CHECK(lane.Story(order) == story);
  CHECK(lane.IdsUnique());
}

TEST_CASE("S4-R10.1.1: broker: a rate limit is told; what may be repeated is, an order is not", "[broker]") {
  VenueProcess venue;
  Lane lane;
  Worker worker(lane, venue.Options());
  venue.Next({{{"on", "place"}, {"rate_limit_ms", 100}}, {{"on", "query"}, {"rate_limit_ms", 100}}});
  const OrderId order = lane.Place(100, "9.00");
  REQUIRE(worker.Until([&] { return lane.Story(order) == "sent not_sent"; }));
  CHECK(Last(lane, BrokerReportKind::kNotSent).code == "RATE_LIMITED");
  lane.Ask(OrderCommandKind::kQuery, order);
  REQUIRE(worker.Until([&] { return lane.Story(order) == "sent not_sent not_found"; }));
  CHECK(lane.Reports(BrokerReportKind::kRateLimited).size() == 2);
  CHECK(venue.Orders().empty());
}

TEST_CASE("S4-R10.1.1: broker: within our own limit orders wait, what reduces risk goes first", "[broker]") {
  VenueProcess venue({"--requests-per-second", "60"});
  Lane lane;
  Worker worker(lane, venue.Options(), true, 20);
  REQUIRE(worker.Until([&] { return lane.Story().starts_with("connected clock"); }));
  std::vector<OrderId> orders;
  for (int i = 0; i < 40; ++i) orders.push_back(lane.Place(1, "9.00"));
  REQUIRE(worker.Until([&] { return lane.Reports(BrokerReportKind::kAccepted).size() >= 21; }));
  lane.Ask(OrderCommandKind::kCancel, orders[0]);
  REQUIRE(worker.Until([&] { return lane.Story(orders[0]).ends_with("canceled"); }));
  CHECK(lane.Reports(BrokerReportKind::kAccepted).size() < 40);
  lane.Ask(OrderCommandKind::kCancel, orders[39]);  // not sent yet: it never is
  REQUIRE(worker.Until([&] { return lane.Story(orders[39]).starts_with("not_sent"); }));
  REQUIRE(worker.Until([&] { return lane.Reports(BrokerReportKind::kAccepted).size() == 39; }));
  CHECK(venue.Get("/fake/stats")["rate_limited"] == 0);
  CHECK(venue.Order(orders[39]).is_null());
}

TEST_CASE("S4-R10.1.1: broker: a clock that goes wrong is told", "[broker]") {
  VenueProcess venue;
  Lane lane;
  Worker worker(lane, venue.Options());
  REQUIRE(worker.Until([&] { return lane.Story().starts_with("connected clock"); }));
  const BrokerReport clock = Last(lane, BrokerReportKind::kClock);
  REQUIRE(clock.clock_skew.has_value());
  CHECK(std::chrono::abs(*clock.clock_skew) < milliseconds(500));
  worker.Linger(milliseconds(1200));
  CHECK(lane.Reports(BrokerReportKind::kClock).size() == 1);
}

TEST_CASE("S4-R10.1.1: broker: wrong key, wrong account, live where paper is configured: refused with the reason",
          "[broker]") {
  VenueProcess paper;
  VenueProcess live({"--live"});
  const auto check = [](VenueBrokerOptions options) { return (*MakeVenueBroker(std::move(options)))->Check(); };
  CHECK(check(paper.Options()).ok());
  VenueBrokerOptions options = paper.Options();
  options.secret = "guessed";
  CHECK(absl::IsPermissionDenied(check(options)));
  CHECK(Contains(std::string(check(options).message()), "broker.key_file"));
  options = paper.Options();
  options.account = "PA-2";
  CHECK(absl::IsFailedPrecondition(check(options)));
  CHECK(Contains(std::string(check(options).message()), "WRONG_ACCOUNT"));
  options = paper.Options();
  options.live = true;
  CHECK(Contains(std::string(check(options).message()), "is a paper account, broker.live is true"));
  CHECK(Contains(std::string(check(live.Options()).message()), "is a live account, broker.live is false"));
  options = paper.Options();
  options.tls_ca_file = live.ca();
  CHECK(absl::IsPermissionDenied(check(options)));
  options = paper.Options();
  options.address = "nowhere";
  CHECK_FALSE(MakeVenueBroker(options).ok());

  // It turned while the service ran: nothing is sent any more.
  Lane lane;
  Worker worker(lane, live.Options());
  REQUIRE(worker.Until([&] { return !worker.shell().refused().ok(); }));
  const OrderId order = lane.Place(100, "9.00");
  REQUIRE(worker.Until([&] { return lane.Story(order) == "not_sent"; }));
  CHECK(live.Orders().empty());
}

TEST_CASE("S4-R10.1.1: broker: where the risk profile is for another account, or for real money, nothing is sent",
          "[broker]") {
  VenueProcess venue;
  Lane lane;
  std::string name = "paper@1";
  const auto put_in_force = [&](const std::string& account, bool live) {
    v1::RiskProfile profile;
    profile.mutable_account()->set_id(account);
    profile.mutable_account()->set_live(live);
    ConfigurationVersion version;
    version.kind = ConfigurationKind::kRisk;
    version.name = name;
    version.document = profile.SerializeAsString();
    lane.Write(Producer::kGateway, version);
  };
  put_in_force("PA-9", false);
  Worker worker(lane, venue.Options());
  const OrderId other_account = lane.Place(100, "9.00");
  REQUIRE(worker.Until([&] { return lane.Story(other_account) == "not_sent"; }));
  CHECK(Contains(Last(lane, BrokerReportKind::kNotSent).reason, "paper@1 is for account 'PA-9' (paper)"));
  put_in_force("PA-1", true);
  const OrderId real_money = lane.Place(100, "9.00");
  REQUIRE(worker.Until([&] { return lane.Story(real_money) == "not_sent"; }));
  CHECK(Contains(Last(lane, BrokerReportKind::kNotSent).reason, "(live)"));
  CHECK(venue.Orders().empty());
  put_in_force("", false);  // any paper account
  const OrderId order = lane.Place(100, "9.00");
  REQUIRE(worker.Until([&] { return lane.Story(order) == "sent accepted"; }));
  name = "";  // a profile without a name is one
  put_in_force("PA-9", false);
  const OrderId nameless = lane.Place(100, "9.00");
  REQUIRE(worker.Until([&] { return lane.Story(nameless) == "not_sent"; }));
}

TEST_CASE("S4-R10.1.1: broker: with real money and no risk profile only what reduces risk is sent", "[broker]") {
  VenueProcess venue({"--live"});
  VenueBrokerOptions options = venue.Options();
  options.live = true;
  Lane lane;
  Worker worker(lane, options);
  const OrderId entry = lane.Place(100, "9.00");
  const OrderId exit = lane.PlaceReducing(100, "9.00");
  REQUIRE(worker.Until([&] { return lane.Story(entry) == "not_sent"; }));
  CHECK(Contains(Last(lane, BrokerReportKind::kNotSent).reason, "no risk profile is in force"));
  REQUIRE(worker.Until([&] { return lane.Story(exit).starts_with("sent"); }));
  CHECK(venue.Order(entry).is_null());
}

TEST_CASE("S3-B2.2: broker ledger: restored from any moment it knows the same", "[broker]") {
  Lane lane;
  std::vector<Event> events;
  const OrderId first = lane.Place(), second = lane.Place();
  lane.Ask(OrderCommandKind::kSnapshot);
  lane.Ask(OrderCommandKind::kCancel, first);
  const auto say = [&](BrokerReportKind kind, const OrderId& order) {
    BrokerReport report;
    report.kind = kind;
    report.client_order_id = ClientOrderId(order);
    lane.Write(Producer::kBroker, report);
  };
  say(BrokerReportKind::kSent, first);
  say(BrokerReportKind::kSent, second);
  say(BrokerReportKind::kAccepted, first);
  lane.Ask(OrderCommandKind::kQuery, second);
  OrderEvent unknown;
  unknown.order = second;
  unknown.state = OrderState::kUnknown;
  lane.Write(Producer::kOms, unknown);
  say(BrokerReportKind::kCanceled, first);
  lane.Write(Producer::kBroker, BrokerSnapshot());
  lane.Write(Producer::kRisk, KillSwitchChanged{.active = true});
  test::CollectingSink sink;
  const auto describe = [](const BrokerLedger& ledger) {
    runtime::StateWriter state;
    ledger.Save(state);
    return state.Take();
  };
  auto once = std::make_unique<BrokerLedger>();
  auto restored = std::make_unique<BrokerLedger>();
  for (const Event& event : lane.From(0)) {
    once->Process(event, sink);
    restored->Process(event, sink);
    const std::string bytes = describe(*restored);
    restored = std::make_unique<BrokerLedger>();
    runtime::StateReader state(bytes);
    REQUIRE(restored->Restore(state).ok());
    REQUIRE(state.Finish().ok());
    REQUIRE(describe(*restored) == describe(*once));
  }
  CHECK(sink.events.empty());
  REQUIRE(once->commands().size() == 2);  // what is in doubt, and the question about it
  CHECK(once->commands().begin()->second.sent);
  CHECK(once->commands().begin()->second.unanswered == std::vector<OrderId>{second});
  CHECK(once->commands().begin()->second.canceled);
  CHECK(once->kill_active());
  CHECK(once->unknown_orders() == 1);
  CHECK(once->Find(first)->instance == 77);
  // A question nobody answered is not asked for ever; an order in doubt is never forgotten.
  lane.Advance(seconds(20));
  once->Process(lane.From(0).back(), sink);
  REQUIRE(once->commands().size() == 1);
  CHECK(once->commands().begin()->second.command.kind == OrderCommandKind::kPlace);
  say(BrokerReportKind::kNotFound, second);
  once->Process(lane.From(0).back(), sink);
  CHECK(once->commands().empty());
}

TEST_CASE("S4-R10.1.1: venue protocol: whatever a line holds, it is read or refused with the reason", "[broker]") {
  const std::string good =
      R"({"seq":9,"id":3,"type":"report","event":"fill","client_order_id":"sw-1","broker_order_id":"B-3","symbol":"ACME",)"
      R"("side":"buy","execution_id":"E-4","price":"10","quantity":"60","fee":"0.3","maker":false,"cumulative":"60",)"
      R"("leaves":"40","time":1763748002000000000})";
  const absl::StatusOr<VenueMessage> read = ParseVenueMessage(good);
  REQUIRE(read.ok());
  CHECK(read->sequence == 9);
  CHECK(read->id == 3);
  CHECK(std::get<VenueReport>(read->body).report.fee == *Money::Parse("0.3"));
  const auto reason = [](const std::string& line) { return std::string(ParseVenueMessage(line).status().message()); };
  const auto retry_after = [](const std::string& ms) {
    const auto limited =
        ParseVenueMessage(R"({"seq":1,"type":"error","code":"RATE_LIMITED","retry_after_ms":)" + ms + "}");
    REQUIRE(limited.ok());
    return *std::get<VenueError>(limited->body).retry_after;
  };
  CHECK(retry_after("500") == milliseconds(500));
  CHECK(retry_after("-9223372036854775808") == Duration());
  CHECK(retry_after("9223372036854775807") == seconds(60));
  CHECK(reason("") == "no JSON");
  CHECK(reason("[]") == "no object");
  CHECK(reason("{}") == "no 'seq'");
  CHECK(reason(R"({"seq":1,"type":"dream"})") == "'type': 'dream' is not known");
  CHECK(reason(R"({"seq":1.5,"type":"pong","time":1})") == "'seq' is no whole number");
  CHECK(reason(R"({"seq":1,"type":"snapshot","account":"a","live":"no"})") == "'live' is neither true nor false");

  // Each byte changed, cut at each place, in all sorts of ways: no crash, and nothing half read.
  std::mt19937_64 random(7);
  for (size_t i = 0; i < good.size(); ++i) {
    std::string line = good;
    line[i] = static_cast<char>(random());
    (void)ParseVenueMessage(line);
    CHECK_FALSE(ParseVenueMessage(good.substr(0, i)).ok());
  }
  for (int i = 0; i < 2000; ++i) {
    Json json = Json::parse(good);
    auto field = json.begin();
    std::advance(field, static_cast<long>(random() % json.size()));
    static const std::vector<Json> kValues = {nullptr,
                                              true,
                                              -1,
                                              1e300,
                                              "",
                                              "x",
                                              "-9223372036854775809",
                                              Json::array(),
                                              Json::object(),
                                              "1.123456789012345678"};
    *field = kValues[random() % kValues.size()];
    const absl::StatusOr<VenueMessage> message = ParseVenueMessage(json.dump());
    if (message.ok()) CHECK((std::holds_alternative<VenueReport>(message->body)));
  }
}

}  // namespace spillway::oms
