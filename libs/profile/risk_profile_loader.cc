#include "libs/profile/risk_profile_loader.h"

#include <filesystem>
#include <optional>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "libs/config/yaml.h"
#include "libs/profile/risk_profile_check.h"

namespace spillway::profile {
namespace {

namespace fs = std::filesystem;

// What one kind of file is called, and where it is shipped.
struct Kind {
  std::string_view what;       // "risk profile"
  std::string_view directory;  // below deploy/
};
constexpr Kind kRisk = {.what = "risk profile", .directory = "risk"};
constexpr Kind kVenue = {.what = "venue", .directory = "venue"};

absl::StatusOr<fs::path> FileOf(const Kind& kind, std::string_view name_or_path) {
  if (IsPath(name_or_path)) return fs::path(name_or_path);
  const std::vector<fs::path> directories = ShippedDirectories(kind.directory);
  if (const std::optional<fs::path> file = FindShipped(directories, name_or_path)) return *file;
  std::vector<std::string> searched;
  for (const fs::path& directory : directories) searched.push_back(directory.string());
  return absl::NotFoundError(fmt::format("no {} '{}' in {}; {}. A file is given by its path, such as ./{}.yaml",
                                         kind.what, name_or_path, fmt::join(searched, ", "),
                                         KnownText(ListShipped(directories)), name_or_path));
}

// Reads and checks a file: `check` adds what single values do not show.
template <class Message, class Check>
absl::StatusOr<Message> Load(const Kind& kind, std::string_view name_or_path, const Check& check) {
  const absl::StatusOr<fs::path> file = FileOf(kind, name_or_path);
  if (!file.ok()) return file.status();
  std::string text;
  if (absl::Status status = config::ReadFile(*file, text); !status.ok()) return status;
  Message message;
  config::Origins origins;
  config::Problems problems;
  if (config::ReadLayer(text, file->string(), message, origins, problems)) {
    config::CheckRequired(message, origins, problems);
    check(message, origins, problems);
  }
  if (!problems.empty()) return problems.ToStatus();
  return message;
}

}  // namespace

absl::StatusOr<v1::RiskProfile> LoadRiskProfile(std::string_view name_or_path) {
  const auto check = [&](const v1::RiskProfile& profile, const config::Origins& origins, config::Problems& problems) {
    CheckRiskProfile(profile, origins, problems);
    if (!problems.empty() || IsPath(name_or_path) || RiskProfileName(profile) == name_or_path) return;
    problems.Add(
        origins.Nearest("name"), "name",
        fmt::format("the file is named {} but says it is {}; rename one", name_or_path, RiskProfileName(profile)));
  };
  return Load<v1::RiskProfile>(kRisk, name_or_path, check);
}

std::vector<ShippedProfile> ListRiskProfiles() {
  return ListShipped(ShippedDirectories(kRisk.directory));
}

std::string RiskProfileName(const v1::RiskProfile& profile) {
  return fmt::format("{}@{}", profile.name(), profile.version());
}

absl::StatusOr<v1::SimulatedVenue> LoadVenue(std::string_view name_or_path) {
  return Load<v1::SimulatedVenue>(kVenue, name_or_path, CheckVenue);
}

}  // namespace spillway::profile
