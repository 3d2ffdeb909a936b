#include <algorithm>
#include <functional>

#include "libs/events/text.h"
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

TEST_CASE("S0-4.3: cancel: FX-09 a spread above 1.5 times that at the trigger, still so 500 ms later", "[scoring]") {
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

TEST_CASE("S0-4.4: cancel: FX-10 a tape below half its velocity at three checks 500 ms apart", "[scoring]") {
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

TEST_CASE("S0-9.1: cancel: FX-14 a liquidity collapse", "[scoring]") {
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

TEST_CASE("S0-9.2, S1-A9.2: cancel: FX-15 a suspended feed cancels at once", "[scoring]") {
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

namespace {

// A signal of symbol 1 at 1000 ms by a shipped profile, of something it accepts.
FeaturesLane TriggeredBy(const v1::Profile& profile, const Seen& seen) {
  FeaturesLane lane;
  lane.At(0).Define(1).Start(kName, profile).Include(kName, {1});
  lane.At(1000).Snapshot(1, seen);
  ScoringProcessor processor;
  REQUIRE(Play(processor, lane.events()).Bodies<TradeIntent>().size() == 1);
  return lane;
}
Seen With(Seen seen, const std::string& feature, double value) {
  seen.named[feature] = value;
  return seen;
}

Seen QuantSeen() {
  Seen seen;
  seen.named = {{"ask_absorption", 1}, {"tape_acceleration", 2}, {"ask_wall_depletion", 1}, {"book_valid_for", 30}};
  return seen;
}
Seen SmallAccountSeen() {
  Seen seen;
  seen.named = {{"spread_below_for", 2}, {"depth_ask", 1200}, {"ask_passive_absorption", 3}, {"bid_support", 0.7}};
  return seen;
}

}  // namespace

TEST_CASE("S1-A4.3, S1-A4.4: after a signal of ofi-ram a spread above 1.5 times, or a tape below half, cancels",
          "[scoring]") {
  const v1::Profile profile = test::Shipped("ofi-ram@1");
  FeaturesLane wide = TriggeredBy(profile, Seen{});
  wide.At(1250).Snapshot(1, kWide).At(1750).Snapshot(1, kWide);
  CHECK(OnlyRule(wide) == CancelRule::kSpreadBlowOut);
  FeaturesLane slow = TriggeredBy(profile, Seen{});
  slow.At(1500).Snapshot(1, kSlow).At(2000).Snapshot(1, kSlow).At(2500).Snapshot(1, kSlow);
  CHECK(OnlyRule(slow) == CancelRule::kTapeSlowdown);
  FeaturesLane neither = TriggeredBy(profile, Seen{});
  for (int ms = 1250; ms < 20'000; ms += 250) neither.At(ms).Snapshot(1, {.bid = 19.955, .tape = 2.5});
  CHECK(Cancels(neither).empty());
}

TEST_CASE("S1-B4.3: a spread more than 50% wider within 2 s of the trigger cancels", "[scoring]") {
  const v1::Profile profile = test::Shipped("small-account@1");
  const auto spread = [](double bid) {
    Seen seen = SmallAccountSeen();
    seen.bid = bid;
    return seen;
  };
  FeaturesLane within = TriggeredBy(profile, spread(19.97));
  within.At(3000).Snapshot(1, spread(19.95)).At(3500).Snapshot(1, spread(19.95));
  CHECK(OnlyRule(within) == CancelRule::kSpreadBlowOut);
  FeaturesLane exactly = TriggeredBy(profile, spread(19.97));
  exactly.At(2000).Snapshot(1, spread(19.955)).At(2500).Snapshot(1, spread(19.955));  // 50%
  CHECK(Cancels(exactly).empty());
  FeaturesLane later = TriggeredBy(profile, spread(19.97));
  later.At(3001).Snapshot(1, spread(19.95)).At(3501).Snapshot(1, spread(19.95));
  CHECK(Cancels(later).empty());
}

TEST_CASE("S1-I2.1, S1-I2.2, S1-I2.3, S1-I2.4: after the signal ofi-quant cancels by its own conditions, named by id",
          "[scoring]") {
  const v1::Profile profile = test::Shipped("ofi-quant@1");
  const auto only = [](const FeaturesLane& lane) {
    const auto cancels = Cancels(lane);
    REQUIRE(cancels.size() == 1);
    CHECK(cancels[0].rule == CancelRule::kCondition);
    return cancels[0];
  };
  FeaturesLane spoofed = TriggeredBy(profile, QuantSeen());
  spoofed.At(1250).Snapshot(1, With(QuantSeen(), "fake_ask_wall", 1));
  CHECK(only(spoofed).condition == "S1-I2.1");

  FeaturesLane refilled = TriggeredBy(profile, QuantSeen());
  refilled.At(1250).Snapshot(1, With(QuantSeen(), "ask_replenishment", 1));
  refilled.At(1500).Snapshot(1, With(QuantSeen(), "ask_replenishment", 1.5));
  CHECK(Cancels(refilled).empty());  // two checks, 500 ms apart
  refilled.At(1750).Snapshot(1, With(QuantSeen(), "ask_replenishment", 1.25));
  CHECK(only(refilled).condition == "S1-I2.2");
  CHECK(only(refilled).seen == 1.25);
  CHECK(only(refilled).limit == 1);

  FeaturesLane stalled = TriggeredBy(profile, QuantSeen());
  stalled.At(4000).Snapshot(1, With(QuantSeen(), "tape_stall", 2.999));
  CHECK(Cancels(stalled).empty());
  stalled.At(4250).Snapshot(1, With(QuantSeen(), "tape_stall", 3));
  CHECK(only(stalled).condition == "S1-I2.3");

  FeaturesLane frozen = TriggeredBy(profile, QuantSeen());
  frozen.At(20'000).Snapshot(1, With(QuantSeen(), "tape_freeze", 10));
  CHECK(only(frozen).condition == "S1-I2.4");

  FeaturesLane blown_out = TriggeredBy(profile, QuantSeen());
  Seen wide = QuantSeen();
  wide.bid = 19.95;
  blown_out.At(1250).Snapshot(1, wide).At(1750).Snapshot(1, wide);
  CHECK(OnlyRule(blown_out) == CancelRule::kSpreadBlowOut);
}

TEST_CASE("cancel: a condition in a row begins again when it does not hold, and waits while it is not ready",
          "[scoring]") {
  v1::Profile profile = Classic();
  v1::CancelCondition& condition = *profile.mutable_cancel()->add_when();
  condition.set_id("thin");
  condition.set_feature("depth_bid");
  condition.set_op("<");
  condition.set_limit(100);
  condition.set_checks(2);
  condition.set_check_interval_ns(500'000'000);
  condition.set_within_ns(2'000'000'000);
  const Seen thin{.depth_bid = 99}, thick{.depth_bid = 100};
  FeaturesLane broken = TriggeredBy(profile, Seen{});
  broken.At(1250).Snapshot(1, thin).At(1500).Snapshot(1, thick).At(1750).Snapshot(1, thin);
  CHECK(Cancels(broken).empty());
  broken.At(2000).Snapshot(1, {.not_ready = {FeatureKind::kDepthBid}}).At(2250).Snapshot(1, thin);
  CHECK(OnlyRule(broken) == CancelRule::kCondition);
  FeaturesLane late = TriggeredBy(profile, Seen{});
  late.At(3001).Snapshot(1, thin).At(3600).Snapshot(1, thin);
  CHECK(Cancels(late).empty());
  FeaturesLane at_tick = TriggeredBy(profile, Seen{});
  at_tick.At(3000).Snapshot(1, thin).At(3500).Tick();
  CHECK(OnlyRule(at_tick) == CancelRule::kCondition);
}

TEST_CASE("cancel: what the feed cannot carry never cancels, and the signal says so without points", "[scoring]") {
  v1::Profile profile = test::Shipped("ofi-quant@1");
  Seen seen = QuantSeen();
  seen.not_carried = {"tape_freeze"};
  FeaturesLane lane = TriggeredBy(profile, seen);
  for (int ms = 1250; ms < 20'000; ms += 250) lane.At(ms).Snapshot(1, seen);
  CHECK(Cancels(lane).empty());
  ScoringProcessor processor;
  const auto signals = Play(processor, lane.events()).Bodies<Signal>();
  REQUIRE(signals.size() == 1);
  const auto note =
      std::ranges::find_if(signals[0].rules, [](const RuleResult& r) { return r.rule == "cancel:S1-I2.4"; });
  REQUIRE(note != signals[0].rules.end());
  CHECK_FALSE(note->passed);
  CHECK_FALSE(note->gate);
  CHECK(note->points_max == 0);
  CHECK(ToText(*note) == "cancel:S1-I2.4 tape_freeze not carried by this feed >= 10: 0/0");
}

TEST_CASE("IR-7: ram-observed cancels on two wide spreads or three slow checks of the entry's own side, for 300 s",
          "[scoring]") {
  v1::Profile profile = test::Shipped("ram-observed@1");
  profile.mutable_scarcity()->clear_ranking_window_ns();
  Seen seen;
  seen.wall_age = 3;
  seen.named = {{"tape_acceleration", 3}, {"buy_velocity", 4}};
  seen.ratio = 3.8;
  FeaturesLane others = TriggeredBy(profile, seen);
  Seen others_slow = seen;
  others_slow.tape = 0.1;  // of all prints; those that buy go on
  for (int ms = 1250; ms < 10'000; ms += 250) others.At(ms).Snapshot(1, others_slow);
  CHECK(Cancels(others).empty());

  FeaturesLane slow = TriggeredBy(profile, seen);
  for (const int ms : {1500, 2000}) slow.At(ms).Snapshot(1, With(seen, "buy_velocity", 1.99));
  CHECK(Cancels(slow).empty());
  slow.At(2500).Snapshot(1, With(seen, "buy_velocity", 1.99));
  CHECK(OnlyRule(slow) == CancelRule::kTapeSlowdown);

  Seen wide = seen;
  wide.bid = 19.95;
  FeaturesLane blown_out = TriggeredBy(profile, seen);
  blown_out.At(1500).Snapshot(1, wide);
  CHECK(Cancels(blown_out).empty());
  blown_out.At(2000).Snapshot(1, wide);
  CHECK(OnlyRule(blown_out) == CancelRule::kSpreadBlowOut);

  FeaturesLane old = TriggeredBy(profile, seen);
  old.At(300'999).Snapshot(1, {.book = BookCondition::kLocked});
  CHECK(Cancels(old).size() == 1);
  FeaturesLane too_old = TriggeredBy(profile, seen);
  too_old.At(301'000).Snapshot(1, {.book = BookCondition::kLocked});
  CHECK(Cancels(too_old).empty());
}

TEST_CASE("cancel: spread_checks asks for as many in a row", "[scoring]") {
  v1::Profile profile = Classic();
  profile.mutable_cancel()->set_spread_checks(3);
  FeaturesLane lane = Triggered(profile);
  lane.At(1250).Snapshot(1, kWide).At(1750).Snapshot(1, kWide).At(2200).Snapshot(1, kWide);
  CHECK(Cancels(lane).empty());
  lane.At(2250).Snapshot(1, kWide);
  CHECK(OnlyRule(lane) == CancelRule::kSpreadBlowOut);
  FeaturesLane flicker = Triggered(profile);
  flicker.At(1250).Snapshot(1, kWide).At(1750).Snapshot(1, kWide).At(2000).Snapshot(1, Seen{});
  flicker.At(2250).Snapshot(1, kWide).At(2750).Snapshot(1, kWide);
  CHECK(Cancels(flicker).empty());
}

TEST_CASE("cancel: IR-1 a short signal is watched on its own side", "[scoring]") {
  v1::Profile profile = Classic();
  profile.mutable_short_side()->set_enabled(true);
  profile.mutable_cancel()->set_tape_same_side(true);
  Seen falls{.bid_size = 400, .ratio = 0.3, .reclaim = 0, .wall_age = 0};
  falls.named = {{"ask_bid_ratio", 3}, {"vwap_loss", 1}, {"ask_size_over_bid", 100}, {"sell_velocity", 4}};
  FeaturesLane bid_wall = TriggeredBy(profile, falls);
  bid_wall.At(1250).Snapshot(1, With(falls, "fake_wall", 1));
  CHECK(Cancels(bid_wall).empty());  // a bid wall that was fake speaks for the short side
  FeaturesLane ask_wall = TriggeredBy(profile, falls);
  ask_wall.At(1250).Snapshot(1, With(falls, "fake_ask_wall", 1));
  CHECK(OnlyRule(ask_wall) == CancelRule::kFakeWall);
  FeaturesLane slow = TriggeredBy(profile, falls);
  for (const int ms : {1500, 2000, 2500}) slow.At(ms).Snapshot(1, With(falls, "sell_velocity", 1));
  CHECK(OnlyRule(slow) == CancelRule::kTapeSlowdown);
}

}  // namespace spillway::scoring
