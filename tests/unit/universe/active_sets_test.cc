#include "services/universe/active_sets.h"

#include "spillway/v1/profile.pb.h"
#include "tests/catch.h"

using namespace spillway;
using namespace spillway::universe;
using namespace std::chrono_literals;

namespace {

const Time kStart = TimeFromNanos(1'746'192'600'000'000'000);

Event At(Duration after, EventBody body, StrategyInstanceId instance = 0) {
  Event event;
  event.header.event_time = kStart + after;
  event.header.instance = instance;
  event.body = std::move(body);
  return event;
}

Event Symbol(InstrumentId id, const std::string& symbol) {
  InstrumentDefinition definition;
  definition.id = id;
  definition.symbol = symbol;
  return At(0ms, definition);
}

Event Version(Duration at, const std::string& name, InstanceMode mode = InstanceMode::kActive) {
  v1::Profile profile;
  profile.mutable_universe()->set_refresh_ns(std::chrono::nanoseconds(2min).count());
  return At(at,
            ConfigurationVersion{
                .name = name, .mode = mode, .effective_time = kStart + at, .document = profile.SerializeAsString()},
            StrategyInstanceIdOf(name));
}

Event Changed(Duration at, const std::string& name, bool full, std::vector<std::pair<InstrumentId, bool>> members) {
  UniverseChanged universe{.effective_time = kStart + at + 200ms, .full = full, .cause = "refresh", .members = {}};
  for (const auto& [id, included] : members) universe.members.push_back({id, included, {}});
  return At(at, universe, StrategyInstanceIdOf(name));
}

Event Tick(Duration at) {
  return At(at, ClockTick{});
}

Event Refreshed(Duration at) {
  return At(at, UniverseInputs{.cause = "refresh", .last_of_refresh = true});
}

ActiveSets Begun() {
  ActiveSets sets;
  for (const Event& event :
       {Symbol(1, "SOUN"), Symbol(2, "ACME"), Symbol(3, "RGTI"), Version(0ms, "a@1#1"), Version(0ms, "b@1#1"),
        Changed(100ms, "a@1#1", true, {{1, true}, {2, true}, {3, false}})}) {
    sets.Observe(event);
  }
  return sets;
}

using Symbols = std::vector<std::string>;

}  // namespace

TEST_CASE("active sets: a change counts from its effective time on", "[universe]") {
  ActiveSets sets = Begun();
  sets.Observe(Tick(200ms));
  CHECK(sets.TakeChanged().empty());
  CHECK(sets.All().empty());
  sets.Observe(Tick(300ms));
  const std::vector<ActiveSet> changed = sets.TakeChanged();
  REQUIRE(changed.size() == 1);
  CHECK(changed[0] == ActiveSet{.instance = "a@1#1",
                                .ended = false,
                                .symbols = {"ACME", "SOUN"},
                                .effective_time = kStart + 300ms,
                                .refreshed_at = kStart + 100ms,
                                .refresh = 2min,
                                .sequence = 1});
  CHECK(sets.TakeChanged().empty());
  CHECK(sets.All() == changed);
}

TEST_CASE("active sets: deltas add and take away, a full one replaces", "[universe]") {
  ActiveSets sets = Begun();
  sets.Observe(Changed(1s, "a@1#1", false, {{3, true}, {1, false}}));
  sets.Observe(Changed(1s, "b@1#1", true, {{1, true}, {9, true}}));
  sets.Observe(Tick(2s));
  std::vector<ActiveSet> changed = sets.TakeChanged();
  REQUIRE(changed.size() == 2);
  if (changed[0].instance != "a@1#1") std::swap(changed[0], changed[1]);
  CHECK(changed[0].symbols == Symbols{"ACME", "RGTI"});
  CHECK(changed[0].sequence == 2);
  CHECK(changed[1].symbols == Symbols{"#9", "SOUN"});
  sets.Observe(Changed(3s, "a@1#1", true, {{1, true}, {2, false}}));
  sets.Observe(Tick(4s));
  CHECK(sets.TakeChanged()[0].symbols == Symbols{"SOUN"});
  sets.Observe(Changed(5s, "a@1#1", false, {{1, false}}));
  sets.Observe(Tick(6s));
  CHECK(sets.TakeChanged()[0].symbols.empty());
}

