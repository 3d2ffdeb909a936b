// Figures by hand: each expected value is computed in the comment beside it or is published.
#include <sstream>

#include "nlohmann/json.hpp"
#include "services/journal/scorecard.h"
#include "tests/support/profiles.h"
#include "tests/support/trading_lane.h"

namespace spillway::test {
namespace {

using journal::CriterionResult;
using journal::InstanceScore;
using journal::RankCorrelation;
using journal::Scorecard;
using journal::SpearmanOf;
using journal::Verdict;

v1::Profile Shipped(const char* name) {
  absl::StatusOr<v1::Profile> profile = profile::LoadProfile(name);
  INFO(profile.status().ToString());
  REQUIRE(profile.ok());
  return *std::move(profile);
}

// "2025-05-02", "10:00" in New York (UTC-4).
Time On(std::string_view day, std::string_view clock) {
  const absl::StatusOr<Time> time = ParseTime(std::string(day) + "T" + std::string(clock) + ":00Z");
  REQUIRE(time.ok());
  return *time + std::chrono::hours(4);
}

struct TradeFields {
  OutcomeLabel label = OutcomeLabel::kTarget;
  double net = 100;
  double gross = 105;
  double r = 1;
  double score = 8;
  Side side = Side::kBid;
  std::optional<double> mae, mfe;
  InstrumentId instrument = 1;
  std::string stage;
};

class Run {
 public:
  explicit Run(const v1::Profile& profile = ClassicProfile()) {
    lane_.At("09:25");
    card.Add(lane_.Define(1, "SOUN"));
    card.Add(lane_.Define(2, "ACME"));
    card.Add(lane_.Configure(profile));
  }
  Run& Day(int32_t number) {
    card.Add(lane_.Session("09:30", "16:00", number));
    return *this;
  }
  Run& Trade(Time time, const TradeFields& fields) {
    lane_.At(time);
    const Event intent = lane_.Intent({.instrument = fields.instrument, .score = fields.score, .side = fields.side});
    card.Add(intent);
    RiskDecision decision;
    decision.intent = intent.header.id();
    decision.approved = true;
    decision.stage = fields.stage;
    card.Add(lane_.Make(decision, fields.instrument, intent.header.instance, Producer::kRisk));
    OutcomeLabelled outcome;
    outcome.intent = intent.header.id();
    outcome.label = fields.label;
    outcome.score = fields.score;
    outcome.side = fields.side;
    outcome.entered = time;
    outcome.exited = time + std::chrono::minutes(1);
    outcome.profit_net = Money::FromE8(std::llround(fields.net * 1e8));
    outcome.profit_gross = Money::FromE8(std::llround(fields.gross * 1e8));
    outcome.r_multiple = fields.r;
    outcome.return_net_percent = fields.net / 100;
    if (fields.mae) outcome.mae = Usd(*fields.mae);
    if (fields.mfe) outcome.mfe = Usd(*fields.mfe);
    card.Add(lane_.Make(outcome, fields.instrument, intent.header.instance, Producer::kJournal));
    return *this;
  }
  // A rejected signal that failed the rule, and how it would have ended.
  Run& Miss(Time time, const std::string& rule, double score, OutcomeLabel label, double r) {
    Event event = lane_.At(time).Accepted({.score = score});
    auto& signal = std::get<Signal>(event.body);
    signal.accepted = false;
    RuleResult failed;
    failed.rule = rule;
    failed.points_max = 3;
    signal.rules.push_back(failed);
    card.Add(event);
    OutcomeLabelled outcome;
    outcome.intent = event.header.id();
    outcome.label = label;
    outcome.near_miss = true;
    outcome.score = score;
    outcome.r_multiple = r;
    if (label != OutcomeLabel::kMiss) outcome.entered = outcome.exited = time;
    card.Add(lane_.Make(outcome, 1, event.header.instance, Producer::kJournal));
    return *this;
  }
  Run& State(Time time, bool paused, PauseScope scope, const std::string& cause, InstrumentId instrument = 0) {
    lane_.At(time);
    TradingState state;
    state.paused = paused;
    state.scope = scope;
    state.cause = cause;
    card.Add(lane_.Make(state, instrument, StrategyInstanceIdOf("classic#1"), Producer::kRisk));
    return *this;
  }
  InstanceScore Score() const { return card.Scores().at(0); }

