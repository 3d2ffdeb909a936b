// spillway-oms over JetStream against the fake venue: its orders' lives, and what is done to them.
#include <algorithm>
#include <csignal>
#include <random>

#include "libs/service/latency_ledger.h"

#include "tests/integration/oms/service_stage.h"

namespace spillway::oms {
namespace {

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}
template <class Condition>
bool Soon(const Condition& condition, milliseconds timeout = seconds(20)) {
  return test::Eventually(condition, timeout);
}

Quantity HeldAt(VenueProcess& venue) {
  const Json snapshot = venue.Get("/fake/snapshot");
  for (const Json& position : snapshot["positions"]) {
    if (position["symbol"] == "ACME") return *Quantity::Parse(position["quantity"].get<std::string>());
  }
  return Quantity();
}

// Of this intent no order was asked for twice, and no more was entered than approved. Foreign orders do not count.
void CheckOnce(VenueProcess& venue, const std::vector<EventId>& intents, int64_t approved) {
  std::map<std::string, Json> orders;
  for (const Json& order : venue.Orders()) {
    INFO(order.dump());
    CHECK(order["copies"] == 1);
    orders[order["client_order_id"].get<std::string>()] = order;
  }
  CHECK(venue.Get("/fake/stats")["duplicates"] == 0);
  for (const EventId& intent : intents) {
    int64_t possible = 0;
    for (uint32_t attempt = 0; attempt < 4; ++attempt) {
      const auto found = orders.find(ClientOrderId(Entry(intent, attempt)));
      if (found == orders.end()) continue;
      const Json& order = found->second;
      const bool open = order["state"] == "accepted" || order["state"] == "partial";
      possible += Quantity::Parse(order[open ? "quantity" : "filled"].get<std::string>())->e8();
    }
    CHECK(possible <= Quantity::Units(approved).e8());
  }
}

}  // namespace

TEST_CASE("S3-B2.1, S3-B2.2, S4-R10.1.1: oms service: an approved intent is entered, protected and closed at the venue",
          "[oms_service]") {
  VenueProcess venue;
  venue.Quote("ACME", "9.98", "10.00");
  LiveLane lane;
  OmsService oms(lane, venue);
  REQUIRE(Soon([&] { return lane.Reports(BrokerReportKind::kConnected) == 1; }));
  const EventId intent = lane.Approve();
  REQUIRE(Soon([&] { return lane.StateOf(OrderIdOf(intent, OrderRole::kTarget, 0)) == OrderState::kAccepted; }));
  CHECK(lane.Story(Entry(intent)) == "sent accepted fill");
  CHECK(lane.Held() == Quantity::Units(100));
  INFO(venue.Get("/fake/snapshot").dump());
  CHECK(HeldAt(venue) == Quantity::Units(100));
  const Json stop = venue.Order(OrderIdOf(intent, OrderRole::kStop, 0));
  CHECK(stop["stop"] == "9.88");
  CHECK(stop["oco"] == ClientOrderId(OrderIdOf(intent, OrderRole::kTarget, 0)));

  venue.Quote("ACME", "10.25", "10.27");
  REQUIRE(Soon([&] { return lane.Held() == Quantity(); }));
  REQUIRE(Soon([&] { return lane.StateOf(OrderIdOf(intent, OrderRole::kStop, 0)) == OrderState::kCanceled; }));
  CHECK(HeldAt(venue) == Quantity());
  CheckOnce(venue, {intent}, 100);
  CHECK(lane.RepeatedIds() == 0);
  // One story: from the intent on all has its correlation.
  for (const Event& event : lane.Events()) {
    if (std::holds_alternative<OrderEvent>(event.body)) CHECK(event.header.correlation_id() != EventId());
  }
  const std::string metrics = oms.Metrics();
  CHECK(Contains(metrics, "spillway_oms_orders_total{state=\"FILLED\"} 2"));
  CHECK(Contains(metrics, "spillway_oms_broker_connected 1"));
  CHECK(Contains(metrics, "spillway_oms_lease_held 1"));
  CHECK(oms.process().Stop() == 0);
}

