// Risk profiles, what an account may do whichever strategies trade it, and how the simulated venue trades, from YAML
// files. The schemas are proto/spillway/v1/risk.proto; docs/risk.md explains each limit.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/profile/shipped_files.h"
#include "spillway/v1/risk.pb.h"

namespace spillway::profile {

// A shipped risk profile ("paper@1") or the path of a YAML file (it has a '/' or ends in .yaml or .yml).
//
// NotFound: no such profile or file. InvalidArgument: everything that is wrong with the file, one "file:line: key:
// text" a line: what config::ParseYaml and CheckRiskProfile refuse, and a shipped file's name that differs from the
// name and version in it.
absl::StatusOr<v1::RiskProfile> LoadRiskProfile(std::string_view name_or_path);
std::vector<ShippedProfile> ListRiskProfiles();
std::string RiskProfileName(const v1::RiskProfile& profile);  // "paper@1"

// Likewise for deploy/venue: "simulated", or a path.
absl::StatusOr<v1::SimulatedVenue> LoadVenue(std::string_view name_or_path);

}  // namespace spillway::profile
