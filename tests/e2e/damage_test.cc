// A recorded run in which one byte is not what was written: who reads it says so, and where.
#include <algorithm>
#include <set>

#include "tests/catch.h"
#include "tests/e2e/child_process.h"
#include "tests/e2e/sessions.h"

namespace spillway::e2e {
namespace {

std::vector<fs::path> SegmentFiles(const fs::path& session) {
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(session)) {
    if (entry.path().extension() == ".seg") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

// In the header, in the first frame's header and payload, in the middle, and in the footer (docs/log-format.md).
std::vector<size_t> Positions(const std::string& bytes) {
  const size_t frame = bytes.find("SPFR");
  REQUIRE(frame != std::string::npos);
  const size_t size = bytes.size();
  return {0,           9,        24,       frame - 1,  frame,     frame + 6, frame + 40,
          frame + 200, size / 3, size / 2, size - 300, size - 20, size - 9,  size - 1};
}

void CheckFound(const std::string& session, const std::string& file) {
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"log", "verify", session}, {"replay", session, "--verify"}}) {
    const ProgramResult result = Spillway(command);
    INFO(Describe(command, result));
    CHECK(result.exit_code == 3);
    const std::string text = result.out + result.err;
    CHECK(text.find(file) != std::string::npos);
    CHECK(text.find("byte ") != std::string::npos);
    CHECK(text.find("expected") != std::string::npos);
  }
}

}  // namespace

TEST_CASE("damage: any byte that changed in any lane is found and located", "[damage]") {
  const auto run = SounRunSession();
  if (!run) return;
  const Workspace workspace;
  const std::string session = workspace / "damaged";
  fs::copy(run->session, session, fs::copy_options::recursive);
  SpillwayOk({"log", "verify", session});
  const std::vector<fs::path> files = SegmentFiles(session);
  REQUIRE(files.size() >= 3);
  for (const fs::path& file : files) {
    const std::string whole = ReadText(file);
    for (const size_t position : Positions(whole)) {
      INFO(file << " byte " << position);
      std::string damaged = whole;
      damaged[position] = static_cast<char>(damaged[position] ^ 0x10);
      WriteText(file, damaged);
      CheckFound(session, file.string());
    }
    WriteText(file, whole);
  }
  SpillwayOk({"log", "verify", session});
}

TEST_CASE("damage: a manifest that was edited is found", "[damage]") {
  const auto run = SounRunSession();
  if (!run) return;
  const Workspace workspace;
  const std::string session = workspace / "damaged";
  fs::copy(run->session, session, fs::copy_options::recursive);
  const fs::path manifest = fs::path(session) / "manifest.json";
  const std::string whole = ReadText(manifest);
  for (size_t position = 3; position < whole.size(); position += whole.size() / 8) {
    std::string damaged = whole;
    damaged[position] = static_cast<char>(damaged[position] ^ 0x01);
    WriteText(manifest, damaged);
    INFO("byte " << position);
    for (const std::vector<std::string>& command :
         {std::vector<std::string>{"log", "verify", session}, {"replay", session, "--verify"}}) {
      const ProgramResult result = Spillway(command);
      INFO(Describe(command, result));
      CHECK(result.exit_code == 3);
      CHECK((result.out + result.err).find("manifest.json") != std::string::npos);
    }
  }
}

TEST_CASE("damage: a lane that lost its end is not read as if it were whole", "[damage]") {
  const auto run = SounRunSession();
  if (!run) return;
  const Workspace workspace;
  const std::string session = workspace / "torn";
  fs::copy(run->session, session, fs::copy_options::recursive);
  const fs::path file = fs::path(session) / "trading" / "000001.seg";
  fs::resize_file(file, fs::file_size(file) / 2);
  CheckFound(session, file.string());
  for (const char* command : {"report", "trace"}) {
    std::vector<std::string> arguments = {command, session};
    if (std::string(command) == "trace") arguments.emplace_back("abcdef");
    const ProgramResult result = Spillway(arguments);
    INFO(Describe(arguments, result));
    CHECK(result.exit_code == 3);
    CHECK(result.err.find("trading") != std::string::npos);
  }
}

TEST_CASE("damage: what a killed program left behind is removed by the next one that writes there", "[damage]") {
  const auto soun = SounSession();
  const auto run = SounRunSession();
  if (!soun || !run) return;
  const Workspace workspace;
  fs::copy(run->session, workspace / "out.partial-999999999", fs::copy_options::recursive);
  SpillwayOk({"run", *soun, "--profile", "ofi-classic@1", "--out", workspace / "out", "--quiet"});
  CHECK(workspace.Names() == std::vector<std::string>{"out"});
}

}  // namespace spillway::e2e