TEST_CASE("FX-77, S3-B2.2: oms service: killed between kSent and the answer: asked for, protected, never sent again",
          "[oms_service]") {
  VenueProcess venue;
  venue.Quote("ACME", "9.98", "10.00");
  LiveLane lane;
  OmsService oms(lane, venue);
  REQUIRE(Soon([&] { return lane.Reports(BrokerReportKind::kConnected) == 1; }));
  venue.Next({{{"on", "place"}, {"silence", true}}});
  const EventId intent = lane.Approve();
  REQUIRE(Soon([&] { return !venue.Order(Entry(intent)).is_null(); }));
  oms.process().Kill9();
  CHECK(lane.Story(Entry(intent)) == "sent");
  oms.process().Start();
  REQUIRE(Soon([&] { return Contains(lane.Story(Entry(intent)), "status"); }));
  REQUIRE(Soon([&] { return lane.Held() == Quantity::Units(100); }, seconds(40)));
  REQUIRE(Soon([&] { return !venue.Order(OrderIdOf(intent, OrderRole::kStop, 0)).is_null(); }));
  CheckOnce(venue, {intent}, 100);
  CHECK(lane.RepeatedIds() == 0);
}

TEST_CASE("FX-77, S3-B2.2: oms service: killed between the command and kSent: the next one sends it", "[oms_service]") {
  VenueProcess venue;
  venue.Quote("ACME", "9.98", "10.00");
  LiveLane lane(1);  // the intent must not expire meanwhile
  OmsService oms(lane, venue);
  REQUIRE(Soon([&] { return lane.Reports(BrokerReportKind::kConnected) == 1; }));
  venue.Behave({{"restart_ms", 800}});
  REQUIRE(Soon([&] { return lane.Reports(BrokerReportKind::kDisconnected) == 1; }));
  const EventId intent = lane.Approve();
  REQUIRE(Soon([&] { return lane.StateOf(Entry(intent)) == OrderState::kNew; }));
  oms.process().Kill9();
  CHECK(lane.Story(Entry(intent)).empty());
  oms.process().Start();
  const auto story = [&] { return lane.Story(Entry(intent)); };
  REQUIRE(Soon([&] { return lane.Held() == Quantity::Units(100) || story() == "not_sent"; }, seconds(40)));
  INFO(oms.process().Log());
  // On a machine that is too busy the session is not up again within the shell's grace; then it was surely not sent.
  CHECK((story() == "not_sent") == venue.Order(Entry(intent)).is_null());
  CheckOnce(venue, {intent}, 100);
  CHECK(lane.RepeatedIds() == 0);
}

TEST_CASE("S3-B2.2: oms service: of two replicas one acts; when it is killed the other goes on", "[oms_service]") {
  VenueProcess venue;
  venue.Quote("ACME", "9.98", "10.00");
  LiveLane lane;
  OmsService one(lane, venue, {.instance = "a"});
  REQUIRE(Soon([&] { return lane.Reports(BrokerReportKind::kConnected) == 1; }));
  OmsService other(lane, venue, {.instance = "b"});
  REQUIRE(Soon([&] { return Contains(other.Metrics(), "spillway_oms_lease_held 0"); }));
  std::vector<EventId> intents;
  for (int i = 0; i < 5; ++i) intents.push_back(lane.Approve(10));
  REQUIRE(Soon([&] { return lane.Held() == Quantity::Units(50); }));
  CHECK(lane.Reports(BrokerReportKind::kConnected) == 1);
  intents.push_back(lane.Approve(10));
  one.process().Kill9();
  intents.push_back(lane.Approve(10));
  const auto stories = [&] {
    std::string text;
    for (const EventId& intent : intents) text += "[" + lane.Story(Entry(intent)) + "] ";
    return text;
  };
  const bool all =
      Soon([&] { return lane.Held() == Quantity::Units(70) && HeldAt(venue) == Quantity::Units(70); }, seconds(40));
  INFO(stories());
  REQUIRE(all);
  CHECK(lane.Reports(BrokerReportKind::kConnected) == 2);
  CheckOnce(venue, intents, 10);
  CHECK(lane.RepeatedIds() == 0);
}

