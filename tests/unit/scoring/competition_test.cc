// What an instance says beside accepted and rejected: rankings, previews, summaries, and how often it evaluates.
#include <algorithm>

#include "services/scoring/scoring_processor.h"
#include "spillway/v1/profile.pb.h"
#include "tests/catch.h"
#include "tests/support/features_lane.h"

namespace spillway::scoring {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::Classic;
using test::CollectingSink;
using test::FeaturesLane;
using test::Play;
using test::Px;
using test::Seen;

const std::string kName = "ofi-classic@1#1";
const Seen kBelow{.ratio = 1, .tape = 1, .reclaim = 0};  // 3
// 10, 9 and 8 points.
const Seen kTen{};
const Seen kNine{.bid_size = 400};
const Seen kEight{.bid = 19.96};

FeaturesLane Ready(const v1::Profile& profile) {
  FeaturesLane lane;
  lane.At(0).Define(1).Define(2).Define(3).Start(kName, profile).Include(kName, {1, 2, 3});
  return lane;
}

// "3 accepted 10", "1 rejected 9 ranking", "2 preview 7 S0-3.2": instrument, what it became, score, and the gate that
// failed.
std::vector<std::string> Story(const FeaturesLane& lane) {
  ScoringProcessor processor;
  std::vector<std::string> story;
  for (const Event& event : Play(processor, lane.events()).events) {
    const auto* signal = std::get_if<Signal>(&event.body);
    if (signal == nullptr) continue;
    std::string line = std::to_string(event.header.instrument);
    line += signal->accepted ? " accepted" : signal->preview ? " preview" : " rejected";
    line += signal->side == Side::kAsk ? " short" : "";
    line += " " + std::to_string(static_cast<int>(signal->score));
    for (const RuleResult& rule : signal->rules) {
      if (rule.gate && !rule.passed) line += " " + rule.rule;
    }
    story.push_back(line);
  }
  return story;
}
using Lines = std::vector<std::string>;

v1::Profile Ranking(uint32_t keep = 1) {
  v1::Profile profile = Classic();
  profile.mutable_scarcity()->set_ranking_window_ns(Duration(seconds(2)).count());
  profile.mutable_scarcity()->set_ranking_keep(keep);
  return profile;
}
v1::Profile Previews(double threshold, uint32_t per_minute = 30) {
  v1::Profile profile = Classic();
  profile.mutable_preview()->set_threshold(threshold);
  profile.mutable_preview()->set_per_minute(per_minute);
  return profile;
}
v1::Profile Throttled(Duration interval) {
  v1::Profile profile = Classic();
  profile.mutable_rubric()->set_evaluation_interval_ns(interval.count());
  return profile;
}

RuleResult Rule(const Signal& signal, const std::string& id) {
  const auto found = std::ranges::find(signal.rules, id, &RuleResult::rule);
  REQUIRE(found != signal.rules.end());
  return *found;
}

}  // namespace

TEST_CASE("IR-8: of those that compete in a ranking window the best go on, the others are rejected by rank",
          "[scoring]") {
  FeaturesLane lane = Ready(Ranking());
  lane.At(1000).Snapshot(1, kEight);
  lane.At(1500).Snapshot(2, kTen).Snapshot(3, kNine);
  lane.At(2900).Tick();
  CHECK(Story(lane).empty());
  lane.At(3000).Tick();  // two seconds after its first candidate
  CHECK(Story(lane) == Lines{"2 accepted 10", "3 rejected 9 ranking", "1 rejected 8 ranking"});

  ScoringProcessor processor;
  const CollectingSink sink = Play(processor, lane.events());
  const auto signals = sink.Bodies<Signal>();
  CHECK(Rule(signals[0], "ranking").value == 1);
  CHECK(Rule(signals[0], "ranking").passed);
  CHECK(Rule(signals[2], "ranking").value == 3);
  CHECK(Rule(signals[2], "ranking").limit == 1);
  const auto intents = sink.Bodies<TradeIntent>();
  REQUIRE(intents.size() == 1);
  CHECK(intents[0].expires == lane.now() + seconds(60));

  FeaturesLane two = Ready(Ranking(2));
  two.At(1000).Snapshot(1, kEight).Snapshot(2, kTen).Snapshot(3, kNine);
  two.At(3000).Tick();
  CHECK(Story(two) == Lines{"2 accepted 10", "3 accepted 9", "1 rejected 8 ranking"});
}

TEST_CASE("IR-8: equal scores rank by the earlier trigger, then by instrument", "[scoring]") {
  FeaturesLane lane = Ready(Ranking());
  lane.At(1000).Snapshot(3, kTen);
  lane.At(1250).Snapshot(2, kTen).Snapshot(1, kTen);
  lane.At(3000).Tick();
  CHECK(Story(lane) == Lines{"3 accepted 10", "1 rejected 10 ranking", "2 rejected 10 ranking"});
}

