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

// Five profiles that differ in mode, threshold, features' parameters and cancel rules. Two trade the short side, and
// each mechanism that waits or leaves out is one's own: ranking, evaluation interval, previews, conditions.
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
  if (index == 1 || index == 2) profile.mutable_short_side()->set_enabled(true);
  if (index == 2) {
    profile.mutable_rubric()->set_threshold(5);  // so that some compete
    profile.mutable_scarcity()->set_ranking_window_ns(Duration(std::chrono::milliseconds(300)).count());
    profile.mutable_blueprint()->set_stop_percent(0.3);
    profile.mutable_blueprint()->set_target_stops(1.2);
  }
  if (index == 3)
    profile.mutable_rubric()->set_evaluation_interval_ns(Duration(std::chrono::milliseconds(300)).count());
  if (index == 4) {
    profile.mutable_preview()->set_threshold(5);
    profile.mutable_preview()->set_dedup_ns(Duration(std::chrono::seconds(2)).count());
  }
  if (index == 1 || index == 4) {
    profile.mutable_cancel()->set_tape_same_side(true);
    v1::CancelCondition& thin = *profile.mutable_cancel()->add_when();
    thin.set_id("thin");
    thin.set_feature("depth_bid");
    thin.set_op("<");
    thin.set_limit(600);
    thin.set_checks(2);
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
    seen.depth_bid = 300.0 * Draw(5);
    seen.named = {{"ask_bid_ratio", 2.0 + 0.25 * Draw(8)},
                  {"vwap_loss", OneIn(3) ? 0 : 1},
                  {"ask_size_over_bid", 50.0 * (Draw(3) - 1)},
                  {"ask_wall_age", 1.0 * Draw(3)},
                  {"fake_ask_wall", OneIn(20) ? 1 : 0},
                  {"depth_ask", 300.0 * Draw(5)},
                  {"buy_velocity", 1.0 * Draw(4)},
                  {"sell_velocity", 1.0 * Draw(4)}};
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

template <class Body, class Is>
size_t Count(const std::vector<Event>& events, const Is& is) {
  return static_cast<size_t>(std::ranges::count_if(events, [&](const Event& event) {
    const auto* body = std::get_if<Body>(&event.body);
    return body != nullptr && is(*body);
  }));
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
  const std::vector<Event> events = Generator(seed, kNames).Session(300);
  ScoringProcessor first, second;
  const std::vector<Event> out = Play(first, events).events;
  CHECK(Count<TradeIntent>(out) > 20);  // the session has what is compared
  CHECK(Count<SignalCancelled>(out) > 20);
  CHECK(Count<Signal>(out) > 2 * Count<TradeIntent>(out));
  CHECK(Count<TradeIntent>(out, [](const TradeIntent& intent) { return intent.side == Side::kAsk; }) > 3);
  CHECK(Count<Signal>(out, [](const Signal& signal) { return signal.preview; }) > 3);
  CHECK(Count<Signal>(
            out, [](const Signal& signal) { return !signal.accepted && signal.rules.back().rule == "ranking"; }) > 3);
  CHECK(Count<SignalCancelled>(out, [](const SignalCancelled& cancel) { return cancel.condition == "thin"; }) > 3);
  CHECK(Count<RejectionSummary>(out) >= 4);
  CHECK(BytesOf(Play(second, events).events) == BytesOf(out));
  CHECK(BytesOf(test::PlayRestoringAlways<ScoringProcessor>(events)) == BytesOf(out));
}

TEST_CASE("scoring: an instance alone gives the same events as beside four others", "[scoring][determinism]") {
  const uint32_t seed = GENERATE(11u, 12u);
  CAPTURE(seed);
  ScoringProcessor together;
  const std::vector<Event> all = Play(together, Generator(seed, kNames).Session(600)).events;
  for (const std::string& name : kNames) {
    CAPTURE(name);
    ScoringProcessor alone;
    const std::vector<Event> solo = Play(alone, Generator(seed, {name}).Session(600)).events;
    const StrategyInstanceId id = StrategyInstanceIdOf(name);
    CHECK(Count<TradeIntent>(solo) > 5);
    CHECK(BytesOf(MadeFor(solo, id)) == BytesOf(MadeFor(all, id)));
    CHECK(BytesOf(MadeFor(solo, 0)) == BytesOf(MadeFor(all, 0)));  // the market context
  }
}

namespace {

constexpr double kSum = 40;  // the mirror: a price p becomes 40 - p

// What the mirrored market shows: bids for asks, a fall for a rise.
Seen MirrorOf(const Seen& seen) {
  Seen mirror = seen;
  mirror.bid = kSum - seen.ask;
  mirror.ask = kSum - seen.bid;
  std::swap(mirror.bid_size, mirror.ask_size);
  mirror.named.clear();
  for (const auto& [name, value] : seen.named) {
    mirror.named[std::string(ToString(Mirrored(*ParseFeatureName(name))))] = value;
  }
  return mirror;
}

// What was made for one side, as it would look from the long one.
struct Made {
  Time time;
  InstrumentId instrument = 0;
  std::string what;
  double score = 0;
  Price entry, stop, target;
  friend bool operator==(const Made&, const Made&) = default;
};
std::vector<Made> MadeOn(Side side, const std::vector<Event>& events, bool mirrored) {
  const auto price = [&](Price p) { return mirrored && p != Price() ? test::Px(kSum) - p : p; };
  std::map<EventId, Side> sides;
  std::vector<Made> made;
  for (const Event& event : events) {
    Made one{event.header.event_time, event.header.instrument, "", 0, {}, {}, {}};
    if (const auto* signal = std::get_if<Signal>(&event.body)) {
      sides[event.header.id()] = signal->side;
      if (signal->side != side) continue;
      one.what = signal->accepted ? "accepted" : signal->preview ? "preview" : "rejected";
      one.score = signal->score;
      one.entry = price(signal->entry);
      one.stop = price(signal->stop);
      one.target = price(signal->target);
    } else if (const auto* cancel = std::get_if<SignalCancelled>(&event.body)) {
      if (sides[cancel->signal] != side) continue;
      one.what = std::string(CancelRuleName(cancel->rule)) + cancel->condition;
      one.score = cancel->seen;
    } else {
      continue;
    }
    made.push_back(one);
  }
  return made;
}

}  // namespace

TEST_CASE("IR-1: the mirrored market gives the mirrored signals and cancels", "[scoring][determinism]") {
  const uint32_t seed = GENERATE(21u, 22u, 23u);
  CAPTURE(seed);
  v1::Profile profile = ProfileOf(kNames[1]);  // short side, same-side tape, conditions, graded
  profile.mutable_preview()->set_threshold(6);
  profile.mutable_preview()->set_per_minute(100'000);
  std::mt19937 random(seed);
  const auto draw = [&](uint32_t below) { return static_cast<double>(random() % below); };
  FeaturesLane market, mirror;
  for (FeaturesLane* lane : {&market, &mirror}) lane->At(0).Define(1).Start(kNames[1], profile).Include(kNames[1], {1});
  for (int step = 1; step <= 2000; ++step) {
    Seen seen{.bid = 19.98 - 0.01 * draw(4), .bid_size = 300 + 50 * draw(5), .tape = 2 * draw(5)};
    seen.collapse = draw(50) == 0 ? 1 : 0;
    seen.book = draw(50) == 0 ? BookCondition::kLocked : uint8_t{0};
    for (const FeatureSpec& spec : profile::DeclaredFeatures(profile)) {
      const FeatureName name{spec.kind, spec.mirrored};
      if (Mirrored(name) != name) seen.named[std::string(ToString(name))] = draw(5);
    }
    seen.named["bid_size_over_ask"] = seen.bid_size - seen.ask_size;
    seen.named["ask_size_over_bid"] = seen.ask_size - seen.bid_size;
    for (const std::string name : {"depth_bid", "depth_ask"}) seen.named[name] = 300 * draw(5);
    for (const std::string name : {"fake_wall", "fake_ask_wall"}) seen.named[name] = draw(10) == 0 ? 1 : 0;
    market.At(250 * step).Snapshot(1, seen);
    mirror.At(250 * step).Snapshot(1, MirrorOf(seen));
  }
  ScoringProcessor first, second;
  const std::vector<Event> out = Play(first, market.events()).events;
  const std::vector<Event> mirrored = Play(second, mirror.events()).events;
  for (const Side side : {Side::kBid, Side::kAsk}) {
    const std::vector<Made> made = MadeOn(side, out, false);
    CHECK(std::ranges::count(made, "accepted", &Made::what) > 10);
    CHECK(std::ranges::count(made, "preview", &Made::what) > 10);
    CHECK(std::ranges::count(made, "fake_wall", &Made::what) > 0);
    CHECK(made == MadeOn(Opposite(side), mirrored, true));
  }
}

TEST_CASE("scoring: no two events have one id", "[scoring][determinism]") {
  ScoringProcessor processor;
  const std::vector<Event> out = Play(processor, Generator(5, kNames).Session(600)).events;
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
