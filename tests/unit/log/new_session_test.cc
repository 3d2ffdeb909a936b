#include "libs/log/new_session.h"

#include "libs/log/verify_session.h"
#include "tests/catch.h"
#include "tests/unit/log/log_fixture.h"

using namespace spillway;
using namespace spillway::log;

namespace {

std::unique_ptr<NewSession> Create(const fs::path& out, bool replace = false) {
  absl::StatusOr<std::unique_ptr<NewSession>> session = NewSession::Create(out, {.replace = replace});
  INFO(session.status());
  REQUIRE(session.ok());
  return *std::move(session);
}

void Fill(NewSession& session, const std::string& text) {
  const std::unique_ptr<LaneWriter> writer = OpenWriter(session.log(), "market.0");
  Append(*writer, {{kSessionOpen, text, 1}});
  REQUIRE(writer->Close().ok());
}

std::string Content(const fs::path& session) {
  const auto messages = ReadSession(session);
  REQUIRE(messages.ok());
  REQUIRE(messages->size() == 1);
  return messages->front().bytes;
}

std::vector<std::string> NamesIn(const fs::path& directory) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(directory)) names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

TEST_CASE("new session: appears under its name on Commit(), with the directories above it", "[log]") {
  TemporaryDirectory directory;
  const fs::path parent = directory / "a" / "b";
  const fs::path out = parent / GENERATE("s", "s/");
  {
    const auto session = Create(out);
    Fill(*session, "first");
    CHECK_FALSE(fs::exists(out));
    REQUIRE(session->Commit().ok());
    CHECK(absl::IsFailedPrecondition(session->Commit()));
  }
  CHECK(NamesIn(parent) == std::vector<std::string>{"s"});
  CHECK(Content(parent / "s") == "first");
  CHECK(VerifySession(parent / "s")->findings.empty());
}

TEST_CASE("new session: without Commit() nothing is left", "[log]") {
  TemporaryDirectory directory;
  fs::create_directory(directory / "d");
  Fill(*Create(directory / "d" / "s"), "first");
  CHECK(NamesIn(directory / "d").empty());
}

TEST_CASE("new session: a session that is there is replaced on demand only, and at the end only", "[log]") {
  TemporaryDirectory directory;
  const fs::path out = directory / "d" / "s";
  const auto first = Create(out);
  Fill(*first, "first");
  REQUIRE(first->Commit().ok());

  const absl::Status refused = NewSession::Create(out).status();
  CHECK(absl::IsAlreadyExists(refused));
  CHECK(std::string(refused.message()).find("replaced") != std::string::npos);
  { Fill(*Create(out, true), "given up"); }
  CHECK(Content(out) == "first");

  SECTION("replaced") {
    const auto second = Create(out, true);
    Fill(*second, "second");
    CHECK(Content(out) == "first");
    // The first one's object still holds the lock: a writer at work is not replaced under its feet.
    CHECK(absl::IsFailedPrecondition(second->Commit()));
  }
  SECTION("one that appeared meanwhile is not overwritten") {
    const fs::path other = directory / "d" / "other";
    const auto slow = Create(other);
    Fill(*slow, "slow");
    fs::copy(out, other, fs::copy_options::recursive);
    CHECK(absl::IsAlreadyExists(slow->Commit()));
    CHECK(Content(other) == "first");
  }
}

TEST_CASE("new session: a replacement takes the name in one step", "[log]") {
  TemporaryDirectory directory;
  const fs::path out = directory / "d" / "s";
  for (const char* text : {"first", "second", "third"}) {
    const auto session = Create(out, true);
    Fill(*session, text);
    REQUIRE(session->Commit().ok());
    CHECK(Content(out) == text);
    CHECK(NamesIn(directory / "d") == std::vector<std::string>{"s"});
  }
}

TEST_CASE("new session: what is no session is left alone, even with replace", "[log]") {
  TemporaryDirectory directory;
  fs::create_directory(directory / "d");
  const fs::path out = directory / "d" / "s";
  SECTION("a file") {
    WriteBytes(out, "mine");
  }
  SECTION("a directory with something in it") {
    fs::create_directory(out);
    WriteBytes(out / "x", "mine");
  }
  SECTION("a dangling link") {
    fs::create_symlink("nowhere", out);
  }
  const absl::Status refused = NewSession::Create(out, {.replace = true}).status();
  CHECK(absl::IsAlreadyExists(refused));
  CHECK(std::string(refused.message()).find("no session") != std::string::npos);
  CHECK(NamesIn(directory / "d") == std::vector<std::string>{"s"});
}

TEST_CASE("new session: an empty directory is a place for it", "[log]") {
  TemporaryDirectory directory;
  fs::create_directories(directory / "d" / "s");
  const auto session = Create(directory / "d" / "s");
  Fill(*session, "first");
  REQUIRE(session->Commit().ok());
  CHECK(Content(directory / "d" / "s") == "first");
}

TEST_CASE("new session: an open writer keeps it from being committed", "[log]") {
  TemporaryDirectory directory;
  const auto session = Create(directory / "s");
  const std::unique_ptr<LaneWriter> writer = OpenWriter(session->log(), "market.0");
  Append(*writer, {{kSessionOpen, "x", 1}});
  const absl::Status refused = session->Commit();
  CHECK(absl::IsFailedPrecondition(refused));
  CHECK(std::string(refused.message()).find("market.0") != std::string::npos);
  REQUIRE(writer->Close().ok());
  CHECK(session->Commit().ok());
}

TEST_CASE("new session: what a killed process left is removed, what another one writes is not", "[log]") {
  TemporaryDirectory directory;
  const fs::path out = directory / "d" / "s";
  fs::create_directories(directory / "d" / "s.partial-1" / "market.0");
  WriteBytes(directory / "d" / "s.partial-1" / "manifest.json", "{");
  fs::create_directories(directory / "d" / "s.partial-notes");
  WriteBytes(directory / "d" / "s.partial-notes" / "mine", "x");
  const auto other = SegmentLog::Create(directory / "d" / "s.partial-2");
  REQUIRE(other.ok());
  const auto session = Create(out);
  Fill(*session, "first");
  REQUIRE(session->Commit().ok());
  CHECK(NamesIn(directory / "d") == std::vector<std::string>{"s", "s.partial-2", "s.partial-notes"});
}