TEST_CASE("IR-8: candidates are judged again on what was seen last, and one that fails ranks nobody out", "[scoring]") {
  FeaturesLane lane = Ready(Ranking());
  lane.At(1000).Snapshot(1, kTen).Snapshot(2, kNine).Snapshot(3, kEight);
  lane.At(2000).Snapshot(1, {.fake_wall = 1});                 // the best of them fails a gate
  lane.At(2250).Snapshot(3, {.ask = 20.01, .bid_size = 500});  // 8, of another quote
  lane.At(2500).Snapshot(2, kBelow);
  lane.At(3000).Tick();
  CHECK(Story(lane) == Lines{"3 accepted 8", "1 rejected 10 S0-4.1", "2 rejected 3"});
  ScoringProcessor processor;
  const auto intents = Play(processor, lane.events()).Bodies<TradeIntent>();
  REQUIRE(intents.size() == 1);
  CHECK(intents[0].entry == Px(20.01));

  FeaturesLane halted = Ready(Ranking());
  halted.At(1000).Snapshot(1, kTen).Snapshot(2, kEight).At(1500).Halt(1, TradingStatus::kHalted).At(3000).Tick();
  CHECK(Story(halted) == Lines{"2 accepted 8", "1 rejected 10 not_halted"});
}

TEST_CASE("IR-8: a snapshot ends the window too, a ranked-out setup must fall below the threshold first", "[scoring]") {
  FeaturesLane lane = Ready(Ranking());
  lane.At(1000).Snapshot(1, kTen).Snapshot(2, kNine);
  lane.At(3250).Snapshot(3, kBelow);
  CHECK(Story(lane) == Lines{"1 accepted 10", "2 rejected 9 ranking"});
  lane.At(20'000).Snapshot(2, kNine).At(25'000).Tick();
  CHECK(Story(lane).size() == 2);
  lane.At(25'250).Snapshot(2, kBelow).At(25'500).Snapshot(2, kNine).At(27'500).Tick();
  CHECK(Story(lane).back() == "2 accepted 9");
  CHECK(Story(lane).size() == 3);
}

TEST_CASE("IR-8: another instance's snapshot does not end the window", "[scoring]") {
  FeaturesLane lane = Ready(Ranking());
  lane.At(1000).Snapshot(1, kTen);
  lane.At(3100).Snapshot(2, {.boundary = false, .triggered = {"other@1#1"}});
  CHECK(Story(lane).empty());
}

TEST_CASE("IR-9: what reaches the preview's threshold and is not accepted is a preview, never traded", "[scoring]") {
  FeaturesLane lane = Ready(Previews(5));
  lane.At(1000).Snapshot(1, {.ratio = 2.99});                          // 7
  lane.At(1250).Snapshot(2, {.ratio = 2.99, .tape = 1});               // 5, no near miss
  lane.At(1500).Snapshot(3, {.bid = 19.9, .ratio = 2.99, .tape = 1});  // 3
  lane.At(1750).Snapshot(3, {.fake_wall = 1});
  CHECK(Story(lane) == Lines{"1 preview 7", "2 preview 5", "3 preview 10 S0-4.1"});
  ScoringProcessor processor;
  const CollectingSink sink = Play(processor, lane.events());
  CHECK(sink.Bodies<TradeIntent>().empty());
  const Signal preview = sink.Bodies<Signal>()[0];
  CHECK(preview.preview);
  CHECK_FALSE(preview.accepted);
  CHECK(preview.entry == Px(20.00));
  lane.At(2000).Snapshot(1, kTen);
  CHECK(Story(lane).back() == "1 accepted 10");
}

TEST_CASE("IR-9: the same symbol is shown once in 15 s, an instance so many a minute", "[scoring]") {
  FeaturesLane dedup = Ready(Previews(5));
  dedup.At(1000).Snapshot(1, {.ratio = 2.99}).At(1250).Snapshot(1, {.ratio = 2}).At(15'999).Snapshot(1, {.ratio = 2});
  CHECK(Story(dedup).size() == 1);
  dedup.At(16'000).Snapshot(1, {.ratio = 2});
  CHECK(Story(dedup).size() == 2);

  FeaturesLane capped = Ready(Previews(5, 2));
  capped.At(1000).Snapshot(1, {.ratio = 2}).At(20'000).Snapshot(2, {.ratio = 2}).At(30'000).Snapshot(3, {.ratio = 2});
  capped.At(60'999).Snapshot(3, {.ratio = 2});
  CHECK(Story(capped) == Lines{"1 preview 7", "2 preview 7"});
  capped.At(61'000).Snapshot(3, {.ratio = 2});
  CHECK(Story(capped).back() == "3 preview 7");
}

TEST_CASE("IR-5: each minute one summary of the rejections that were left out, none if there were none", "[scoring]") {
  FeaturesLane lane = Ready(Classic());
  lane.At(1000).Snapshot(1, {.ratio = 2.99});  // told
  lane.At(1250).Snapshot(1, {.ratio = 2.5}).At(1500).Snapshot(1, {.ratio = 2.6});
  lane.At(2000).Snapshot(2, {.fake_wall = 1}).At(2250).Snapshot(2, {.bid_size = 600, .fake_wall = 1});
  lane.At(59'900).Tick();
  const auto summaries = [&] {
    ScoringProcessor processor;
    return Play(processor, lane.events()).Bodies<RejectionSummary>();
  };
  CHECK(summaries().empty());
  lane.At(60'000).Tick();
  REQUIRE(summaries().size() == 1);
  const RejectionSummary summary = summaries()[0];
  CHECK(summary.from == test::MarketBuilder::kStart);
  REQUIRE(summary.rows.size() == 2);
  CHECK(summary.rows[0] == RejectionSummary::Row{1, "S0-3.2", 2, 7});
  CHECK(summary.rows[1] == RejectionSummary::Row{2, "S0-4.1", 1, 10});
  lane.At(120'000).Tick().At(180'000).Tick();
  CHECK(summaries().size() == 1);
}

TEST_CASE("IR-6: a symbol is evaluated at most once in the interval, a trigger inside it is left to the boundary",
          "[scoring]") {
  FeaturesLane lane = Ready(Throttled(milliseconds(250)));
  lane.At(1000).Snapshot(1, kBelow);
  lane.At(1100).Snapshot(1, {.boundary = false, .triggered = {kName}});
  CHECK(Story(lane).empty());
  lane.At(1100).Snapshot(2, {.boundary = false, .triggered = {kName}});  // another symbol
  CHECK(Story(lane) == Lines{"2 accepted 10"});
  lane.At(1250).Snapshot(1, kTen);
  CHECK(Story(lane) == Lines{"2 accepted 10", "1 accepted 10"});
  lane.At(2000).Snapshot(3, {.boundary = false, .triggered = {kName}});  // long after the last
  CHECK(Story(lane).back() == "3 accepted 10");

  FeaturesLane off = Ready(Classic());
  off.At(1000).Snapshot(1, kBelow).At(1100).Snapshot(1, {.boundary = false, .triggered = {kName}});
  CHECK(Story(off) == Lines{"1 accepted 10"});
}

TEST_CASE("IR-6: a boundary inside the interval is evaluated at the first tick after it, with what it showed",
          "[scoring]") {
  FeaturesLane lane = Ready(Throttled(milliseconds(250)));
  lane.At(1130).Snapshot(1, {.ratio = 1, .tape = 1, .boundary = false, .triggered = {kName}});
  lane.At(1250).Snapshot(1, kTen);
  lane.At(1300).Tick();
  CHECK(Story(lane).empty());
  const EventId boundary = (lane.events().end() - 2)->header.id();
  lane.At(1400).Tick();
  CHECK(Story(lane) == Lines{"1 accepted 10"});
  ScoringProcessor processor;
  const auto sink = Play(processor, lane.events());
  const auto signal =
      std::ranges::find_if(sink.events, [](const Event& e) { return std::holds_alternative<Signal>(e.body); });
  CHECK(signal->header.event_time == lane.now());
  CHECK(signal->header.cause.event == lane.events().back().header.id());
  CHECK(std::get<Signal>(signal->body).inputs.front() == boundary);
  lane.At(1500).Snapshot(1, kBelow).At(1600).Tick();
  CHECK(Story(lane).size() == 1);
}

TEST_CASE("S1-I5.1: every signal, accepted or rejected, says what would be traded and until when", "[scoring]") {
  const v1::Profile profile = test::Shipped("ofi-quant@1");
  FeaturesLane lane = Ready(profile);
  Seen seen;
  seen.named = {{"ask_absorption", 1}, {"tape_acceleration", 2}, {"ask_wall_depletion", 1}, {"book_valid_for", 30}};
  Seen stalled = seen;
  stalled.named["tape_stall"] = 4;
  lane.At(1000).Snapshot(1, seen).Snapshot(2, stalled);
  CHECK(Story(lane) == Lines{"1 accepted 10", "2 rejected 10 S1-I2.3"});
  ScoringProcessor processor;
  for (const Signal& signal : Play(processor, lane.events()).Bodies<Signal>()) {
    CHECK(signal.entry == Px(20.00));
    CHECK(signal.stop == Px(19.88));
    CHECK(signal.target == Px(20.24));
    CHECK(signal.expires == lane.now() + seconds(60));
  }
  // Where there are no two prices there is nothing to be traded.
  FeaturesLane empty = Ready(profile);
  Seen one_sided = seen;
  one_sided.ask = 0;
  one_sided.book = BookCondition::kAskEmpty;
  one_sided.named["spread"] = 0.03;
  empty.At(1000).Snapshot(1, one_sided);
  ScoringProcessor other;
  const auto signals = Play(other, empty.events()).Bodies<Signal>();
  REQUIRE(signals.size() == 1);
  CHECK(signals[0].entry == Price());
  CHECK(signals[0].expires == empty.now() + seconds(60));
}

TEST_CASE("scoring: stages and accounts are passed on and leave the strategy instance as it is", "[scoring]") {
  FeaturesLane lane = Ready(Classic());
  lane.At(1000).Snapshot(1, kTen);
  for (const ConfigurationKind kind : {ConfigurationKind::kStage, ConfigurationKind::kAccount}) {
    ConfigurationVersion version{
        .kind = kind, .name = kName, .effective_time = lane.now(), .document = "not a profile"};
    lane.Add(Producer::kGateway, 0, StrategyInstanceIdOf(kName), version);
  }
  lane.At(1250).Snapshot(1, {.book = BookCondition::kLocked});
  ScoringProcessor processor;
  const CollectingSink sink = Play(processor, lane.events());
  CHECK(sink.Bodies<ConfigurationVersion>().size() == 3);
  CHECK(sink.Bodies<SignalCancelled>().size() == 1);  // what was live is live
  CHECK(processor.configurations_refused() == 0);
}

TEST_CASE("IR-1: both sides of a symbol are scored, long first, each with its own state", "[scoring]") {
  v1::Profile profile = Classic();
  profile.mutable_short_side()->set_enabled(true);
  Seen falls{.bid_size = 400, .ratio = 2.99, .reclaim = 0};
  falls.ask_size = 500;
  falls.named = {{"ask_bid_ratio", 3}, {"vwap_loss", 1}, {"ask_size_over_bid", 100}};
  Seen both = falls;
  both.ratio = 3;
  both.reclaim = 1;

  FeaturesLane lane = Ready(profile);
  lane.At(1000).Snapshot(1, falls);
  CHECK(Story(lane) == Lines{"1 accepted short 10"});  // the long side has 4
  lane.At(1250).Snapshot(1, both);
  CHECK(Story(lane) == Lines{"1 accepted short 10", "1 accepted 9"});
  ScoringProcessor processor;
  const auto intents = Play(processor, lane.events()).Bodies<TradeIntent>();
  REQUIRE(intents.size() == 2);
  CHECK(intents[0].side == Side::kAsk);
  CHECK(intents[0].entry == Px(19.97));
  CHECK(intents[0].stop == Px(20.09));
  CHECK(intents[0].target == Px(19.73));
  CHECK(intents[0].spread == Px(0.03));
  CHECK(intents[1].side == Side::kBid);

  FeaturesLane at_once = Ready(profile);
  at_once.At(1000).Snapshot(1, both);
  CHECK(Story(at_once) == Lines{"1 accepted 9", "1 accepted short 10"});
  FeaturesLane near = Ready(profile);
  near.At(1000).Snapshot(1, [&] {
    Seen seen = both;
    seen.ratio = 2.99;
    seen.bid_size = 501;
    seen.named["ask_bid_ratio"] = 2.99;
    return seen;
  }());
  CHECK(Story(near) == Lines{"1 rejected 7", "1 rejected short 7"});
  FeaturesLane ranked = Ready([&] {
    v1::Profile ranking = profile;
    ranking.mutable_scarcity()->set_ranking_window_ns(Duration(seconds(2)).count());
    return ranking;
  }());
  ranked.At(1000).Snapshot(1, both).At(3000).Tick();
  CHECK(Story(ranked) == Lines{"1 accepted short 10", "1 rejected 9 ranking"});
  FeaturesLane off = Ready(Classic());
  off.At(1000).Snapshot(1, falls);
  CHECK(Story(off).empty());
}

TEST_CASE("S1-A3.6, S1-AP.1: ofi-ram alerts at 7.5, with all rules in the explanation", "[scoring]") {
  FeaturesLane lane = Ready(test::Shipped("ofi-ram@1"));
  lane.At(1000).Snapshot(1, kEight).Snapshot(2, {.ratio = 2.99});
  CHECK(Story(lane) == Lines{"1 accepted 8", "2 rejected 7"});
  ScoringProcessor processor;
  const auto signals = Play(processor, lane.events()).Bodies<Signal>();
  CHECK(signals[0].threshold == 7.5);
  for (const std::string id :
       {"S1-A3.1", "S1-A3.2", "S1-A3.3", "S1-A3.4", "S1-A3.5", "S1-A2.5", "S1-A4.1", "S1-A4.2"}) {
    Rule(signals[0], id);
  }
}

}  // namespace spillway::scoring