  Scorecard card;

 private:
  TradingLane lane_;
};

const CriterionResult& Criterion(const InstanceScore& score, std::string_view id) {
  for (const CriterionResult& result : score.criteria) {
    if (result.id == id) return result;
  }
  FAIL(id << " is not among the criteria");
  throw 0;
}

TEST_CASE("statistics: Spearman's rank correlation against published values", "[journal]") {
  // Spearman's rho of IQ against hours of television of ten people, a worked example of many textbooks:
  // rho = 1 - 6 * 194 / (10 * 99) = -0.17575757...
  const RankCorrelation tv =
      SpearmanOf({106, 100, 86, 101, 99, 103, 97, 113, 112, 110}, {7, 27, 2, 50, 28, 29, 20, 12, 6, 17});
  CHECK_THAT(*tv.rho, WithinAbs(-29.0 / 165, 1e-12));
  CHECK(tv.count == 10);
  // z = atanh(-0.175758) = -0.177605, half = 1.959964 * sqrt((1 + 0.030891 / 2) / 7) = 0.746499.
  CHECK_THAT(tv.interval->low, WithinAbs(std::tanh(-0.177605 - 0.746499), 1e-5));
  CHECK_THAT(tv.interval->high, WithinAbs(std::tanh(-0.177605 + 0.746499), 1e-5));
  // Ties have the mean of their ranks: x ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4: 4.5 / sqrt(4.5 * 5).
  CHECK_THAT(*SpearmanOf({1, 2, 2, 3}, {1, 2, 3, 4}).rho, WithinAbs(0.9486833, 1e-7));
  CHECK(SpearmanOf({1, 2, 3}, {2, 4, 9}).rho == 1.0);
  CHECK_FALSE(SpearmanOf({1, 2, 3}, {2, 4, 9}).interval);
  CHECK_FALSE(SpearmanOf({7, 7, 7}, {1, 2, 3}).rho);
  CHECK_FALSE(SpearmanOf({1}, {1}).rho);
}

TEST_CASE("statistics: median and worst drawdown", "[journal]") {
  CHECK(journal::MedianOf({3, 1, 2}) == 2.0);
  CHECK(journal::MedianOf({4, 1, 2, 3}) == 2.5);
  CHECK_FALSE(journal::MedianOf({}));
  // 1000, 1100, 900, 950, 1300, 1050: falls of 200 from 1100 and of 250 from 1300.
  const journal::Drawdown worst = journal::WorstDrawdown(1000, {100, -200, 50, 350, -250});
  CHECK(worst.amount == 250);
  CHECK_THAT(worst.percent, WithinAbs(100 * 250.0 / 1300, 1e-9));
  CHECK(journal::WorstDrawdown(1000, {-100}).percent == 10);
  CHECK(journal::WorstDrawdown(1000, {}).amount == 0);
}

TEST_CASE("S1-I6.2: profit factor, drawdown and hit rate of the closed trades", "[journal]") {
  Run run;
  run.Trade(NewYork("09:40"), {.net = 200})
      .Trade(NewYork("09:50"), {.label = OutcomeLabel::kStop, .net = -100})
      .Trade(NewYork("10:00"), {.label = OutcomeLabel::kTime, .net = 40})
      .Trade(NewYork("10:10"), {.label = OutcomeLabel::kStop, .net = -60});
  const InstanceScore score = run.Score();
  CHECK_THAT(*score.profit_factor, WithinAbs(240.0 / 160, 1e-12));
  CHECK(score.hit_rate.successes == 1);
  CHECK(score.hit_rate.trials == 4);
  // 40000, 40200, 40100, 40140, 40080: the worst fall is 120 from 40200.
  CHECK_THAT(score.drawdown.amount, WithinAbs(120, 1e-6));
  CHECK_THAT(score.drawdown.percent, WithinAbs(100 * 120.0 / 40200, 1e-9));
  CHECK_FALSE(Run().Trade(NewYork("09:40"), {}).Score().profit_factor);  // no loss: not infinite, not known
}

TEST_CASE("scorecard: S0-8.3, S1-A8.3 calibration in bands and rank correlation of score and R", "[journal]") {
  Run run;
  const double scores[] = {7.5, 7.9, 8.0, 8.6, 9.4};
  const double r[] = {-1, -0.5, 0.2, 1.5, 2};
  for (int i = 0; i < 5; ++i) run.Trade(NewYork("10:00"), {.net = 100 * r[i], .r = r[i], .score = scores[i]});
  run.Miss(NewYork("10:10"), "S0-3.2", 6.5, OutcomeLabel::kStop, -1.2);
  const InstanceScore score = run.Score();
  REQUIRE(score.calibration.size() == 4);
  CHECK(score.calibration[0].low == 9);
  CHECK(score.calibration[3].low == 7.5);
  CHECK(score.calibration[3].high == 8);
  CHECK(score.calibration[3].wins.trials == 2);
  CHECK(score.calibration[3].wins.successes == 0);
  CHECK(score.score_and_r.rho == 1.0);
  CHECK(score.score_and_r.count == 5);
  CHECK(score.score_and_r_with_misses.count == 6);
}

TEST_CASE("scorecard: near misses by the rule that failed first, and how they would have ended", "[journal]") {
  Run run;
  run.Miss(NewYork("10:00"), "S0-3.2", 6, OutcomeLabel::kTarget, 2)
      .Miss(NewYork("10:10"), "S0-3.2", 6.5, OutcomeLabel::kStop, -1)
      .Miss(NewYork("10:20"), "S0-3.2", 6, OutcomeLabel::kMiss, 0)
      .Miss(NewYork("10:30"), "S0-3.1", 7, OutcomeLabel::kTime, 0.5);
  const InstanceScore score = run.Score();
  CHECK(score.trades.empty());
  CHECK(score.label(OutcomeLabel::kTarget) == 0);  // never an alert
  CHECK(score.misses_all.measured == 4);
  CHECK(score.misses_all.wins.trials == 3);
  CHECK_THAT(*score.misses_all.expectancy_r.mean, WithinAbs(0.5, 1e-12));
  REQUIRE(score.misses_by_rule.size() == 2);
  CHECK(score.misses_by_rule[0].rule == "S0-3.2");
  CHECK(score.misses_by_rule[0].measured == 3);
  CHECK(score.misses_by_rule[0].wins.successes == 1);
  CHECK(score.misses_by_rule[0].wins.trials == 2);
  CHECK(score.near_misses[0].would_have == OutcomeLabel::kTime);
  CHECK(score.near_misses[0].would_have_r == 0.5);
}

TEST_CASE("scorecard: excursions in R, histogram of R, by symbol, by side", "[journal]") {
  Run run;  // the distance to the stop is 0.12
  run.Trade(NewYork("10:00"), {.net = 200, .r = 2, .mae = 0.03, .mfe = 0.24})
      .Trade(NewYork("10:10"), {.label = OutcomeLabel::kStop, .net = -100, .r = -1.1, .mae = 0.12, .mfe = 0.06})
      .Trade(NewYork("10:20"), {.net = 150, .r = 4.2, .side = Side::kAsk, .instrument = 2});
  const InstanceScore score = run.Score();
  CHECK_THAT(*score.excursions.mae_r.mean, WithinAbs((0.25 + 1) / 2, 1e-9));
  CHECK_THAT(*score.excursions.mae_r_of_wins.mean, WithinAbs(0.25, 1e-9));
  CHECK_THAT(*score.excursions.mfe_r_of_losses.mean, WithinAbs(0.5, 1e-9));
  CHECK_THAT(*score.excursions.mfe_r_median, WithinAbs(1.25, 1e-9));
  REQUIRE(score.r_histogram.size() == 3);
  CHECK(score.r_histogram[0].low == -1.5);
  CHECK(score.r_histogram[1].low == 2.0);
  CHECK(score.r_histogram[2].low == 4.0);
  CHECK_FALSE(score.r_histogram[2].high);
  REQUIRE(score.by_symbol.size() == 2);
  CHECK(score.by_symbol[0].symbol == "SOUN");
  CHECK(score.by_symbol[1].net.ToString() == "150.00");
  REQUIRE(score.by_side.size() == 2);
  CHECK(score.by_side[1].side == Side::kAsk);
  CHECK(score.by_side[1].wins.trials == 1);
  CHECK(Run().Trade(NewYork("10:00"), {}).Score().by_side.empty());
}

TEST_CASE("scorecard: C-18 minutes halted by scope: overlapping causes count once, symbols add up", "[journal]") {
  Run run;
  run.Day(20250502);
  run.State(NewYork("10:00"), true, PauseScope::kSymbol, "halt", 1)
      .State(NewYork("10:02"), true, PauseScope::kSymbol, "price_move", 1)
      .State(NewYork("10:04"), true, PauseScope::kSymbol, "halt", 1)  // its end is told
      .State(NewYork("10:05"), false, PauseScope::kSymbol, "halt", 1)
      .State(NewYork("10:07"), false, PauseScope::kSymbol, "price_move", 1)
      .State(NewYork("10:06"), true, PauseScope::kSymbol, "news", 2)
      .State(NewYork("10:09"), false, PauseScope::kSymbol, "news", 2)
      .State(NewYork("11:00"), true, PauseScope::kGlobal, "price_move", 0)
      .State(NewYork("11:00"), true, PauseScope::kInstance, "alerts_per_hour", 0)   // no halt
      .State(NewYork("11:05"), true, PauseScope::kInstance, "alerts_per_hour", 0);  // the lane ends
  const InstanceScore score = run.Score();
  REQUIRE(score.halts.size() == 2);
  CHECK(score.halts[0].scope == PauseScope::kSymbol);
  CHECK(score.halts[0].pauses == 3);
  CHECK_THAT(score.halts[0].minutes, WithinAbs(10, 1e-9));
  CHECK(score.halts[1].scope == PauseScope::kGlobal);
  CHECK_THAT(score.halts[1].minutes, WithinAbs(5, 1e-9));
  CHECK_THAT(*score.halts[1].minutes_per_day, WithinAbs(5, 1e-9));
}

TEST_CASE("IR-15: warnings: win rate, expectancy, average loss, too few closed trades", "[journal]") {
  CHECK_THAT(Run().Score().warnings.at(0), Catch::Contains("fewer than 3"));
  Run poor;
  poor.Trade(NewYork("10:00"), {.net = 50, .r = 0.5})
      .Trade(NewYork("10:10"), {.net = -50, .r = -0.5})
      .Trade(NewYork("10:20"), {.net = -50, .r = -0.5});
  const std::vector<std::string> warnings = poor.Score().warnings;
  REQUIRE(warnings.size() == 3);
  CHECK_THAT(warnings[0], Catch::Contains("win rate 33.33% is below 60%"));
  CHECK_THAT(warnings[1], Catch::Contains("expectancy -0.16 R is below 0.25 R"));
  CHECK_THAT(warnings[2], Catch::Contains("average loss of 50.00 is no less than the average win of 50.00"));
  Run good;
  for (const char* clock : {"10:00", "10:10", "10:20"}) good.Trade(NewYork(clock), {});
  CHECK(good.Score().warnings.empty());
}

// 20 trades a day, `wins` of them won.
void PlayDay(Run& run, std::string_view date, int32_t number, int wins, double win_net, double loss_net,
             double win_gross) {
  run.Day(number);
  for (int i = 0; i < 20; ++i) {
    const bool win = i < wins;
    run.Trade(On(date, fmt::format("10:{:02}", i)), {.label = win ? OutcomeLabel::kTarget : OutcomeLabel::kStop,
                                                     .net = win ? win_net : loss_net,
                                                     .gross = win ? win_gross : loss_net,
                                                     .r = win ? 2.0 : -1.0});
  }
}

TEST_CASE("S0-S.1, S0-S.2, S0-S.3, S0-S.4, S0-S.5: target, measured, n and interval of each success criterion",
          "[journal]") {
  Run run(Shipped("ofi-classic@1"));
  const char* days[] = {"2025-05-05", "2025-05-06", "2025-05-07", "2025-05-08", "2025-05-09"};
  for (int i = 0; i < 5; ++i) PlayDay(run, days[i], 20250505 + i, 13, 50, -30, 52);
  const InstanceScore score = run.Score();
  const CriterionResult& win = Criterion(score, "S0-S.1");
  CHECK(win.at_least == 0.45);
  CHECK(win.measured == 0.5);
  CHECK(win.count == 65);
  CHECK(win.verdict == Verdict::kMet);
  CHECK(Criterion(score, "S0-S.2").verdict == Verdict::kMet);  // -0.30 is no worse than -0.30
  const CriterionResult& rate = Criterion(score, "S0-S.3");
  CHECK_THAT(*rate.measured, WithinAbs(65, 1e-9));
  CHECK(rate.count == 100);
  CHECK(rate.interval->low < 62);
  CHECK(rate.verdict == Verdict::kMet);
  // Each day ends with seven losses of 30: 210 of 40,000 and what was won before.
  CHECK(*Criterion(score, "S0-S.4").measured < 0.53);
  CHECK(*Criterion(score, "S0-S.4").measured > 0.5);
  CHECK(Criterion(score, "S0-S.4").verdict == Verdict::kMet);
  const CriterionResult& trades = Criterion(score, "S0-S.5");
  CHECK(trades.measured == 20.0);
  CHECK(trades.at_most == 6.0);
  CHECK(trades.verdict == Verdict::kMissed);
  CHECK_FALSE(trades.acts);
}

TEST_CASE(
    "S1-AS.1, S1-AS.2, S1-AS.3, S1-AS.4, S1-AS.5: ofi-ram@1 has the table, and too few trades are neither met nor "
    "missed",
    "[journal]") {
  Run run(Shipped("ofi-ram@1"));
  run.Day(20250505).Trade(On("2025-05-05", "10:00"), {});
  const InstanceScore score = run.Score();
  for (const char* id : {"S1-AS.1", "S1-AS.2", "S1-AS.3", "S1-AS.4", "S1-AS.5"}) {
    INFO(id);
    CHECK(Criterion(score, id).verdict == Verdict::kTooFew);
  }
  CHECK(Criterion(score, "S1-AS.1").at_least == 0.45);
  CHECK(Criterion(score, "S1-AS.2").at_least == -0.30);
  CHECK(Criterion(score, "S1-AS.3").at_least == 62);
  CHECK(Criterion(score, "S1-AS.4").at_most == 1.5);
  CHECK(Criterion(score, "S1-AS.5").at_least == 6);
  CHECK(Criterion(score, "S1-AS.5").at_most == 9);
  // One bad day is a miss of its limit, however few days there were.
  run.Trade(On("2025-05-05", "10:30"), {.label = OutcomeLabel::kStop, .net = -700});
  CHECK(Criterion(run.Score(), "S1-AS.4").verdict == Verdict::kMissed);
}

TEST_CASE("S1-BS.1, S1-BS.2, S1-BS.3: small-account@1: below the limit the seed's consequence is told", "[journal]") {
  Run run(Shipped("small-account@1"));
  // 10 of 20 won each day: 50%; a week earns 10 * 55 - 10 * 40 = 150 gross.
  PlayDay(run, "2025-05-05", 20250505, 10, 50, -40, 55);
  CHECK_FALSE(Criterion(run.Score(), "S1-BS.1").acts);  // one week only
  PlayDay(run, "2025-05-12", 20250512, 10, 50, -40, 55);
  const InstanceScore score = run.Score();
  const CriterionResult& week = Criterion(score, "S1-BS.1");
  CHECK(week.measured == 150.0);
  CHECK(week.count == 2);
  CHECK(week.verdict == Verdict::kMissed);
  CHECK(week.acts);  // below 500 two weeks running
  CHECK(week.consequence == "review");
  const CriterionResult& rate = Criterion(score, "S1-BS.2");
  CHECK(rate.acts);  // below 55
  CHECK(rate.consequence == "stop");
  CHECK(Criterion(score, "S1-BS.3").acts);  // 50 is below 60
  CHECK(Criterion(score, "S1-BS.3").consequence == "reduce");
  const std::string text = journal::ScorecardText({score});
  CHECK_THAT(text, Catch::Contains("S1-BS.2  win_rate 50.00%") && Catch::Contains("below 55 -> stop: stop trading"));
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) CHECK(line.size() <= 100);
  const nlohmann::json json = nlohmann::json::parse(journal::ScorecardJson({score}))["instances"][0];
  CHECK(json["criteria"][1]["id"] == "S1-BS.2");
  CHECK(json["criteria"][1]["verdict"] == "missed");
  CHECK(json["criteria"][1]["acts"] == true);
  CHECK(json["weeks"].size() == 2);
  // The week before was good: no review.
  Run mixed(Shipped("small-account@1"));
  PlayDay(mixed, "2025-05-05", 20250505, 20, 50, -40, 55);
  PlayDay(mixed, "2025-05-12", 20250512, 10, 50, -40, 55);
  CHECK_FALSE(Criterion(mixed.Score(), "S1-BS.1").acts);
}

TEST_CASE("S1-BS.4, S1-BS.5: a month's drawdown and break-even days", "[journal]") {
  Run run(Shipped("small-account@1"));
  const char* days[] = {"2025-05-05", "2025-05-06", "2025-05-07", "2025-05-08", "2025-05-09"};
  for (int i = 0; i < 5; ++i) {
    run.Day(20250505 + i);
    // Three days of +0.4 and -0.2 R, two days of +1 R.
    run.Trade(On(days[i], "10:00"), {.r = i < 3 ? 0.4 : 1.0});
    if (i < 3) run.Trade(On(days[i], "10:10"), {.label = OutcomeLabel::kStop, .net = -50, .r = -0.2});
  }
  const CriterionResult even = Criterion(run.Score(), "S1-BS.5");
  CHECK_THAT(*even.measured, WithinAbs(60, 1e-9));
  CHECK(even.count == 5);
  CHECK(even.acts);
  CHECK(even.consequence == "tighten");
  CHECK(Criterion(run.Score(), "S1-BS.4").measured == 50.0);
  CHECK_FALSE(Criterion(run.Score(), "S1-BS.4").acts);
  run.Trade(On("2025-05-09", "11:00"), {.label = OutcomeLabel::kStop, .net = -3000, .r = -5});
  CHECK_FALSE(Criterion(run.Score(), "S1-BS.4").acts);  // 3000 exactly is not above 3000
  run.Trade(On("2025-05-09", "11:10"), {.label = OutcomeLabel::kStop, .net = -0.01, .r = 0});
  const CriterionResult month = Criterion(run.Score(), "S1-BS.4");
  CHECK(month.acts);
  CHECK(month.consequence == "reduce");
  CHECK(month.then == "risk 0.15% a trade");
}

TEST_CASE("scorecard: runs of several days fold into one card, in the order of time", "[journal]") {
  Run run;
  run.Day(20250506).Trade(On("2025-05-06", "10:00"), {.net = -50});
  run.card.EndOfLane();
  run.Day(20250505).Trade(On("2025-05-05", "10:00"), {.net = 100});
  const InstanceScore score = run.Score();
  REQUIRE(score.days.size() == 2);
  CHECK(score.days[0].net.ToString() == "100.00");
  CHECK(score.days[1].net.ToString() == "-50.00");
  CHECK_THAT(score.drawdown.percent, WithinAbs(100 * 50.0 / 40100, 1e-9));
  CHECK(score.trades_per_day.mean == 1.0);
  CHECK(score.weeks.size() == 1);
}

TEST_CASE("scorecard: trades of another stage are left out of a stage's figures", "[journal]") {
  Run run;
  run.Day(20250505).Trade(On("2025-05-05", "10:00"), {.stage = "shadow"});
  run.Day(20250506).Trade(On("2025-05-06", "10:00"), {.stage = "micro"});
  run.Day(20250507).Trade(On("2025-05-07", "10:00"), {.stage = ""});
  const InstanceScore shadow = journal::OnlyStage(run.Score(), "shadow");
  CHECK(shadow.trades.size() == 2);
  CHECK(shadow.days.size() == 2);
  CHECK(shadow.win_rate.trials == 2);
}

}  // namespace
}  // namespace spillway::test
