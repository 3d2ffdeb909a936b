// How each strategy instance did (S0-8.*, S1-A8.*, S1-I6.*, FX-17, IR-15): what it said, what risk refused, how its
// alerts ended, how they were executed where they became orders, how its near misses would have, and how sure that is.
// Folded from the trading lane of one run or of several, one after the other; the same lanes give the same card.
//
//   closed         alerts that were entered and ended at TARGET, STOP or TIME; one belongs to the day on which it
//   closed win            a closed trade with net profit above 0 (FX-16); the win rate is of the closed trades hit rate
//   closed trades that ended at TARGET, of the closed closure rate   closed trades of all alerts with an outcome: what
//   was MISSed or CANCELLED was never a trade. It says
//                  nothing about winning.
//   gain, loss     means over the wins, and over the closed trades that are none, in %, currency and R
//   expectancy     mean R of the closed trades
//   profit factor  what the wins earned by what the others lost, net
//   drawdown       of the profile's equity and the closed trades in the order in which they closed
//   near misses    rejected signals, measured as they would have ended: one unit, before costs (outcome.h)
//   trading days   days whose regular session the lane has, and days on which a trade closed
//   minutes halted while alerting was paused by a price move, a halt or news (C-18); of a symbol, the sum over symbols
//
// Rates have 95% Wilson intervals, means 95% intervals by Student's t, rank correlations by Fisher's z (statistics.h).
// All assume independent trades; trades of one day seldom are, so that the truth is wider. What depends on the market's
// regime is not told: nothing in the lane names one.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "libs/calendar/date.h"
#include "libs/events/text.h"
#include "services/journal/criteria.h"
#include "services/journal/execution_quality.h"
#include "services/journal/statistics.h"

namespace spillway::journal {

struct ClosedTrade {
  Time triggered, exited;
  std::string symbol;
  Side side = Side::kBid;
  OutcomeLabel label = OutcomeLabel::kUnknown;
  std::string stage;  // in which it was taken; empty: none
  double score = 0;
  double r = 0;
  double percent = 0;
  Money gross, net;
  std::optional<double> mae_r, mfe_r;  // in distances from entry to stop

  bool win() const { return net > Money(); }
};
// How a rejected signal would have ended.
struct MissedTrade {
  double score = 0;
  std::string rule;  // that failed first
  OutcomeLabel label = OutcomeLabel::kUnknown;
  bool entered = false;
  double r = 0;  // before costs
};

// Trades of a group: of one score, band, half hour, symbol, side.
struct ScoreRow {
  double score = 0;
  Proportion wins;
  Estimate expectancy_r;
};
struct BandRow {
  double low = 0, high = 0;  // low <= score < high
  Proportion wins;
  Estimate expectancy_r;
};
struct TimeOfDayRow {
  int minute = 0;  // start of the half hour in New York, 570 is 09:30; of the trigger
  Proportion wins;
  Estimate expectancy_r;
  bool greyed = false;  // under kTradesMin trades: too few to say anything
};
struct SymbolRow {
  std::string symbol;
  Proportion wins;
  Estimate expectancy_r;
  Money net;
};
struct SideRow {
  Side side = Side::kBid;
  Proportion wins;
  Estimate expectancy_r;
  Money net;
};
struct HistogramRow {
  std::optional<double> low, high;  // low <= R < high; absent: open
  uint64_t count = 0;
};
struct Excursions {
  Estimate mae_r, mfe_r;
  std::optional<double> mae_r_median, mfe_r_median;
  Estimate mae_r_of_wins, mfe_r_of_losses;
};
struct DayRow {
  calendar::Date day;
  uint64_t trades = 0;
  Money gross, net;
  double r = 0;
  double drawdown_percent = 0;  // of the equity at the day's start
};
struct WeekRow {
  calendar::Date monday;
  uint64_t trades = 0;
  Money gross, net;
};
struct MonthRow {
  calendar::Date first;
  double drawdown = 0;  // from the month's highest equity
};
struct HaltRow {
  PauseScope scope = PauseScope::kSymbol;
  uint64_t pauses = 0;
  double minutes = 0;
  std::optional<double> minutes_per_day;
};
struct MissRow {
  std::string rule;  // that failed first
  uint64_t measured = 0;
  Proportion wins;  // of those that would have been entered, before costs
  Estimate expectancy_r;
};

struct NearMiss {
  EventId signal;
  Time time;
  std::string symbol;
  Side side = Side::kBid;
  double score = 0;
  double threshold = 0;
  std::vector<std::string> failed;         // each rule and gate that did not pass, in the one text form
  std::optional<OutcomeLabel> would_have;  // absent: not measured, or not known yet
  double would_have_r = 0;
};

struct InstanceScore {
  std::string name;
  bool shadow = false;
  uint64_t signals_accepted = 0;
  uint64_t signals_rejected = 0;
  uint64_t signals_repeated = 0;  // rejections that were counted only (IR-5)
  uint64_t signals_preview = 0;   // IR-9
  uint64_t signals_cancelled = 0;
  uint64_t alerts = 0;                       // intents that risk approved
  std::map<std::string, uint64_t> refusals;  // by rule
  std::array<uint64_t, 6> labels{};          // by OutcomeLabel
  std::vector<ClosedTrade> trades;           // in the order in which they closed
  std::vector<MissedTrade> missed;
  std::set<calendar::Date> session_days;   // with a regular session
  std::optional<Money> equity;             // the profile's
  std::optional<AccountSnapshot> account;  // the last
  std::string stage;                       // the last in force; empty: none was said
  Time stage_at;                           // when it was said
  bool profile_changed = false;            // different profiles under this name
  std::vector<NearMiss> near_misses;       // best first, at most kNearMissesMax
  std::vector<HaltRow> halts;
  std::optional<ExecutionFigures> execution;  // where its trades became orders

