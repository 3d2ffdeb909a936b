// Crashes: what a writer left behind at any byte is cut to its last whole frame, reported, and goes on.
#include <sys/resource.h>
#include <sys/wait.h>

#include <csignal>

#include "libs/log/segment_format.h"
#include "libs/log/segment_log.h"
#include "libs/log/segment_reader.h"
#include "libs/log/verify_session.h"
#include "tests/catch.h"
#include "tests/unit/log/log_fixture.h"

using namespace spillway;
using namespace spillway::log;

namespace {

constexpr const char* kLane = "market.0";
constexpr const char* kFirstSegment = "000001.seg";

// A session whose writer ended without Close(), everything flushed.
void WriteUnclosed(const fs::path& session, const std::vector<OwnedMessage>& messages) {
  const std::unique_ptr<SegmentLog> log = CreateSession(session, SmallFrameOptions());
  const std::unique_ptr<LaneWriter> writer = OpenWriter(*log, kLane);
  Append(*writer, messages);
  REQUIRE(writer->Flush().ok());
}

struct FrameEnd {
  uint64_t offset = 0;    // behind the frame
  uint64_t messages = 0;  // up to here
};

// Behind the header, and behind each frame.
std::vector<FrameEnd> FrameEnds(const fs::path& file) {
  absl::StatusOr<SegmentReader> segment = SegmentReader::Open(file, kLane, 1, false);
  REQUIRE(segment.ok());
  std::vector<FrameEnd> ends = {{segment->first_frame_offset(), 0}};
  Frame frame;
  Damage damage;
  while (segment->Read(ends.back().offset, static_cast<uint32_t>(ends.size()), frame, damage) ==
         SegmentReader::Result::kFrame) {
    ends.push_back({frame.end, ends.back().messages + frame.header.messages});
  }
  return ends;
}

std::vector<OwnedMessage> Front(const std::vector<OwnedMessage>& messages, uint64_t count) {
  return {messages.begin(), messages.begin() + static_cast<std::ptrdiff_t>(count)};
}

// Opens the crashed session, expects `kept` messages, goes on with the rest, and expects the session that would be
// there without the crash.
void RecoverAndGoOn(const fs::path& session, const std::vector<OwnedMessage>& messages, const FrameEnd& kept,
                    uint64_t bytes_cut, const std::string& digest) {
  {
    auto log = SegmentLog::OpenForAppend(session, SmallFrameOptions());
    INFO(log.status());
    REQUIRE(log.ok());
    REQUIRE((*log)->recoveries().size() == 1);
    const Recovery& recovery = (*log)->recoveries().front();
    CHECK(recovery.file == (session / kLane / kFirstSegment).string());
    CHECK(recovery.bytes_cut == bytes_cut);
    if (kept.messages > 0) CHECK(recovery.offset == kept.offset);
    CHECK(*ReadRest(*OpenReader(**log, kLane), 1) == Front(messages, kept.messages));
    REQUIRE(VerifySession(session)->findings.empty());

    const std::unique_ptr<LaneWriter> writer = OpenWriter(**log, kLane);
    for (size_t i = kept.messages; i < messages.size(); ++i) Append(*writer, {messages[i]});
    REQUIRE(writer->Close().ok());
  }
  REQUIRE(VerifySession(session)->findings.empty());
  CHECK(*ReadSession(session) == messages);
  CHECK(Digest(session) == digest);
  if (kept.messages == 0 || kept.messages == messages.size()) return;
  const Cut cut = bytes_cut == 0 ? Cut{} : Cut{.offset = kept.offset, .bytes = bytes_cut};
  CHECK(ReadManifest(session)->lanes.at(kLane).segments.front().cut == cut);
  const auto next = SegmentReader::Open(session / kLane / "000002.seg", kLane, 2, true);
  REQUIRE(next.ok());
  CHECK(next->header().previous_cut == cut);
}

}  // namespace

TEST_CASE("recovery: a crash at any byte of a segment loses nothing before it", "[log]") {
  TemporaryDirectory directory;
  const std::vector<OwnedMessage> messages = GenerateMessages(31, {.count = 40, .bytes_max = 300});
  WriteSession(directory / "whole", messages);
  const std::string digest = Digest(directory / "whole");
  WriteUnclosed(directory / "crashed", messages);
  const fs::path file = directory / "crashed" / kLane / kFirstSegment;
  const std::vector<FrameEnd> ends = FrameEnds(file);
  REQUIRE(ends.size() >= 4);
  REQUIRE(ends.back().messages == messages.size());
  REQUIRE(ends.back().offset == fs::file_size(file));

  const uint64_t last_frame = ends[ends.size() - 2].offset;
  // Each byte of the last frame and around the frame's ends; every 13th of the others.
  for (uint64_t size = 0; size <= ends.back().offset; ++size) {
    const auto end = std::find_if(ends.rbegin(), ends.rend(), [&](const FrameEnd& e) { return e.offset <= size; });
    const bool near_end = end != ends.rend() && size - end->offset <= 1;
    if (size < last_frame && size % 13 != 0 && !near_end) continue;
    CAPTURE(size);
    const FrameEnd kept = end == ends.rend() ? FrameEnd{} : *end;
    const uint64_t cut = kept.messages == 0 ? size : size - kept.offset;
    fs::remove_all(directory / "copy");
    fs::copy(directory / "crashed", directory / "copy", fs::copy_options::recursive);
    fs::resize_file(directory / "copy" / kLane / kFirstSegment, size);
    RecoverAndGoOn(directory / "copy", messages, kept, cut, digest);
  }
}

