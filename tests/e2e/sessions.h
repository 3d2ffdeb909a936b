// Temporary directories, and the recorded sessions that several tests look at: each is imported or run once.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/temporary_folder.h"

namespace spillway::e2e {

namespace fs = std::filesystem;

// A directory of its own that goes away with the object.
class Workspace {
 public:
  const fs::path& path() const { return folder_.path(); }
  std::string operator/(std::string_view name) const { return (path() / name).string(); }
  // The names in it, sorted.
  std::vector<std::string> Names() const;

 private:
  test::TemporaryFolder folder_;
};

std::string ReadText(const fs::path& file);
void WriteText(const fs::path& file, std::string_view text);
std::vector<std::string> SplitLines(std::string_view text);
// A file of the repository ("examples/soun.yaml").
std::string SourceFile(std::string_view relative);

inline constexpr std::string_view kSounFile = "data/equities/mbp10/SOUN_2025-05-02_xnas_mbp10.csv.zst";

// The recorded session of SOUN, imported; nullopt, SKIPPED on stderr, where the recording is not there.
std::optional<std::string> SounSession();
// `run` of it with examples/soun.yaml.
struct SounRun {
  std::string session;  // its directory
  std::string cards;    // what it printed
};
std::optional<SounRun> SounRunSession();

// A simulated session of two symbols; it is always there.
std::string SimulatedSession();

// A profile as a file in the workspace; returns its path.
std::string WriteProfile(const Workspace& workspace, std::string_view name, std::string_view yaml);
// ofi-classic@1, its rubric untouched and its ten levels too, with a universe that lets SOUN in.
inline constexpr std::string_view kOpenedClassic =
    "name: opened\nversion: 1\nbase: ofi-classic@1\nuniverse:\n  price_min: 2\n"
    "  allow_unknown: [float, relative_volume, security_type]\n";

}  // namespace spillway::e2e
