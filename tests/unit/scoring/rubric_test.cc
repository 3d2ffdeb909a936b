#include "services/scoring/rubric.h"

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
Scored Score(const v1::Profile& profile, const Seen& seen) {
  absl::StatusOr<Rubric> rubric = Rubric::Of(profile);
  REQUIRE(rubric.ok());
  const std::vector<FeatureSpec> specs = profile::DeclaredFeatures(profile);
  std::vector<FeatureValue> values;
  for (const FeatureSpec& spec : specs) {
    values.push_back(seen.not_ready.contains(spec.kind) ? FeatureValue{0, NotReady::kAskSideEmpty}
                                                        : FeatureValue{seen.ValueOf(spec.kind), NotReady::kReady});
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

// The rubric of the small-account specification (C-01).
v1::Profile SmallAccount() {
  v1::Profile profile;
  profile.mutable_features()->set_ratio_levels(3);
  profile.mutable_rubric()->set_threshold(8);
  AddRule(profile, "ratio", "bid_ask_ratio", 2.5, 3);
  AddRule(profile, "spread", "spread", 0.04, 2, "<=");
  AddRule(profile, "tape", "tape_velocity", 4, 2);
  AddRule(profile, "depth", "depth_bid", 1200, 2);
  AddRule(profile, "vwap", "vwap_reclaim", 0, 1, "is true");
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
  Seen seen;
  seen.ratio = (bits & 1) != 0 ? 2.5 : 2.49;
  seen.bid = (bits & 2) != 0 ? 19.96 : 19.95;
  seen.tape = (bits & 4) != 0 ? 4 : 3.67;
  seen.depth_bid = (bits & 8) != 0 ? 1200 : 1199;
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

TEST_CASE("rubric: EX-03 of the 32 rows the same five pass at 7.5 and at 8.0, and the ratio is necessary",
          "[scoring]") {
  v1::Profile profile = Classic();
  // All; all but spread, tape, reclaim, bid > ask.
  const std::set<unsigned> five = {0b11111, 0b11110, 0b11011, 0b10111, 0b01111};
  CHECK(AcceptedRows(profile, ClassicRow) == five);
  profile.mutable_rubric()->set_threshold(8.0);
  CHECK(AcceptedRows(profile, ClassicRow) == five);
}

TEST_CASE("rubric: EX-04 the small-account rubric passes five rows at 8.0, four with the depth gate", "[scoring]") {
  v1::Profile profile = SmallAccount();
  CHECK(AcceptedRows(profile, SmallAccountRow) == std::set<unsigned>{0b11111, 0b11101, 0b11011, 0b10111, 0b01111});
  v1::Gate& gate = *profile.add_gates();
  gate.set_id("depth gate");
  gate.set_feature("depth_bid");
  gate.set_op(">=");
  gate.set_limit(1200);
  CHECK(AcceptedRows(profile, SmallAccountRow) == std::set<unsigned>{0b11111, 0b11101, 0b11011, 0b01111});
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
  v1::Profile profile = SmallAccount();
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
  v1::Profile profile = SmallAccount();
  AddRule(profile, "moon", "moon_phase", 1, 1);
  absl::StatusOr<Rubric> rubric = Rubric::Of(profile);
  CHECK(rubric.status().code() == absl::StatusCode::kInvalidArgument);
  CHECK(rubric.status().ToString().find("moon_phase") != std::string::npos);
  profile.mutable_rubric()->mutable_rules(5)->set_feature("spread");
  profile.mutable_rubric()->mutable_rules(5)->set_op("~");
  CHECK_FALSE(Rubric::Of(profile).ok());
}

}  // namespace spillway::scoring
