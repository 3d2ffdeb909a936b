// Profiles from YAML files. The schema is proto/spillway/v1/profile.proto.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/profile/shipped_files.h"
#include "spillway/v1/profile.pb.h"

namespace spillway::profile {

// A shipped profile ("ofi-classic@1") or the path of a YAML file (it has a '/' or ends in .yaml or .yml).
//
// `base: name@version` is resolved first, through any number of steps; then the file is laid over it: scalars are
// replaced, nested messages merged field by field, a list is replaced as a whole. Name, version, description and
// `carries` are a file's own and never taken over. A base is looked for among the shipped profiles, then beside the
// file.
//
// NotFound: no such profile or file. InvalidArgument: everything that is wrong with the files, one "file:line: key:
// text" a line: what config::ParseYaml and CheckProfile refuse, an unknown base, bases in a circle, and a shipped
// file's name that differs from the name and version in it.
absl::StatusOr<v1::Profile> LoadProfile(std::string_view name_or_path);

// Every shipped profile by name; where two directories have one name, the first directory's. Files are not read.
std::vector<ShippedProfile> ListProfiles();

// Where shipped profiles are looked for, in this order: the directories of $SPILLWAY_PROFILES (separated by ':'),
// ../share/spillway/profiles beside the program's directory, deploy/profiles of the source tree it was built from.
std::vector<std::filesystem::path> ProfileDirectories();

// "ofi-classic@1"
std::string ProfileName(const v1::Profile& profile);

// The bytes that go on the log: equal profiles give equal bytes in every process.
std::string SerializeDeterministic(const google::protobuf::Message& profile);

}  // namespace spillway::profile
