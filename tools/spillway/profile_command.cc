#include <google/protobuf/util/json_util.h>

#include <array>

#include "fmt/format.h"
#include "libs/config/yaml.h"
#include "libs/profile/profile_loader.h"
#include "libs/profile/profile_text.h"
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
    fmt::print("{}", arguments.yaml ? config::ToYaml(*loaded) : profile::DescribeText(*loaded));
  }
  return kExitOk;
}

int ProfileDiff(const ProfileArguments& arguments) {
  std::array<v1::Profile, 2> profiles;
  for (size_t i = 0; i < profiles.size(); ++i) {
    absl::StatusOr<v1::Profile> loaded = profile::LoadProfile(i == 0 ? arguments.profile : arguments.other);
    if (!loaded.ok()) {
      Fail(loaded.status());
      return kExitUsage;
    }
    profiles[i] = *std::move(loaded);
  }
  const std::vector<profile::Difference> differences = profile::Differences(profiles[0], profiles[1]);
  if (arguments.json) {
    nlohmann::ordered_json json = {{"left", profile::ProfileName(profiles[0])},
                                   {"right", profile::ProfileName(profiles[1])},
                                   {"differences", nlohmann::ordered_json::array()}};
    const auto value = [](const std::optional<std::string>& v) {
      return v ? nlohmann::ordered_json(*v) : nlohmann::ordered_json(nullptr);
    };
    for (const profile::Difference& d : differences)
      json["differences"].push_back({{"path", d.path}, {"left", value(d.left)}, {"right", value(d.right)}});
    fmt::print("{}\n", json.dump(2));
    return kExitOk;
  }
  fmt::print("{} -> {}: {} values differ\n", profile::ProfileName(profiles[0]), profile::ProfileName(profiles[1]),
             differences.size());
  for (const profile::Difference& d : differences)
    fmt::print("  {}: {} -> {}\n", d.path, d.left.value_or("-"), d.right.value_or("-"));
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
