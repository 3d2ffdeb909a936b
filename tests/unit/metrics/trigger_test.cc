// Metrics crosses a rubric's threshold where scoring does: its triggers against scoring's own rubric.
#include <random>

#include "services/scoring/rubric.h"
#include "tests/support/market_generator.h"
#include "tests/support/metrics_play.h"

namespace spillway::test {
namespace {

class RandomProfile {
 public:
  explicit RandomProfile(uint64_t seed) : random_(seed) {}

  v1::Profile Make() {
    v1::Profile profile;
    profile.set_name("random");
    profile.set_version(1);
    v1::Rubric& rubric = *profile.mutable_rubric();
    const bool graded = Draw(2) == 0;
    rubric.set_mode(graded ? v1::SCORING_MODE_GRADED : v1::SCORING_MODE_BOOLEAN);
    rubric.set_threshold(0.5 * static_cast<double>(2 + Draw(8)));
    if (Draw(2) == 0) rubric.set_base(0.1 * static_cast<double>(Draw(20)) - 1);
    if (Draw(3) == 0) rubric.set_score_min(0);
    if (Draw(3) == 0) rubric.set_score_max(rubric.threshold() + 0.5 * static_cast<double>(Draw(3)) - 0.5);
    if (Draw(2) == 0) profile.mutable_short_side()->set_enabled(true);
    const auto rules = 2 + Draw(7);
    for (uint64_t i = 0; i < rules; ++i) Add(*rubric.add_rules(), graded);
    return profile;
  }

 private:
  struct Choice {
    const char* feature;
    double low, high;
  };
  static constexpr Choice kChoices[] = {
      {"bid_ask_ratio", 0.5, 2},        {"ask_bid_ratio", 0.5, 2},
      {"spread", 0.01, 0.03},           {"tape_velocity", 0, 12},
      {"bid_size_over_ask", -500, 500}, {"queue_imbalance", -0.5, 0.5},
      {"depth_bid", 1000, 3000},        {"order_flow_imbalance", -2e3, 2e3},
      {"ask_wall_age", 0, 2},           {"order_flow_imbalance_short", -2e3, 2e3},
      {"vwap_reclaim", 0, 1},           {"vwap_loss", 0, 1},
  };

  uint64_t Draw(uint64_t below) { return random_() % below; }
  double Within(const Choice& choice) {
    return choice.low + (choice.high - choice.low) * static_cast<double>(Draw(21)) / 20;
  }
  void Add(v1::ScoreRule& rule, bool graded) {
    const Choice& choice = kChoices[Draw(std::size(kChoices))];
    rule.set_id("R" + std::to_string(Draw(1000)));
    rule.set_feature(choice.feature);
    const bool below = Draw(4) == 0;
    rule.set_op(below ? "<=" : Draw(2) == 0 ? ">=" : ">");
    rule.set_limit(Within(choice));
    const double points = 0.1 * static_cast<double>(1 + Draw(30));
    if (Draw(5) == 0) {
      rule.set_penalty(points);
    } else {
      rule.set_points(points);
    }
    if (graded && Draw(3) != 0) rule.set_start(Within(choice));
    if (Draw(4) == 0) rule.set_short_limit(Within(choice));
    const std::string_view feature = choice.feature;
    if (feature == "bid_ask_ratio" && Draw(2) == 0) rule.set_levels(static_cast<uint32_t>(1 + Draw(10)));
    if (feature == "tape_velocity" && Draw(2) == 0) rule.set_window_ns(1'000'000'000);
  }

  std::mt19937_64 random_;
};

TEST_CASE("C-02: metrics' trigger is above its threshold exactly where scoring's score is, on both sides",
          "[metrics]") {
  size_t above = 0;
  size_t below = 0;
  size_t shorts = 0;
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    const v1::Profile profile = RandomProfile(seed).Make();
    INFO("seed " << seed << ": " << profile.DebugString());
    metrics::StrategyInstances instances;
    instances.Set(1, profile::SerializeDeterministic(profile));
    const metrics::FeatureSet set = instances.Union(1);
    const std::vector<metrics::StrategyTrigger> triggers = instances.Triggers(set);
    std::vector<FeatureSpec> specs;
    for (const metrics::FeatureSlot& slot : set.slots) specs.push_back(slot.spec);
    std::vector<scoring::Rubric> rubrics;
    for (const metrics::StrategyTrigger& trigger : triggers) {
      rubrics.push_back(scoring::Rubric::Of(profile, trigger.side).value());
      rubrics.back().Resolve(specs);
    }
    CHECK(triggers.size() == (profile.short_side().enabled() ? 2 : 1));

    metrics::SymbolMetrics symbol;
    scoring::Evaluation evaluation;
    std::vector<FeatureValue> values(specs.size());
    bool started = false;
    SessionState session = std::get<SessionState>(SessionOf(MarketBuilder::kStart).body);
    symbol.OnSession(session);
    for (const MarketEvent& event :
         MarketGenerator({.seed = seed, .rows_per_second = 50, .trade_share = 0.2}).Make(1500)) {
      if (event.kind == MarketEventKind::kTick) continue;
      const Time now = event.event_time;
      if (!std::exchange(started, true)) symbol.Start(set, now);
      symbol.Apply(event);
      if (!event.end_of_event()) continue;
      symbol.EndOfRow(now);
      for (size_t i = 0; i < values.size(); ++i) values[i] = symbol.Value(set.slots[i], now);
      for (size_t i = 0; i < triggers.size(); ++i) {
        rubrics[i].Evaluate(values, evaluation);
        const bool reaches = evaluation.score >= rubrics[i].threshold();
        INFO("score " << evaluation.score << " threshold " << rubrics[i].threshold());
        REQUIRE(symbol.Above(triggers[i], set, now) == reaches);
        above += reaches;
        below += !reaches;
        shorts += reaches && triggers[i].side == Side::kAsk;
      }
    }
  }
  CHECK(above > 3000);
  CHECK(below > 3000);
  CHECK(shorts > 500);
}

TEST_CASE("IR-1: either side triggers its instance at once", "[metrics]") {
  v1::Profile profile = ProfileOf({"bid_size_over_ask"}, 1);
  const auto triggered = [&] {
    MetricsPlay play(profile);
    play.At(0).Bid(10, 100).Ask(10.01, 100).Row();
    play.At(10).Ask(10.01, 200).Row();
    play.At(20).Ask(10.01, 100).Row();
    play.At(30).Bid(10, 200).Row();
    play.Flush();
    size_t count = 0;
    for (const FeatureSnapshot& snapshot : play.sink.Bodies<FeatureSnapshot>()) count += !snapshot.triggered.empty();
    return count;
  };
  CHECK(triggered() == 1);
  profile.mutable_short_side()->set_enabled(true);
  CHECK(triggered() == 2);
}

}  // namespace
}  // namespace spillway::test
