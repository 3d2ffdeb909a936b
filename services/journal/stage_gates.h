// May a profile go on to its next stage (S1-B7.1 to S1-B7.5)? The gates of the stage that it is in, each with what was
// seen, what is needed and of how many. A figure that is not known does not pass.
//
// Figures are of the stage's own trades (OnlyStage). The abort condition holds for good: once the win rate of the first
// `abort_after` trades or of any more of them was below it, the stage is never left.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "services/journal/statistics.h"

namespace spillway::v1 {
class Stage;
}

namespace spillway::journal {

struct InstanceScore;

struct StageGate {
  std::string name;  // "trades", "sessions", "win_rate", "profit_net", "week_profit", "profit_factor", "abort"
  std::optional<double> seen;
  double needed = 0;                 // at least
  std::string unit;                  // "%", "USD", ""
  uint64_t count = 0;                // `seen` is of so many `of`
  std::string of;                    // "trades", "days", "weeks"
  std::optional<Interval> interval;  // 95%
  bool passed = false;
};

// In the order of the schema; empty: the stage has no gates.
std::vector<StageGate> StageGates(const v1::Stage& stage, const InstanceScore& score);
bool AllPassed(const std::vector<StageGate>& gates);

// "win_rate 58.93% [49.65, 67.62] of 112 trades, needed >= 60: FAIL"
std::string StageGateText(const StageGate& gate);

}  // namespace spillway::journal
