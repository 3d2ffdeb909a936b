#include <cmath>

#include "services/journal/report/session_report.h"

namespace spillway::journal::report {

bool Failed(const RuleResult& rule) {
  if (rule.gate) return !rule.passed;
  return rule.points_max > 0 ? rule.points < rule.points_max : rule.points < 0;
}

std::optional<double> Shortfall(const RuleResult& rule) {
  const bool yes_no = rule.comparison == Comparison::kIsTrue || rule.comparison == Comparison::kIsFalse;
  if (!rule.value || yes_no) return std::nullopt;
  return std::abs(*rule.value - rule.limit);
}

}  // namespace spillway::journal::report
