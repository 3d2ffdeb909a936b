// The report as JSON: what `spillway report --json` prints and what the page embeds. docs/report.md documents the keys;
// they are added to, never renamed.
#pragma once

#include <string>

#include "services/journal/report/session_report.h"

namespace spillway::journal::report {

// `indent` < 0: one line.
std::string ToJson(const SessionReport& report, int indent = 2);

}  // namespace spillway::journal::report
