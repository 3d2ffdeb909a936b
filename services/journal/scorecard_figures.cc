// What a scorecard computes from the trades that it has counted.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>

#include "libs/calendar/new_york.h"
#include "services/journal/scorecard.h"

namespace spillway::journal {
namespace {

using calendar::Date;

constexpr int kBucketMinutes = 30;
constexpr double kBand = 0.5;            // points
constexpr double kHistogramStep = 0.5;   // R
constexpr int kHistogramFrom = -4;       // steps: -2 R
constexpr int kHistogramTo = 8;          // 4 R
constexpr double kWinRateMin = 0.60;     // IR-15
constexpr double kExpectancyMin = 0.25;  // R, IR-15
constexpr uint64_t kClosedMin = 3;       // IR-15

// Counts, R and money of a group of trades.
struct Group {
  Proportion wins;
  std::vector<double> r;
  Money net;
  void Add(const ClosedTrade& trade) {
    ++wins.trials;
    wins.successes += trade.win() ? 1 : 0;
    r.push_back(trade.r);
    net = net + trade.net;
  }
};

Date DayOf(Time time) {
  const std::optional<calendar::NewYorkTime> local = calendar::ToNewYork(time);
  return local ? local->date : std::chrono::floor<std::chrono::days>(time);
}

Date MondayOf(Date day) {
  return day - (std::chrono::weekday(day) - std::chrono::Monday);
}

Date MonthOf(Date day) {
  const std::chrono::year_month_day date(day);
  return Date(date.year() / date.month() / 1);
}

void ComputeSums(InstanceScore& score) {
  score.win_rate = score.hit_rate = score.closure_rate = {};
  score.profit_net = score.profit_gross = Money();
  for (const uint64_t count : score.labels) score.closure_rate.trials += count;
  score.closure_rate.successes = score.win_rate.trials = score.hit_rate.trials = score.trades.size();
  std::array<std::vector<double>, 3> gains, losses;
  std::vector<double> r, percent;
  Money earned, lost;
  for (const ClosedTrade& trade : score.trades) {
    score.win_rate.successes += trade.win() ? 1 : 0;
    score.hit_rate.successes += trade.label == OutcomeLabel::kTarget ? 1 : 0;
    score.profit_net = score.profit_net + trade.net;
    score.profit_gross = score.profit_gross + trade.gross;
    (trade.win() ? earned : lost) = (trade.win() ? earned : lost) + trade.net;
    auto& sums = trade.win() ? gains : losses;
    sums[0].push_back(trade.percent);
    sums[1].push_back(trade.net.ToDouble());
    sums[2].push_back(trade.r);
    r.push_back(trade.r);
    percent.push_back(trade.percent);
  }
  score.gain_percent = MeanOf(gains[0]);
  score.gain_money = MeanOf(gains[1]);
  score.gain_r = MeanOf(gains[2]);
  score.loss_percent = MeanOf(losses[0]);
  score.loss_money = MeanOf(losses[1]);
  score.loss_r = MeanOf(losses[2]);
  score.expectancy_r = MeanOf(r);
  score.expectancy_percent = MeanOf(percent);
  score.profit_factor.reset();
  if (lost < Money()) score.profit_factor = earned.ToDouble() / -lost.ToDouble();
}

void ComputeGroups(InstanceScore& score) {
  std::map<double, Group, std::greater<>> by_score;
  std::map<int64_t, Group, std::greater<>> bands;
  std::map<int, Group> by_time;
  std::map<std::string, Group> by_symbol;
  std::map<bool, Group> by_short;
  for (const ClosedTrade& trade : score.trades) {
    by_score[trade.score].Add(trade);
    bands[static_cast<int64_t>(std::floor(trade.score / kBand))].Add(trade);
    by_symbol[trade.symbol].Add(trade);
    by_short[trade.side == Side::kAsk].Add(trade);
    if (const std::optional<int> minute = calendar::NewYorkMinuteOfDay(trade.triggered)) {
      by_time[*minute / kBucketMinutes * kBucketMinutes].Add(trade);
    }
  }
  score.by_score.clear(), score.calibration.clear(), score.by_time_of_day.clear(), score.by_symbol.clear(),
      score.by_side.clear();
  for (const auto& [value, group] : by_score) score.by_score.push_back({value, group.wins, MeanOf(group.r)});
  for (const auto& [band, group] : bands) {
    const double low = kBand * static_cast<double>(band);
    score.calibration.push_back({low, low + kBand, group.wins, MeanOf(group.r)});
  }
  for (const auto& [minute, group] : by_time) {
    score.by_time_of_day.push_back({minute, group.wins, MeanOf(group.r), group.wins.trials < Scorecard::kTradesMin});
  }
  for (const auto& [symbol, group] : by_symbol) {
    score.by_symbol.push_back({symbol, group.wins, MeanOf(group.r), group.net});
  }
  std::stable_sort(score.by_symbol.begin(), score.by_symbol.end(),
                   [](const SymbolRow& a, const SymbolRow& b) { return a.wins.trials > b.wins.trials; });
  if (!by_short.contains(true)) return;
  for (const auto& [is_short, group] : by_short) {
    score.by_side.push_back({is_short ? Side::kAsk : Side::kBid, group.wins, MeanOf(group.r), group.net});
  }
}

void ComputeDistributions(InstanceScore& score) {
  std::vector<double> scores, r, mae, mfe, mae_of_wins, mfe_of_losses;
  std::map<int, uint64_t> steps;
  for (const ClosedTrade& trade : score.trades) {
    scores.push_back(trade.score);
    r.push_back(trade.r);
    const double step = std::floor(trade.r / kHistogramStep);
    ++steps[static_cast<int>(std::clamp<double>(step, kHistogramFrom - 1, kHistogramTo))];
    if (trade.mae_r) mae.push_back(*trade.mae_r);
    if (trade.mfe_r) mfe.push_back(*trade.mfe_r);
    if (trade.win() && trade.mae_r) mae_of_wins.push_back(*trade.mae_r);
    if (!trade.win() && trade.mfe_r) mfe_of_losses.push_back(*trade.mfe_r);
  }
  score.score_and_r = SpearmanOf(scores, r);
  for (const MissedTrade& miss : score.missed) {
    if (!miss.entered) continue;
    scores.push_back(miss.score);
    r.push_back(miss.r);
  }
  score.score_and_r_with_misses = SpearmanOf(scores, r);
  score.r_histogram.clear();
  for (const auto& [step, count] : steps) {
    HistogramRow row{.low = std::nullopt, .high = std::nullopt, .count = count};
    if (step >= kHistogramFrom) row.low = step * kHistogramStep;
    if (step < kHistogramTo) row.high = (step + 1) * kHistogramStep;
    score.r_histogram.push_back(row);
  }
  score.excursions = {MeanOf(mae),   MeanOf(mfe),         MedianOf(mae),
                      MedianOf(mfe), MeanOf(mae_of_wins), MeanOf(mfe_of_losses)};
}

void ComputePeriods(InstanceScore& score) {
  std::map<Date, DayRow> days;
  std::map<Date, std::vector<double>> by_day, by_month;
  std::vector<double> all;
  for (const Date day : score.session_days) days[day].day = day;
  for (const ClosedTrade& trade : score.trades) {
    const Date date = DayOf(trade.exited);
    DayRow& day = days[date];
    day.day = date;
    ++day.trades;
    day.gross = day.gross + trade.gross;
    day.net = day.net + trade.net;
    day.r += trade.r;
    by_day[date].push_back(trade.net.ToDouble());
    all.push_back(trade.net.ToDouble());
  }
  const double start = score.equity ? score.equity->ToDouble() : 0;
  score.drawdown = WorstDrawdown(start, all);
  score.days.clear(), score.weeks.clear(), score.months.clear();
  double equity = start;
  std::vector<double> trades_per_day;
  std::map<Date, double> month_begins;
  for (auto& [date, day] : days) {
    const std::vector<double>& profits = by_day[date];
    if (equity > 0) day.drawdown_percent = 100 * WorstDrawdown(equity, profits).amount / equity;
    month_begins.try_emplace(MonthOf(date), equity);
    by_month[MonthOf(date)].insert(by_month[MonthOf(date)].end(), profits.begin(), profits.end());
    for (const double profit : profits) equity += profit;
    trades_per_day.push_back(static_cast<double>(day.trades));
    if (score.weeks.empty() || score.weeks.back().monday != MondayOf(date)) {
      score.weeks.push_back({.monday = MondayOf(date), .trades = 0, .gross = {}, .net = {}});
    }
    WeekRow& week = score.weeks.back();
    week.trades += day.trades;
    week.gross = week.gross + day.gross;
    week.net = week.net + day.net;
    score.days.push_back(day);
  }
  for (const auto& [month, profits] : by_month) {
    score.months.push_back({month, WorstDrawdown(month_begins[month], profits).amount});
  }
  score.trades_per_day = MeanOf(trades_per_day);
  for (HaltRow& row : score.halts) {
    row.minutes_per_day.reset();
    if (!score.days.empty()) row.minutes_per_day = row.minutes / static_cast<double>(score.days.size());
  }
}

void ComputeMisses(InstanceScore& score) {
  struct Misses {
    uint64_t measured = 0;
    Proportion wins;
    std::vector<double> r;
    void Add(const MissedTrade& miss) {
      ++measured;
      if (!miss.entered) return;
      ++wins.trials;
      wins.successes += miss.r > 0 ? 1 : 0;
      r.push_back(miss.r);
    }
    MissRow Row(const std::string& rule) const { return {rule, measured, wins, MeanOf(r)}; }
  };
  Misses all;
  std::map<std::string, Misses> by_rule;
  for (const MissedTrade& miss : score.missed) {
    all.Add(miss);
    by_rule[miss.rule].Add(miss);
  }
  score.misses_all = all.Row("");
  score.misses_by_rule.clear();
  for (const auto& [rule, misses] : by_rule) score.misses_by_rule.push_back(misses.Row(rule));
  std::stable_sort(score.misses_by_rule.begin(), score.misses_by_rule.end(),
                   [](const MissRow& a, const MissRow& b) { return a.measured > b.measured; });
}

// IR-15
void ComputeWarnings(InstanceScore& score) {
  score.warnings.clear();
  const uint64_t closed = score.win_rate.trials;
  if (closed < kClosedMin) {
    score.warnings.push_back(std::to_string(closed) + " closed trades, fewer than 3: no figure says anything yet");
    return;
  }
  const auto number = [](double value) {
    const std::string text = std::to_string(value);
    return text.substr(0, text.find('.') + 3);
  };
  if (*score.win_rate.value() < kWinRateMin) {
    score.warnings.push_back("win rate " + number(100 * *score.win_rate.value()) + "% is below 60%");
  }
  if (*score.expectancy_r.mean < kExpectancyMin) {
    score.warnings.push_back("expectancy " + number(*score.expectancy_r.mean) + " R is below 0.25 R");
  }
  if (score.loss_money.mean && -*score.loss_money.mean >= score.gain_money.mean.value_or(0)) {
    score.warnings.push_back("the average loss of " + number(-*score.loss_money.mean) +
                             " is no less than the average win of " + number(score.gain_money.mean.value_or(0)));
  }
}

}  // namespace

void ComputeFigures(InstanceScore& score) {
  std::stable_sort(score.trades.begin(), score.trades.end(),
                   [](const ClosedTrade& a, const ClosedTrade& b) { return a.exited < b.exited; });
  ComputeSums(score);
  ComputeGroups(score);
  ComputeDistributions(score);
  ComputePeriods(score);
  ComputeMisses(score);
  ComputeWarnings(score);
}

InstanceScore OnlyStage(InstanceScore score, const std::string& stage) {
  std::map<Date, bool> of_the_stage;  // by day with trades
  std::erase_if(score.trades, [&](const ClosedTrade& trade) {
    const bool other = !trade.stage.empty() && trade.stage != stage;
    of_the_stage[DayOf(trade.exited)] |= !other;
    return other;
  });
  std::erase_if(score.session_days, [&](Date day) {
    const auto found = of_the_stage.find(day);
    return found != of_the_stage.end() && !found->second;
  });
  ComputeFigures(score);
  return score;
}

}  // namespace spillway::journal
