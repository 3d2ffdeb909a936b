#include "services/scoring/rubric.h"

#include "libs/events/text.h"
#include "spillway/v1/profile.pb.h"
#include "tests/catch.h"
#include "tests/support/features_lane.h"

namespace spillway::scoring {
namespace {

using test::Classic;
using test::Seen;

// What the profile's rubric makes of what is seen.
struct Scored {
  Evaluation evaluation;
  std::vector<RuleResult> results;
  bool accepted = false;
};
Scored Score(const v1::Profile& profile, const Seen& seen, Side side = Side::kBid) {
  absl::StatusOr<Rubric> rubric = Rubric::Of(profile, side);
  REQUIRE(rubric.ok());
  const std::vector<FeatureSpec> specs = profile::DeclaredFeatures(profile);
  std::vector<FeatureValue> values;
  for (const FeatureSpec& spec : specs) {
    values.push_back(seen.not_ready.contains(spec.kind) ? FeatureValue{0, NotReady::kAskSideEmpty}
                                                        : seen.ReadingOf(spec));
  }
  rubric->Resolve(specs);
  Scored scored;
  rubric->Evaluate(values, scored.evaluation);
  rubric->Explain(scored.evaluation, scored.results);
  scored.accepted = scored.evaluation.gates_pass && scored.evaluation.score >= rubric->threshold();
  return scored;
}

RuleResult Of(const Scored& scored, const std::string& rule) {
  for (const RuleResult& result : scored.results) {
    if (result.rule == rule) return result;
  }
  FAIL("no result of rule " << rule);
  return {};
}

void AddRule(v1::Profile& profile, const std::string& id, const std::string& feature, double limit, double points,
             const std::string& op = ">=") {
  v1::ScoreRule& rule = *profile.mutable_rubric()->add_rules();
  rule.set_id(id);
  rule.set_feature(feature);
  rule.set_op(op);
  rule.set_limit(limit);
  rule.set_points(points);
}

using test::Shipped;

// What its gates for absorption and support want to see; each test says the rest.
Seen SmallAccountSeen() {
  Seen seen;
  seen.bid = 19.96;  // spread 0.04
  seen.ratio = 2.5;
  seen.tape = 4;
  seen.named = {{"spread_below_for", 2}, {"depth_ask", 1200}, {"ask_passive_absorption", 3}, {"bid_support", 0.7}};
  return seen;
}
v1::Profile WithoutGates(v1::Profile profile) {
  profile.clear_gates();
  return profile;
}
v1::Profile WithOnlyGate(v1::Profile profile, const std::string& id) {
  for (int i = profile.gates_size(); i-- > 0;) {
    if (profile.gates(i).id() != id) profile.mutable_gates()->DeleteSubrange(i, 1);
  }
  return profile;
}

// Row `bits` of the truth table: bit i says whether rule i of the five holds.
Seen ClassicRow(unsigned bits) {
  Seen seen;
  seen.bid = (bits & 1) != 0 ? 19.97 : 19.96;
  seen.ratio = (bits & 2) != 0 ? 3.0 : 2.99;
  seen.tape = (bits & 4) != 0 ? 5 : 4.67;
  seen.reclaim = (bits & 8) != 0 ? 1 : 0;
  seen.bid_size = (bits & 16) != 0 ? 500 : 400;
  return seen;
}
Seen SmallAccountRow(unsigned bits) {
  Seen seen = SmallAccountSeen();
  seen.ratio = (bits & 1) != 0 ? 2.5 : 2.49;
  seen.named["spread_below_for"] = (bits & 2) != 0 ? 2 : 1.999;
  seen.tape = (bits & 4) != 0 ? 4 : 3.67;
  seen.named["depth_ask"] = (bits & 8) != 0 ? 1200 : 1199;
  seen.reclaim = (bits & 16) != 0 ? 1 : 0;
  return seen;
}

template <class Row>
std::set<unsigned> AcceptedRows(const v1::Profile& profile, const Row& row) {
  std::set<unsigned> accepted;
  for (unsigned bits = 0; bits < 32; ++bits) {
    if (Score(profile, row(bits)).accepted) accepted.insert(bits);
  }
  return accepted;
}

}  // namespace

TEST_CASE("rubric: EX-01 spread .03, ratio 3.0, tape 5, reclaim, bid 500 > ask 400 score 10", "[scoring]") {
  const Scored scored = Score(Classic(), Seen{});
  CHECK(scored.evaluation.score == 10);
  CHECK(scored.accepted);
  CHECK(Of(scored, "S0-3.1").points == 2);
  CHECK(Of(scored, "S0-3.2").points == 3);
  CHECK(Of(scored, "S0-3.2").feature == "bid_ask_ratio(levels=10)");
  CHECK(Of(scored, "S0-3.2").value == 3.0);
  CHECK(Of(scored, "S0-3.2").comparison == Comparison::kGreaterEqual);
  CHECK(Of(scored, "S0-3.2").limit == 3);
  CHECK(Of(scored, "S0-3.2").points_max == 3);
  CHECK_FALSE(Of(scored, "S0-3.2").gate);
  CHECK(Of(scored, "S0-3.3").points == 2);
  CHECK(Of(scored, "S0-3.4").points == 2);
  CHECK(Of(scored, "S0-3.5").points == 1);
  CHECK(Of(scored, "S0-4.1").gate);
}

TEST_CASE("rubric: EX-02 the same with ratio 2.99 scores 7 and is no alert", "[scoring]") {
  const Scored scored = Score(Classic(), {.ratio = 2.99});
  CHECK(scored.evaluation.score == 7);
  CHECK_FALSE(scored.accepted);
  CHECK_FALSE(Of(scored, "S0-3.2").passed);
  CHECK(Of(scored, "S0-3.2").points == 0);
}

TEST_CASE("EX-03, S1-A3.6, C-02: of the 32 rows the same five pass at 7.5 and at 8.0, and the ratio is necessary",
          "[scoring]") {
  v1::Profile profile = Shipped(GENERATE("ofi-classic@1", "ofi-ram@1"));
  REQUIRE(profile.rubric().threshold() == 7.5);
  // All; all but spread, tape, reclaim, bid > ask.
  const std::set<unsigned> five = {0b11111, 0b11110, 0b11011, 0b10111, 0b01111};
  CHECK(AcceptedRows(profile, ClassicRow) == five);
  profile.mutable_rubric()->set_threshold(8.0);
  CHECK(AcceptedRows(profile, ClassicRow) == five);
}

TEST_CASE("EX-04, S1-B3.6: the small-account rubric passes five rows at 8.0, four with the depth gate of S1-B2.7",
          "[scoring]") {
  const v1::Profile profile = Shipped("small-account@1");
  REQUIRE(profile.rubric().threshold() == 8.0);
  CHECK(AcceptedRows(WithoutGates(profile), SmallAccountRow) ==
        std::set<unsigned>{0b11111, 0b11101, 0b11011, 0b10111, 0b01111});
  const std::set<unsigned> four = {0b11111, 0b11101, 0b11011, 0b01111};
  CHECK(AcceptedRows(WithOnlyGate(profile, "S1-B2.7"), SmallAccountRow) == four);
  CHECK(AcceptedRows(profile, SmallAccountRow) == four);
}

TEST_CASE("S1-A0.1, S1-A3.1, S1-A3.2, S1-A3.3, S1-A3.4, S1-A3.5: the rules of ofi-ram give 2, 3, 2, 2 and 1 of 10",
          "[scoring]") {
  const v1::Profile profile = Shipped("ofi-ram@1");
  const auto points = [&](const Seen& seen, const std::string& rule) { return Of(Score(profile, seen), rule).points; };
  CHECK(points({.bid = 19.97}, "S1-A3.1") == 2);
  CHECK(points({.bid = 19.96}, "S1-A3.1") == 0);
  CHECK(points({.ratio = 3}, "S1-A3.2") == 3);
  CHECK(points({.ratio = 2.99}, "S1-A3.2") == 0);
  CHECK(points({.tape = 5}, "S1-A3.3") == 2);
  CHECK(points({.tape = 4.99}, "S1-A3.3") == 0);
  CHECK(points({.reclaim = 1}, "S1-A3.4") == 2);
  CHECK(points({.reclaim = 0}, "S1-A3.4") == 0);
  CHECK(points({.bid_size = 401}, "S1-A3.5") == 1);
  CHECK(points({.bid_size = 400}, "S1-A3.5") == 0);
  CHECK(Score(profile, Seen{}).evaluation.score == 10);
}

TEST_CASE("S1-AP.1: book and tape drive the score of ofi-ram; VWAP alone lifts nothing over the threshold",
          "[scoring]") {
  const v1::Profile profile = Shipped("ofi-ram@1");
  CHECK(Score(profile, {.reclaim = 0}).accepted);         // without it book and tape suffice
  CHECK_FALSE(Score(profile, {.ratio = 2.99}).accepted);  // with it they do not
  CHECK_FALSE(Score(profile, {.bid = 19.96, .tape = 4}).accepted);
}

TEST_CASE("S1-A4.1, S1-A4.2: a fake wall or replenishment faster than fills rejects, whatever the score", "[scoring]") {
  const v1::Profile profile = Shipped("ofi-ram@1");
  const Scored wall = Score(profile, {.fake_wall = 1});
  CHECK(wall.evaluation.score == 10);
  CHECK_FALSE(wall.accepted);
  CHECK_FALSE(Of(wall, "S1-A4.1").passed);
  CHECK(Score(profile, {.replenishment = 0.999}).accepted);
  const Scored refilled = Score(profile, {.replenishment = 1.0});
  CHECK(refilled.evaluation.score == 10);
  CHECK_FALSE(refilled.accepted);
  CHECK_FALSE(Of(refilled, "S1-A4.2").passed);
}

TEST_CASE("S1-B3.1, S1-B3.2, S1-B3.3, S1-B3.4, S1-B3.5: the rules of small-account give 3, 2, 2, 2 and 1 of 10",
          "[scoring]") {
  const v1::Profile profile = Shipped("small-account@1");
  const auto points = [&](const Seen& seen, const std::string& rule) { return Of(Score(profile, seen), rule).points; };
  Seen at = SmallAccountSeen();  // each at its literal: 2.5, 2 s at 0.04, 4 a second, 1,200
  CHECK(Of(Score(profile, at), "S1-B3.1").feature == "bid_ask_ratio(levels=3)");
  CHECK(points(at, "S1-B3.1") == 3);
  CHECK(points(at, "S1-B3.2") == 2);
  CHECK(points(at, "S1-B3.3") == 2);
  CHECK(points(at, "S1-B3.4") == 2);
  CHECK(points(at, "S1-B3.5") == 1);
  CHECK(Score(profile, at).evaluation.score == 10);
  at.ratio = 2.499;
  at.tape = 3.999;
  at.reclaim = 0;
  at.named["spread_below_for"] = 1.999;
  at.named["depth_ask"] = 1199;
  CHECK(Score(profile, at).evaluation.score == 0);
}

TEST_CASE("S1-B4.1, S1-B4.2: a flash bid wall or an ask that refills faster than the tape prints rejects",
          "[scoring]") {
  const v1::Profile profile = Shipped("small-account@1");
  CHECK(Score(profile, SmallAccountSeen()).accepted);
  Seen flash = SmallAccountSeen();
  flash.fake_wall = 1;
  CHECK(Score(profile, flash).evaluation.score == 10);
  CHECK_FALSE(Score(profile, flash).accepted);
  CHECK_FALSE(Of(Score(profile, flash), "S1-B4.1").passed);
  // More than 5,000 shares at the best bid, gone within 500 ms.
  const FeatureSpec wall = profile::SpecFor(profile, FeatureKind::kFakeWall);
  CHECK(wall.levels == 1);
  CHECK(wall.minimum == 5001);
  CHECK(wall.window == std::chrono::milliseconds(500));
  Seen refilled = SmallAccountSeen();
  refilled.replenishment = 1;
  CHECK_FALSE(Score(profile, refilled).accepted);
  CHECK_FALSE(Of(Score(profile, refilled), "S1-B4.2").passed);
  refilled.replenishment = 0.999;
  CHECK(Score(profile, refilled).accepted);
}

namespace {

// A setup of ofi-quant: 3.5 + 2.5 + 2 + 1.5 + 0.5 + 0.5 are cut to 10.
Seen QuantSeen() {
  Seen seen;
  seen.wall_age = 1;
  seen.named = {{"ask_absorption", 1}, {"tape_acceleration", 2}, {"ask_wall_depletion", 1}, {"book_valid_for", 30}};
  return seen;
}

}  // namespace

TEST_CASE("FX-19, S1-I1.2, S1-I1.3, S1-I1.4, S1-I1.5, S1-I1.6, S1-I1.7: the graded points of each component",
          "[scoring]") {
  const v1::Profile profile = Shipped("ofi-quant@1");
  const auto points = [&](const std::string& rule, const std::string& feature, double value) {
    Seen seen = QuantSeen();
    seen.named[feature] = value;
    return Of(Score(profile, seen), rule).points;
  };
  const auto graded = [&](const std::string& rule, const std::string& feature, double start, double full, double all) {
    CAPTURE(rule);
    CHECK(points(rule, feature, start) == 0);
    CHECK_THAT(points(rule, feature, (start + full) / 2), WithinAbs(all / 2, 1e-9));
    CHECK_THAT(points(rule, feature, full), WithinAbs(all, 1e-9));
    CHECK_THAT(points(rule, feature, full + 1), WithinAbs(all, 1e-9));
  };
  graded("S1-I1.2", "bid_ask_ratio", 1.5, 3.0, 3.5);
  graded("S1-I1.3", "ask_absorption", 0, 1, 2.5);
  graded("S1-I1.4", "tape_acceleration", 1, 2, 2);
  graded("S1-I1.5", "ask_wall_depletion", 0, 1, 1);
  graded("S1-I1.5:pressure", "bid_wall_age", 0, 1, 0.5);
  graded("S1-I1.7", "spread", 0.03, 0.06, -2);
  CHECK(points("S1-I1.6", "vwap_reclaim", 1) == 0.5);
  CHECK(points("S1-I1.6", "vwap_reclaim", 0) == 0);
  CHECK(points("FX-19", "book_valid_for", 29.999) == 0);
  CHECK(points("FX-19", "book_valid_for", 30) == 0.5);
}

TEST_CASE("S1-I1.1, FX-19: the graded score is cut to 0 to 10 and accepted from 7.5 on", "[scoring]") {
  v1::Profile profile = Shipped("ofi-quant@1");
  CHECK(Score(profile, QuantSeen()).evaluation.score == 10);  // 10.5
  Seen bad;
  bad.ratio = 1;
  bad.bid = 19.90;
  bad.reclaim = 0;
  bad.wall_age = 0;
  CHECK(Score(profile, bad).evaluation.score == 0);  // -2
  Seen at = QuantSeen();
  at.named["ask_absorption"] = 0;
  at.named["book_valid_for"] = 0;
  CHECK(Score(profile, at).evaluation.score == 7.5);
  CHECK(Score(profile, at).accepted);
  profile.mutable_rubric()->set_threshold(8.0);  // C-02: here it matters
  CHECK_FALSE(Score(profile, at).accepted);
  at.bid = 19.969;  // 0.031: a thirtieth of the penalty
  CHECK_THAT(Score(profile, at).evaluation.score, WithinAbs(7.5 - 2.0 / 30, 1e-9));
}

TEST_CASE("S1-I2.1, S1-I2.2, S1-I2.3: spoofed, refilled or stalled setups of ofi-quant are rejected", "[scoring]") {
  const v1::Profile profile = Shipped("ofi-quant@1");
  CHECK(Score(profile, QuantSeen()).accepted);
  const auto rejected = [&](const std::string& gate, const std::string& feature, double value) {
    Seen seen = QuantSeen();
    seen.named[feature] = value;
    const Scored scored = Score(profile, seen);
    return scored.evaluation.score == 10 && !scored.accepted && !Of(scored, gate).passed;
  };
  CHECK(rejected("S1-I2.1", "fake_ask_wall", 1));
  CHECK(rejected("S1-I2.1:bid", "fake_wall", 1));
  CHECK(rejected("S1-I2.2", "ask_replenishment", 1));
  CHECK(rejected("S1-I2.3", "tape_stall", 3));
  CHECK_FALSE(rejected("S1-I2.3", "tape_stall", 2.999));
}

TEST_CASE("rubric: C-07 what the feed cannot carry passes no gate and gives no points, and says so", "[scoring]") {
  v1::Profile profile = Classic();
  for (v1::Gate& gate : *profile.mutable_gates()) gate.set_pass_not_ready(true);
  Seen seen;
  seen.not_carried = {"ask_replenishment", "bid_ask_ratio"};
  const Scored scored = Score(profile, seen);
  CHECK(scored.evaluation.score == 7);
  CHECK_FALSE(scored.evaluation.gates_pass);
  CHECK_FALSE(Of(scored, "S0-4.2").passed);
  CHECK(ToText(Of(scored, "S0-4.2")) == "S0-4.2 ask_replenishment(window=3s) not carried by this feed < 1: FAIL");
  CHECK_FALSE(Of(scored, "S0-3.2").passed);
  CHECK(Of(scored, "S0-3.2").points == 0);
  CHECK(ToText(Of(scored, "S0-3.2")) == "S0-3.2 bid_ask_ratio(levels=10) not carried by this feed >= 3: 0/3");
  seen.not_carried = {"bid_ask_ratio"};
  CHECK(Score(profile, seen).evaluation.gates_pass);
}

TEST_CASE("rubric: IR-1 the short side scores the mirrored features, with its own limits", "[scoring]") {
  v1::Profile profile = Shipped("ram-observed@1");
  REQUIRE(profile.short_side().enabled());
  Seen falls;  // what it wants, seen from the other side
  falls.ratio = 0.35;
  falls.wall_age = 0;
  falls.named = {{"ask_bid_ratio", 2.86}, {"ask_wall_age", 3}, {"tape_acceleration", 3}};
  CHECK(Of(Score(profile, falls, Side::kAsk), "RAM:queue").feature == "ask_bid_ratio(levels=4)");
  CHECK(Score(profile, falls, Side::kAsk).accepted);
  CHECK_FALSE(Score(profile, falls, Side::kBid).accepted);
  const RuleResult gate = Of(Score(profile, falls, Side::kAsk), "RAM:queue-trigger");
  CHECK(gate.limit == 2.857142857);
  CHECK(Of(Score(profile, falls), "RAM:queue-trigger").limit == 2.8);
  falls.named["ask_bid_ratio"] = 2.85;  // passes 2.8, the long side's
  CHECK_FALSE(Score(profile, falls, Side::kAsk).accepted);
}

TEST_CASE("rubric: the base is added, penalties are taken off, and the score is cut", "[scoring]") {
  v1::Profile profile;
  profile.mutable_rubric()->set_threshold(50);
  profile.mutable_rubric()->set_base(50);
  profile.mutable_rubric()->set_score_min(45);
  profile.mutable_rubric()->set_score_max(58);
  AddRule(profile, "tape", "tape_velocity", 5, 10);
  AddRule(profile, "wide", "spread", 0.05, 0);
  profile.mutable_rubric()->mutable_rules(1)->clear_points();
  profile.mutable_rubric()->mutable_rules(1)->set_penalty(20);
  CHECK(Score(profile, Seen{}).evaluation.score == 58);  // 60
  CHECK(Score(profile, {.tape = 1}).evaluation.score == 50);
  CHECK(Score(profile, {.bid = 19.9, .tape = 1}).evaluation.score == 45);  // 30
  CHECK(Of(Score(profile, {.bid = 19.9}), "wide").points == -20);
  CHECK(Of(Score(profile, {.bid = 19.9}), "wide").points_max == -20);
}

TEST_CASE("rubric: a rule's own window and levels stand instead of the feature's", "[scoring]") {
  v1::Profile profile = Classic();
  profile.mutable_rubric()->mutable_rules(1)->set_levels(4);
  profile.mutable_rubric()->mutable_rules(2)->set_window_ns(10'000'000'000);
  profile.mutable_gates(1)->set_window_ns(1'000'000'000);
  const Scored scored = Score(profile, Seen{});
  CHECK(Of(scored, "S0-3.2").feature == "bid_ask_ratio(levels=4)");
  CHECK(Of(scored, "S0-3.3").feature == "tape_velocity(window=10s)");
  CHECK(Of(scored, "S0-4.2").feature == "ask_replenishment(window=1s)");
  CHECK(scored.evaluation.score == 10);
}

TEST_CASE("rubric: C-02 graded points grow linearly from start to limit, so that 7.5 and 8.0 differ", "[scoring]") {
  v1::Profile profile = Classic();
  profile.mutable_rubric()->set_mode(v1::SCORING_MODE_GRADED);
  profile.mutable_rubric()->mutable_rules(0)->set_start(0.07);  // spread: less is better
  profile.mutable_rubric()->mutable_rules(1)->set_start(1);     // ratio
  const auto points = [&](const Seen& seen, const std::string& rule) { return Of(Score(profile, seen), rule).points; };
  CHECK(points({.ratio = 0.5}, "S0-3.2") == 0);
  CHECK(points({.ratio = 1.0}, "S0-3.2") == 0);
  CHECK(points({.ratio = 2.0}, "S0-3.2") == 1.5);
  CHECK(points({.ratio = 3.0}, "S0-3.2") == 3);
  CHECK(points({.ratio = 9.0}, "S0-3.2") == 3);
  CHECK_THAT(points({.bid = 19.95}, "S0-3.1"), WithinAbs(1.0, 1e-12));
  CHECK(points({.bid = 19.93}, "S0-3.1") == 0);
  CHECK(points({.bid = 19.97}, "S0-3.1") == 2);
  CHECK(points({.tape = 4.9}, "S0-3.3") == 0);  // no start: all or nothing

  const Seen between{.ratio = 2.5};  // 2 + 2.25 + 2 + 2 + 1 = 9.25
  CHECK(Score(profile, between).evaluation.score == 9.25);
  const Seen near{.bid_size = 400, .ratio = 1.7, .reclaim = 1};  // 2 + 1.05 + 2 + 2 = 7.05
  CHECK_THAT(Score(profile, near).evaluation.score, WithinAbs(7.05, 1e-12));
  const Seen at{.bid_size = 400, .ratio = 2.2, .reclaim = 1};  // 2 + 1.8 + 2 + 2 = 7.8
  CHECK(Score(profile, at).accepted);
  profile.mutable_rubric()->set_threshold(8.0);
  CHECK_FALSE(Score(profile, at).accepted);
}

TEST_CASE("rubric: without graded mode a start changes nothing", "[scoring]") {
  v1::Profile profile = Classic();
  profile.mutable_rubric()->mutable_rules(1)->set_start(1);
  CHECK(Of(Score(profile, {.ratio = 2.99}), "S0-3.2").points == 0);
}

TEST_CASE("rubric: a feature that is not ready fails its rule and says why", "[scoring]") {
  const Scored scored = Score(Classic(), {.not_ready = {FeatureKind::kBidAskRatio, FeatureKind::kFakeWall}});
  CHECK(scored.evaluation.score == 7);
  const RuleResult ratio = Of(scored, "S0-3.2");
  CHECK_FALSE(ratio.passed);
  CHECK_FALSE(ratio.value.has_value());
  CHECK(ratio.not_ready == "ask_side_empty");
  CHECK_FALSE(scored.evaluation.gates_pass);  // S0-4.1 does not pass what it does not know
  CHECK_FALSE(Of(scored, "S0-4.1").passed);
}

TEST_CASE("rubric: a gate may pass what is not ready", "[scoring]") {
  const Scored scored = Score(Classic(), {.not_ready = {FeatureKind::kAskReplenishment}});
  CHECK(scored.accepted);
  CHECK(Of(scored, "S0-4.2").passed);
}

TEST_CASE("rubric: S0-4.1 and S0-4.2 reject whatever the score", "[scoring]") {
  const Scored wall = Score(Classic(), {.fake_wall = 1});
  CHECK(wall.evaluation.score == 10);
  CHECK_FALSE(wall.accepted);
  CHECK(Score(Classic(), {.replenishment = 0.999}).accepted);
  CHECK_FALSE(Score(Classic(), {.replenishment = 1.0}).accepted);
}

TEST_CASE("rubric: negative points cost when their rule holds", "[scoring]") {
  v1::Profile profile = Classic();
  AddRule(profile, "penalty", "spread", 0.03, -2);
  CHECK(Score(profile, {.bid = 19.97}).evaluation.score == 8);
  CHECK(Score(profile, {.bid = 19.98}).evaluation.score == 10);
}

TEST_CASE("rubric: points are decimals, and so is their sum", "[scoring]") {
  v1::Profile profile;
  profile.mutable_rubric()->set_threshold(0.8);
  AddRule(profile, "a", "tape_velocity", 1, 0.7);
  AddRule(profile, "b", "bid_ask_ratio", 1, 0.1);
  REQUIRE(0.7 + 0.1 < 0.8);
  CHECK(Score(profile, Seen{}).evaluation.score == 0.8);
  CHECK(Score(profile, Seen{}).accepted);
}

TEST_CASE("rubric: the failing set tells rows apart and ignores rules without points", "[scoring]") {
  std::set<uint64_t> sets;
  for (unsigned bits = 0; bits < 32; ++bits) sets.insert(Score(Classic(), ClassicRow(bits)).evaluation.failing);
  CHECK(sets.size() == 32);
  CHECK(Score(Classic(), {.wall_age = 0}).evaluation.failing == 0);  // S0-2.5 explains, it gives no points
  CHECK(Score(Classic(), {.fake_wall = 1}).evaluation.failing != 0);
}

TEST_CASE("rubric: features that metrics does not compute yet are warming up", "[scoring]") {
  absl::StatusOr<Rubric> rubric = Rubric::Of(Classic());
  REQUIRE(rubric.ok());
  Evaluation evaluation;
  rubric->Evaluate({}, evaluation);
  CHECK(evaluation.score == 0);
  CHECK_FALSE(evaluation.gates_pass);
  std::vector<RuleResult> results;
  rubric->Explain(evaluation, results);
  CHECK(results.front().not_ready == "warm_up");
}

TEST_CASE("rubric: a feature or comparison that this build does not know is refused by name", "[scoring]") {
  v1::Profile profile = Classic();
  AddRule(profile, "moon", "moon_phase", 1, 1);
  absl::StatusOr<Rubric> rubric = Rubric::Of(profile);
  CHECK(rubric.status().code() == absl::StatusCode::kInvalidArgument);
  CHECK(rubric.status().ToString().find("moon_phase") != std::string::npos);
  profile.mutable_rubric()->mutable_rules(6)->set_feature("spread");
  profile.mutable_rubric()->mutable_rules(6)->set_op("~");
  CHECK_FALSE(Rubric::Of(profile).ok());
}

}  // namespace spillway::scoring