TEST_CASE("S3-B2.2: oms service: one that stood still for longer than its lease begins anew, nothing goes out twice",
          "[oms_service]") {
  VenueProcess venue;
  venue.Quote("ACME", "9.98", "10.00");
  LiveLane lane;
  OmsService oms(lane, venue);
  REQUIRE(Soon([&] { return lane.Reports(BrokerReportKind::kConnected) == 1; }));
  std::vector<EventId> intents = {lane.Approve(10)};
  REQUIRE(Soon([&] { return lane.Held() == Quantity::Units(10); }));
  oms.process().Signal(SIGSTOP);
  std::this_thread::sleep_for(seconds(3));
  oms.process().Signal(SIGCONT);
  const auto taken_over = [&] {
    const std::string log = oms.process().Log();
    const size_t first = log.find("broker_taken_over");
    return first != std::string::npos && log.find("broker_taken_over", first + 1) != std::string::npos;
  };
  REQUIRE(Soon(taken_over));
  REQUIRE(Soon([&] { return lane.Reports(BrokerReportKind::kConnected) >= 2; }));
  intents.push_back(lane.Approve(10));
  REQUIRE(Soon([&] { return lane.Held() == Quantity::Units(20); }, seconds(40)));
  CheckOnce(venue, intents, 10);
  CHECK(lane.RepeatedIds() == 0);
}

TEST_CASE("S4-R10.1.1: oms service: without a key, with a wrong one, another account, real money: refused at start",
          "[oms_service]") {
  VenueProcess paper;
  VenueProcess live({"--live"});
  LiveLane lane;
  const auto refused = [&](VenueProcess& venue, const OmsOptions& options, int code, const std::string& reason) {
    OmsService oms(lane, venue, options);
    const std::optional<int> ended = oms.process().Wait(seconds(10));
    INFO(oms.process().Log());
    CHECK(ended == code);
    CHECK(Contains(oms.process().Log(), reason));
    CHECK_FALSE(Contains(oms.process().Log(), "fake-secret"));
  };
  refused(paper, {.secret = "guessed"}, 77, "broker.key_file");
  refused(paper, {.secret = ""}, 78, "secret");
  refused(paper, {.account = "PA-2"}, 78, "WRONG_ACCOUNT");
  refused(paper, {.account = "''"}, 78, "broker.account");
  refused(paper, {.more = "  live: true\n"}, 78, "is a paper account, broker.live is true");
  refused(live, {}, 78, "is a live account, broker.live is false");
  CHECK(live.Orders().empty());
}

TEST_CASE("S3-B2.3: oms service: foreign orders are not touched, a hole made by hand is repaired", "[oms_service]") {
  VenueProcess venue;
  venue.Quote("ACME", "9.98", "10.00");
  LiveLane lane;
  OmsService oms(lane, venue);
  const std::string foreign = venue.Post(
      "/fake/order", {{"symbol", "ACME"}, {"side", "buy"}, {"quantity", "7"}, {"limit", "5.00"}})["client_order_id"];
  REQUIRE(Soon([&] { return lane.Reports(BrokerReportKind::kConnected) == 1; }));
  venue.Next({{{"on", "fill"}, {"drop", true}}});
  const EventId intent = lane.Approve();
  // The fill was not told: the next comparison finds it.
  REQUIRE(Soon([&] { return lane.Held() == Quantity::Units(100); }, seconds(40)));
  CHECK(lane.Story(Entry(intent)) == "sent accepted");
  const std::vector<Reconciliation> found = lane.All<Reconciliation>();
  CHECK(std::ranges::any_of(found, [](const Reconciliation& r) {
    return r.kind == DifferenceKind::kMissingFill && r.repair == Repair::kApplied;
  }));
  CHECK(std::ranges::any_of(found, [&](const Reconciliation& r) {
    return r.kind == DifferenceKind::kForeignOrder && r.client_order_id == foreign;
  }));
  REQUIRE(Soon([&] { return !venue.Order(OrderIdOf(intent, OrderRole::kStop, 0)).is_null(); }));

  // Somebody trades by hand: it is adopted, and stays.
  venue.Post("/fake/trade", {{"symbol", "ACME"}, {"side", "buy"}, {"quantity", "5"}, {"price", "9.99"}});
  REQUIRE(Soon(
      [&] {
        return std::ranges::any_of(lane.All<Reconciliation>(), [](const Reconciliation& r) {
          return r.kind == DifferenceKind::kManualTrade && r.repair == Repair::kAdopted;
        });
      },
      seconds(40)));
  for (const Json& order : venue.Orders()) {
    if (order["client_order_id"] == foreign) CHECK(order["state"] == "accepted");
  }
  CHECK(HeldAt(venue) == Quantity::Units(105));
  CheckOnce(venue, {intent}, 100);
  CHECK(lane.RepeatedIds() == 0);
}

