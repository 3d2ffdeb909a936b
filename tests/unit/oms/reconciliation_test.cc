#include "services/oms/reconciliation.h"

#include "fmt/format.h"
#include "libs/base/random.h"
#include "libs/runtime/persist.h"
#include "tests/catch.h"

namespace spillway::oms {
namespace {

constexpr StrategyInstanceId kClassic = 11;
constexpr Duration kEvery = std::chrono::seconds(30);

Price Usd(std::string_view text) {
  return *Price::Parse(text);
}
Time At(double seconds) {
  return TimeFromNanos(static_cast<int64_t>(seconds * 1e9));
}
OrderId Id(uint64_t number) {
  return {7, number};
}

OrderView Order(uint64_t number, OrderState state, int64_t units, int64_t filled = 0, double active = 1) {
  return {.order = Id(number),
          .instance = kClassic,
          .instrument = 1,
          .side = Side::kBid,
          .state = state,
          .quantity = Quantity::Units(units),
          .filled = Quantity::Units(filled),
          .last_activity = At(active)};
}

BrokerSnapshot::Order Listed(const std::string& client_order_id, int64_t units, int64_t filled = 0) {
  BrokerSnapshot::Order order;
  order.client_order_id = client_order_id;
  order.broker_order_id = "B-" + client_order_id;
  order.instrument = 1;
  order.symbol = "ACME";
  order.side = Side::kBid;
  order.type = OrderType::kLimit;
  order.quantity = Quantity::Units(units);
  order.filled = Quantity::Units(filled);
  order.state = filled > 0 ? OrderState::kPartial : OrderState::kAccepted;
  return order;
}

BrokerSnapshot::Execution Traded(std::string_view id, const std::string& client_order_id, int64_t units,
                                 Side side = Side::kBid) {
  BrokerSnapshot::Execution execution;
  execution.execution_id = std::string(id);
  execution.client_order_id = client_order_id;
  execution.instrument = 1;
  execution.symbol = "ACME";
  execution.side = side;
  execution.price = Usd("10");
  execution.quantity = Quantity::Units(units);
  execution.time = At(5);
  return execution;
}

BrokerSnapshot::Position Held(int64_t units) {
  return {.instrument = 1, .symbol = "ACME", .quantity = Quantity::Units(units), .average_price = Usd("10")};
}

// What the lane would say, one line each.
std::string Text(const std::vector<Difference>& found) {
  std::string text;
  for (const Difference& difference : found) {
    const Reconciliation& event = difference.event;
    if (event.kind == DifferenceKind::kNone) {
      text += fmt::format("{} found, {} open\n", event.differences, event.unresolved);
      continue;
    }
    text += fmt::format("{}{} {} {}", difference.emit ? "" : "(again) ", DifferenceKindName(event.kind),
                        RepairName(event.repair), event.resolved ? "resolved" : "open");
    if (difference.report) text += fmt::format(" report={}", BrokerReportKindName(difference.report->kind));
    if (difference.command) text += fmt::format(" command={}", OrderCommandKindName(difference.command->kind));
    if (difference.adopted) {
      text += fmt::format(" adopted={}{}", difference.adopted->side == Side::kBid ? "+" : "-",
                          difference.adopted->quantity.ToString());
    }
    if (difference.incident) text += fmt::format(" incident={}", IncidentKindName(difference.incident->kind));
    text += "\n";
  }
  return text;
}

// A reconciler behind its first comparison, and the books that it compares.
struct Desk {
  Reconciler reconciler;
  PositionBook book;
  std::vector<OrderView> orders;
  double now = 0;

  Desk() { Look({}); }

