#include "services/journal/scorecard.h"

#include <sstream>

#include "nlohmann/json.hpp"
#include "tests/support/profiles.h"
#include "tests/support/trading_lane.h"

namespace spillway::test {
namespace {

using journal::Estimate;
using journal::InstanceScore;
using journal::Interval;
using journal::MeanOf;
using journal::Proportion;
using journal::Scorecard;

TEST_CASE("statistics: Wilson's interval against published values", "[journal]") {
  // Newcombe (1998), "Two-sided confidence intervals for the single proportion", table I, method 3.
  const auto check = [](uint64_t successes, uint64_t trials, double low, double high) {
    const Interval interval = Proportion{successes, trials}.interval().value();
    CHECK_THAT(interval.low, WithinAbs(low, 5e-5));
    CHECK_THAT(interval.high, WithinAbs(high, 5e-5));
  };
  check(81, 263, 0.2553, 0.3662);
  check(15, 148, 0.0624, 0.1605);
  check(0, 20, 0.0000, 0.1611);
  check(1, 29, 0.0061, 0.1718);
  CHECK_FALSE(Proportion{}.interval());
  CHECK_FALSE(Proportion{}.value());
}

TEST_CASE("statistics: Student's interval of a mean; none below two values", "[journal]") {
  // 1, 2, 3, 4: mean 2.5, s / sqrt(n) = 0.6454972, t(3) = 3.182446.
  const Estimate four = MeanOf({1, 2, 3, 4});
  CHECK_THAT(*four.mean, WithinAbs(2.5, 1e-12));
  CHECK_THAT(four.interval->low, WithinAbs(2.5 - 3.182446 * 0.6454972, 1e-6));
  CHECK_THAT(four.interval->high, WithinAbs(2.5 + 3.182446 * 0.6454972, 1e-6));
  CHECK(MeanOf({7}).mean == 7.0);
  CHECK_FALSE(MeanOf({7}).interval);
  CHECK_FALSE(MeanOf({}).mean);
  CHECK_THAT(journal::StudentT975(40), WithinAbs(2.021075, 2e-6));
  CHECK_THAT(journal::StudentT975(120), WithinAbs(1.979930, 2e-6));
  CHECK(journal::StudentT975(31) < journal::StudentT975(30));
}

// A lane of outcomes by hand.
class Book {
 public:
  Book() {
    lane.At("09:25");
    card.Add(lane.Define(1, "SOUN"));
    card.Add(lane.Configure(ClassicProfile()));
  }
  void Trade(std::string_view clock, OutcomeLabel label, double money, double score = 10) {
    lane.At(clock);
    const Event intent = lane.Intent({.score = score});
    card.Add(intent);
    RiskDecision decision{};
    decision.intent = intent.header.id();
    decision.approved = true;
    card.Add(lane.Make(decision, 1, intent.header.instance, Producer::kRisk));
    OutcomeLabelled outcome;
    outcome.intent = intent.header.id();
    outcome.label = label;
    outcome.score = score;
    if (label != OutcomeLabel::kMiss && label != OutcomeLabel::kCancelled) {
      outcome.entered = outcome.exited = lane.now();
      outcome.profit_net = Money::FromE8(static_cast<int64_t>(money * 1e8));
      outcome.r_multiple = money / 100;
      outcome.return_net_percent = money / 200;
    }
    lane.At(lane.now() + std::chrono::minutes(20));  // the bucket is the trigger's, not the outcome's
    card.Add(lane.Make(outcome, 1, intent.header.instance, Producer::kJournal));
  }
  void Rejected(std::string_view clock, double score) {
    Event event = lane.At(clock).Accepted({.score = score});
    auto& signal = std::get<Signal>(event.body);
    signal.accepted = false;
    RuleResult ratio;
    ratio.rule = "S0-3.2";
    ratio.feature = "bid_ask_ratio(levels=10)";
    ratio.value = 2.5;
    ratio.comparison = Comparison::kGreaterEqual;
    ratio.limit = 3;
    ratio.points_max = 3;
    signal.rules.push_back(ratio);
    card.Add(event);
  }
  InstanceScore Score() const { return card.Scores().at(0); }

