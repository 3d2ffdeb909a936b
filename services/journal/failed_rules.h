// Which rules and gates kept a signal from being accepted.
#pragma once

#include <string>
#include <vector>

#include "libs/events/text.h"

namespace spillway::journal {

// Those that did not pass, what kept it from being accepted first: with a score that is enough the gates, else the
// rules. Rows that only explain (no gate, no points) are left out.
inline std::vector<const RuleResult*> FailedRules(const Signal& signal) {
  const bool enough = signal.score >= signal.threshold;
  std::vector<const RuleResult*> decisive, others;
  for (const RuleResult& rule : signal.rules) {
    if (rule.passed || (!rule.gate && rule.points_max == 0)) continue;
    (rule.gate == enough ? decisive : others).push_back(&rule);
  }
  decisive.insert(decisive.end(), others.begin(), others.end());
  return decisive;
}

}  // namespace spillway::journal
