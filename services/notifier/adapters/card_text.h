// Pieces of text that cards of all channels have in common.
#pragma once

#include <string>
#include <string_view>

#include "libs/events/event.h"
#include "services/notifier/delivery_ledger.h"

namespace spillway::notifier {

// "10:00:00.000" on the clock in New York; UTC, and says so, where the calendar does not reach.
std::string Clock(Time time);
// The clock with its zone, for headings.
std::string ZonedClock(Time time);

std::string Signed(const std::string& value);  // "+0.12", "-0.12"
std::string Cents(Money money);                // to the cent, rounded half away from zero

// "3.41 >= 3", "yes (wanted no)", "not ready: warm_up".
std::string RuleTest(const RuleResult& rule);
std::string RulePoints(const RuleResult& rule);  // "2/3", "gate"
char RuleMark(const RuleResult& rule);           // '+' passed, '-' not, '?' not ready
double PointsMax(const Alert& alert);            // what the score is out of

std::string SideWord(const Alert& alert);  // "LONG", "SHORT"
// "0.1125%": of the account, at risk.
std::string RiskPercent(const Alert& alert);
// "This setup: 58%, n=112, +0.21 R": how the account's trades ended so far, net; "" below kRecordMin of them.
inline constexpr uint64_t kRecordMin = 30;
std::string RecordText(const SetupRecord& record);
// "needs your confirmation until 10:01:00: spillway admin confirm 90ac1b35d2f0" where nothing happens without it, else
// "".
std::string ConfirmationText(const Alert& alert);
// "stage shadow, lots of 100": the stage's own lots where they bound the size; "" without stages.
std::string StageText(const Alert& alert);

// "TARGET net +12.34 USD (+2.00 R)  20.00 -> 20.24"
std::string OutcomeText(const OutcomeLabelled& outcome, std::string_view currency);
// "CANCELLED spread_blow_out seen=0.05 limit=0.03", "EXPIRED", an outcome; "" while there is no news.
std::string NewsText(const AlertCard& card);

// Valid UTF-8: every byte that is part of no character becomes '?'.
std::string ValidUtf8(std::string_view text);
size_t CodePoints(std::string_view utf8);
// At most `code_points_max` of them; what was cut ends with "..".
std::string CutCodePoints(std::string_view utf8, size_t code_points_max);

}  // namespace spillway::notifier
