// The report as one HTML file that needs nothing else: no network, no other file, any current browser.
#pragma once

#include <string>
#include <string_view>

#include "services/journal/report/session_report.h"

namespace spillway::journal::report {

std::string ToHtml(const SessionReport& report);

// JSON as it may stand inside a <script> element: no "<", ">" or "&", no line separators of U+2028 and U+2029.
std::string JsonForScript(std::string_view json);

// Text for an HTML element or a quoted attribute.
std::string EscapeHtml(std::string_view text);

}  // namespace spillway::journal::report
