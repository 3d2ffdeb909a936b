// One scorecard of several runs.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "services/journal/scorecard.h"

namespace spillway::cli {

// The runs' trading lanes, one after the other. InvalidArgument: one run was given twice.
absl::StatusOr<std::vector<journal::InstanceScore>> FoldedScores(const std::vector<std::string>& sessions);

}  // namespace spillway::cli
