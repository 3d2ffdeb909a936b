// Recorded sessions that tests check themselves against. They are not part of the repository: a test that needs one and
// does not find it says SKIPPED on stderr and passes.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace spillway::test {

// The folder named by SPILLWAY_SHARED, else ../shared beside the repository (SPILLWAY_SOURCE, else here).
inline std::filesystem::path RecordedDataRoot() {
  if (const char* shared = std::getenv("SPILLWAY_SHARED")) return shared;
  const char* source = std::getenv("SPILLWAY_SOURCE");
  return std::filesystem::path(source != nullptr ? source : ".") / ".." / "shared";
}

// The path of "data/equities/..."; nullopt, with a line on stderr, where it is missing.
inline std::optional<std::filesystem::path> RecordedData(std::string_view relative) {
  const std::filesystem::path path = RecordedDataRoot() / relative;
  if (std::filesystem::exists(path)) return path;
  std::fprintf(stderr, "SKIPPED: %s: recorded data not found at %s\n", std::string(relative).c_str(), path.c_str());
  return std::nullopt;
}

}  // namespace spillway::test
