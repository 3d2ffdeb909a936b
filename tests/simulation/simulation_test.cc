// Seeded days of trading with faults. SPILLWAY_SIMULATION_SEED=N runs day N alone, SPILLWAY_SIMULATION_DAYS=N the days
// from SPILLWAY_SIMULATION_FIRST (1) on.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "fmt/format.h"
#include "services/oms/oms.h"
#include "services/risk/risk.h"
#include "tests/catch.h"
#include "tests/simulation/altered_processor.h"
#include "tests/simulation/trading_day.h"

namespace spillway::simulation {
namespace {

uint64_t Number(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr || *text == '\0' ? otherwise : std::strtoull(text, nullptr, 10);
}

struct Totals {
  std::map<std::string, std::vector<uint64_t>> failed;  // by invariant: days
  size_t days = 0, events = 0, events_least = SIZE_MAX;
  size_t orders = 0, executions = 0, approvals = 0, refused = 0, crashes = 0, kills = 0, incidents = 0, chases = 0,
         unknowns = 0, by_hand = 0;
  void Add(uint64_t seed, const DayResult& day) {
    ++days;
    if (!day.ok()) failed[day.invariant].push_back(seed);
    events += day.events;
    events_least = std::min(events_least, day.events);
    orders += day.orders, executions += day.executions, approvals += day.approvals, refused += day.refused;
    crashes += day.crashes, kills += day.kills, incidents += day.incidents, chases += day.chases;
    unknowns += day.unknowns, by_hand += day.by_hand;
  }
};

// Days are independent: two threads halve the time and change no day.
Totals RunDays(uint64_t first, uint64_t count, std::vector<std::string>& stories) {
  Totals totals;
  std::mutex mutex;
  std::atomic<uint64_t> next{first};
  const auto work = [&] {
    for (uint64_t seed = next++; seed < first + count; seed = next++) {
      const DayResult day = Run(Options(seed));
      const std::lock_guard lock(mutex);
      totals.Add(seed, day);
      if (!day.ok() && stories.size() < 5) stories.push_back(Story(seed, day));
    }
  };
  std::thread other(work);
  work();
  other.join();
  return totals;
}

TEST_CASE(
    "simulation: seeded days of trading with crashes, a bad connection, rejects, halts, kills and trades by hand keep "
    "every invariant after every event (S3-B2.1, S3-B2.2, S3-B2.3, S3-B2.4, S3-B3.1, S3-B3.6, S3-B3.7, FX-76, FX-77, "
    "C-19, C-27, C-28)",
    "[simulation]") {
  const uint64_t seed = Number("SPILLWAY_SIMULATION_SEED", 0);
  if (seed != 0) {
    if (std::getenv("SPILLWAY_SIMULATION_TRANSCRIPT") != nullptr) {
      for (const std::string& line : Transcript(Options(seed))) std::printf("%s\n", line.c_str());
    }
    const DayResult day = Run(Options(seed));
    if (!day.ok()) std::printf("%s", Story(seed, day).c_str());
    CHECK(day.ok());
    return;
  }
  std::vector<std::string> stories;
  Totals totals = RunDays(Number("SPILLWAY_SIMULATION_FIRST", 1), Number("SPILLWAY_SIMULATION_DAYS", 10'000), stories);
  std::printf(
      "%zu days: %zu events (%zu at least), %zu intents approved and %zu refused, %zu orders, %zu executions, %zu "
      "chases, %zu orders in doubt, %zu crashes, %zu kills, %zu incidents, %zu trades and orders by hand\n",
      totals.days, totals.events, totals.events_least, totals.approvals, totals.refused, totals.orders,
      totals.executions, totals.chases, totals.unknowns, totals.crashes, totals.kills, totals.incidents,
      totals.by_hand);
  for (auto& [invariant, seeds] : totals.failed) {
    std::sort(seeds.begin(), seeds.end());
    std::printf("FAILED in %zu days: %s: %llu ...\n", seeds.size(), invariant.c_str(),
                static_cast<unsigned long long>(seeds.front()));
  }
  for (const std::string& story : stories) std::printf("%s", story.c_str());
  CHECK(stories.empty());
  CHECK(totals.events_least >= 2'000);
  // Days in which nothing happens show nothing.
  CHECK(totals.executions > 5 * totals.days);
  CHECK(totals.chases > 0);
  CHECK(totals.unknowns > 0);
}

// ---- a check that cannot fail is none: each invariant, broken on purpose

using Alteration = AlteredProcessor::Alteration;

DayOptions WithRisk(uint64_t seed, const Alteration& alteration) {
  DayOptions options = Options(seed);
  options.make_risk = [make = options.make_risk, alteration] {
    return std::make_unique<AlteredProcessor>(make(), alteration);
  };
  return options;
}
DayOptions WithOms(uint64_t seed, const Alteration& alteration) {
  DayOptions options = Options(seed);
  options.make_oms = [make = options.make_oms, alteration] {
    return std::make_unique<AlteredProcessor>(make(), alteration);
  };
  return options;
}

// What the first of twenty days that fails says.
template <class Make>
std::string Seen(Make make) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    const DayResult day = Run(make(seed));
    if (!day.ok()) return day.invariant;
  }
  return "nothing";
}
std::string SeenInRisk(const Alteration& alteration) {
  return Seen([&](uint64_t seed) { return WithRisk(seed, alteration); });
}
std::string SeenInOms(const Alteration& alteration) {
  return Seen([&](uint64_t seed) { return WithOms(seed, alteration); });
}

// Each output of one kind, as `change` leaves it.
template <class Body, class Change>
Alteration Saying(Change change) {
  return {.says = [change](const Event&, std::vector<Event>& outputs) {
    for (Event& output : outputs) {
      if (Body* body = std::get_if<Body>(&output.body)) change(output, *body);
    }
  }};
}

TEST_CASE("S3-B2.2: the checker sees an order that is sent twice for one intent", "[simulation]") {
  CHECK(SeenInOms({.says = [](const Event&, std::vector<Event>& outputs) {
          for (size_t i = 0; i < outputs.size(); ++i) {
            const auto* command = std::get_if<OrderCommand>(&outputs[i].body);
            if (command == nullptr || command->kind != OrderCommandKind::kPlace) continue;
            Event again = outputs[i];
            auto& copy = std::get<OrderCommand>(again.body);
            again.header.cause.ordinal += 5'000;
            for (OrderTicket& ticket : copy.tickets) ticket.order.low ^= 1;  // under a new id
            copy.order = copy.tickets.front().order;
            outputs.push_back(again);
            return;
          }
        }}) == "sent once");
}

TEST_CASE("S3-B2.2: the checker sees a repeated command", "[simulation]") {
  CHECK(SeenInOms({.says = [](const Event&, std::vector<Event>& outputs) {
          for (size_t i = 0; i < outputs.size(); ++i) {
            const auto* command = std::get_if<OrderCommand>(&outputs[i].body);
            if (command == nullptr || command->kind != OrderCommandKind::kPlace) continue;
            outputs.push_back(outputs[i]);
            outputs.back().header.cause.ordinal += 5'000;
            return;
          }
        }}) == "sent once");
}

TEST_CASE("S3-B3.1: the checker sees an approval above a limit", "[simulation]") {
  CHECK(SeenInRisk(Saying<RiskDecision>([](Event&, RiskDecision& decision) {
          if (decision.approved && decision.route == Route::kAuto) decision.quantity = decision.quantity * 20;
        })) == "exposure");
}

TEST_CASE("FX-77: the checker sees an order whose risk is not reserved", "[simulation]") {
  CHECK(SeenInOms(Saying<OrderEvent>([](Event&, OrderEvent& order) { order.intent_open = {}; })) == "reserved");
}

TEST_CASE("S3-B2.3: the checker sees an execution that is counted twice", "[simulation]") {
  CHECK(SeenInOms(Saying<PositionSnapshot>([](Event& event, PositionSnapshot& position) {
          if (event.header.instance != 0) position.quantity = position.quantity * 2;
        })) == "positions");
}

TEST_CASE("S3-B2.3: the checker sees money that is lost, be it the last unit", "[simulation]") {
  CHECK(SeenInOms(Saying<PositionSnapshot>([](Event& event, PositionSnapshot& position) {
          if (event.header.instance != 0) position.cash_flow = position.cash_flow + Money::FromE8(1);
        })) == "money");
}

TEST_CASE("S3-B3.6: the checker sees an order behind a kill", "[simulation]") {
  const auto deaf = [](const Event& event) { return !std::holds_alternative<KillSwitchChanged>(event.body); };
  std::string seen = "nothing";
  for (uint64_t seed = 1; seed <= 200 && seen == "nothing"; ++seed) {
    DayOptions options = WithOms(seed, {.hears = deaf});
    // Risk kills, and approves all the same.
    options.make_risk = [make = options.make_risk, deaf] {
      return std::make_unique<AlteredProcessor>(
          make(), Alteration{.says = [](const Event& input, std::vector<Event>& outputs) {
            const auto* tick = std::get_if<ClockTick>(&input.body);
            if (tick == nullptr || input.header.cause.market.position % 97 != 0) return;
            Event kill;
            kill.header = input.header;
            kill.header.producer = Producer::kRisk;
            kill.header.cause = {.market = {}, .event = input.header.id(), .ordinal = 77};
            kill.body = KillSwitchChanged{.active = true, .cause = "test"};
            outputs.push_back(kill);
          }});
    };
    const DayResult day = Run(options);
    if (!day.ok()) seen = day.invariant;
  }
  CHECK(seen == "kill");
}

TEST_CASE("C-27: the checker sees an order that never ends", "[simulation]") {
  CHECK(SeenInOms({.says = [](const Event&, std::vector<Event>& outputs) {
          for (Event& output : outputs) {
            auto* order = std::get_if<OrderEvent>(&output.body);
            if (order != nullptr && order->state == OrderState::kCanceled) order->state = OrderState::kPendingCancel;
          }
        }}) == "final");
}

TEST_CASE("S3-B2.3: the checker sees trades of others that are not adopted", "[simulation]") {
  CHECK(Seen([](uint64_t seed) {
          return WithOms(seed, {.says = [](const Event&, std::vector<Event>& outputs) {
                           std::erase_if(outputs, [](const Event& output) {
                             return std::holds_alternative<PositionSnapshot>(output.body) &&
                                    output.header.instance == 0;
                           });
                         }});
        }) == "reconciled");
}

TEST_CASE("S3-B2.2: the checker sees a processor that says something else after a crash", "[simulation]") {
  std::string seen = "nothing";
  for (uint64_t seed = 1; seed <= 50 && seen == "nothing"; ++seed) {
    DayOptions options = Options(seed);
    auto built = std::make_shared<int>(0);
    options.make_oms = [make = options.make_oms, built] {
      const int number = ++*built;  // which life of it this is
      return std::make_unique<AlteredProcessor>(make(),
                                                Alteration{.says = [number](const Event&, std::vector<Event>& outputs) {
                                                  for (Event& output : outputs) {
                                                    if (auto* order = std::get_if<OrderEvent>(&output.body))
                                                      order->attempt += number > 1 ? 1 : 0;
                                                  }
                                                }});
    };
    const DayResult day = Run(options);
    if (!day.ok()) seen = day.invariant;
  }
  CHECK(seen == "crash");
}

TEST_CASE("simulation: a seed gives the same day every time", "[simulation]") {
  for (uint64_t seed = 1; seed <= 3; ++seed) CHECK(Transcript(Options(seed)) == Transcript(Options(seed)));
}

}  // namespace
}  // namespace spillway::simulation