TEST_CASE(
    "S3-B2.2, S3-B2.3, FX-77: oms service: the fault list: killed at any moment, a venue that misbehaves, a log "
    "that goes away",
    "[oms_service][faults]") {
  const char* given = std::getenv("SPILLWAY_OMS_FAULTS_SEED");
  const uint64_t seed = given == nullptr ? 1 : std::strtoull(given, nullptr, 10);
  INFO("SPILLWAY_OMS_FAULTS_SEED=" << seed);
  std::mt19937_64 random(seed);
  const auto draw = [&](int below) { return std::uniform_int_distribution<int>(0, below - 1)(random); };
  VenueProcess venue;
  venue.Quote("ACME", "9.98", "10.00");
  LiveLane lane;
  OmsService one(lane, venue, {.instance = "a"});
  OmsService other(lane, venue, {.instance = "b"});
  REQUIRE(Soon([&] { return lane.Reports(BrokerReportKind::kConnected) >= 1; }));
  const auto misbehave = [&] {
    venue.Behave({{"rate",
                   {{"drop", 0.04},
                    {"delay", 0.06},
                    {"delay_ms", 300},
                    {"duplicate", 0.06},
                    {"reorder", 0.05},
                    {"garbage", 0.01},
                    {"gap", 0.01},
                    {"half_open", 0.01},
                    {"reject", 0.04},
                    {"silence", 0.04},
                    {"rate_limit", 0.03},
                    {"ignore", 0.03},
                    {"close_before", 0.01},
                    {"close_after", 0.02},
                    {"seed", random()}}}});
  };
  misbehave();
  std::vector<EventId> intents;
  int kills = 0;
  for (int step = 0; step < 60; ++step) {
    intents.push_back(lane.Approve(10));
    std::this_thread::sleep_for(milliseconds(20 + draw(200)));
    switch (draw(12)) {
      case 0:
        ++kills;
        one.process().Kill9();
        one.process().Start();
        break;
      case 1:
        ++kills;
        other.process().Kill9();
        other.process().Start();
        break;
      case 2:
        venue.Behave({{"restart_ms", 200 + draw(500)}});
        break;
      case 3:
        venue.process().Kill9();
        venue.Start();
        venue.Quote("ACME", "9.98", "10.00");
        misbehave();
        break;
      case 4:
        if (step % 3 == 0) lane.server().Restart();
        break;
      case 5:
        venue.Post("/fake/trade", {{"symbol", "ACME"}, {"side", "buy"}, {"quantity", "1"}, {"price", "9.99"}});
        break;
      case 6:
        venue.Quote("ACME", "10.25", "10.27");
        std::this_thread::sleep_for(milliseconds(50));
        venue.Quote("ACME", "9.98", "10.00");
        break;
      default:
        break;
    }
    for (OmsService* oms : {&one, &other}) {
      if (!oms->process().running()) oms->process().Start();  // it found a server away
    }
  }

  // Calm: what is open now settles, and both books agree.
  venue.Behave({{"rate", Json::object()}, {"forget", true}});
  const auto settled = [&] {
    for (OmsService* oms : {&one, &other}) {
      if (!oms->process().running()) oms->process().Start();
    }
    if (lane.Held() != HeldAt(venue)) return false;
    std::map<OrderId, OrderState> states;
    for (const OrderEvent& event : lane.All<OrderEvent>()) states[event.order] = event.state;
    return std::ranges::all_of(states, [](const auto& item) {
      return IsFinal(item.second) || item.second == OrderState::kAccepted || item.second == OrderState::kPartial;
    });
  };
  const bool calm = Soon(settled, seconds(90));
  INFO("held " << lane.Held().ToString() << " at the venue " << HeldAt(venue).ToString());
  std::map<OrderId, OrderEvent> last;
  for (const OrderEvent& event : lane.All<OrderEvent>()) last[event.order] = event;
  std::string unsettled;
  for (const auto& [order, event] : last) {
    if (IsFinal(event.state) || event.state == OrderState::kAccepted || event.state == OrderState::kPartial) continue;
    unsettled += fmt::format("{} {} {} [{}]\n", ClientOrderId(order), OrderRoleName(event.role),
                             OrderStateName(event.state), lane.Story(order));
  }
  INFO(unsettled);
  CHECK(calm);
  std::map<OrderState, int> ends;
  for (const auto& [order, event] : last) ++ends[event.state];
  std::string text;
  for (const auto& [state, count] : ends) text += fmt::format(" {} {}", OrderStateName(state), count);
  std::map<DifferenceKind, int> differences;
  for (const Reconciliation& r : lane.All<Reconciliation>()) {
    ++differences[r.kind];
    if (std::getenv("SPILLWAY_OMS_FAULTS_SHOW") != nullptr) {
      std::fprintf(stderr, "%s %s %d %s %s\n", std::string(DifferenceKindName(r.kind)).c_str(),
                   std::string(RepairName(r.repair)).c_str(), r.resolved, r.client_order_id.c_str(), r.detail.c_str());
    }
  }
  text += "; differences";
  for (const auto& [kind, count] : differences) text += fmt::format(" {} {}", DifferenceKindName(kind), count);
  std::fprintf(stderr, "seed %llu: %zu intents, %d kills, %zu sessions, %zu malformed; orders%s\n",
               static_cast<unsigned long long>(seed), intents.size(), kills, lane.Reports(BrokerReportKind::kConnected),
               lane.Reports(BrokerReportKind::kMalformed), text.c_str());
  CHECK(kills > 0);
  CHECK(lane.Reports(BrokerReportKind::kFill) > 10);
  CheckOnce(venue, intents, 10);
  CHECK(lane.RepeatedIds() == 0);
  // What oms holds open is open at the venue, and nothing of ours is open there that oms does not know.
  for (const Json& order : venue.Orders()) {
    const std::optional<OrderId> id = ParseClientOrderId(order["client_order_id"].get<std::string>());
    if (!id) continue;
    const bool open = order["state"] == "accepted" || order["state"] == "partial";
    INFO(order.dump() << " " << lane.Story(*id));
    CHECK(open == !IsFinal(lane.StateOf(*id)));
  }
}

