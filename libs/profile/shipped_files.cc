#include "libs/profile/shipped_files.h"

#include <map>

#include "fmt/format.h"
#include "fmt/ranges.h"

namespace spillway::profile {

namespace fs = std::filesystem;

bool IsPath(std::string_view text) {
  return text.find('/') != std::string_view::npos || text.ends_with(".yaml") || text.ends_with(".yml");
}

std::vector<fs::path> ShippedDirectories(std::string_view kind) {
  std::vector<fs::path> directories;
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (!error) directories.push_back(program.parent_path().parent_path() / "share/spillway" / kind);
  directories.push_back(fs::path(SPILLWAY_SOURCE_DEPLOY) / kind);
  return directories;
}

std::optional<fs::path> FindShipped(const std::vector<fs::path>& directories, std::string_view name) {
  for (const fs::path& directory : directories) {
    std::error_code error;
    fs::path file = directory / fmt::format("{}.yaml", name);
    if (fs::is_regular_file(file, error)) return file;
  }
  return std::nullopt;
}

std::vector<ShippedProfile> ListShipped(const std::vector<fs::path>& directories) {
  std::map<std::string, fs::path> found;
  for (const fs::path& directory : directories) {
    std::error_code error;
    for (const fs::directory_entry& entry : fs::directory_iterator(directory, error)) {
      const std::string name = entry.path().stem().string();
      if (entry.path().extension() == ".yaml" && name.find('@') != std::string::npos) found.emplace(name, entry.path());
    }
  }
  std::vector<ShippedProfile> shipped;
  for (const auto& [name, file] : found) shipped.push_back({.name = name, .file = file});
  return shipped;
}

std::string KnownText(const std::vector<ShippedProfile>& shipped) {
  std::vector<std::string> names;
  for (const ShippedProfile& one : shipped) names.push_back(one.name);
  return names.empty() ? "there are none" : fmt::format("known: {}", fmt::join(names, ", "));
}

}  // namespace spillway::profile
