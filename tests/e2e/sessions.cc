#include "tests/e2e/sessions.h"

#include <stdlib.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "tests/catch.h"
#include "tests/e2e/child_process.h"
#include "tests/support/recorded_data.h"

namespace spillway::e2e {
namespace {

// Removed when the program ends.
const Workspace& SharedWorkspace() {
  static const Workspace workspace;
  return workspace;
}

}  // namespace

std::vector<std::string> Workspace::Names() const {
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(path())) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

std::string ReadText(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void WriteText(const fs::path& file, std::string_view text) {
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out.write(text.data(), static_cast<std::streamsize>(text.size()));
  out.close();
  REQUIRE(out.good());
}

std::vector<std::string> SplitLines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  return lines;
}

std::string SourceFile(std::string_view relative) {
  const char* source = std::getenv("SPILLWAY_SOURCE");
  return (fs::path(source != nullptr ? source : ".") / relative).string();
}

std::optional<std::string> SounSession() {
  const std::optional<fs::path> file = test::RecordedData(kSounFile);
  if (!file) return std::nullopt;
  static const std::string session = [&] {
    std::string out = SharedWorkspace() / "soun";
    SpillwayOk({"import", "databento-csv", file->string(), "--symbol", "SOUN", "--out", out});
    return out;
  }();
  return session;
}

std::optional<SounRun> SounRunSession() {
  const std::optional<std::string> soun = SounSession();
  if (!soun) return std::nullopt;
  static const SounRun run = [&] {
    const std::string out = SharedWorkspace() / "soun.run";
    return SounRun{out, SpillwayOk({"run", *soun, "--profile", SourceFile("examples/soun.yaml"), "--out", out}).out};
  }();
  return run;
}

std::string SimulatedSession() {
  static const std::string session = [] {
    std::string out = SharedWorkspace() / "sim";
    SpillwayOk({"sim", "--symbols", "2", "--seed", "7", "--out", out});
    return out;
  }();
  return session;
}

std::string WriteProfile(const Workspace& workspace, std::string_view name, std::string_view yaml) {
  std::string file = workspace / name;
  WriteText(file, yaml);
  return file;
}

}  // namespace spillway::e2e
