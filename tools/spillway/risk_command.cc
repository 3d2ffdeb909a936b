// `spillway risk`: risk profiles as files.
#include <google/protobuf/util/json_util.h>

#include "fmt/format.h"
#include "libs/config/yaml.h"
#include "libs/profile/risk_profile_loader.h"
#include "nlohmann/json.hpp"
#include "tools/spillway/commands.h"
#include "tools/spillway/console.h"

namespace spillway::cli {

int RiskList(const RiskArguments& arguments) {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const profile::ShippedProfile& shipped : profile::ListRiskProfiles()) {
    const absl::StatusOr<v1::RiskProfile> loaded = profile::LoadRiskProfile(shipped.name);
    const std::string description = loaded.ok() ? loaded->description() : "does not load: see `spillway risk check`";
    json.push_back({{"name", shipped.name}, {"file", shipped.file.string()}, {"description", description}});
    if (!arguments.json) fmt::print("{:<22} {}\n", shipped.name, description);
  }
  if (arguments.json) fmt::print("{}\n", json.dump(2));
  return kExitOk;
}

int RiskShow(const RiskArguments& arguments) {
  const absl::StatusOr<v1::RiskProfile> loaded = profile::LoadRiskProfile(arguments.profile);
  if (!loaded.ok()) {
    Fail(loaded.status());
    return kExitUsage;
  }
  if (!arguments.json) {
    fmt::print("{}", config::ToYaml(*loaded));
    return kExitOk;
  }
  std::string json;
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.preserve_proto_field_names = true;
  if (!google::protobuf::util::MessageToJsonString(*loaded, &json, options).ok()) return kExitFailed;
  fmt::print("{}\n", json);
  return kExitOk;
}

int RiskCheck(const RiskArguments& arguments) {
  std::string name;
  absl::Status status;
  if (arguments.venue) {
    const absl::StatusOr<v1::SimulatedVenue> loaded = profile::LoadVenue(arguments.profile);
    status = loaded.status();
    if (loaded.ok()) name = loaded->name().empty() ? arguments.profile : loaded->name();
  } else {
    const absl::StatusOr<v1::RiskProfile> loaded = profile::LoadRiskProfile(arguments.profile);
    status = loaded.status();
    if (loaded.ok()) name = profile::RiskProfileName(*loaded);
  }
  if (!status.ok()) {
    Fail(status);
    return kExitDiffers;
  }
  if (arguments.json) {
    fmt::print("{}\n", nlohmann::ordered_json{{arguments.venue ? "venue" : "profile", name}, {"valid", true}}.dump());
  } else {
    fmt::print("{}: valid\n", name);
  }
  return kExitOk;
}

}  // namespace spillway::cli
