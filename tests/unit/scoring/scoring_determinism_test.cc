// The determinism contract (docs/determinism.md) on generated sessions.
#include <algorithm>
#include <random>

#include "services/scoring/scoring_processor.h"
#include "spillway/v1/profile.pb.h"
#include "tests/catch.h"
#include "tests/support/features_lane.h"

namespace spillway::scoring {
namespace {

using test::BytesOf;
using test::FeaturesLane;
using test::Play;
using test::Seen;

const std::vector<std::string> kNames = {"a@1#1", "b@1#2", "c@1#3", "d@1#4", "e@1#5"};

// Five profiles that differ in mode, threshold, features' parameters and cancel rules.
v1::Profile ProfileOf(const std::string& name) {
  v1::Profile profile = test::Classic();
  const int index = name.back() - '1';
  profile.mutable_rubric()->set_threshold(6.5 + 0.5 * index);
  profile.mutable_features()->set_ratio_levels(static_cast<uint32_t>(3 + index));
  profile.mutable_cancel()->set_spread_multiple(1.2 + 0.1 * index);
  profile.mutable_blueprint()->set_life_ns(Duration(std::chrono::seconds(5 + index)).count());
  profile.mutable_rubric()->set_rearm_ns(Duration(std::chrono::seconds(1)).count());
  if (index % 2 == 1) {
    profile.mutable_rubric()->set_mode(v1::SCORING_MODE_GRADED);
    profile.mutable_rubric()->mutable_rules(1)->set_start(1);
  }
  return profile;
}

class Generator {
 public:
  Generator(uint32_t seed, std::vector<std::string> instances) : random_(seed), instances_(std::move(instances)) {}

  // `steps` quarters of a second of three symbols; the draws are the same whichever instances run.
  std::vector<Event> Session(int steps) {
    lane_.At(0);
    for (InstrumentId id = 1; id <= 3; ++id) lane_.Define(id);
    for (const std::string& name : instances_) {
      const InstanceMode mode = name == kNames[2] ? InstanceMode::kShadow : InstanceMode::kActive;
      lane_.Start(name, ProfileOf(name), mode).Include(name, {1, 2, 3});
    }
    for (int step = 1; step <= steps; ++step) Step(step);
    return lane_.events();
  }

 private:
  int Draw(uint32_t below) { return static_cast<int>(random_() % below); }
  bool OneIn(uint32_t n) { return Draw(n) == 0; }
  bool Runs(const std::string& name) const { return std::ranges::find(instances_, name) != instances_.end(); }

  Seen Look() {
    Seen seen;
    seen.bid = 19.98 - 0.01 * Draw(4);
    seen.bid_size = 350 + 50 * Draw(4);
    seen.ratio = 2.0 + 0.25 * Draw(8);
    seen.tape = 2.0 * Draw(5);
    seen.reclaim = OneIn(3) ? 0 : 1;
    seen.fake_wall = OneIn(20) ? 1 : 0;
    seen.collapse = OneIn(40) ? 1 : 0;
    seen.book = OneIn(40) ? BookCondition::kLocked : uint8_t{0};
    if (OneIn(15)) seen.not_ready = {FeatureKind::kTapeVelocity};
    return seen;
  }

  void Step(int step) {
    lane_.At(250 * step - 130);
    // A trigger between the boundaries, for some of those that would have it.
    const Seen at_trigger = Look();
    const std::string& whose = kNames[static_cast<size_t>(Draw(5))];
    const auto symbol = static_cast<InstrumentId>(1 + Draw(3));
    if (OneIn(2)) TriggerFor(symbol, whose, at_trigger);
    lane_.At(250 * step);
    for (InstrumentId id = 1; id <= 3; ++id) {
      const Seen seen = Look();
      if (!OneIn(6)) lane_.Snapshot(id, seen);
    }
    if (OneIn(25)) lane_.Halt(symbol, OneIn(2) ? TradingStatus::kHalted : TradingStatus::kTrading);
    if (OneIn(30)) lane_.Feed(OneIn(3) ? FeedState::kLagging : FeedState::kUp);
    lane_.Tick();
    MaybeUniverse(symbol, whose);
  }

