#include "services/journal/stage_gates.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "services/journal/scorecard.h"
#include "spillway/v1/profile.pb.h"

namespace spillway::journal {
namespace {

StageGate Gate(std::string name, std::optional<double> seen, double needed, std::string unit, uint64_t count,
               std::string of, std::optional<Interval> interval = std::nullopt) {
  const bool passed = seen && *seen >= needed;
  return {std::move(name), seen, needed, std::move(unit), count, std::move(of), interval, passed};
}

StageGate WinRateGate(const v1::Stage& stage, const InstanceScore& score) {
  std::optional<Interval> interval = score.win_rate.interval();
  if (interval) interval = Interval{100 * interval->low, 100 * interval->high};
  std::optional<double> seen;
  if (score.win_rate.trials > 0) {  // multiplied first: 33 of 55 is 60 exactly
    seen = 100 * static_cast<double>(score.win_rate.successes) / static_cast<double>(score.win_rate.trials);
  }
  return Gate("win_rate", seen, stage.win_rate_min(), "%", score.win_rate.trials, "trades", interval);
}

// The lowest win rate from `abort_after` trades on, in the order in which they closed.
StageGate AbortGate(const v1::Stage& stage, const InstanceScore& score) {
  std::optional<double> lowest;
  uint64_t wins = 0, trades = 0, at = score.trades.size();
  for (const ClosedTrade& trade : score.trades) {
    ++trades;
    wins += trade.win() ? 1 : 0;
    const double rate = 100 * static_cast<double>(wins) / static_cast<double>(trades);
    if (trades < stage.abort_after() || (lowest && *lowest <= rate)) continue;
    lowest = rate;
    at = trades;
  }
  return Gate("abort", lowest, stage.abort_win_rate(), "%", at, "trades");
}

}  // namespace

std::vector<StageGate> StageGates(const v1::Stage& stage, const InstanceScore& score) {
  std::vector<StageGate> gates;
  const uint64_t closed = score.win_rate.trials;
  if (stage.has_sessions_min()) {
    gates.push_back(
        Gate("sessions", static_cast<double>(score.days.size()), stage.sessions_min(), "", score.days.size(), "days"));
  }
  if (stage.has_trades_min()) {
    gates.push_back(Gate("trades", static_cast<double>(closed), stage.trades_min(), "", closed, "trades"));
  }
  if (stage.has_win_rate_min()) gates.push_back(WinRateGate(stage, score));
  if (stage.has_profit_net_min_e8()) {
    const std::optional<double> net = closed > 0 ? std::optional(score.profit_net.ToDouble()) : std::nullopt;
    gates.push_back(
        Gate("profit_net", net, Money::FromE8(stage.profit_net_min_e8()).ToDouble(), "USD", closed, "trades"));
  }
  if (stage.has_week_profit_min_e8()) {
    std::vector<double> weeks;
    for (const WeekRow& week : score.weeks) weeks.push_back(week.gross.ToDouble());
    const Estimate mean = MeanOf(weeks);
    gates.push_back(Gate("week_profit", mean.mean, Money::FromE8(stage.week_profit_min_e8()).ToDouble(), "USD",
                         mean.count, "weeks", mean.interval));
  }
  if (stage.has_profit_factor_min()) {
    std::optional<double> factor = score.profit_factor;
    StageGate gate = Gate("profit_factor", factor, stage.profit_factor_min(), "", closed, "trades");
    if (!factor && closed > 0) gate.passed = score.win_rate.successes == closed;  // nothing was lost
    gates.push_back(gate);
  }
  if (stage.has_abort_win_rate()) gates.push_back(AbortGate(stage, score));
  return gates;
}

bool AllPassed(const std::vector<StageGate>& gates) {
  return std::all_of(gates.begin(), gates.end(), [](const StageGate& gate) { return gate.passed; });
}

std::string StageGateText(const StageGate& gate) {
  const std::string_view unit = gate.unit == "%" ? "%" : "";
  const bool is_count = gate.name == "sessions" || gate.name == "trades";
  std::string text = gate.name + " ";
  if (!gate.seen) {
    text += "-";
  } else {
    text += is_count ? fmt::format("{:g}", *gate.seen) : fmt::format("{:.2f}{}", *gate.seen, unit);
  }
  if (gate.interval) text += fmt::format(" [{:.2f}, {:.2f}]", gate.interval->low, gate.interval->high);
  if (!is_count) text += fmt::format(" of {} {}", gate.count, gate.of);
  text += fmt::format(", needed >= {:g}: {}", gate.needed, gate.passed ? "pass" : "FAIL");
  if (gate.name == "abort" && !gate.passed) text += gate.seen ? ", never to be promoted" : ", not known yet";
  return text;
}

}  // namespace spillway::journal