TEST_CASE("active sets: a refresh confirms what did not change; other sets of inputs do not", "[universe]") {
  ActiveSets sets = Begun();
  sets.Observe(Tick(1s));
  sets.TakeChanged();
  sets.Observe(At(2s, UniverseInputs{.cause = "halt", .last_of_refresh = true}));
  sets.Observe(At(3s, UniverseInputs{.cause = "refresh", .last_of_refresh = false}));
  CHECK(sets.TakeChanged().empty());
  sets.Observe(Refreshed(300s));
  const std::vector<ActiveSet> changed = sets.TakeChanged();
  REQUIRE(changed.size() == 1);  // b has decided nothing yet
  CHECK(changed[0].refreshed_at == kStart + 300s);
  CHECK(changed[0].effective_time == kStart + 300ms);
  CHECK(changed[0].sequence == 1);
}

TEST_CASE("active sets: a new version keeps the last set until it has decided; a retired one ends", "[universe]") {
  ActiveSets sets = Begun();
  sets.Observe(Tick(1s));
  sets.TakeChanged();
  sets.Observe(Version(2s, "a@1#1"));
  sets.Observe(Tick(3s));
  CHECK(sets.All().size() == 1);
  sets.Observe(Version(4s, "a@1#1", InstanceMode::kRetired));
  sets.Observe(Changed(4s, "a@1#1", false, {{3, true}}));  // decided before, too late
  sets.Observe(Tick(5s));
  const std::vector<ActiveSet> changed = sets.TakeChanged();
  REQUIRE(changed.size() == 1);
  CHECK(changed[0].ended);
  CHECK(changed[0].instance == "a@1#1");
  CHECK(sets.All().empty());
}

TEST_CASE("active sets: saved and restored after any event the rest is the same", "[universe]") {
  const std::vector<Event> events = {Symbol(1, "SOUN"),     Symbol(2, "ACME"),
                                     Version(0ms, "a@1#1"), Changed(100ms, "a@1#1", true, {{1, true}, {2, true}}),
                                     Tick(200ms),           Changed(250ms, "a@1#1", false, {{1, false}}),
                                     Tick(300ms),           Tick(500ms),
                                     Refreshed(300s),       Tick(301s)};
  ActiveSets whole;
  for (const Event& event : events) whole.Observe(event);
  for (size_t cut = 0; cut <= events.size(); ++cut) {
    ActiveSets before;
    for (size_t i = 0; i < cut; ++i) before.Observe(events[i]);
    runtime::StateWriter writer;
    before.Save(writer);
    const std::string bytes = writer.Take();
    ActiveSets after;
    runtime::StateReader reader(bytes);
    REQUIRE(after.Restore(reader).ok());
    REQUIRE(reader.Finish().ok());
    CHECK(after.TakeChanged() == before.All());
    for (size_t i = cut; i < events.size(); ++i) after.Observe(events[i]);
    CHECK(after.All() == whole.All());
    runtime::StateReader torn(std::string_view(bytes).substr(0, bytes.size() / 2));
    CHECK(absl::IsDataLoss(ActiveSets().Restore(torn)));
  }
}

TEST_CASE("active sets: the digest tells sets apart", "[universe]") {
  CHECK(DigestOf({.symbols = {"A", "B"}}) == DigestOf({.symbols = {"A", "B"}}));
  CHECK(DigestOf({.symbols = {"A", "B"}}) != DigestOf({.symbols = {"AB"}}));
  CHECK(DigestOf({.symbols = {}}).size() == 32);
}
