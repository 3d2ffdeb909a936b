// What would stop me now: every rule of risk with what it sees, its limit and how far that is, and what the account
// would lose if every stop were hit (FX-103, S4-R11.4.1, S4-R11.4.2). Reads the state of a RiskProcessor, changes none.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "libs/events/text.h"
#include "services/risk/risk.h"

namespace spillway::risk {

struct RuleDistance {
  RefusalRule rule = RefusalRule::kNone;
  // False: it depends on the intent itself, or on what an earlier rule misses.
  bool judged = false;
  bool refuses = false;
  // Where the rule is about a number.
  std::optional<double> seen, limit;
  std::optional<double> distance_percent;  // of the limit, until it refuses; 0 where it does
  std::string unit;
  std::string detail;
};

// FX-103: the sum over all positions of quantity x |mark - stop| and costs; `with_gap`: every stop filled 5% beyond its
// price. What no working stop protects counts with all it is worth.
struct WorstCase {
  struct Row {
    InstrumentId instrument = 0;
    StrategyInstanceId instance = 0;
    Quantity quantity;
    std::optional<Price> mark;  // exit side
    std::optional<Price> stop;
    Quantity unprotected;
    Money worth;
    Money at_stop;   // lost from here, without costs
    Money with_gap;  // ... through the gap
    Money cost;
  };
  std::vector<Row> rows;  // positions that are not flat
  Money at_stops, with_gap;
  std::optional<InstrumentId> largest;
};
WorstCase WorstCaseOf(const RiskProcessor& risk);

// One JSON object: account, positions, worst case, the rules of each instance (those of the symbols held, being entered
// or paused, 32 at most). With `instance` or `instrument` only theirs.
struct DistancesQuery {
  StrategyInstanceId instance = 0;
  InstrumentId instrument = 0;
};
std::string DistancesJson(const RiskProcessor& risk, const NameTable& names, const DistancesQuery& query = {});

}  // namespace spillway::risk
