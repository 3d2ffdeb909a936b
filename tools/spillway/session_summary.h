// A run's results for a person: text for the terminal, the page for a browser.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace spillway::cli {

// The universe's last word on each symbol that is out, the scorecard of each instance, and, where the session has one,
// how the detectors did against the planted truth.
absl::StatusOr<std::string> SummaryText(const std::string& session);

// The self-contained page, written beside its target and renamed.
absl::Status WriteReport(const std::string& session, const std::string& html);

}  // namespace spillway::cli