  // Computed from the above.
  Proportion win_rate;
  Proportion hit_rate;
  Proportion closure_rate;
  Estimate gain_percent, gain_money, gain_r;
  Estimate loss_percent, loss_money, loss_r;
  Estimate expectancy_r, expectancy_percent;
  Money profit_net, profit_gross;
  std::optional<double> profit_factor;  // absent without a loss
  Drawdown drawdown;                    // % is 0 where the equity is not known
  RankCorrelation score_and_r;
  RankCorrelation score_and_r_with_misses;   // near misses among them: a wider range of scores, R before costs for them
  std::vector<ScoreRow> by_score;            // best first
  std::vector<BandRow> calibration;          // bands of half a point, best first
  std::vector<TimeOfDayRow> by_time_of_day;  // in the day's order
  std::vector<SymbolRow> by_symbol;          // most trades first
  std::vector<SideRow> by_side;              // only where there was a short
  std::vector<HistogramRow> r_histogram;     // steps of half an R from -2 to 4
  Excursions excursions;
  std::vector<DayRow> days;  // trading days, in order
  std::vector<WeekRow> weeks;
  std::vector<MonthRow> months;
  Estimate trades_per_day;
  MissRow misses_all;
  std::vector<MissRow> misses_by_rule;  // most first
  std::vector<CriterionResult> criteria;
  std::vector<std::string> warnings;  // IR-15

  uint64_t label(OutcomeLabel which) const { return labels[static_cast<size_t>(which)]; }
};

// What is computed from the counts and trades; once more after trades were left out.
void ComputeFigures(InstanceScore& score);
// The trades of one stage, and those that say none; days on which all trades were another stage's do not count.
InstanceScore OnlyStage(InstanceScore score, const std::string& stage);

class Scorecard {
 public:
  static constexpr uint64_t kTradesMin = 20;  // FX-17
  static constexpr size_t kNearMissesMax = 10;

  // Every event of the trading lane, in order.
  void Add(const Event& event);
  // Another run's lane follows.
  void EndOfLane();

  // In the order in which the instances were configured.
  std::vector<InstanceScore> Scores() const;

 private:
  struct Halt {
    uint32_t causes = 0;  // that are in force
    Time since;
  };
  struct Halted {
    uint64_t pauses = 0;
    Duration time{};
  };
  struct Record {
    InstanceScore counts;  // what is counted as it comes
    std::string document;  // the profile's
    std::map<std::pair<PauseScope, InstrumentId>, Halt> halts;
    std::set<std::tuple<PauseScope, InstrumentId, std::string>> paused;  // by cause
    std::map<PauseScope, Halted> halted;
    ExecutionQuality execution;
  };
  struct Intent {
    Time triggered;
    Price risk;  // distance to the stop
    std::string stage;
  };

  Record& RecordOf(StrategyInstanceId instance);
  void OnConfiguration(const Event& event, const ConfigurationVersion& version);
  void OnSession(const SessionState& session);
  void OnSignal(const Event& event, const Signal& signal);
  void OnDecision(const Event& event, const RiskDecision& decision);
  void OnOutcome(const Event& event, const OutcomeLabelled& outcome);
  static void InStage(Record& record, Time time, const std::string& stage);
  void OnMiss(Record& record, const OutcomeLabelled& outcome);
  void OnTradingState(const Event& event, const TradingState& state);
  static void EndHalts(Record& record, Time now);

  NameTable names_;
  Time last_;
  std::optional<calendar::Date> session_day_;
  std::vector<StrategyInstanceId> order_;
  std::map<StrategyInstanceId, Record> records_;
  std::map<EventId, Intent> intents_;            // without an outcome yet
  std::set<EventId> confirmations_;              // intents that follow from one that is counted already
  std::map<EventId, std::string> failed_first_;  // rejected signals without an outcome: the rule
};

// At most 100 columns.
std::string ScorecardText(const std::vector<InstanceScore>& scores);
// {"instances": [{"name", "shadow", "signals", "alerts", "refusals", "outcomes", "win_rate": {"value", "low", "high",
// "n"}, ...}]}. What is not known is null. Money as decimal strings.
std::string ScorecardJson(const std::vector<InstanceScore>& scores);

}  // namespace spillway::journal
