// "What would this profile have done?": the recorded market, another profile, and the difference in alerts.
#pragma once

#include "tools/spillway/commands.h"

namespace spillway::cli {

int ReplayDiff(const ReplayArguments& arguments);

}  // namespace spillway::cli
