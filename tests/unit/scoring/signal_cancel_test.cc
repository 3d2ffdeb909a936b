#include <functional>

#include "services/scoring/scoring_processor.h"
#include "spillway/v1/profile.pb.h"
#include "tests/catch.h"
#include "tests/support/features_lane.h"

namespace spillway::scoring {
namespace {

using test::Classic;
using test::CollectingSink;
using test::FeaturesLane;
using test::Play;
using test::Seen;

const std::string kName = "ofi-classic@1#1";

// A signal of symbol 1 at 1000 ms: spread 0.03, five trades a second. Lives until 61'000 ms.
FeaturesLane Triggered(const v1::Profile& profile = Classic()) {
  FeaturesLane lane;
  lane.At(0).Define(1).Define(2).Start(kName, profile).Include(kName, {1, 2});
  lane.At(1000).Snapshot(1, Seen{});
  return lane;
}

std::vector<SignalCancelled> Cancels(const FeaturesLane& lane) {
  ScoringProcessor processor;
  return Play(processor, lane.events()).Bodies<SignalCancelled>();
}
CancelRule OnlyRule(const FeaturesLane& lane) {
  const auto cancels = Cancels(lane);
  REQUIRE(cancels.size() == 1);
  return cancels[0].rule;
}

const Seen kWide{.bid = 19.95};      // 0.05 > 1.5 x 0.03
const Seen kNotWide{.bid = 19.955};  // 0.045 = 1.5 x 0.03
const Seen kSlow{.tape = 2.49};      // < 0.5 x 5
const Seen kNotSlow{.tape = 2.5};

}  // namespace

TEST_CASE("cancel: a cancellation names its signal, rule, what was seen and the limit, and follows from the check",
          "[scoring]") {
  FeaturesLane lane = Triggered();
  lane.At(1250).Snapshot(1, {.book = BookCondition::kCrossed | BookCondition::kStale});
  ScoringProcessor processor;
  const CollectingSink sink = Play(processor, lane.events());
  const auto intents = sink.Bodies<TradeIntent>();
  REQUIRE(intents.size() == 1);
  const Event* cancel = nullptr;
  EventId correlation;
  for (const Event& event : sink.events) {
    if (std::holds_alternative<SignalCancelled>(event.body)) cancel = &event;
    if (std::holds_alternative<TradeIntent>(event.body)) correlation = event.header.correlation;
  }
  REQUIRE(cancel != nullptr);
  CHECK(cancel->header.instrument == 1);
  CHECK(cancel->header.instance == StrategyInstanceIdOf(kName));
  CHECK(cancel->header.correlation == correlation);  // the signal's story
  CHECK(cancel->header.cause.event == lane.events().back().header.id());
  const auto& body = std::get<SignalCancelled>(cancel->body);
  CHECK(body.signal == intents[0].signal);
  CHECK(body.rule == CancelRule::kBookInvalid);
  CHECK(body.seen == 36);
  CHECK(body.limit == 0);
}

TEST_CASE("cancel: a signal is cancelled once, and others live on", "[scoring]") {
  FeaturesLane lane = Triggered();
  lane.At(1000).Snapshot(2, Seen{});
  lane.At(1250).Snapshot(1, {.book = BookCondition::kLocked}).Snapshot(1, {.book = BookCondition::kLocked}).Tick();
  CHECK(Cancels(lane).size() == 1);
  lane.At(1500).Snapshot(2, {.book = BookCondition::kLocked});
  CHECK(Cancels(lane).size() == 2);
}

TEST_CASE("cancel: a signal is watched until it expires", "[scoring]") {
  FeaturesLane before = Triggered();
  before.At(60'999).Snapshot(1, {.book = BookCondition::kLocked});
  CHECK(Cancels(before).size() == 1);
  FeaturesLane after = Triggered();
  after.At(61'000).Snapshot(1, {.book = BookCondition::kLocked});
  CHECK(Cancels(after).empty());
}

TEST_CASE("cancel: FX-09 a spread above 1.5 times that at the trigger, still so 500 ms later", "[scoring]") {
  FeaturesLane early = Triggered();
  early.At(1250).Snapshot(1, kWide);
  early.At(1749).Snapshot(1, kWide);
  CHECK(Cancels(early).empty());

  FeaturesLane confirmed = Triggered();
  confirmed.At(1250).Snapshot(1, kWide);
  confirmed.At(1750).Snapshot(1, kWide);
  REQUIRE(OnlyRule(confirmed) == CancelRule::kSpreadBlowOut);
  CHECK(Cancels(confirmed)[0].seen == 0.05);
  CHECK(Cancels(confirmed)[0].limit == 0.045);

  FeaturesLane equal = Triggered();
  for (int ms = 1250; ms < 20'000; ms += 250) equal.At(ms).Snapshot(1, kNotWide);
  CHECK(Cancels(equal).empty());

  FeaturesLane flicker = Triggered();
  flicker.At(1250).Snapshot(1, kWide);
  flicker.At(1500).Snapshot(1, Seen{});
  flicker.At(1750).Snapshot(1, kWide);
  flicker.At(2000).Snapshot(1, kWide);
  CHECK(Cancels(flicker).empty());
  flicker.At(2250).Snapshot(1, kWide);
  CHECK(Cancels(flicker).size() == 1);
}

TEST_CASE("cancel: FX-09 a clock tick confirms with the last snapshot's values", "[scoring]") {
  FeaturesLane lane = Triggered();
  lane.At(1250).Snapshot(1, kWide);
  lane.At(1700).Tick();
  CHECK(Cancels(lane).empty());
  lane.At(1800).Tick();
  CHECK(OnlyRule(lane) == CancelRule::kSpreadBlowOut);
}

TEST_CASE("cancel: FX-09 with spread_within only a widening soon after the trigger counts", "[scoring]") {
  v1::Profile profile = Classic();
  profile.mutable_cancel()->set_spread_within_ns(Duration(std::chrono::seconds(2)).count());
  FeaturesLane late = Triggered(profile);
  late.At(3001).Snapshot(1, kWide);
  late.At(4000).Snapshot(1, kWide);
  CHECK(Cancels(late).empty());
  FeaturesLane soon = Triggered(profile);
  soon.At(3000).Snapshot(1, kWide);
  soon.At(3500).Snapshot(1, kWide);
  CHECK(OnlyRule(soon) == CancelRule::kSpreadBlowOut);
}

TEST_CASE("cancel: FX-10 a tape below half its velocity at three checks 500 ms apart", "[scoring]") {
  FeaturesLane lane = Triggered();
  lane.At(1250).Snapshot(1, kSlow);  // not due
  lane.At(1500).Snapshot(1, kSlow);  // 1
  lane.At(1750).Snapshot(1, kSlow);  // not due
  lane.At(2000).Snapshot(1, kSlow);  // 2
  lane.At(2499).Tick();              // not due
  CHECK(Cancels(lane).empty());
  lane.At(2500).Tick();  // 3
  REQUIRE(OnlyRule(lane) == CancelRule::kTapeSlowdown);
  CHECK(Cancels(lane)[0].seen == 2.49);
  CHECK(Cancels(lane)[0].limit == 2.5);

  FeaturesLane half = Triggered();
  for (int ms = 1250; ms < 20'000; ms += 250) half.At(ms).Snapshot(1, kNotSlow);
  CHECK(Cancels(half).empty());

  FeaturesLane recovers = Triggered();
  recovers.At(1500).Snapshot(1, kSlow);
  recovers.At(2000).Snapshot(1, kSlow);
  recovers.At(2500).Snapshot(1, kNotSlow);
  recovers.At(3000).Snapshot(1, kSlow);
  recovers.At(3500).Snapshot(1, kSlow);
  CHECK(Cancels(recovers).empty());
  recovers.At(4000).Snapshot(1, kSlow);
  CHECK(Cancels(recovers).size() == 1);
}

TEST_CASE("cancel: FX-10 a velocity that is not ready is no check", "[scoring]") {
  FeaturesLane lane = Triggered();
  lane.At(1500).Snapshot(1, kSlow);
  lane.At(2000).Snapshot(1, kSlow);
  lane.At(2500).Snapshot(1, {.not_ready = {FeatureKind::kTapeVelocity}});
  CHECK(Cancels(lane).empty());
  lane.At(2750).Snapshot(1, kSlow);
  CHECK(OnlyRule(lane) == CancelRule::kTapeSlowdown);
}

TEST_CASE("cancel: FX-14 a liquidity collapse", "[scoring]") {
  FeaturesLane lane = Triggered();
  lane.At(5000).Snapshot(1, {.collapse = 1});
  CHECK(OnlyRule(lane) == CancelRule::kLiquidityCollapse);
  v1::Profile without = Classic();
  without.mutable_cancel()->set_on_liquidity_collapse(false);
  FeaturesLane off = Triggered(without);
  off.At(5000).Snapshot(1, {.collapse = 1});
  CHECK(Cancels(off).empty());
}

TEST_CASE("cancel: FX-07 a fake wall within a second of the trigger, not later", "[scoring]") {
  FeaturesLane within = Triggered();
  within.At(2000).Snapshot(1, {.fake_wall = 1});
  CHECK(OnlyRule(within) == CancelRule::kFakeWall);
  FeaturesLane later = Triggered();
  later.At(2001).Snapshot(1, {.fake_wall = 1});
  CHECK(Cancels(later).empty());
}

TEST_CASE("cancel: a halt cancels at once, and only its symbol's signals", "[scoring]") {
  FeaturesLane lane = Triggered();
  lane.At(1100).Halt(2, TradingStatus::kPaused);
  CHECK(Cancels(lane).empty());
  lane.At(1200).Halt(1, TradingStatus::kPaused);
  REQUIRE(OnlyRule(lane) == CancelRule::kHalt);
  CHECK(Cancels(lane)[0].seen == static_cast<double>(TradingStatus::kPaused));
  FeaturesLane market_wide = Triggered();
  market_wide.At(1100).Halt(0, TradingStatus::kHalted);
  CHECK(OnlyRule(market_wide) == CancelRule::kHalt);
  v1::Profile without = Classic();
  without.mutable_cancel()->set_on_halt(false);
  FeaturesLane off = Triggered(without);
  off.At(1100).Halt(1, TradingStatus::kHalted);
  CHECK(Cancels(off).empty());
}

TEST_CASE("cancel: FX-15 a suspended feed cancels at once", "[scoring]") {
  for (const FeedState state : {FeedState::kLagging, FeedState::kStale, FeedState::kDown}) {
    FeaturesLane lane = Triggered();
    lane.At(1100).Feed(FeedState::kUp).Feed(state);
    CHECK(OnlyRule(lane) == CancelRule::kFeedSuspended);
  }
}

TEST_CASE("cancel: the end of a lag does not end an outage", "[scoring]") {
  FeaturesLane lane;
  lane.At(0).Define(1).Start(kName, Classic()).Include(kName, {1});
  lane.Feed(FeedState::kDown);  // ingest
  lane.Add(Producer::kMetrics, 0, 0, FeedStatus{.feed = 1, .state = FeedState::kLagging, .lag = {}, .reason = ""});
  lane.Add(Producer::kMetrics, 0, 0, FeedStatus{.feed = 1, .state = FeedState::kUp, .lag = {}, .reason = ""});
  lane.At(250).Snapshot(1, Seen{});
  ScoringProcessor processor;
  CHECK(Play(processor, lane.events()).Bodies<TradeIntent>().empty());
  lane.At(400).Feed(FeedState::kUp).At(500).Snapshot(1, Seen{});
  ScoringProcessor again;
  CHECK(Play(again, lane.events()).Bodies<TradeIntent>().size() == 1);
}

TEST_CASE("cancel: the instance's own trigger is a check", "[scoring]") {
  FeaturesLane lane = Triggered();
  lane.At(1100).Snapshot(1, {.collapse = 1, .boundary = false, .triggered = {kName}});
  CHECK(OnlyRule(lane) == CancelRule::kLiquidityCollapse);
}

TEST_CASE("cancel: snapshots at others' triggers are no checks", "[scoring]") {
  FeaturesLane lane = Triggered();
  lane.At(1100).Snapshot(1, {.book = BookCondition::kLocked, .boundary = false, .triggered = {"other@1#1"}});
  lane.At(1200).Tick();
  CHECK(Cancels(lane).empty());
}

TEST_CASE("cancel: a signal at the instance's own trigger is checked with that snapshot's values, not older ones",
          "[scoring]") {
  FeaturesLane lane;
  lane.At(0).Define(1).Start(kName, Classic()).Include(kName, {1});
  lane.At(250).Snapshot(1, {.ratio = 1, .tape = 1, .book = BookCondition::kLocked});
  lane.At(330).Snapshot(1, {.boundary = false, .triggered = {kName}});
  lane.At(400).Tick();
  CHECK(Cancels(lane).empty());
}

}  // namespace spillway::scoring