TEST_CASE("recovery: what a crash may leave behind the last frame is cut", "[log]") {
  TemporaryDirectory directory;
  const std::vector<OwnedMessage> messages = GenerateMessages(32, {.count = 40, .bytes_max = 300});
  WriteSession(directory / "whole", messages);
  WriteUnclosed(directory / "crashed", messages);
  const fs::path file = directory / "crashed" / kLane / kFirstSegment;
  const std::vector<FrameEnd> ends = FrameEnds(file);
  const std::string bytes = ReadBytes(file);
  std::string tail;
  SECTION("zeros") {
    tail = std::string(5000, '\0');
  }
  SECTION("noise") {
    std::mt19937 random(7);
    for (int i = 0; i < 5000; ++i) tail.push_back(static_cast<char>(random()));
  }
  SECTION("one byte") {
    tail = "S";
  }
  SECTION("the magic of a frame") {
    tail = "SPFR";
  }
  SECTION("a copy of an earlier frame") {
    tail = bytes.substr(ends[0].offset, ends[1].offset - ends[0].offset);
  }
  SECTION("a footer that is not complete") {
    const std::string sealed = ReadBytes(directory / "whole" / kLane / kFirstSegment);
    tail = sealed.substr(bytes.size(), sealed.size() - bytes.size() - 1);
  }
  WriteBytes(file, bytes + tail);
  const auto report = VerifySession(directory / "crashed");
  REQUIRE(report->findings.size() == 2);
  CHECK(report->findings[0].damage.offset == bytes.size());
  CHECK_FALSE(report->ok());
  CHECK(*ReadSession(directory / "crashed") == messages);
  RecoverAndGoOn(directory / "crashed", messages, ends.back(), tail.size(), Digest(directory / "whole"));
}

TEST_CASE("recovery: a bad frame with good ones behind it is damage, and nothing is cut", "[log]") {
  TemporaryDirectory directory;
  const std::vector<OwnedMessage> messages = GenerateMessages(33, {.count = 40, .bytes_max = 300});
  WriteUnclosed(directory / "s", messages);
  const fs::path file = directory / "s" / kLane / kFirstSegment;
  const std::vector<FrameEnd> ends = FrameEnds(file);
  std::string bytes = ReadBytes(file);
  const uint64_t at = ends[1].offset + GENERATE(0, 5, 8, 9, 11, 40, 88, 200);
  bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
  WriteBytes(file, bytes);
  const std::string where = "frame 2 at byte " + std::to_string(ends[1].offset);
  for (const absl::Status& status :
       {SegmentLog::OpenForAppend(directory / "s").status(), ReadSession(directory / "s").status()}) {
    INFO(status);
    CHECK(absl::IsDataLoss(status));
    CHECK(std::string(status.message()).find(where) != std::string::npos);
    CHECK(std::string(status.message()).find(file.string()) != std::string::npos);
  }
  CHECK_FALSE(VerifySession(directory / "s")->ok());
  CHECK(ReadBytes(file) == bytes);
}

TEST_CASE("recovery: a segment that was sealed just before the crash is taken as it is", "[log]") {
  TemporaryDirectory directory;
  const std::vector<OwnedMessage> messages = GenerateMessages(34, {.count = 40, .bytes_max = 300});
  WriteUnclosed(directory / "crashed", messages);
  WriteSession(directory / "whole", messages);
  const std::string sealed = ReadBytes(directory / "whole" / kLane / kFirstSegment);
  WriteBytes(directory / "crashed" / kLane / kFirstSegment, sealed);
  const auto log = SegmentLog::OpenForAppend(directory / "crashed");
  REQUIRE(log.ok());
  CHECK((*log)->recoveries().empty());
  CHECK(ReadBytes(directory / "crashed" / kLane / kFirstSegment) == sealed);
  CHECK(Digest(directory / "crashed") == Digest(directory / "whole"));
}

