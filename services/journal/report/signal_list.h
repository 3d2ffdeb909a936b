// All recorded signals of a session, each with its gate trace, in a form that stays small: what repeats stands once in
// a table, a signal names its place there. docs/report.md has the columns.
#pragma once

#include "nlohmann/json.hpp"
#include "services/journal/report/session_report.h"

namespace spillway::journal::report {

nlohmann::ordered_json SignalListJson(const SessionReport& report);

}  // namespace spillway::journal::report
