// Configuration that comes with the programs, by name: deploy/profiles, deploy/risk, deploy/venue.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spillway::profile {

struct ShippedProfile {
  std::string name;  // "ofi-classic@1"
  std::filesystem::path file;
};

// A path has a '/' or ends in .yaml or .yml; anything else is a name.
bool IsPath(std::string_view text);
// ../share/spillway/KIND beside the program's directory, deploy/KIND of the source tree it was built from.
std::vector<std::filesystem::path> ShippedDirectories(std::string_view kind);
// The first directory's file of that name.
std::optional<std::filesystem::path> FindShipped(const std::vector<std::filesystem::path>& directories,
                                                 std::string_view name);
// Every file by name; where two directories have one name, the first directory's. Files are not read.
std::vector<ShippedProfile> ListShipped(const std::vector<std::filesystem::path>& directories);
// "known: a@1, b@1", or that there are none.
std::string KnownText(const std::vector<ShippedProfile>& shipped);

}  // namespace spillway::profile
