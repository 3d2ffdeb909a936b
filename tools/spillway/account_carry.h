// Paper accounts that go on from one run to the next, so that weeks and months work over recorded days.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tools/spillway/pipeline_run.h"

namespace spillway::cli {

// Gives each instance the account with which the instance of the same name ended in `run`; one that did not run there
// begins with its profile's equity. FailedPrecondition: none of them did.
absl::Status CarryAccounts(const std::string& run, std::vector<StrategyInstance>& instances);

}  // namespace spillway::cli
