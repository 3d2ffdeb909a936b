#include "services/journal/criteria.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "services/journal/scorecard.h"
#include "spillway/v1/profile.pb.h"

namespace spillway::journal {
namespace {

constexpr double kBreakevenR = 0.5;  // S1-BS.5: less than half a risk won or lost

struct Measured {
  std::string name, unit, of;
  std::optional<double> value;
  std::optional<Interval> interval;
  uint64_t count = 0;
  bool worst = false;  // one is enough to miss the target
};

Measured MeanMeasure(std::string name, std::string unit, std::string of, const Estimate& estimate) {
  return {std::move(name), std::move(unit), std::move(of), estimate.mean, estimate.interval, estimate.count};
}

Measured PercentMeasure(std::string name, std::string of, const Proportion& proportion) {
  Measured measured{std::move(name), "%", std::move(of), proportion.value(), proportion.interval(), proportion.trials};
  if (measured.value) *measured.value *= 100;
  if (measured.interval) measured.interval = Interval{100 * measured.interval->low, 100 * measured.interval->high};
  return measured;
}

Measured BreakevenDays(const InstanceScore& score) {
  Proportion days;  // a day without a trade is none
  for (const DayRow& day : score.days) {
    if (day.trades == 0) continue;
    ++days.trials;
    days.successes += std::abs(day.r) < kBreakevenR ? 1 : 0;
  }
  return PercentMeasure("breakeven_days", "days", days);
}

template <class Rows, class Figure>
Measured WorstMeasure(std::string name, std::string unit, std::string of, const Rows& rows, Figure&& figure) {
  Measured measured{std::move(name), std::move(unit), std::move(of), std::nullopt, std::nullopt, rows.size(), true};
  for (const auto& row : rows) measured.value = std::max(measured.value.value_or(0), figure(row));
  return measured;
}

Measured WeekProfit(const InstanceScore& score) {
  std::vector<double> weeks;
  for (const WeekRow& week : score.weeks) weeks.push_back(week.gross.ToDouble());
  return MeanMeasure("week_profit", "USD", "weeks", MeanOf(weeks));
}

Measured Measure(v1::CriterionMeasure measure, const InstanceScore& score) {
  switch (measure) {
    case v1::CRITERION_MEASURE_AVERAGE_WIN_PERCENT:
      return MeanMeasure("average_win_percent", "%", "wins", score.gain_percent);
    case v1::CRITERION_MEASURE_AVERAGE_LOSS_PERCENT:
      return MeanMeasure("average_loss_percent", "%", "losses", score.loss_percent);
    case v1::CRITERION_MEASURE_AVERAGE_WIN:
      return MeanMeasure("average_win", "USD", "wins", score.gain_money);
    case v1::CRITERION_MEASURE_WIN_RATE:
      return PercentMeasure("win_rate", "trades", score.win_rate);
    case v1::CRITERION_MEASURE_DAY_DRAWDOWN_PERCENT:
      return WorstMeasure("day_drawdown_percent", "%", "days", score.days,
                          [](const DayRow& day) { return day.drawdown_percent; });
    case v1::CRITERION_MEASURE_MONTH_DRAWDOWN:
      return WorstMeasure("month_drawdown", "USD", "months", score.months,
                          [](const MonthRow& month) { return month.drawdown; });
    case v1::CRITERION_MEASURE_TRADES_PER_DAY:
      return MeanMeasure("trades_per_day", "trades", "days", score.trades_per_day);
    case v1::CRITERION_MEASURE_WEEK_PROFIT:
      return WeekProfit(score);
    case v1::CRITERION_MEASURE_BREAKEVEN_DAYS:
      return BreakevenDays(score);
    case v1::CRITERION_MEASURE_PROFIT_FACTOR:
      return {"profit_factor", "", "trades", score.profit_factor, std::nullopt, score.win_rate.trials};
    case v1::CRITERION_MEASURE_EXPECTANCY_PERCENT:
      return MeanMeasure("expectancy_percent", "%", "trades", score.expectancy_percent);
    default:
      return {"unknown", "", "trades", std::nullopt, std::nullopt, 0};
  }
}

uint64_t CountMin(const Measured& measured) {
  if (measured.of == "days") return kCriterionDaysMin;
  if (measured.of == "weeks") return kCriterionWeeksMin;
  if (measured.of == "months") return kCriterionMonthsMin;
  return kCriterionTradesMin;
}

// A mean of equal values may be off by its last bits: that decides nothing.
bool Below(double value, double limit) {
  return value < limit - 1e-9 * std::max(1.0, std::abs(limit));
}

bool Beyond(const v1::SuccessCriterion& criterion, double value) {
  return (criterion.has_act_below() && Below(value, criterion.act_below())) ||
         (criterion.has_act_above() && Below(criterion.act_above(), value));
}

// S1-BS.1: two weeks running.
bool LastTwoWeeksBeyond(const v1::SuccessCriterion& criterion, const std::vector<WeekRow>& weeks) {
  if (weeks.size() < 2) return false;
  const WeekRow& last = weeks[weeks.size() - 1];
  const WeekRow& before = weeks[weeks.size() - 2];
  return last.monday - before.monday == std::chrono::days(7) && Beyond(criterion, last.gross.ToDouble()) &&
         Beyond(criterion, before.gross.ToDouble());
}

std::string ConsequenceName(v1::CriterionConsequence consequence) {
  switch (consequence) {
    case v1::CRITERION_CONSEQUENCE_REVIEW:
      return "review";
    case v1::CRITERION_CONSEQUENCE_STOP:
      return "stop";
    case v1::CRITERION_CONSEQUENCE_REDUCE:
      return "reduce";
    case v1::CRITERION_CONSEQUENCE_TIGHTEN:
      return "tighten";
    default:
      return "";
  }
}

CriterionResult Evaluate(const v1::SuccessCriterion& criterion, const InstanceScore& score) {
  const Measured measured = Measure(criterion.measure(), score);
  CriterionResult result;
  result.id = criterion.id();
  result.measure = measured.name;
  result.unit = measured.unit;
  result.of = measured.of;
  if (criterion.has_at_least()) result.at_least = criterion.at_least();
  if (criterion.has_at_most()) result.at_most = criterion.at_most();
  if (criterion.has_act_below()) result.act_below = criterion.act_below();
  if (criterion.has_act_above()) result.act_above = criterion.act_above();
  result.consequence = ConsequenceName(criterion.consequence());
  result.then = criterion.then();
  result.measured = measured.value;
  result.interval = measured.interval;
  result.count = measured.count;
  if (!measured.value) return result;
  const double value = *measured.value;
  const bool met =
      !(result.at_least && Below(value, *result.at_least)) && !(result.at_most && Below(*result.at_most, value));
  if (measured.count < CountMin(measured) && (met || !measured.worst)) return result;
  result.verdict = met ? Verdict::kMet : Verdict::kMissed;
  result.acts = criterion.measure() == v1::CRITERION_MEASURE_WEEK_PROFIT ? LastTwoWeeksBeyond(criterion, score.weeks)
                                                                         : Beyond(criterion, value);
  return result;
}

}  // namespace

std::string_view VerdictName(Verdict verdict) {
  switch (verdict) {
    case Verdict::kMet:
      return "MET";
    case Verdict::kMissed:
      return "MISSED";
    default:
      return "TOO FEW";
  }
}

std::vector<CriterionResult> EvaluateCriteria(const v1::Profile& profile, const InstanceScore& score) {
  std::vector<CriterionResult> results;
  for (const v1::SuccessCriterion& criterion : profile.criteria()) results.push_back(Evaluate(criterion, score));
  return results;
}

}  // namespace spillway::journal