  // Metrics makes this snapshot only because of the instance; without it there is none, and no other id moves.
  void TriggerFor(InstrumentId symbol, const std::string& whose, Seen seen) {
    seen.boundary = false;
    seen.triggered = {whose};
    if (Runs(whose)) {
      lane_.Snapshot(symbol, seen);
    } else {
      lane_.Skip();
    }
  }

  void MaybeUniverse(InstrumentId symbol, const std::string& whose) {
    const bool change = OneIn(20);
    const bool included = OneIn(2);
    if (!change || !Runs(whose)) return;
    UniverseMember member{symbol, included, {}};
    if (!included) member.exclusions = {{"price_min", "9.00", "10.00"}};
    const Time effective = lane_.now() + std::chrono::milliseconds(200);
    lane_.Universe(whose, {.effective_time = effective, .full = false, .cause = "refresh", .members = {member}});
  }

  std::mt19937 random_;
  std::vector<std::string> instances_;
  FeaturesLane lane_;
};

// What scoring itself made for one instance, and what it made for none.
std::vector<Event> MadeFor(const std::vector<Event>& events, StrategyInstanceId instance) {
  std::vector<Event> made;
  for (const Event& event : events) {
    if (event.header.producer == Producer::kScoring && event.header.instance == instance) made.push_back(event);
  }
  return made;
}

template <class Body>
size_t Count(const std::vector<Event>& events) {
  return static_cast<size_t>(
      std::ranges::count_if(events, [](const Event& event) { return std::holds_alternative<Body>(event.body); }));
}

}  // namespace

TEST_CASE("scoring: the same lane gives the same bytes, also when restored after every event",
          "[scoring][determinism]") {
  const uint32_t seed = GENERATE(1u, 2u, 3u);
  CAPTURE(seed);
  const std::vector<Event> events = Generator(seed, kNames).Session(200);
  ScoringProcessor first, second;
  const std::vector<Event> out = Play(first, events).events;
  CHECK(Count<TradeIntent>(out) > 20);  // the session has what is compared
  CHECK(Count<SignalCancelled>(out) > 20);
  CHECK(Count<Signal>(out) > 2 * Count<TradeIntent>(out));
  CHECK(BytesOf(Play(second, events).events) == BytesOf(out));
  CHECK(BytesOf(test::PlayRestoringAlways<ScoringProcessor>(events)) == BytesOf(out));
}

TEST_CASE("scoring: an instance alone gives the same events as beside four others", "[scoring][determinism]") {
  const uint32_t seed = GENERATE(11u, 12u);
  CAPTURE(seed);
  ScoringProcessor together;
  const std::vector<Event> all = Play(together, Generator(seed, kNames).Session(400)).events;
  for (const std::string& name : kNames) {
    CAPTURE(name);
    ScoringProcessor alone;
    const std::vector<Event> solo = Play(alone, Generator(seed, {name}).Session(400)).events;
    const StrategyInstanceId id = StrategyInstanceIdOf(name);
    CHECK(Count<TradeIntent>(solo) > 5);
    CHECK(BytesOf(MadeFor(solo, id)) == BytesOf(MadeFor(all, id)));
    CHECK(BytesOf(MadeFor(solo, 0)) == BytesOf(MadeFor(all, 0)));  // the market context
  }
}

TEST_CASE("scoring: no two events have one id", "[scoring][determinism]") {
  ScoringProcessor processor;
  const std::vector<Event> out = Play(processor, Generator(5, kNames).Session(400)).events;
  std::set<EventId> ids;
  for (const Event& event : out) {
    if (event.header.producer == Producer::kScoring) CHECK(ids.insert(event.header.id()).second);
  }
  CHECK(ids.size() > 500);
}

TEST_CASE("scoring: a damaged state is an error, not a guess", "[scoring]") {
  ScoringProcessor processor;
  Play(processor, Generator(5, kNames).Session(40));
  runtime::StateWriter state;
  processor.Save(state);
  const std::string bytes = state.Take();
  for (size_t length = 0; length < bytes.size(); length += 97) {
    ScoringProcessor other;
    runtime::StateReader reader(std::string_view(bytes).substr(0, length));
    CHECK_FALSE((other.Restore(reader).ok() && reader.Finish().ok()));
  }
}

}  // namespace spillway::scoring
