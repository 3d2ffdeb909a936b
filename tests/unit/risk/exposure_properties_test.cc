// What holds of the account for every sequence of intents, fills and prices.
#include <random>

#include "tests/unit/risk/order_scenario.h"

namespace spillway::test {
namespace {

constexpr std::string_view kTraders[] = {"a#1", "b#1", "c#1"};
constexpr InstrumentId kSymbols = 6;

std::string SectorOf(InstrumentId id) {
  return id <= 2 ? "energy" : id <= 4 ? "technology" : "";
}

v1::RiskProfile Limited() {
  v1::RiskProfile risk = OpenRisk();
  v1::ExposureLimits& exposure = *risk.mutable_exposure();
  exposure.set_position_percent(20);
  exposure.set_gross_percent(60);
  exposure.set_net_percent(35);
  exposure.set_sector_percent(30);
  exposure.set_positions(4);
  return risk;
}

// The account by a second, plain reckoning.
struct Model {
  struct Held {
    int64_t units = 0;  // signed
    Money cost, cash_flow;
  };
  struct Waiting {
    InstrumentId instrument;
    StrategyInstanceId instance;
    bool buys;
    int64_t units, filled;
    double entry;
    Event intent;
  };
  std::map<std::pair<InstrumentId, StrategyInstanceId>, Held> held;
  std::map<EventId, Waiting> waiting;
  std::map<InstrumentId, std::pair<double, double>> quotes;

  double WorthOf(InstrumentId id, int64_t units) const {
    const auto& [bid, ask] = quotes.at(id);
    return static_cast<double>(units) * (units > 0 ? bid : ask);
  }
  double Equity() const {
    double equity = 100'000;
    for (const auto& [key, one] : held) {
      equity += one.cash_flow.ToDouble() + WorthOf(key.first, one.units);
    }
    return equity;
  }
};

// One day of three AUTO instances; checks each approval against the model.
class Day {
 public:
  explicit Day(uint64_t seed) : random_(seed), day_(Limited()) {
    for (const std::string_view name : kTraders) day_.Send(day_.lane.Configure(AutoProfile(), name));
    for (InstrumentId id = 1; id <= kSymbols; ++id) {
      day_.Define(id, fmt::format("SYM{}", id), SectorOf(id));
      Quote(id);
    }
  }

  void Step() {
    day_.lane.At(day_.lane.now() + std::chrono::milliseconds(Below(3000)));
    const auto id = static_cast<InstrumentId>(1 + Below(kSymbols));
    const int64_t kind = Below(10);
    if (kind < 2) {
      Quote(id);
    } else if (kind < 6) {
      Ask(id);
    } else {
      Fill();
    }
    const std::optional<Money> equity = day_.processor().broker().Equity();
    REQUIRE(equity);
    REQUIRE_THAT(equity->ToDouble(), Catch::WithinAbs(model_.Equity(), 1e-4));
  }
  int approved() const { return approved_; }
  int refused(RefusalRule rule) const {
    const auto found = refused_.find(rule);
    return found == refused_.end() ? 0 : found->second;
  }
  const OrderDay& day() const { return day_; }

 private:
  int64_t Below(int64_t n) { return static_cast<int64_t>(random_() % static_cast<uint64_t>(n)); }

  void Quote(InstrumentId id) {
    const double bid = 50 + 0.01 * static_cast<double>(Below(400));
    const double ask = bid + 0.01 * static_cast<double>(1 + Below(5));
    model_.quotes[id] = {bid, ask};
    day_.MarkAt(id, bid, ask);
  }

  void Ask(InstrumentId id) {
    const bool buys = Below(3) != 0;
    const auto& [bid, ask] = model_.quotes.at(id);
    const double entry = buys ? ask : bid;
    const double distance = 0.2 + 0.1 * static_cast<double>(Below(20));
    const std::string_view trader = kTraders[Below(3)];
    day_.Ask(id, {.entry = entry,
                  .stop = buys ? entry - distance : entry + distance,
                  .target = buys ? entry + 2 : entry - 2,
                  .side = buys ? Side::kBid : Side::kAsk,
                  .instance = trader});
    const RiskDecision& decision = day_.decision();
    if (!decision.approved) {
      ++refused_[decision.rule];
      return;
    }
    ++approved_;
    REQUIRE(decision.quantity.e8() % Quantity::kUnit == 0);
    for (const CapRoom& cap : decision.caps) REQUIRE(decision.quantity <= cap.quantity);
    model_.waiting.insert({day_.intent.header.id(),
                           {.instrument = id,
                            .instance = day_.intent.header.instance,
                            .buys = buys,
                            .units = decision.quantity.e8() / Quantity::kUnit,
                            .filled = 0,
                            .entry = entry,
                            .intent = day_.intent}});
    CheckLimits(id);
  }

  // As if every reservation were filled, and for the net as if only those of one side were.
  void CheckLimits(InstrumentId id) {
    const double equity = model_.Equity();
    double gross = 0, net = 0, buying = 0, selling = 0;
    std::map<InstrumentId, double> symbols;
    std::map<std::string, double> sectors;
    for (const auto& [key, one] : model_.held) {
      if (one.units == 0) continue;
      const double worth = model_.WorthOf(key.first, one.units);
      net += worth;
      symbols[key.first] += std::abs(worth);
    }
    for (const auto& [intent, one] : model_.waiting) {
      const double worth = static_cast<double>(one.units - one.filled) * one.entry;
      (one.buys ? buying : selling) += worth;
      symbols[one.instrument] += worth;
    }
    for (const auto& [symbol, worth] : symbols) {
      gross += worth;
      sectors[SectorOf(symbol)] += worth;
    }
    const bool buys = model_.waiting.at(day_.intent.header.id()).buys;
    const double slack = 1e-3;  // of sums of doubles
    REQUIRE(gross <= 0.60 * equity + slack);
    REQUIRE((buys ? net + buying : selling - net) <= 0.35 * equity + slack);
    REQUIRE(symbols[id] <= 0.20 * equity + slack);
    REQUIRE(sectors[SectorOf(id)] <= 0.30 * equity + slack);
    REQUIRE(symbols.size() <= 4);
  }

