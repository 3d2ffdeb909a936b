// Paper accounts that go on from one run to the next, so that weeks and months work over recorded days.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tools/spillway/pipeline_run.h"

namespace spillway::cli {

// Gives each instance the account with which the instance of the same name ended in `run`; one that did not run there
// begins with its profile's equity. FailedPrecondition: none of them did, or `session`, which is to be run, is not of a
// later trading day.
absl::Status CarryAccounts(const std::string& run, const std::string& session,
                           std::vector<StrategyInstance>& instances);

}  // namespace spillway::cli
