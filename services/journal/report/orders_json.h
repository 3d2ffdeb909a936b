// The orders of a session as JSON: docs/report.md has the columns.
#pragma once

#include "nlohmann/json.hpp"
#include "services/journal/report/session_report.h"

namespace spillway::journal::report {

// The session has orders.
nlohmann::ordered_json OrdersJson(const SessionReport& report);
// Every limit of a size, the one that bound it marked.
nlohmann::ordered_json CapsJson(const RiskDecision& decision);

}  // namespace spillway::journal::report
