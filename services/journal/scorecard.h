// How each strategy instance did (S0-8.*, FX-17): what it said, what risk refused, how its alerts ended, and how sure
// that is. Folded from the trading lane; the same lane gives the same card.
//
//   closed         alerts that were entered and ended at TARGET, STOP or TIME
//   win            a closed trade with net profit above 0 (FX-16); the win rate is of the closed trades
//   closure rate   closed trades of all alerts with an outcome: what was MISSed or CANCELLED was never a trade. It says
//                  nothing about winning.
//   gain, loss     means over the wins, and over the closed trades that are none, in %, currency and R
//   expectancy     mean R of the closed trades
//
// Rates have 95% Wilson intervals, expectancies 95% intervals by Student's t (statistics.h). Both assume independent
// trades; trades of one day seldom are, so that the truth is wider.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "libs/events/text.h"
#include "services/journal/statistics.h"

namespace spillway::journal {

// Trades of one score, or of one half hour.
struct ScoreRow {
  double score = 0;
  Proportion wins;
  Estimate expectancy_r;
};
struct TimeOfDayRow {
  int minute = 0;  // start of the half hour in New York, 570 is 09:30; of the trigger
  Proportion wins;
  Estimate expectancy_r;
  bool greyed = false;  // under kTradesMin trades: too few to say anything
};

struct NearMiss {
  Time time;
  std::string symbol;
  double score = 0;
  double threshold = 0;
  std::vector<std::string> failed;  // each rule and gate that did not pass, in the one text form
};

struct InstanceScore {
  std::string name;
  bool shadow = false;
  uint64_t signals_accepted = 0;
  uint64_t signals_rejected = 0;
  uint64_t signals_cancelled = 0;
  uint64_t alerts = 0;                       // intents that risk approved
  std::map<std::string, uint64_t> refusals;  // by rule
  std::array<uint64_t, 6> labels{};          // by OutcomeLabel
  Proportion win_rate;
  Proportion closure_rate;
  Estimate gain_percent, gain_money, gain_r;
  Estimate loss_percent, loss_money, loss_r;
  Estimate expectancy_r;
  Money profit_net;
  std::vector<ScoreRow> by_score;            // best first
  std::vector<TimeOfDayRow> by_time_of_day;  // in the day's order
  std::vector<NearMiss> near_misses;         // best first, at most kNearMissesMax

  uint64_t label(OutcomeLabel which) const { return labels[static_cast<size_t>(which)]; }
};

class Scorecard {
 public:
  static constexpr uint64_t kTradesMin = 20;  // FX-17
  static constexpr size_t kNearMissesMax = 10;

  // Every event of the trading lane, in order.
  void Add(const Event& event);

  // In the order in which the instances were configured.
  std::vector<InstanceScore> Scores() const;

 private:
  struct Closed {
    Time triggered;
    double score = 0;
    double r = 0;
    double percent = 0;
    Money money;
  };
  struct Record {
    InstanceScore counts;  // what is counted as it comes
    std::vector<Closed> closed;
  };
  struct Intent {
    StrategyInstanceId instance = 0;
    Time triggered;
  };

  Record& RecordOf(StrategyInstanceId instance);
  void OnSignal(const Event& event, const Signal& signal);
  void OnDecision(const Event& event, const RiskDecision& decision);
  void OnOutcome(const Event& event, const OutcomeLabelled& outcome);

  NameTable names_;
  std::vector<StrategyInstanceId> order_;
  std::map<StrategyInstanceId, Record> records_;
  std::map<EventId, Intent> intents_;  // without an outcome yet
};

// At most 100 columns.
std::string ScorecardText(const std::vector<InstanceScore>& scores);
// {"instances": [{"name", "shadow", "signals", "alerts", "refusals", "outcomes", "win_rate": {"value", "low", "high",
// "n"},
// ...}]}. What is not known is null. Money as decimal strings.
std::string ScorecardJson(const std::vector<InstanceScore>& scores);

}  // namespace spillway::journal
