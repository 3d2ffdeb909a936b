// Time, order and state of the simulated venue: windows, latency, checkpoints, money.
#include <deque>
#include <map>
#include <random>
#include <set>

#include "tests/support/trading_lane.h"
#include "tests/unit/venue/venue_day.h"

namespace spillway::test {
namespace {

void Quote(VenueDay& day, double ms = 1) {
  day.market.At(ms).Bid(10.00, 500).Ask(10.01, 300).Ask(10.02, 200).Row();
}

TEST_CASE("S3-C1.3: a command arrives 50 ms after it was sent, unless the venue is told otherwise", "[venue]") {
  VenueDay day{v1::SimulatedVenue()};
  Quote(day);
  day.Place(10, Buy(1, 100));
  day.market.At(30).Ask(10.01, 0).Row();  // gone before it arrives
  CHECK(day.Tick(100) == "60 accepted #1, 60 fill #1 100 @ 10.02");
  const auto& accepted = std::get<BrokerReport>(day.all[1].body);
  CHECK(accepted.latency == std::chrono::milliseconds(50));
  day.Place(190, Buy(2, 10));
  CHECK(day.Tick(200).empty());
  CHECK(day.Tick(300) == "240 accepted #2, 240 fill #2 10 @ 10.02");
}

TEST_CASE("S3-C1.3: a recorded distribution is taken by the order's id; commands stay in their order", "[venue]") {
  v1::SimulatedVenue settings;
  for (const int64_t ms : {5, 80, 20}) settings.add_latencies_ns(ms * 1'000'000);
  VenueDay day(settings);
  Quote(day);
  day.Place(10, Limit(Buy(3, 10), 9.50));  // 3 % 3: 5 ms
  day.Place(11, Limit(Buy(4, 10), 9.50));  // 80 ms
  day.Place(12, Limit(Buy(5, 10), 9.50));  // 20 ms, behind the one before it
  day.Cancel(13, 4);                       // an order's commands take the same way
  CHECK(day.Tick(100) == "15 accepted #3, 91 accepted #4, 91 accepted #5, 93 canceled #4");
}

TEST_CASE("S3-C1.3: a row at the moment of arrival comes first, and no command arrives in a window before its own",
          "[venue]") {
  VenueDay day;
  Quote(day);
  day.Place(10, Buy(1, 10));
  day.market.At(10).Ask(10.01, 0).Row();
  CHECK(day.Tick(100) == "10 accepted #1, 10 fill #1 10 @ 10.02");
  day.Place(50, Buy(2, 10));  // said late: behind the tick
  CHECK(day.Tick(200) == "100 accepted #2, 100 fill #2 10 @ 10.02");
}

TEST_CASE("venue: rows behind the next tick's mark are not seen before it", "[venue]") {
  VenueDay day;
  Quote(day);
  day.market.At(120).Ask(10.01, 0).Row();  // MarketBuilder puts a tick before it
  day.Place(50, Buy(1, 10));
  CHECK(day.Tick(100) == "50 accepted #1, 50 fill #1 10 @ 10.01");
  day.Place(130, Buy(2, 10));
  CHECK(day.Tick(200) == "130 accepted #2, 130 fill #2 10 @ 10.02");
}

TEST_CASE("venue: a host's tick inside a window shows what was before it", "[venue]") {
  VenueDay day;
  Quote(day);
  day.market.At(60).Ask(10.01, 0).Row();
  day.Place(10, Buy(1, 10));
  CHECK(day.Tick(40) == "10 accepted #1, 10 fill #1 10 @ 10.01");
  day.Place(70, Buy(2, 10));
  CHECK(day.Tick(100) == "70 accepted #2, 70 fill #2 10 @ 10.02");
  CHECK(day.Tick(90).empty());  // time does not go back
}

TEST_CASE("venue: what both lanes say counts once, in its place among the rows", "[venue]") {
  VenueDay day;
  Quote(day);
  day.SendRows();
  const Event halt = day.Made(5, HaltChanged{TradingStatus::kHalted, "T1"}, 1);
  const Event resumed = day.Made(20, HaltChanged{TradingStatus::kTrading, "T3"}, 1);
  day.Send(halt);
  day.Place(10, Buy(1, 100));
  day.market.At(15).Ask(10.01, 50).Row();
  day.SendRows();
  day.Send(resumed);
  day.Send(halt);  // passed on, behind the rows
  day.Send(resumed);
  CHECK(day.Tick(100) == "10 accepted #1, 20 fill #1 50 @ 10.01 leaves 50, 20 fill #1 50 @ 10.02");
}

TEST_CASE("venue: windows of several market lanes are played in the order of time", "[venue]") {
  VenueDay day;
  MarketBuilder second(VenueDay::kStart);
  Quote(day);
  day.market.At(80).Ask(10.01, 100).Row();
  second.Instrument(2).At(20).Bid(5.00, 500).Ask(5.01, 500).Row();
  second.At(60).Trade(5.00, 700, Side::kAsk).Row();
  day.SendRows();  // one lane's window, then the other's
  day.Send(second.Batch(/*feed=*/2));
  day.Place(10, Buy(1, 300));
  day.Place(30, {Limit(Buy(2, 250), 5.00)}, 2);
  day.Place(70, Buy(3, 200));
  CHECK(
      day.Tick(100) ==
      "10 accepted #1, 10 fill #1 300 @ 10.01, 30 accepted #2, 60 fill #2 200 @ 5.00 maker leaves 50, 70 accepted #3, "
      "70 fill #3 200 @ 10.02");
}

TEST_CASE("venue: without a configuration it keeps nothing and answers nothing", "[venue]") {
  VenueDay day(AtOnce(), /*begin=*/false);
  runtime::StateWriter before;
  day.venue.Save(before);
  Quote(day);
  day.Place(10, Buy(1, 10));
  CHECK(day.Tick(100).empty());
  for (int i = 0; i < 1000; ++i) day.market.At(110 + i).Ask(10.01, i).Row();
  CHECK(day.Tick(5000).empty());
  runtime::StateWriter after;
  day.venue.Save(after);
  CHECK(after.bytes().size() <= before.bytes().size() + 16);
  // Configured late: the book is not known until it is sent again.
  Event bad = VenueConfiguration(AtOnce(), VenueDay::At(5001), 1);
  std::get<ConfigurationVersion>(bad.body).document = "\xff\xff";
  day.Send(bad);
  CHECK(day.venue.configurations_refused() == 1);
  day.Send(VenueConfiguration(AtOnce(), VenueDay::At(5055), 2));
  InstrumentDefinition definition;
  definition.id = 1;
  day.Send(day.Made(5060, definition, 1));
  CHECK(day.Tick(5100) == "5055 connected");
  day.market.At(5110).Ask(10.01, 500).Row();
  day.Place(5120, Buy(2, 10));
  CHECK(day.Tick(5200) == "5120 rejected #2 no_quote");
  day.market.At(5210).Clear().Bid(10.00, 100).Ask(10.01, 500).Row();
  day.Place(5220, Buy(3, 10));
  CHECK(day.Tick(5300) == "5220 accepted #3, 5220 fill #3 10 @ 10.01");
}

TEST_CASE("venue: later settings change how it trades, not the account", "[venue]") {
  VenueDay day;
  Quote(day);
  day.Place(10, Buy(1, 100));
  day.Tick(100);
  v1::SimulatedVenue settings = AtOnce();
  settings.set_cash_e8(5'00000000);
  settings.mutable_fees()->set_per_share_e8(1'000'000);
  day.Send(VenueConfiguration(settings, VenueDay::At(150), 2));
  day.Place(160, Buy(2, 100));
  CHECK(day.Tick(200) == "160 accepted #2, 160 fill #2 100 @ 10.01");
  CHECK(day.Snapshot(210).cash.ToString() == "97997.00");
}

TEST_CASE("venue: reports carry the command's story, and every one has an id of its own", "[venue]") {
  VenueDay day;
  Quote(day);
  const EventId place = day.Place(10, {Limit(Sell(1, 100), 10.02), Stop(Sell(2, 100), 9.97)});
  day.Cancel(20, 1);
  day.Cancel(21, 1);
  day.Query(22, 1);
  day.Tick(100);
  std::set<EventId> ids;
  for (const Event& event : day.all) {
    CHECK(event.header.producer == Producer::kBroker);
    CHECK(ids.insert(event.header.id()).second);
  }
  const EventHeader& header = day.all[1].header;
  CHECK(header.cause.event == place);
  CHECK(header.instance == 7);
  CHECK(header.instrument == 1);
  CHECK(header.correlation == EventId{5, 5});
}

TEST_CASE("venue: a place that came too late to be sent is not sent", "[venue]") {
  VenueDay day;
  Quote(day);
  day.Command(10, {.kind = OrderCommandKind::kPlace, .tickets = {Buy(1, 10)}, .expires = VenueDay::At(10)});
  day.Command(10, {.kind = OrderCommandKind::kPlace, .tickets = {Buy(2, 10)}, .expires = VenueDay::At(11)});
  CHECK(day.Tick(100) == "10 not_sent #1 expired, 10 accepted #2, 10 fill #2 10 @ 10.01");
}

// A batch is a view: what it shows is kept for as long as the tests run.
Event Kept(Event event) {
  static std::deque<std::vector<MarketEvent>> storage;
  auto& batch = std::get<MarketBatch>(event.body);
  batch.events = storage.emplace_back(batch.events.begin(), batch.events.end());
  return event;
}

// A market and orders drawn from a seed: two symbols, every type of order, halts, replacements.
std::vector<Event> RandomDay(uint64_t seed, bool probabilistic) {
  std::mt19937_64 random(seed);
  const auto draw = [&](int64_t low, int64_t high) {
    return low + static_cast<int64_t>(random() % static_cast<uint64_t>(high - low + 1));
  };
  VenueDay day(AtOnce(), /*begin=*/false);  // only for what it makes
  std::vector<Event> lane;
  v1::SimulatedVenue settings;
  settings.set_latency_ns(draw(0, 120) * 1'000'000);
  settings.mutable_fees()->set_per_share_e8(350'000);
  settings.mutable_fees()->set_per_order_min_e8(35'000'000);
  settings.set_maker_rebate_per_share(0.002);
  settings.set_cash_e8(50'000'00000000);
  if (probabilistic) settings.set_fill_model(v1::FILL_MODEL_PROBABILISTIC);
  lane.push_back(VenueConfiguration(settings, VenueDay::kStart));
  for (InstrumentId id : {1, 2}) {
    InstrumentDefinition definition;
    definition.id = id;
    definition.symbol = id == 1 ? "ACME" : "BETA";
    lane.push_back(day.Made(0, definition, id));
  }
  uint64_t orders = 0;
  uint32_t commands = 0;
  const auto command = [&](double ms, OrderCommand body, InstrumentId instrument) {
    Event event = day.Made(ms, std::move(body), instrument);
    event.header.producer = Producer::kOms;
    event.header.cause = {.market = {}, .event = {9, 9}, .ordinal = ++commands};
    lane.push_back(event);
  };
  const auto ticket = [&](Side side) {
    OrderTicket made = side == Side::kBid ? Buy(++orders, draw(1, 400)) : Sell(++orders, draw(1, 400));
    const double price = 10.0 + static_cast<double>(draw(-8, 8)) / 100;
    switch (draw(0, 5)) {
      case 0:
        break;
      case 1:
        made = Stop(made, price);
        break;
      case 2:
        made = Trail(made, 0.03);
        break;
      case 3:
        made = Limit(Stop(made, price), price);
        break;
      default:
        made = Limit(made, price, static_cast<TimeInForce>(draw(1, 4)));
    }
    return made;
  };
  for (int window = 0; window < 60; ++window) {
    const double start = window * 100;
    day.market.At(start + 1);
    for (int row = 0; row < 8; ++row) {
      day.market.At(start + 1 + row * 12).Instrument(static_cast<InstrumentId>(draw(1, 2)));
      const double middle = 10.0 + static_cast<double>(draw(-5, 5)) / 100;
      if (draw(0, 2) == 0) {
        day.market.Trade(middle, static_cast<double>(draw(1, 300)), static_cast<Side>(draw(0, 2)));
      } else if (draw(0, 3) == 0) {
        day.market.Clear();
        for (int level = 1; level <= 3; ++level) {
          day.market.Bid(middle - level * 0.01, static_cast<double>(draw(1, 400)));
          day.market.Ask(middle + level * 0.01, static_cast<double>(draw(1, 400)));
        }
      } else {
        const Side side = draw(0, 1) == 0 ? Side::kBid : Side::kAsk;
        day.market.Level(side, middle + (side == Side::kBid ? -0.02 : 0.02), static_cast<double>(draw(0, 400)),
                         static_cast<Cause>(draw(0, 3)));
      }
      day.market.Row();
    }
    lane.push_back(Kept(day.market.Batch()));
    if (draw(0, 15) == 0) {
      lane.push_back(day.Made(start + 40, HaltChanged{static_cast<TradingStatus>(draw(1, 3)), "T"}, 1));
    }
    for (int64_t i = draw(0, 3); i > 0; --i) {
      const auto instrument = static_cast<InstrumentId>(draw(1, 2));
      const Side side = draw(0, 1) == 0 ? Side::kBid : Side::kAsk;
      const OrderId earlier = Order(static_cast<uint64_t>(draw(1, static_cast<int64_t>(orders) + 1)));
      const double ms = start + static_cast<double>(draw(0, 99));
      switch (draw(0, 7)) {
        case 0:
          command(ms, {.kind = OrderCommandKind::kCancel, .order = earlier}, instrument);
          break;
        case 1:
          command(ms, {.kind = OrderCommandKind::kReplace, .order = earlier, .tickets = {ticket(side)}}, instrument);
          break;
        case 2:
          command(ms, {.kind = OrderCommandKind::kPlace, .tickets = {ticket(side), ticket(side)}}, instrument);
          break;
        default:
          command(ms, {.kind = OrderCommandKind::kPlace, .tickets = {ticket(side)}}, instrument);
      }
    }
    command(start + 99, {.kind = OrderCommandKind::kSnapshot}, 0);
    lane.push_back(day.Made(start + 100, ClockTick{}));
  }
  return lane;
}

struct Ledger {
  Money cash = Money::FromE8(50'000'00000000);
  std::map<InstrumentId, Quantity> positions;
  std::map<std::string, Quantity> filled;
  std::set<std::string> executions;
  uint64_t fills = 0, snapshots = 0;
};

void Follow(Ledger& ledger, const Event& event) {
  if (const auto* report = std::get_if<BrokerReport>(&event.body); report != nullptr) {
    REQUIRE(report->broker_time <= event.header.event_time);
    if (report->kind != BrokerReportKind::kFill) return;
    ++ledger.fills;
    REQUIRE(ledger.executions.insert(report->execution_id).second);
    REQUIRE(report->quantity > Quantity());
    const Money notional = Notional(ContractTerms{}, report->price, report->quantity);
    const bool buys = report->side == Side::kBid;
    ledger.cash = (buys ? ledger.cash - notional : ledger.cash + notional) - report->fee;
    ledger.positions[event.header.instrument] += buys ? report->quantity : Quantity() - report->quantity;
    Quantity& filled = ledger.filled[report->client_order_id];
    filled += report->quantity;
    REQUIRE(report->cumulative == filled);
    REQUIRE(*report->leaves >= Quantity());
  } else if (const auto* snapshot = std::get_if<BrokerSnapshot>(&event.body)) {
    ++ledger.snapshots;
    REQUIRE(snapshot->cash == ledger.cash);
    std::map<InstrumentId, Quantity> held;
    for (const BrokerSnapshot::Position& position : snapshot->positions) {
      held[position.instrument] = position.quantity;
      REQUIRE(position.average_price > Price());
    }
    std::erase_if(ledger.positions, [](const auto& item) { return item.second == Quantity(); });
    REQUIRE(held == ledger.positions);
    REQUIRE(snapshot->executions.size() == ledger.executions.size());
  }
}

TEST_CASE("S3-C1.2: money is conserved to the last unit and positions are the sum of executions", "[venue]") {
  uint64_t fills = 0;
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    INFO("seed " << seed);
    Ledger ledger;
    for (const Event& event : Play<venue::SimulatedVenue>(RandomDay(seed, seed % 2 == 0))) Follow(ledger, event);
    CHECK(ledger.snapshots >= 57);
    fills += ledger.fills;
  }
  CHECK(fills > 2000);
}

TEST_CASE("venue: twice the same, and with a checkpoint behind every event", "[venue]") {
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    INFO("seed " << seed);
    const std::vector<Event> lane = RandomDay(seed, seed % 2 == 0);
    const std::vector<Event> once = Play<venue::SimulatedVenue>(lane);
    CHECK(once == Play<venue::SimulatedVenue>(lane));
    CHECK(once == PlayRestoring<venue::SimulatedVenue>(lane));
  }
}

}  // namespace
}  // namespace spillway::test