  std::vector<Difference> Compare(BrokerSnapshot snapshot) {
    now += 100;
    REQUIRE(reconciler.Due(At(now), kEvery));
    snapshot.as_of = At(now + 0.1);
    for (const BrokerSnapshot::Execution& e : snapshot.executions) {
      const Money value = Notional({}, e.price, e.quantity);
      snapshot.cash = snapshot.cash + (e.side == Side::kBid ? -value : value) - e.fee;
    }
    return reconciler.Compare(snapshot, orders, book, At(now + 0.2));
  }
  // ... and does what it says.
  std::string Look(const BrokerSnapshot& snapshot) {
    const std::vector<Difference> found = Compare(snapshot);
    for (const Difference& difference : found) {
      if (difference.adopted) REQUIRE(book.Apply(*difference.adopted, At(now + 0.3)) == Applied::kApplied);
      if (difference.report) Hear(*difference.report);
    }
    return Text(found);
  }
  void Hear(const BrokerReport& report) {
    for (OrderView& order : orders) {
      if (ClientOrderId(order.order) != report.client_order_id) continue;
      if (report.kind == BrokerReportKind::kStatus) order.state = report.state;
      if (report.kind != BrokerReportKind::kFill) continue;
      Execution execution{.execution_id = report.execution_id,
                          .instance = order.instance,
                          .instrument = order.instrument,
                          .side = report.side,
                          .price = report.price,
                          .quantity = report.quantity,
                          .fee = report.fee,
                          .terms = {},
                          .time = report.broker_time};
      if (book.Apply(execution, At(now + 0.3)) != Applied::kApplied) continue;
      order.filled += report.quantity;
      order.state = order.filled >= order.quantity ? OrderState::kFilled : OrderState::kPartial;
    }
    if (report.kind == BrokerReportKind::kFee) book.SetFee(report.execution_id, report.fee, At(now + 0.3));
  }
};

}  // namespace

TEST_CASE("S3-B2.3: compared at the start, on reconnect, every so often, and 2 s after a difference", "[oms]") {
  Reconciler reconciler;
  PositionBook book;
  std::optional<OrderCommand> command = reconciler.Due(At(1000), kEvery);
  REQUIRE(command);
  CHECK(command->kind == OrderCommandKind::kSnapshot);
  CHECK_FALSE(command->since);
  CHECK_FALSE(reconciler.Due(At(1000.1), kEvery));
  BrokerSnapshot snapshot;
  snapshot.as_of = At(1000.2);
  reconciler.Compare(snapshot, {}, book, At(1000.3));
  CHECK_FALSE(reconciler.Due(At(1029.9), kEvery));

  command = reconciler.Due(At(1030), kEvery);  // and its answer is lost
  REQUIRE(command);
  CHECK(command->since == At(1000) - Reconciler::kOverlap);
  CHECK_FALSE(reconciler.Due(At(1059), kEvery));
  CHECK(reconciler.Due(At(1060), kEvery));

  reconciler.Disconnected();
  CHECK_FALSE(reconciler.Due(At(1100), kEvery));
  reconciler.Connected();
  CHECK(reconciler.Due(At(1100), kEvery));
  snapshot.as_of = At(1100.1);
  snapshot.positions = {Held(5)};
  reconciler.Compare(snapshot, {}, book, At(1100.2));
  CHECK_FALSE(reconciler.Due(At(1102), kEvery));
  CHECK(reconciler.Due(At(1102.2), kEvery));
}

TEST_CASE("S3-B2.3: what was held before the first comparison is nobody's of ours", "[oms]") {
  Reconciler reconciler;
  PositionBook book;
  REQUIRE(reconciler.Due(At(10), kEvery));
  BrokerSnapshot snapshot;
  snapshot.as_of = At(11);
  snapshot.positions = {Held(-40)};
  snapshot.executions = {Traded("E1", "by hand", 10)};
  const std::vector<Difference> found = reconciler.Compare(snapshot, {}, book, At(12));
  CHECK(Text(found) ==
        "manual_trade adopted resolved adopted=+10\n"
        "manual_trade adopted resolved adopted=-50\n"
        "2 found, 0 open\n");
}

TEST_CASE("S3-B2.3: a missing fill is applied as if it were reported, once", "[oms]") {
  Desk desk;
  desk.orders = {Order(1, OrderState::kAccepted, 100)};
  BrokerSnapshot snapshot;
  snapshot.orders = {Listed(ClientOrderId(Id(1)), 100, 30)};
  snapshot.executions = {Traded("E1", ClientOrderId(Id(1)), 30)};
  snapshot.positions = {Held(30)};
  CHECK(desk.Look(snapshot) == "missing_fill applied resolved report=fill\n1 found, 0 open\n");
  CHECK(desk.book.Of({1, kClassic}).quantity() == Quantity::Units(30));
  CHECK(desk.Look(snapshot) == "0 found, 0 open\n");

  // The rest of it too: the order is not listed any more, and that is no difference.
  snapshot.orders.clear();
  snapshot.executions.push_back(Traded("E2", ClientOrderId(Id(1)), 70));
  snapshot.positions = {Held(100)};
  CHECK(desk.Look(snapshot) == "missing_fill applied resolved report=fill\n1 found, 0 open\n");
  CHECK(desk.orders[0].state == OrderState::kFilled);
}

TEST_CASE("S3-B2.3: where the broker counts more than it lists, the order is asked for", "[oms]") {
  Desk desk;
  desk.orders = {Order(1, OrderState::kAccepted, 100)};
  BrokerSnapshot snapshot;
  snapshot.orders = {Listed(ClientOrderId(Id(1)), 100, 30)};
  snapshot.positions = {Held(30)};  // explained by the order: no drift of its own
  CHECK(desk.Look(snapshot) == "missing_fill asked open command=query\n1 found, 1 open\n");
}

TEST_CASE("S3-B2.3: an order that the broker has not got is asked for until it is resolved", "[oms]") {
  Desk desk;
  desk.orders = {Order(1, OrderState::kAccepted, 100)};
  CHECK(desk.Look({}) == "missing_order asked open command=query\n1 found, 1 open\n");
  CHECK(desk.Look({}) == "(again) missing_order asked open command=query\n1 found, 1 open\n");
  desk.orders[0].state = OrderState::kRejected;  // as the answer said
  CHECK(desk.Look({}) == "missing_order asked resolved\n0 found, 0 open\n");
  CHECK(desk.Look({}) == "0 found, 0 open\n");

  desk.orders = {Order(2, OrderState::kNew, 100)};  // not known to have been sent: nothing to miss
  CHECK(desk.Look({}) == "0 found, 0 open\n");
}

TEST_CASE("S3-B2.3: an order that is final here and works there is canceled", "[oms]") {
  Desk desk;
  desk.orders = {Order(1, OrderState::kCanceled, 100)};
  BrokerSnapshot snapshot;
  snapshot.orders = {Listed(ClientOrderId(Id(1)), 100)};
  CHECK(desk.Look(snapshot) == "order_state canceled open command=cancel\n1 found, 1 open\n");
  CHECK(desk.Look({}) == "order_state canceled resolved\n0 found, 0 open\n");
}

TEST_CASE("S3-B2.3, FX-77: an order in doubt that the broker lists is in doubt no more", "[oms]") {
  Desk desk;
  desk.orders = {Order(1, OrderState::kUnknown, 100)};
  BrokerSnapshot snapshot;
  snapshot.orders = {Listed(ClientOrderId(Id(1)), 100)};
  CHECK(desk.Look(snapshot) == "order_state applied resolved report=status\n1 found, 0 open\n");
  CHECK(desk.orders[0].state == OrderState::kAccepted);
  CHECK(desk.Look(snapshot) == "0 found, 0 open\n");
}

TEST_CASE("S3-B2.3: an order with our id that is not in our books is canceled; what it traded is an incident",
          "[oms]") {
  Desk desk;
  BrokerSnapshot snapshot;
  snapshot.orders = {Listed(ClientOrderId(Id(9)), 100, 10)};
  snapshot.executions = {Traded("E1", ClientOrderId(Id(9)), 10)};
  snapshot.positions = {Held(10)};
  CHECK(desk.Look(snapshot) ==
        "unknown_order adopted resolved adopted=+10 incident=unknown_order\n"
        "unknown_order canceled open command=cancel\n"
        "2 found, 1 open\n");
  snapshot.orders.clear();
  CHECK(desk.Look(snapshot) == "unknown_order canceled resolved\n0 found, 0 open\n");
}

TEST_CASE("S3-B2.3: a trade by hand is adopted, an order by hand is shown once and never touched", "[oms]") {
  Desk desk;
  BrokerSnapshot snapshot;
  snapshot.orders = {Listed("my own", 50)};
  snapshot.executions = {Traded("E1", "my own", 20)};
  snapshot.positions = {Held(20)};
  CHECK(desk.Look(snapshot) ==
        "manual_trade adopted resolved adopted=+20\n"
        "foreign_order shown resolved\n"
        "1 found, 0 open\n");
  CHECK(desk.book.Of({1, 0}).quantity() == Quantity::Units(20));
  CHECK(desk.Look(snapshot) == "0 found, 0 open\n");
  snapshot.orders.push_back(Listed("another", 5));
  CHECK(desk.Look(snapshot) == "foreign_order shown resolved\n0 found, 0 open\n");
}

TEST_CASE("S3-B2.3: a trade by hand that takes away what a strategy holds is an incident", "[oms]") {
  Desk desk;
  desk.book.Apply({.execution_id = "E0",
                   .instance = kClassic,
                   .instrument = 1,
                   .side = Side::kBid,
                   .price = Usd("10"),
                   .quantity = Quantity::Units(100),
                   .fee = {},
                   .terms = {},
                   .time = At(2)},
                  At(2));
  BrokerSnapshot snapshot;
  snapshot.executions = {Traded("E1", "my own", 100, Side::kAsk)};
  CHECK(desk.Look(snapshot) ==
        "manual_trade adopted resolved adopted=-100 incident=position_reversed\n1 found, 0 open\n");
}

TEST_CASE("S3-B2.3: what no execution explains pauses the symbol until it is gone or a person resumes", "[oms]") {
  Desk desk;
  BrokerSnapshot snapshot;
  snapshot.positions = {Held(70)};
  CHECK(desk.Look(snapshot) == "quantity_drift paused open\n1 found, 1 open\n");
  CHECK(desk.Look(snapshot) == "(again) quantity_drift paused open\n1 found, 1 open\n");
  CHECK(desk.Look({}) == "quantity_drift paused resolved\n0 found, 0 open\n");

  CHECK(desk.Look(snapshot) == "quantity_drift paused open\n1 found, 1 open\n");
  desk.reconciler.Accept(2);  // another symbol
  CHECK(desk.Look(snapshot) == "(again) quantity_drift paused open\n1 found, 1 open\n");
  desk.reconciler.Accept(1);
  CHECK(desk.Look(snapshot) == "quantity_drift adopted resolved adopted=+70\n1 found, 0 open\n");
  CHECK(desk.Look(snapshot) == "0 found, 0 open\n");
  CHECK(desk.book.Of({1, 0}).quantity() == Quantity::Units(70));
}

TEST_CASE("S3-B2.3: what happened while the snapshot was under way is looked at next time", "[oms]") {
  Desk desk;
  desk.orders = {Order(1, OrderState::kSubmitted, 100, 0, desk.now + 100.05)};  // behind the command
  BrokerSnapshot snapshot;
  snapshot.executions = {Traded("E1", ClientOrderId(Id(1)), 30)};
  snapshot.positions = {Held(30)};
  CHECK(desk.Look(snapshot) == "0 found, 0 open\n");  // neither missing, nor a drift
  CHECK(desk.Look(snapshot) ==
        "missing_fill applied resolved report=fill\n"
        "missing_order asked open command=query\n"
        "2 found, 1 open\n");
}

TEST_CASE("S3-B2.3: an old snapshot that comes late says nothing of what is newer", "[oms]") {
  Desk desk;
  desk.orders = {Order(1, OrderState::kAccepted, 100, 0, 150)};
  BrokerSnapshot old;
  old.as_of = At(140);
  old.positions = {Held(5)};
  REQUIRE(desk.reconciler.Due(At(200), kEvery));
  CHECK(Text(desk.reconciler.Compare(old, desk.orders, desk.book, At(201))) == "0 found, 0 open\n");
}

TEST_CASE("S3-B2.3, C-30: cash that no execution moved is shown, a fee that differs is taken over", "[oms]") {
  Desk desk;
  desk.orders = {Order(1, OrderState::kFilled, 30, 30)};
  BrokerSnapshot snapshot;
  snapshot.cash = *Money::Parse("1000");
  CHECK(desk.Look(snapshot) == "cash shown resolved\n0 found, 0 open\n");  // it was 0 at the first comparison
  CHECK(desk.Look(snapshot) == "0 found, 0 open\n");

  snapshot.executions = {Traded("E1", ClientOrderId(Id(1)), 30)};
  snapshot.executions[0].fee = *Money::Parse("0.35");
  snapshot.positions = {Held(30)};
  CHECK(desk.Look(snapshot) == "missing_fill applied resolved report=fill\n1 found, 0 open\n");
  CHECK(desk.Look(snapshot) == "0 found, 0 open\n");

  snapshot.executions[0].fee = *Money::Parse("0.40");
  CHECK(desk.Look(snapshot) == "cash applied resolved report=fee\n1 found, 0 open\n");
  CHECK(desk.book.Of({1, kClassic}).fees() == *Money::Parse("0.40"));
  CHECK(desk.Look(snapshot) == "0 found, 0 open\n");
}

TEST_CASE("S3-B2.3: a restored reconciler says the same", "[oms]") {
  Desk desk;
  desk.orders = {Order(1, OrderState::kAccepted, 100)};
  BrokerSnapshot snapshot;
  snapshot.positions = {Held(70)};
  snapshot.orders = {Listed("my own", 50)};
  desk.Look(snapshot);
  runtime::StateWriter writer;
  writer(desk.reconciler);
  Desk restored;
  restored.now = desk.now;
  restored.orders = desk.orders;
  runtime::StateReader reader(writer.bytes());
  reader(restored.reconciler);
  REQUIRE(reader.Finish().ok());
  desk.orders.clear();
  restored.orders.clear();
  const std::vector<Difference> expected = desk.Compare({});
  const std::vector<Difference> found = restored.Compare({});
  CHECK(Text(found) == Text(expected));
  REQUIRE(found.size() == expected.size());
  for (size_t i = 0; i < found.size(); ++i) CHECK(found[i].event == expected[i].event);
}

// A broker that keeps the truth, reports that get lost, people who trade by hand: two quiet comparisons later our books
// are the broker's.
TEST_CASE("S3-B2.3, money is conserved to the last unit: after a comparison our books are the broker's", "[oms]") {
  for (uint64_t seed = 1; seed <= 150; ++seed) {
    INFO("seed " << seed);
    Random random(seed);
    Desk desk;
    BrokerSnapshot truth;
    truth.cash = *Money::Parse("100000");
    std::map<InstrumentId, Quantity> held;
    Money cash_flow;
    uint64_t next = 0;
    for (int round = 0; round < 6; ++round) {
      for (int i = 0; i < 12; ++i) {
        const auto instrument = static_cast<InstrumentId>(1 + random.Below(3));
        const bool by_hand = random.Chance(0.2);
        OrderView order = Order(++next, OrderState::kAccepted, random.Between(1, 200), 0, desk.now);
        order.instrument = instrument;
        order.side = random.Chance(0.5) ? Side::kBid : Side::kAsk;
        BrokerSnapshot::Execution execution =
            Traded(fmt::format("E{}", next), by_hand ? "by hand" : ClientOrderId(order.order), 1, order.side);
        execution.instrument = instrument;
        execution.quantity = random.Chance(0.5) ? order.quantity : Quantity::FromE8(order.quantity.e8() / 3);
        execution.price = Price::FromNanos(random.Between(1, 90'000'000'000));
        execution.fee = Money::FromE8(random.Between(1, 1'000'000));
        truth.executions.push_back(execution);
        const bool buys = order.side == Side::kBid;
        held[instrument] += buys ? execution.quantity : Quantity() - execution.quantity;
        const Money value = Notional({}, execution.price, execution.quantity);
        cash_flow = cash_flow + (buys ? -value : value) - execution.fee;
        if (by_hand) continue;
        desk.orders.push_back(order);
        if (execution.quantity < order.quantity) {
          BrokerSnapshot::Order listed = Listed(ClientOrderId(order.order), 0);
          listed.instrument = instrument;
          listed.quantity = order.quantity;
          listed.filled = execution.quantity;
          truth.orders.push_back(listed);
        }
        if (random.Chance(0.6)) {  // its report arrives
          BrokerReport report;
          report.kind = BrokerReportKind::kFill;
          report.client_order_id = execution.client_order_id;
          report.execution_id = execution.execution_id;
          report.side = execution.side;
          report.price = execution.price;
          report.quantity = execution.quantity;
          report.fee = execution.fee;
          desk.Hear(report);
        }
      }
      truth.positions.clear();
      for (const auto& [instrument, quantity] : held) {
        if (quantity != Quantity()) truth.positions.push_back({instrument, "", quantity, Usd("10")});
      }
      desk.now += 1;
      desk.Look(truth);
      for (const auto& [instrument, quantity] : held) {
        REQUIRE(desk.book.account_quantity(instrument) == quantity);
      }
      REQUIRE(desk.book.account_cash_flow() == cash_flow);
      REQUIRE(desk.Look(truth).ends_with("0 found, 0 open\n"));
    }
  }
}

}  // namespace spillway::oms