  // A part or all of what waits is filled at its limit, the rest goes on or ends; or a position is closed.
  void Fill() {
    if (model_.waiting.empty() || Below(3) == 0) return Close();
    auto it = model_.waiting.begin();
    std::advance(it, Below(static_cast<int64_t>(model_.waiting.size())));
    Model::Waiting& one = it->second;
    const int64_t fill = Below(one.units - one.filled + 1);
    if (fill > 0) {
      one.filled += fill;
      Model::Held& held = model_.held[{one.instrument, one.instance}];
      const Money value = Notional({}, Usd(one.entry), Quantity::Units(fill));
      held.units += one.buys ? fill : -fill;
      held.cost = held.cost + value;
      held.cash_flow = one.buys ? held.cash_flow - value : held.cash_flow + value;
    }
    const bool ends = Below(2) == 0 || one.filled == one.units;
    day_.Order(one.intent, ends ? OrderState::kCanceled : OrderState::kPartial, ends ? 0 : one.units - one.filled,
               one.filled);
    if (fill > 0) Tell(one.intent);
    if (ends) model_.waiting.erase(it);
  }
  void Close() {
    for (auto& [key, held] : model_.held) {
      if (held.units == 0 || Below(2) == 0) continue;
      held.cash_flow = held.cash_flow + Money::FromE8(std::llround(1e8 * model_.WorthOf(key.first, held.units)));
      held.units = 0;
      held.cost = Money();
      Event of;
      of.header.instrument = key.first;
      of.header.instance = key.second;
      Tell(of);
      return;
    }
  }
  void Tell(const Event& of) {
    const Model::Held& held = model_.held.at({of.header.instrument, of.header.instance});
    PositionSnapshot position;
    position.quantity = Quantity::Units(held.units);
    position.cost = held.cost;
    position.cash_flow = held.cash_flow;
    day_.Oms(position, of);
  }

  std::mt19937_64 random_;
  OrderDay day_;
  Model model_;
  int approved_ = 0;
  std::map<RefusalRule, int> refused_;
};

TEST_CASE(
    "S3-B3.1, S3-A3.4, S4-R11.2.1: exposure after each approval is within every limit, whatever may yet be filled",
    "[risk][property]") {
  int approved = 0;
  std::map<RefusalRule, int> refused;
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    INFO("seed " << seed);
    Day day(seed);
    for (int i = 0; i < 600; ++i) day.Step();
    approved += day.approved();
    for (const RefusalRule rule :
         {RefusalRule::kGrossExposure, RefusalRule::kNetExposure, RefusalRule::kSectorExposure,
          RefusalRule::kPositionNotional, RefusalRule::kPositions, RefusalRule::kOppositePosition}) {
      refused[rule] += day.refused(rule);
    }
  }
  CHECK(approved > 500);
  for (const auto& [rule, count] : refused) {
    INFO(RefusalRuleName(rule));
    CHECK(count > 0);
  }
}

TEST_CASE("risk: a day of orders twice, and restored after every event, gives the same bytes", "[risk][determinism]") {
  Day day(77);
  for (int i = 0; i < 300; ++i) day.Step();
  const std::string once = Bytes(day.day().answers());
  CHECK((once == Bytes(Play<risk::RiskProcessor>(day.day().history))));
  CHECK((once == Bytes(PlayRestoring<risk::RiskProcessor>(day.day().history))));
}

TEST_CASE("risk: the account at the broker is told at ticks, once after each change", "[risk]") {
  OrderDay day;
  day.lane.At("10:00");
  day.Send(day.lane.Tick());
  const auto told = [&] {
    std::vector<AccountSnapshot> snapshots;
    for (const Event& event : day.answers()) {
      const auto* account = std::get_if<AccountSnapshot>(&event.body);
      if (account == nullptr || account->kind != AccountKind::kBroker) continue;
      CHECK(event.header.instance == 0);
      snapshots.push_back(*account);
    }
    return snapshots;
  };
  REQUIRE(told().size() == 1);
  CHECK(told()[0].equity.ToString() == "100000.00");
  CHECK(told()[0].trading_day == 20250502);
  day.MarkAt(1, 49.99, 50);
  day.Ask(1);
  day.Send(day.lane.Tick());
  CHECK(told().size() == 1);
  day.Entered(day.intent, 500, 50);
  day.MarkAt(1, 49.90, 49.95);
  CHECK(told().size() == 1);
  day.Send(day.lane.Tick());
  day.Send(day.lane.Tick());
  REQUIRE(told().size() == 2);
  CHECK(told()[1].equity.ToString() == "99950.00");
  CHECK(told()[1].cash.ToString() == "75000.00");
  CHECK(told()[1].day_profit.ToString() == "-50.00");
  CHECK(told()[1].day_drawdown.ToString() == "50.00");
  CHECK(told()[1].open_positions == 1);
}

}  // namespace
}  // namespace spillway::test
