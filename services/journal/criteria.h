// The seeds' success tables (S0-S.*, S1-AS.*, S1-BS.*) against what was measured: target, figure, how many it is of,
// and what the seed says follows. Consequences are recommendations; what acts by itself is a limit of the account.
//
// A figure is judged by itself, its interval is shown beside it. From fewer than kTradesMin closed trades, kDaysMin
// trading days, kWeeksMin weeks it is TOO FEW: neither met nor missed, and nothing follows. A worst
// day or month that is beyond its target is a miss whatever their number.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "services/journal/statistics.h"

namespace spillway::v1 {
class Profile;
}

namespace spillway::journal {

struct InstanceScore;

inline constexpr uint64_t kCriterionTradesMin = 20;
inline constexpr uint64_t kCriterionDaysMin = 5;
inline constexpr uint64_t kCriterionWeeksMin = 2;
inline constexpr uint64_t kCriterionMonthsMin = 1;

enum class Verdict : uint8_t { kTooFew, kMet, kMissed };
std::string_view VerdictName(Verdict verdict);  // "TOO FEW"

struct CriterionResult {
  std::string id;                           // "S1-BS.2"
  std::string measure;                      // "win_rate"
  std::string unit;                         // "%", "USD", "trades", ""
  std::optional<double> at_least, at_most;  // the target
  std::optional<double> act_below, act_above;
  std::optional<double> measured;
  std::optional<Interval> interval;  // 95%, where the measure has one
  uint64_t count = 0;                // how many `of` it is of
  std::string of;                    // "trades", "wins", "days", "weeks", "months"
  Verdict verdict = Verdict::kTooFew;
  bool acts = false;        // so far off that the consequence follows
  std::string consequence;  // "review", "stop", "reduce", "tighten"; empty: none
  std::string then;         // in the seed's words
};

// In the profile's order. Weekly profit acts when each of the last two weeks, one after the other, was beyond the
// limit.
std::vector<CriterionResult> EvaluateCriteria(const v1::Profile& profile, const InstanceScore& score);

}  // namespace spillway::journal
