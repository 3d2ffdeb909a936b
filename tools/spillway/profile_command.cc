#include <google/protobuf/util/json_util.h>

#include "fmt/format.h"
#include "libs/config/yaml.h"
#include "libs/profile/profile_loader.h"
#include "nlohmann/json.hpp"
#include "tools/spillway/commands.h"
#include "tools/spillway/console.h"

namespace spillway::cli {

int ProfileList(const ProfileArguments& arguments) {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const profile::ShippedProfile& shipped : profile::ListProfiles()) {
    const absl::StatusOr<v1::Profile> loaded = profile::LoadProfile(shipped.name);
    const std::string description = loaded.ok() ? loaded->description() : "does not load: see `spillway profile check`";
    json.push_back({{"name", shipped.name}, {"file", shipped.file.string()}, {"description", description}});
    if (!arguments.json) fmt::print("{:<20} {}\n", shipped.name, description);
  }
  if (arguments.json) fmt::print("{}\n", json.dump(2));
  return kExitOk;
}

int ProfileShow(const ProfileArguments& arguments) {
  const absl::StatusOr<v1::Profile> loaded = profile::LoadProfile(arguments.profile);
  if (!loaded.ok()) {
    Fail(loaded.status());
    return kExitUsage;
  }
  if (arguments.json) {
    std::string json;
    google::protobuf::util::JsonPrintOptions options;
    options.add_whitespace = true;
    options.preserve_proto_field_names = true;
    if (!google::protobuf::util::MessageToJsonString(*loaded, &json, options).ok()) return kExitFailed;
    fmt::print("{}\n", json);
  } else {
    fmt::print("{}", config::ToYaml(*loaded));
  }
  return kExitOk;
}

int ProfileCheck(const ProfileArguments& arguments) {
  const absl::StatusOr<v1::Profile> loaded = profile::LoadProfile(arguments.profile);
  if (!loaded.ok()) {
    Fail(loaded.status());
    return kExitDiffers;
  }
  if (arguments.json) {
    fmt::print("{}\n", nlohmann::ordered_json{{"profile", profile::ProfileName(*loaded)}, {"valid", true}}.dump());
  } else {
    fmt::print("{}: valid\n", profile::ProfileName(*loaded));
  }
  return kExitOk;
}

}  // namespace spillway::cli