TEST_CASE("S4-R10.1.1: oms service: each of many intents is at the broker once; how fast is printed",
          "[oms_service][latency]") {
  VenueProcess venue;
  venue.Quote("ACME", "9.98", "10.00");
  LiveLane lane;
  OmsService oms(lane, venue, {.checkpoint_period = "5s"});
  REQUIRE(Soon([&] { return lane.Reports(BrokerReportKind::kConnected) == 1; }));
  std::map<std::string, int64_t> asked;
  constexpr int kIntents = 300;
  for (int i = 0; i < kIntents; ++i) {
    const int64_t begin = service::SteadyNanos();
    const EventId intent = lane.Approve(1);
    asked[ClientOrderId(Entry(intent))] = begin;
    std::this_thread::sleep_for(milliseconds(25));
  }
  REQUIRE(Soon([&] { return lane.Reports(BrokerReportKind::kFill) >= kIntents; }, seconds(40)));
  std::vector<double> took;
  for (const Json& order : venue.Orders()) {
    const auto found = asked.find(order["client_order_id"].get<std::string>());
    if (found == asked.end()) continue;
    took.push_back(static_cast<double>(order["received_steady_ns"].get<int64_t>() - found->second) * 1e-6);
  }
  REQUIRE(took.size() == kIntents);
  std::ranges::sort(took);
  std::fprintf(
      stderr,
      "intent and its decision handed to the lane -> the venue has the order: p50 %.2f ms, p99 %.2f ms, max %.2f ms\n",
      took[took.size() / 2], took[took.size() * 99 / 100], took.back());
}

}  // namespace spillway::oms
