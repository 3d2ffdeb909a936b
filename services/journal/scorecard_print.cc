// The scorecard as text and as JSON.
#include "fmt/format.h"
#include "libs/calendar/new_york.h"
#include "nlohmann/json.hpp"
#include "services/journal/scorecard.h"

namespace spillway::journal {
namespace {

using Json = nlohmann::ordered_json;

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

std::string InstanceText(const InstanceScore& score) {
  std::string text = fmt::format("{}{}\n", score.name, score.shadow ? " [SHADOW]" : "");
  text += fmt::format("  signals    {} accepted, {} rejected, {} cancelled\n", score.signals_accepted,
                      score.signals_rejected, score.signals_cancelled);
  text += fmt::format("  alerts     {}\n", score.alerts);
  std::string outcomes;
  for (const OutcomeLabel label : kLabels) {
    outcomes += fmt::format("{}{} {}", outcomes.empty() ? "" : "  ", OutcomeLabelName(label), score.label(label));
  }
  text += "  outcomes   " + outcomes + "\n";
  text += "  win rate   " + Percent(score.win_rate) + "   closure rate " + Percent(score.closure_rate) + "\n";
  text += fmt::format("  gain       {}  {}  {}   loss {}  {}  {}\n", Mean(score.gain_percent, "%"),
                      Mean(score.gain_money, ""), Mean(score.gain_r, " R"), Mean(score.loss_percent, "%"),
                      Mean(score.loss_money, ""), Mean(score.loss_r, " R"));
  text +=
      fmt::format("  expectancy {}   net {}\n", WithInterval(score.expectancy_r, " R"), score.profit_net.ToString());
  for (const auto& [rule, count] : score.refusals) text += fmt::format("  refused    {:>5}  {}\n", count, rule);
  for (const ScoreRow& row : score.by_score) {
    text += fmt::format("  score      {:>5g}  {:<28} {}\n", row.score, Percent(row.wins),
                        WithInterval(row.expectancy_r, " R"));
  }
  for (const TimeOfDayRow& row : score.by_time_of_day) {
    text += fmt::format("  time       {}  {:<28} {}{}\n", HourMinute(row.minute), Percent(row.wins),
                        WithInterval(row.expectancy_r, " R"), row.greyed ? "  (too few)" : "");
  }
  for (const NearMiss& miss : score.near_misses) {
    std::string failed;
    for (const std::string& rule : miss.failed) failed += (failed.empty() ? "" : "; ") + rule;
    text += Cut(fmt::format("  near miss  {:g}/{:g}  {} {}  {}", miss.score, miss.threshold, Clock(miss.time),
                            miss.symbol, failed),
                100) +
            "\n";
  }
  return text;
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

Json InstanceJson(const InstanceScore& score) {
  Json json;
  json["name"] = score.name;
  json["shadow"] = score.shadow;
  json["signals"] = {{"accepted", score.signals_accepted},
                     {"rejected", score.signals_rejected},
                     {"cancelled", score.signals_cancelled}};
  json["alerts"] = score.alerts;
  json["refusals"] = Json::object();
  for (const auto& [rule, count] : score.refusals) json["refusals"][rule] = count;
  json["outcomes"] = Json::object();
  for (const OutcomeLabel label : kLabels) json["outcomes"][std::string(OutcomeLabelName(label))] = score.label(label);
  json["win_rate"] = Of(score.win_rate);
  json["closure_rate"] = Of(score.closure_rate);
  json["gain"] = {{"percent", Of(score.gain_percent)}, {"money", Of(score.gain_money)}, {"r", Of(score.gain_r)}};
  json["loss"] = {{"percent", Of(score.loss_percent)}, {"money", Of(score.loss_money)}, {"r", Of(score.loss_r)}};
  json["expectancy_r"] = Of(score.expectancy_r);
  json["profit_net"] = score.profit_net.ToString();
  json["by_score"] = Json::array();
  for (const ScoreRow& row : score.by_score) {
    json["by_score"].push_back(
        {{"score", row.score}, {"win_rate", Of(row.wins)}, {"expectancy_r", Of(row.expectancy_r)}});
  }
  json["by_time_of_day"] = Json::array();
  for (const TimeOfDayRow& row : score.by_time_of_day) {
    json["by_time_of_day"].push_back({{"start", HourMinute(row.minute)},
                                      {"win_rate", Of(row.wins)},
                                      {"expectancy_r", Of(row.expectancy_r)},
                                      {"greyed", row.greyed}});
  }
  json["near_misses"] = Json::array();
  for (const NearMiss& miss : score.near_misses) {
    json["near_misses"].push_back({{"time", FormatTime(miss.time)},
                                   {"symbol", miss.symbol},
                                   {"score", miss.score},
                                   {"threshold", miss.threshold},
                                   {"failed", miss.failed}});
  }
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
