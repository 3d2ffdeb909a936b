#include "libs/profile/profile_loader.h"

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "libs/config/yaml.h"
#include "libs/profile/profile_check.h"

namespace spillway::profile {
namespace {

namespace fs = std::filesystem;

std::string KnownProfiles() {
  return KnownText(ListProfiles());
}

// What a file says of itself is not taken over by those built on it.
void ForgetIdentity(v1::Profile& profile, config::Origins& origins) {
  profile.clear_name();
  profile.clear_version();
  profile.clear_base();
  profile.clear_description();
  profile.clear_carries();
  for (const char* path : {"name", "version", "base", "description", "carries"}) {
    origins.EraseBelow(path);
    origins.Erase(path);
  }
}

class Loader {
 public:
  // Lays the file and, before it, its bases over `profile`. False: something is too wrong to look further.
  absl::StatusOr<bool> Read(const fs::path& file, v1::Profile& profile) {
    std::string text;
    if (absl::Status status = config::ReadFile(file, text); !status.ok()) return status;
    // A first look finds the base; the second, over the base, counts.
    v1::Profile look;
    config::Origins look_origins;
    config::Problems look_problems;
    config::ReadLayer(text, file.string(), look, look_origins, look_problems);
    chain_.push_back(file);
    if (!look.base().empty()) {
      const std::optional<fs::path> base = FindBase(look.base(), file, look_origins.Nearest("base"));
      if (!base) return false;
      const absl::StatusOr<bool> read = Read(*base, profile);
      if (!read.ok() || !*read) return read;
      ForgetIdentity(profile, origins_);
    }
    return config::ReadLayer(text, file.string(), profile, origins_, problems_);
  }

  absl::StatusOr<v1::Profile> Load(const fs::path& file, std::string_view shipped_name) {
    v1::Profile profile;
    const absl::StatusOr<bool> read = Read(file, profile);
    if (!read.ok()) return read.status();
    if (*read) config::CheckRequired(profile, origins_, problems_);
    if (*read) CheckProfile(profile, origins_, problems_);
    if (problems_.empty() && !shipped_name.empty() && ProfileName(profile) != shipped_name) {
      problems_.Add(
          origins_.Nearest("name"), "name",
          fmt::format("the file is named {} but says it is {}; rename one", shipped_name, ProfileName(profile)));
    }
    if (!problems_.empty()) return problems_.ToStatus();
    return profile;
  }

 private:
  std::optional<fs::path> FindBase(const std::string& name, const fs::path& file, const config::Origin& where) {
    std::vector<fs::path> directories = ProfileDirectories();
    directories.push_back(file.parent_path());
    const std::optional<fs::path> base = FindShipped(directories, name);
    if (!base) {
      problems_.Add(where, "base",
                    fmt::format("no profile '{}', neither shipped nor beside this file; {}", name, KnownProfiles()));
      return std::nullopt;
    }
    const auto is_base = [&](const fs::path& link) {
      std::error_code error;
      return fs::equivalent(link, *base, error);
    };
    if (std::any_of(chain_.begin(), chain_.end(), is_base)) {
      std::string circle;
      for (const fs::path& link : chain_) circle += link.stem().string() + " -> ";
      problems_.Add(where, "base", fmt::format("bases in a circle: {}{}", circle, name));
      return std::nullopt;
    }
    return base;
  }

  std::vector<fs::path> chain_;  // from the file asked for to the base being read
  config::Origins origins_;
  config::Problems problems_;
};

}  // namespace

absl::StatusOr<v1::Profile> LoadProfile(std::string_view name_or_path) {
  if (IsPath(name_or_path)) return Loader().Load(fs::path(name_or_path), "");
  const std::vector<fs::path> directories = ProfileDirectories();
  if (const std::optional<fs::path> file = FindShipped(directories, name_or_path))
    return Loader().Load(*file, name_or_path);
  std::vector<std::string> searched;
  for (const fs::path& directory : directories) searched.push_back(directory.string());
  return absl::NotFoundError(fmt::format("no profile '{}' in {}; {}. A file is given by its path, such as ./{}.yaml",
                                         name_or_path, fmt::join(searched, ", "), KnownProfiles(), name_or_path));
}

std::vector<ShippedProfile> ListProfiles() {
  return ListShipped(ProfileDirectories());
}

std::vector<fs::path> ProfileDirectories() {
  std::vector<fs::path> directories;
  if (const char* listed = std::getenv("SPILLWAY_PROFILES")) {
    std::string_view rest = listed;
    while (!rest.empty()) {
      const size_t colon = std::min(rest.find(':'), rest.size());
      if (colon > 0) directories.emplace_back(rest.substr(0, colon));
      rest.remove_prefix(std::min(colon + 1, rest.size()));
    }
  }
  for (fs::path& shipped : ShippedDirectories("profiles")) directories.push_back(std::move(shipped));
  return directories;
}

std::string ProfileName(const v1::Profile& profile) {
  return fmt::format("{}@{}", profile.name(), profile.version());
}

std::string SerializeDeterministic(const google::protobuf::Message& profile) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    profile.SerializeToCodedStream(&coded);
  }  // the streams trim `bytes` when they end
  return bytes;
}

}  // namespace spillway::profile
