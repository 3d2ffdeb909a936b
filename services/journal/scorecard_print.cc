// The scorecard as text and as JSON.
#include <algorithm>
#include <array>

#include "fmt/format.h"
#include "libs/calendar/new_york.h"
#include "nlohmann/json.hpp"
#include "services/journal/scorecard.h"

namespace spillway::journal {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kWidth = 100;
constexpr size_t kSymbolsMax = 10;
constexpr std::array kLabels = {OutcomeLabel::kTarget, OutcomeLabel::kStop, OutcomeLabel::kTime, OutcomeLabel::kMiss,
                                OutcomeLabel::kCancelled};

std::string Percent(const Proportion& proportion) {
  const std::optional<double> value = proportion.value();
  const std::optional<Interval> interval = proportion.interval();
  if (!value || !interval) return "- of 0";
  return fmt::format("{:.0f}% of {} [{:.0f}%, {:.0f}%]", 100 * *value, proportion.trials, 100 * interval->low,
                     100 * interval->high);
}

std::string Mean(const Estimate& estimate, std::string_view unit) {
  return estimate.mean ? fmt::format("{:+.2f}{}", *estimate.mean, unit) : "-";
}

std::string WithInterval(const Estimate& estimate, std::string_view unit) {
  if (!estimate.mean) return "-";
  std::string text = fmt::format("{:+.2f}{}", *estimate.mean, unit);
  if (estimate.interval) text += fmt::format(" [{:+.2f}, {:+.2f}]", estimate.interval->low, estimate.interval->high);
  return text;
}

std::string HourMinute(int minute) {
  return fmt::format("{:02}:{:02}", minute / 60, minute % 60);
}

std::string Clock(Time time) {
  const std::optional<calendar::NewYorkTime> local = calendar::ToNewYork(time);
  return local ? FormatTimeOfDay(Time(local->since_midnight)) : FormatTimeOfDay(time) + "Z";
}

std::string Cut(std::string text, size_t width) {
  if (text.size() > width) text = text.substr(0, width - 2) + "..";
  return text;
}

std::string SideName(Side side) {
  return side == Side::kAsk ? "short" : "long";
}

std::string ScopeName(PauseScope scope) {
  return scope == PauseScope::kGlobal ? "global" : scope == PauseScope::kSymbol ? "symbol" : "instance";
}

std::string Number(const std::optional<double>& value, std::string_view unit = "") {
  return value ? fmt::format("{:.2f}{}", *value, unit) : "-";
}

std::string CorrelationText(const RankCorrelation& correlation) {
  if (!correlation.rho) return fmt::format("- of {}", correlation.count);
  std::string text = fmt::format("{:+.2f}", *correlation.rho);
  if (correlation.interval) {
    text += fmt::format(" [{:+.2f}, {:+.2f}]", correlation.interval->low, correlation.interval->high);
  }
  return text + fmt::format(" of {}", correlation.count);
}

std::string HistogramRange(const HistogramRow& row) {
  if (!row.low) return fmt::format("below {:+.1f}", *row.high);
  if (!row.high) return fmt::format("from {:+.1f}", *row.low);
  return fmt::format("{:+.1f} to {:+.1f}", *row.low, *row.high);
}

std::string SignalsText(const InstanceScore& score) {
  std::string text = fmt::format("  signals    {} accepted, {} rejected, {} cancelled", score.signals_accepted,
                                 score.signals_rejected, score.signals_cancelled);
  if (score.signals_repeated > 0) text += fmt::format(", {} repeated rejections", score.signals_repeated);
  if (score.signals_preview > 0) text += fmt::format(", {} previews", score.signals_preview);
  text += fmt::format("\n  alerts     {}\n", score.alerts);
  std::string outcomes;
  for (const OutcomeLabel label : kLabels) {
    outcomes += fmt::format("{}{} {}", outcomes.empty() ? "" : "  ", OutcomeLabelName(label), score.label(label));
  }
  return text + "  outcomes   " + outcomes + "\n";
}

std::string RatesText(const InstanceScore& score) {
  std::string text =
      "  win rate   " + Percent(score.win_rate) + "   closure rate " + Percent(score.closure_rate) + "\n";
  text += fmt::format("  gain       {}  {}  {}   loss {}  {}  {}\n", Mean(score.gain_percent, "%"),
                      Mean(score.gain_money, ""), Mean(score.gain_r, " R"), Mean(score.loss_percent, "%"),
                      Mean(score.loss_money, ""), Mean(score.loss_r, " R"));
  text +=
      fmt::format("  expectancy {}   net {}\n", WithInterval(score.expectancy_r, " R"), score.profit_net.ToString());
  if (score.trades.empty()) return text;
  text += fmt::format("  hit rate   {}   profit factor {}\n", Percent(score.hit_rate),
                      score.profit_factor ? Number(score.profit_factor) : "- (no loss)");
  text += fmt::format("  drawdown   {:.2f}{}   {} trading day{}, {} trades a day\n", score.drawdown.amount,
                      score.equity ? fmt::format(" ({:.2f}%)", score.drawdown.percent) : "", score.days.size(),
                      score.days.size() == 1 ? "" : "s", Number(score.trades_per_day.mean));
  return text;
}

std::string AccountText(const AccountSnapshot& account) {
  std::string text = fmt::format("  account    {} equity {}, day {}, risk {:g}%",
                                 account.kind == AccountKind::kBroker ? "broker" : "paper", account.equity.ToString(),
                                 account.day_profit.ToString(), account.risk_percent);
  if (!account.stage.empty()) text += ", stage " + account.stage;
  text = Cut(text, kWidth) + "\n";
  for (const std::string& warning : account.warnings) text += Cut("             " + warning, kWidth) + "\n";
  return text;
}

// "win_rate 48.00% [40.00, 56.00] of 112 trades, target >= 60: MISSED"
std::string CriterionText(const CriterionResult& result) {
  const std::string unit = result.unit == "%" ? "%" : "";
  std::string text = fmt::format("  criterion  {:<8} {} {}", result.id, result.measure, Number(result.measured, unit));
  if (result.interval) text += fmt::format(" [{:.2f}, {:.2f}]", result.interval->low, result.interval->high);
  text += fmt::format(" of {} {}, target", result.count, result.of);
  if (result.at_least) text += fmt::format(" >= {:g}", *result.at_least);
  if (result.at_least && result.at_most) text += " and";
  if (result.at_most) text += fmt::format(" <= {:g}", *result.at_most);
  text = Cut(text + fmt::format(": {}", VerdictName(result.verdict)), kWidth) + "\n";
  if (!result.acts) return text;
  const std::string limit = result.act_below ? fmt::format("below {:g}", *result.act_below)
                                             : fmt::format("above {:g}", result.act_above.value_or(0));
  return text + Cut(fmt::format("             {} -> {}: {}", limit, result.consequence, result.then), kWidth) + "\n";
}

std::string GroupsText(const InstanceScore& score) {
  std::string text;
  const auto row = [&](std::string_view kind, const std::string& name, const Proportion& wins, const Estimate& r,
                       std::string_view note = "") {
    text += fmt::format("  {:<10} {:<14} {:<24} {}{}\n", kind, name, Percent(wins), WithInterval(r, " R"), note);
  };
  for (const BandRow& band : score.calibration) {
    row("score", fmt::format("{:g} to {:g}", band.low, band.high), band.wins, band.expectancy_r);
  }
  if (!score.trades.empty()) {
    text += "  score ~ R  rank correlation " + CorrelationText(score.score_and_r);
    if (score.score_and_r_with_misses.count > score.score_and_r.count) {
      text += "; with near misses " + CorrelationText(score.score_and_r_with_misses);
    }
    text += "\n";
  }
  for (const TimeOfDayRow& bucket : score.by_time_of_day) {
    row("time", HourMinute(bucket.minute), bucket.wins, bucket.expectancy_r, bucket.greyed ? "  (too few)" : "");
  }
  for (const SideRow& side : score.by_side) row("side", SideName(side.side), side.wins, side.expectancy_r);
  for (size_t i = 0; i < score.by_symbol.size() && i < kSymbolsMax; ++i) {
    const SymbolRow& symbol = score.by_symbol[i];
    row("symbol", Cut(symbol.symbol, 14), symbol.wins, symbol.expectancy_r);
  }
  if (score.by_symbol.size() > kSymbolsMax) {
    text += fmt::format("             and {} more symbols\n", score.by_symbol.size() - kSymbolsMax);
  }
  for (const HistogramRow& step : score.r_histogram) {
    text += fmt::format("  R          {:<14} {:>5}  {}\n", HistogramRange(step), step.count,
                        std::string(std::min<uint64_t>(step.count, 60), '#'));
  }
  const Excursions& e = score.excursions;
  if (e.mae_r.mean) {
    text += fmt::format("  MAE        mean {} R, median {} R, of the wins {} R\n", Number(e.mae_r.mean),
                        Number(e.mae_r_median), Number(e.mae_r_of_wins.mean));
    text += fmt::format("  MFE        mean {} R, median {} R, of the losses {} R\n", Number(e.mfe_r.mean),
                        Number(e.mfe_r_median), Number(e.mfe_r_of_losses.mean));
  }
  return text;
}

std::string MissesText(const InstanceScore& score) {
  std::string text;
  const auto row = [&](const std::string& name, const MissRow& miss) {
    text += fmt::format("  would have {:<14} {:>4} measured  {}  {} gross\n", Cut(name, 14), miss.measured,
                        Percent(miss.wins), WithInterval(miss.expectancy_r, " R"));
  };
  if (score.misses_all.measured > 0) row("all misses", score.misses_all);
  for (const MissRow& miss : score.misses_by_rule) row(miss.rule.empty() ? "?" : miss.rule, miss);
  for (const NearMiss& miss : score.near_misses) {
    std::string failed;
    for (const std::string& rule : miss.failed) failed += (failed.empty() ? "" : "; ") + rule;
    std::string end;
    if (miss.would_have) end = fmt::format("{} ", OutcomeLabelName(*miss.would_have));
    if (miss.would_have_r != 0) end += fmt::format("{:+.2f} R ", miss.would_have_r);
    text += Cut(fmt::format("  near miss  {:g}/{:g}  {} {}{}  {}{}", miss.score, miss.threshold, Clock(miss.time),
                            miss.symbol, miss.side == Side::kAsk ? " short" : "", end, failed),
                kWidth) +
            "\n";
  }
  return text;
}

// S3-C2.2
std::string ExecutionText(const ExecutionFigures& figures) {
  std::string text = fmt::format("  orders     {} placed, {} rejected, {} in doubt; cancelled {}\n", figures.orders,
                                 figures.rejected, figures.in_doubt, Percent(figures.cancel_rate));
  text += fmt::format("  fills      {}; entries filled {}; first after {} s (median)\n", figures.executions,
                      Percent(figures.fill_rate), Number(figures.time_to_fill_median));
  text += fmt::format("  slippage   decision {}, arrival {} bps; fees {}\n",
                      WithInterval(figures.slippage_decision_bps, ""), WithInterval(figures.slippage_arrival_bps, ""),
                      figures.fees.ToString());
  return text + fmt::format("  traded     won {}; net {}, gross {}\n", Percent(figures.wins),
                            figures.profit_net.ToString(), figures.profit_gross.ToString());
}

std::string InstanceText(const InstanceScore& score) {
  std::string text = fmt::format("{}{}\n", score.name, score.shadow ? " [SHADOW]" : "");
  if (score.profile_changed)
    text += "  note       the profile was changed under its name: this is of all its versions\n";
  if (score.execution) text += ExecutionText(*score.execution);
  if (score.account) text += AccountText(*score.account);
  text += SignalsText(score);
  if (score.execution)
    text += "  as alerts  what a person who took each blueprint would have had, measured at every quote:\n";
  text += RatesText(score);
  for (const std::string& warning : score.warnings) text += Cut("  warning    " + warning, kWidth) + "\n";
  for (const CriterionResult& result : score.criteria) text += CriterionText(result);
  for (const auto& [rule, count] : score.refusals) text += fmt::format("  refused    {:>5}  {}\n", count, rule);
  for (const HaltRow& halt : score.halts) {
    text += fmt::format("  halted     {:.1f} {} minutes in {} pauses, {} a day\n", halt.minutes, ScopeName(halt.scope),
                        halt.pauses, halt.minutes_per_day ? fmt::format("{:.1f}", *halt.minutes_per_day) : "-");
  }
  return text + GroupsText(score) + MissesText(score);
}

Json OrNull(const std::optional<double>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json Of(const Proportion& proportion) {
  const std::optional<Interval> interval = proportion.interval();
  return {{"value", OrNull(proportion.value())},
          {"low", interval ? Json(interval->low) : Json(nullptr)},
          {"high", interval ? Json(interval->high) : Json(nullptr)},
          {"successes", proportion.successes},
          {"n", proportion.trials}};
}

Json Of(const Estimate& estimate) {
  return {{"mean", OrNull(estimate.mean)},
          {"low", estimate.interval ? Json(estimate.interval->low) : Json(nullptr)},
          {"high", estimate.interval ? Json(estimate.interval->high) : Json(nullptr)},
          {"n", estimate.count}};
}

Json Of(const RankCorrelation& correlation) {
  return {{"rho", OrNull(correlation.rho)},
          {"low", correlation.interval ? Json(correlation.interval->low) : Json(nullptr)},
          {"high", correlation.interval ? Json(correlation.interval->high) : Json(nullptr)},
          {"n", correlation.count}};
}

Json SignalsJson(const InstanceScore& score) {
  return {{"accepted", score.signals_accepted},
          {"rejected", score.signals_rejected},
          {"cancelled", score.signals_cancelled},
          {"repeated", score.signals_repeated},
          {"preview", score.signals_preview}};
}

Json GroupsJson(const InstanceScore& score) {
  Json json = {{"by_score", Json::array()},   {"calibration", Json::array()}, {"by_time_of_day", Json::array()},
               {"by_symbol", Json::array()},  {"by_side", Json::array()},     {"regime", "unknown"},
               {"r_histogram", Json::array()}};
  for (const ScoreRow& row : score.by_score) {
    json["by_score"].push_back(
        {{"score", row.score}, {"win_rate", Of(row.wins)}, {"expectancy_r", Of(row.expectancy_r)}});
  }
  for (const BandRow& row : score.calibration) {
    json["calibration"].push_back(
        {{"low", row.low}, {"high", row.high}, {"win_rate", Of(row.wins)}, {"expectancy_r", Of(row.expectancy_r)}});
  }
  for (const TimeOfDayRow& row : score.by_time_of_day) {
    json["by_time_of_day"].push_back({{"start", HourMinute(row.minute)},
                                      {"win_rate", Of(row.wins)},
                                      {"expectancy_r", Of(row.expectancy_r)},
                                      {"greyed", row.greyed}});
  }
  for (const SymbolRow& row : score.by_symbol) {
    json["by_symbol"].push_back({{"symbol", row.symbol},
                                 {"win_rate", Of(row.wins)},
                                 {"expectancy_r", Of(row.expectancy_r)},
                                 {"profit_net", row.net.ToString()}});
  }
  for (const SideRow& row : score.by_side) {
    json["by_side"].push_back({{"side", SideName(row.side)},
                               {"win_rate", Of(row.wins)},
                               {"expectancy_r", Of(row.expectancy_r)},
                               {"profit_net", row.net.ToString()}});
  }
  for (const HistogramRow& row : score.r_histogram) {
    json["r_histogram"].push_back({{"low", OrNull(row.low)}, {"high", OrNull(row.high)}, {"n", row.count}});
  }
  json["rank_correlation"] = {{"closed", Of(score.score_and_r)},
                              {"with_near_misses", Of(score.score_and_r_with_misses)}};
  const Excursions& e = score.excursions;
  json["excursions"] = {
      {"mae_r", Of(e.mae_r)}, {"mae_r_median", OrNull(e.mae_r_median)}, {"mae_r_of_wins", Of(e.mae_r_of_wins)},
      {"mfe_r", Of(e.mfe_r)}, {"mfe_r_median", OrNull(e.mfe_r_median)}, {"mfe_r_of_losses", Of(e.mfe_r_of_losses)}};
  return json;
}

Json PeriodsJson(const InstanceScore& score) {
  Json json = {{"trades_per_day", Of(score.trades_per_day)},
               {"days", Json::array()},
               {"weeks", Json::array()},
               {"months", Json::array()},
               {"halted", Json::array()},
               {"trades", Json::array()}};
  for (const DayRow& row : score.days) {
    json["days"].push_back({{"day", calendar::FormatDate(row.day)},
                            {"trades", row.trades},
                            {"profit_net", row.net.ToString()},
                            {"profit_gross", row.gross.ToString()},
                            {"r", row.r},
                            {"drawdown_percent", row.drawdown_percent}});
  }
  for (const WeekRow& row : score.weeks) {
    json["weeks"].push_back({{"monday", calendar::FormatDate(row.monday)},
                             {"trades", row.trades},
                             {"profit_net", row.net.ToString()},
                             {"profit_gross", row.gross.ToString()}});
  }
  for (const MonthRow& row : score.months) {
    json["months"].push_back({{"first", calendar::FormatDate(row.first)}, {"drawdown", row.drawdown}});
  }
  for (const HaltRow& row : score.halts) {
    json["halted"].push_back({{"scope", ScopeName(row.scope)},
                              {"pauses", row.pauses},
                              {"minutes", row.minutes},
                              {"minutes_per_day", OrNull(row.minutes_per_day)}});
  }
  for (const ClosedTrade& trade : score.trades) {
    json["trades"].push_back({{"triggered", FormatTime(trade.triggered)},
                              {"exited", FormatTime(trade.exited)},
                              {"symbol", trade.symbol},
                              {"side", SideName(trade.side)},
                              {"outcome", OutcomeLabelName(trade.label)},
                              {"stage", trade.stage},
                              {"score", trade.score},
                              {"r", trade.r},
                              {"profit_net", trade.net.ToString()},
                              {"profit_gross", trade.gross.ToString()}});
  }
  return json;
}

Json MissJson(const MissRow& row) {
  return {{"rule", row.rule},
          {"measured", row.measured},
          {"win_rate", Of(row.wins)},
          {"expectancy_r_before_costs", Of(row.expectancy_r)}};
}

Json MissesJson(const InstanceScore& score) {
  Json json = {{"near_misses", Json::array()},
               {"would_have", {{"all", MissJson(score.misses_all)}, {"by_rule", Json::array()}}}};
  for (const MissRow& row : score.misses_by_rule) json["would_have"]["by_rule"].push_back(MissJson(row));
  for (const NearMiss& miss : score.near_misses) {
    Json row = {{"time", FormatTime(miss.time)},   {"symbol", miss.symbol},
                {"side", SideName(miss.side)},     {"score", miss.score},
                {"threshold", miss.threshold},     {"failed", miss.failed},
                {"signal", ToString(miss.signal)}, {"would_have", nullptr}};
    if (miss.would_have) {
      row["would_have"] = {{"outcome", OutcomeLabelName(*miss.would_have)}, {"r_before_costs", miss.would_have_r}};
    }
    json["near_misses"].push_back(std::move(row));
  }
  return json;
}

Json CriterionJson(const CriterionResult& result) {
  return {{"id", result.id},
          {"measure", result.measure},
          {"unit", result.unit},
          {"at_least", OrNull(result.at_least)},
          {"at_most", OrNull(result.at_most)},
          {"measured", OrNull(result.measured)},
          {"low", result.interval ? Json(result.interval->low) : Json(nullptr)},
          {"high", result.interval ? Json(result.interval->high) : Json(nullptr)},
          {"n", result.count},
          {"of", result.of},
          {"verdict", result.verdict == Verdict::kMet      ? "met"
                      : result.verdict == Verdict::kMissed ? "missed"
                                                           : "too_few"},
          {"act_below", OrNull(result.act_below)},
          {"act_above", OrNull(result.act_above)},
          {"acts", result.acts},
          {"consequence", result.consequence},
          {"then", result.then}};
}

Json ExecutionJson(const ExecutionFigures& figures) {
  return {{"orders", figures.orders},
          {"rejected", figures.rejected},
          {"in_doubt", figures.in_doubt},
          {"executions", figures.executions},
          {"fill_rate", Of(figures.fill_rate)},
          {"cancel_rate", Of(figures.cancel_rate)},
          {"time_to_fill_s", Of(figures.time_to_fill)},
          {"time_to_fill_median_s", OrNull(figures.time_to_fill_median)},
          {"slippage_decision_bps", Of(figures.slippage_decision_bps)},
          {"slippage_arrival_bps", Of(figures.slippage_arrival_bps)},
          {"fees", figures.fees.ToString()},
          {"win_rate", Of(figures.wins)},
          {"profit_net", figures.profit_net.ToString()},
          {"profit_gross", figures.profit_gross.ToString()}};
}

Json InstanceJson(const InstanceScore& score) {
  Json json;
  json["name"] = score.name;
  json["shadow"] = score.shadow;
  json["profile_changed"] = score.profile_changed;
  json["signals"] = SignalsJson(score);
  json["alerts"] = score.alerts;
  json["refusals"] = Json::object();
  for (const auto& [rule, count] : score.refusals) json["refusals"][rule] = count;
  json["outcomes"] = Json::object();
  for (const OutcomeLabel label : kLabels) json["outcomes"][std::string(OutcomeLabelName(label))] = score.label(label);
  json["win_rate"] = Of(score.win_rate);
  json["hit_rate"] = Of(score.hit_rate);
  json["closure_rate"] = Of(score.closure_rate);
  json["gain"] = {{"percent", Of(score.gain_percent)}, {"money", Of(score.gain_money)}, {"r", Of(score.gain_r)}};
  json["loss"] = {{"percent", Of(score.loss_percent)}, {"money", Of(score.loss_money)}, {"r", Of(score.loss_r)}};
  json["expectancy_r"] = Of(score.expectancy_r);
  json["expectancy_percent"] = Of(score.expectancy_percent);
  json["profit_net"] = score.profit_net.ToString();
  json["profit_gross"] = score.profit_gross.ToString();
  json["profit_factor"] = OrNull(score.profit_factor);
  json["drawdown"] = {{"amount", score.drawdown.amount},
                      {"percent", score.equity ? Json(score.drawdown.percent) : Json(nullptr)}};
  json["equity"] = score.equity ? Json(score.equity->ToString()) : Json(nullptr);
  json["execution"] = score.execution ? ExecutionJson(*score.execution) : Json(nullptr);
  json["warnings"] = score.warnings;
  json["criteria"] = Json::array();
  for (const CriterionResult& result : score.criteria) json["criteria"].push_back(CriterionJson(result));
  json.update(GroupsJson(score));
  json.update(PeriodsJson(score));
  json.update(MissesJson(score));
  return json;
}

}  // namespace

std::string ScorecardText(const std::vector<InstanceScore>& scores) {
  std::string text;
  for (const InstanceScore& score : scores) text += (text.empty() ? "" : "\n") + InstanceText(score);
  return text;
}

std::string ScorecardJson(const std::vector<InstanceScore>& scores) {
  Json json;
  json["instances"] = Json::array();
  for (const InstanceScore& score : scores) json["instances"].push_back(InstanceJson(score));
  return json.dump(2);
}

}  // namespace spillway::journal