  TradingLane lane;
  Scorecard card;
};

TEST_CASE(
    "scorecard: win rate is of closed trades, closure rate of all alerts (S0-0.3, S0-8.1, S0-8.2, S1-A8.1, S1-A8.2, "
    "FX-16)",
    "[journal]") {
  Book book;
  book.Trade("09:40", OutcomeLabel::kTarget, 200);
  book.Trade("09:50", OutcomeLabel::kStop, -100);
  book.Trade("10:10", OutcomeLabel::kTime, 50);
  book.Trade("10:20", OutcomeLabel::kTime, 0);  // not above zero: no win
  book.Trade("10:25", OutcomeLabel::kMiss, 0);
  book.Trade("10:26", OutcomeLabel::kCancelled, 0);
  const InstanceScore score = book.Score();
  CHECK(score.alerts == 6);
  CHECK(score.win_rate.successes == 2);
  CHECK(score.win_rate.trials == 4);
  CHECK(score.closure_rate.successes == 4);
  CHECK(score.closure_rate.trials == 6);
  CHECK(score.label(OutcomeLabel::kTime) == 2);
  CHECK(score.gain_money.mean == 125.0);
  CHECK(score.loss_money.mean == -50.0);
  CHECK(score.gain_r.mean == 1.25);
  CHECK(score.gain_percent.mean == 0.625);
  CHECK_THAT(*score.expectancy_r.mean, WithinAbs(0.375, 1e-12));
  CHECK(score.expectancy_r.interval.has_value());
  CHECK(score.profit_net.ToString() == "150.00");
}

TEST_CASE(
    "scorecard: trades by score and by half hour of the trigger; few are greyed (S0-8.3, S0-8.4, S1-A8.3, S1-A8.4, "
    "FX-17)",
    "[journal]") {
  Book book;
  for (int i = 0; i < 20; ++i) book.Trade("09:30", OutcomeLabel::kTarget, 100, 10);
  book.Trade("09:59:59.999", OutcomeLabel::kStop, -100, 8);
  for (int i = 0; i < 19; ++i) book.Trade("10:00", OutcomeLabel::kStop, -100, 8);
  const InstanceScore score = book.Score();
  REQUIRE(score.by_time_of_day.size() == 2);
  CHECK(score.by_time_of_day[0].minute == 570);
  CHECK(score.by_time_of_day[0].wins.trials == 21);
  CHECK_FALSE(score.by_time_of_day[0].greyed);
  CHECK(score.by_time_of_day[1].minute == 600);
  CHECK(score.by_time_of_day[1].wins.trials == 19);
  CHECK(score.by_time_of_day[1].greyed);
  REQUIRE(score.by_score.size() == 2);
  CHECK(score.by_score[0].score == 10);
  CHECK(score.by_score[0].wins.successes == 20);
  CHECK(score.by_score[1].score == 8);
  CHECK(score.by_score[1].expectancy_r.mean == -1.0);
}

TEST_CASE("scorecard: refusals by rule, and the best rejected signals with the rule that failed", "[journal]") {
  Book book;
  book.lane.At("10:00");
  for (int i = 0; i < 3; ++i) {
    RiskDecision refused;
    refused.rule = i == 0 ? RefusalRule::kSymbolHalt : RefusalRule::kScheduleMonitor;
    book.card.Add(book.lane.Make(refused, 1, StrategyInstanceIdOf("classic#1"), Producer::kRisk));
  }
  for (int i = 0; i < 15; ++i) book.Rejected("10:00", 5 + 0.1 * i);
  book.Rejected("10:05", 6);
  const InstanceScore score = book.Score();
  CHECK(score.refusals.at("SCHEDULE_MONITOR") == 2);
  CHECK(score.refusals.at("SYMBOL_HALT") == 1);
  CHECK(score.signals_rejected == 16);
  REQUIRE(score.near_misses.size() == Scorecard::kNearMissesMax);
  CHECK_THAT(score.near_misses[0].score, WithinAbs(6.4, 1e-9));
  CHECK(score.near_misses[0].symbol == "SOUN");
  REQUIRE(score.near_misses[0].failed.size() == 1);
  CHECK(score.near_misses[0].failed[0] == "S0-3.2 bid_ask_ratio(levels=10) 2.5 >= 3: 0/3");
  for (size_t i = 1; i < score.near_misses.size(); ++i) {
    CHECK(score.near_misses[i - 1].score >= score.near_misses[i].score);
  }
}

TEST_CASE("scorecard: as text it fits a terminal and as JSON it says null for what is not known", "[journal]") {
  Book book;
  book.Rejected("10:00", 6);
  const nlohmann::json empty = nlohmann::json::parse(journal::ScorecardJson(book.card.Scores()));
  CHECK(empty["instances"][0]["win_rate"]["value"].is_null());
  CHECK(empty["instances"][0]["expectancy_r"]["mean"].is_null());
  CHECK(empty["instances"][0]["near_misses"][0]["score"] == 6);

  book.Trade("09:40", OutcomeLabel::kTarget, 200);
  book.Trade("09:50", OutcomeLabel::kStop, -100);
  const nlohmann::json json = nlohmann::json::parse(journal::ScorecardJson(book.card.Scores()));
  CHECK(json["instances"][0]["name"] == "classic#1");
  CHECK(json["instances"][0]["win_rate"]["value"] == 0.5);
  CHECK(json["instances"][0]["profit_net"] == "100.00");
  CHECK(json["instances"][0]["outcomes"]["TARGET"] == 1);
  CHECK(json["instances"][0]["by_time_of_day"][0]["start"] == "09:30");

  const std::string text = journal::ScorecardText(book.card.Scores());
  CHECK(text == R"(classic#1
  signals    0 accepted, 1 rejected, 0 cancelled
  alerts     2
  outcomes   TARGET 1  STOP 1  TIME 0  MISS 0  CANCELLED 0
  win rate   50% of 2 [9%, 91%]   closure rate 100% of 2 [34%, 100%]
  gain       +1.00%  +200.00  +2.00 R   loss -0.50%  -100.00  -1.00 R
  expectancy +0.50 R [-18.56, +19.56]   net 100.00
  hit rate   50% of 2 [9%, 91%]   profit factor 2.00
  drawdown   100.00 (0.25%)   1 trading day, 2.00 trades a day
  warning    2 closed trades, fewer than 3: no figure says anything yet
  criterion  S0-S.1   average_win_percent 1.00% of 1 wins, target >= 0.45: TOO FEW
  criterion  S0-S.2   average_loss_percent -0.50% of 1 losses, target >= -0.3: TOO FEW
  criterion  S0-S.3   win_rate 50.00% [9.45, 90.55] of 2 trades, target >= 62: TOO FEW
  criterion  S0-S.4   day_drawdown_percent 0.25% of 1 days, target <= 1.5: TOO FEW
  criterion  S0-S.5   trades_per_day 2.00 of 1 days, target >= 3 and <= 6: TOO FEW
  score      10 to 10.5     50% of 2 [9%, 91%]       +0.50 R [-18.56, +19.56]
  score ~ R  rank correlation - of 2
  time       09:30          50% of 2 [9%, 91%]       +0.50 R [-18.56, +19.56]  (too few)
  symbol     SOUN           50% of 2 [9%, 91%]       +0.50 R [-18.56, +19.56]
  R          -1.0 to -0.5       1  #
  R          +2.0 to +2.5       1  #
  near miss  6/7.5  10:00:00.000 SOUN  S0-3.2 bid_ask_ratio(levels=10) 2.5 >= 3: 0/3
)");
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) CHECK(line.size() <= 100);
}

}  // namespace
}  // namespace spillway::test