TEST_CASE("recovery: messages that were not flushed may be lost, those before are not", "[log]") {
  TemporaryDirectory directory;
  const std::vector<OwnedMessage> messages = GenerateMessages(35, {.count = 10, .bytes_max = 10});
  {
    const std::unique_ptr<SegmentLog> log = CreateSession(directory / "s", SmallFrameOptions());
    const std::unique_ptr<LaneWriter> writer = OpenWriter(*log, kLane);
    Append(*writer, Front(messages, 6));
    REQUIRE(writer->Flush().ok());
    for (size_t i = 6; i < messages.size(); ++i) Append(*writer, {messages[i]});
  }
  REQUIRE(SegmentLog::OpenForAppend(directory / "s").ok());
  CHECK(*ReadSession(directory / "s") == Front(messages, 6));
}

TEST_CASE("write error: it is told, the writer accepts nothing more, what was flushed is kept", "[log]") {
  TemporaryDirectory directory;
  const std::vector<OwnedMessage> messages = GenerateMessages(36, {.count = 2000, .bytes_max = 300});
  const pid_t child = ::fork();
  if (child == 0) {  // 1..: the expectation that failed
    std::signal(SIGXFSZ, SIG_IGN);
    auto log = SegmentLog::Create(directory / "s", SmallFrameOptions());
    auto writer = (*log)->OpenWriter(kLane);
    const rlimit limit = {.rlim_cur = 50'000, .rlim_max = 50'000};
    if (!writer.ok() || ::setrlimit(RLIMIT_FSIZE, &limit) != 0) ::_exit(1);
    absl::Status error;
    for (size_t i = 0; i < messages.size() && error.ok(); ++i) {
      error = (*writer)->Append(messages[i].time, messages[i].bytes, messages[i].rows).status();
    }
    if (error.ok()) ::_exit(2);
    if (error.message().find("000001.seg: cannot append") == absl::string_view::npos) ::_exit(3);
    if ((*writer)->Append(messages.back().time, "more", 0).status() != error) ::_exit(4);
    if ((*writer)->Flush() != error || (*writer)->Close() != error) ::_exit(5);
    if ((*log)->OpenWriter(kLane).ok()) ::_exit(6);
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);

  const fs::path file = directory / "s" / kLane / kFirstSegment;
  CHECK(fs::file_size(file) == 50'000);
  const FrameEnd kept = FrameEnds(file).back();
  CHECK(kept.messages > 100);
  WriteSession(directory / "whole", messages);
  RecoverAndGoOn(directory / "s", messages, kept, 50'000 - kept.offset, Digest(directory / "whole"));
}

TEST_CASE("write error: a lane directory that went away", "[log]") {
  TemporaryDirectory directory;
  const std::unique_ptr<SegmentLog> log = CreateSession(directory / "s", SmallFrameOptions());
  const std::unique_ptr<LaneWriter> writer = OpenWriter(*log, kLane);
  fs::remove_all(directory / "s" / kLane);
  Append(*writer, {{kSessionOpen, "one", 0}});
  const absl::Status error = writer->Flush();
  CHECK(absl::IsNotFound(error));
  CHECK(writer->Append(kSessionOpen, "two", 0).status() == error);
  CHECK(writer->Close() == error);
}

TEST_CASE("segment log: a reader in another process never takes a write in progress for damage", "[log]") {
  TemporaryDirectory directory;
  std::vector<OwnedMessage> messages = GenerateMessages(37, {.count = 6000, .bytes_max = 2000});
  for (size_t i = 0; i < messages.size(); ++i) messages[i].time += std::chrono::days(i / 500);
  const std::unique_ptr<SegmentLog> log = CreateSession(directory / "s", SmallFrameOptions());
  const std::unique_ptr<LaneWriter> writer = OpenWriter(*log, kLane);
  const pid_t child = ::fork();
  if (child == 0) {
    bool good = true;
    for (const OwnedMessage& message : messages) {
      good = good && writer->Append(message.time, message.bytes, message.rows).ok();
    }
    ::_exit(good && writer->Close().ok() ? 0 : 1);
  }
  const auto reading = SegmentLog::OpenForReading(directory / "s", {.verify_chain = true});
  const std::unique_ptr<LaneReader> reader = OpenReader(**reading, kLane);
  std::vector<OwnedMessage> seen;
  int status = 0;
  bool ended = false;
  absl::Status error;
  while (error.ok()) {
    const auto more = ReadRest(*reader, seen.size() + 1);
    if (more.ok()) seen.insert(seen.end(), more->begin(), more->end());
    error = more.status();
    if (ended) break;
    ended = ::waitpid(child, &status, WNOHANG) == child;
  }
  if (!ended) ::waitpid(child, &status, 0);
  INFO(error);
  CHECK(error.ok());
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  CHECK(seen == messages);
}
