#include "libs/log/verify_session.h"

#include <zstd.h>

#include <array>
#include <cstring>

#include "libs/log/segment_format.h"
#include "libs/log/segment_reader.h"
#include "tests/catch.h"
#include "tests/unit/log/log_fixture.h"

using namespace spillway;
using namespace spillway::log;

namespace {

// Two lanes; market.0 of two days, so of two segments.
void WriteTwoLanes(const fs::path& session, size_t messages) {
  const std::unique_ptr<SegmentLog> log = CreateSession(session, SmallFrameOptions());
  std::vector<OwnedMessage> market = GenerateMessages(41, {.count = messages, .bytes_max = 200});
  for (size_t i = messages / 2; i < messages; ++i) market[i].time += std::chrono::days(1);
  for (const LaneName& lane : {LaneName("market.0"), LaneName("trading")}) {
    const std::unique_ptr<LaneWriter> writer = OpenWriter(*log, lane);
    Append(*writer, lane == "trading" ? GenerateMessages(42, {.count = messages / 3, .bytes_max = 300}) : market);
    REQUIRE(writer->Close().ok());
  }
}

std::vector<fs::path> FilesOf(const fs::path& session) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(session)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

bool Names(const VerifyReport& report, const fs::path& file) {
  return std::any_of(report.findings.begin(), report.findings.end(), [&](const Finding& finding) {
    return finding.severity == Severity::kError && finding.damage.file == file.string() &&
           !finding.damage.seen.empty() && !finding.damage.expected.empty();
  });
}

absl::Status ReadAllLanes(const fs::path& session) {
  for (const LaneName& lane : {LaneName("market.0"), LaneName("trading")}) {
    if (absl::Status status = ReadSession(session, lane, false).status(); !status.ok()) return status;
  }
  return absl::OkStatus();
}

void CheckFlip(const fs::path& session, const fs::path& file, const std::string& bytes, size_t at, int mask) {
  std::string changed = bytes;
  changed[at] = static_cast<char>(changed[at] ^ mask);
  WriteBytes(file, changed);
  const auto report = VerifySession(session);
  REQUIRE(report.ok());
  if (!Names(*report, file)) FAIL_CHECK("not found: " << file << " byte " << at << " mask " << mask);
  const absl::Status read = ReadAllLanes(session);  // FailedPrecondition: the manifest's format version changed
  if (!absl::IsDataLoss(read) && !absl::IsFailedPrecondition(read)) {
    FAIL_CHECK("read: " << file << " byte " << at << " mask " << mask << ": " << read);
  }
}

// Changes one byte of a message in frame 1 and makes all checksums right: not a flip but a forgery.
void Forge(const fs::path& file, const LaneName& lane) {
  std::string bytes = ReadBytes(file);
  FrameHeader header;
  std::string raw;
  uint64_t offset = 0;
  uint64_t seed = 0;
  {
    absl::StatusOr<SegmentReader> segment = SegmentReader::Open(file, lane, 1, true);
    REQUIRE(segment.ok());
    Frame frame;
    Damage damage;
    offset = segment->first_frame_offset();
    seed = segment->seed();
    REQUIRE(segment->Read(offset, 1, frame, damage) == SegmentReader::Result::kFrame);
    header = frame.header;
    raw = std::string(frame.raw);
  }
  // A byte whose change does not change the payload's length; what follows it need not move then.
  for (size_t at = 20; at < raw.size(); ++at) {
    std::string forged = raw;
    forged[at] = static_cast<char>(forged[at] ^ 1);
    std::string payload(ZSTD_compressBound(forged.size()), '\0');
    const size_t size = ZSTD_compress(payload.data(), payload.size(), forged.data(), forged.size(), 3);
    if (size != header.compressed_bytes) continue;
    std::memcpy(bytes.data() + offset + kFrameHeaderBytes, payload.data(), size);
    const std::string_view covered = std::string_view(bytes).substr(offset, kFrameHeaderBytes + size);
    StoreU64(FrameChecksum(seed, offset, covered), bytes.data() + offset + covered.size());
    WriteBytes(file, bytes);
    return;
  }
  FAIL("no forgery of the same length");
}

}  // namespace

TEST_CASE("verify: a change of any byte of a small session is found", "[log]") {
  TemporaryDirectory directory;
  const fs::path session = directory / "s";
  WriteTwoLanes(session, 24);
  const auto clean = VerifySession(session);
  REQUIRE(clean.ok());
  REQUIRE(clean->findings.empty());
  CHECK(clean->lanes == 2);
  CHECK(clean->segments == 3);
  CHECK(clean->messages == 32);
  CHECK(clean->session_digest == Digest(session));
  const std::vector<fs::path> files = FilesOf(session);
  REQUIRE(files.size() == 4);
  for (const fs::path& file : files) {
    const std::string bytes = ReadBytes(file);
    for (size_t at = 0; at < bytes.size(); ++at) {
      CheckFlip(session, file, bytes, at, std::array{0x01, 0x20, 0xff}[at % 3]);
    }
    WriteBytes(file, bytes);
  }
  CHECK(VerifySession(session)->findings.empty());
}

TEST_CASE("verify: a change of a byte of a larger session is found", "[log]") {
  TemporaryDirectory directory;
  const fs::path session = directory / "s";
  WriteTwoLanes(session, 3000);
  const uint32_t seed = 43;
  CAPTURE(seed);
  std::mt19937 random(seed);
  for (const fs::path& file : FilesOf(session)) {
    const std::string bytes = ReadBytes(file);
    for (int i = 0; i < 60; ++i) {
      CheckFlip(session, file, bytes, random() % bytes.size(), 1 + static_cast<int>(random() % 255));
    }
    WriteBytes(file, bytes);
  }
}

TEST_CASE("verify: a change of any byte of a session that is not closed is found", "[log]") {
  TemporaryDirectory directory;
  const fs::path session = directory / "s";
  {
    const std::unique_ptr<SegmentLog> log = CreateSession(session, SmallFrameOptions());
    const std::unique_ptr<LaneWriter> writer = OpenWriter(*log, "market.0");
    Append(*writer, GenerateMessages(44, {.count = 30, .bytes_max = 200}));
    REQUIRE(writer->Flush().ok());
  }
  const auto clean = VerifySession(session);
  CHECK(clean->ok());
  REQUIRE(clean->findings.size() == 1);
  CHECK(clean->findings[0].severity == Severity::kWarning);
  for (const fs::path& file : FilesOf(session)) {
    const std::string bytes = ReadBytes(file);
    for (size_t at = 0; at < bytes.size(); ++at) {
      std::string changed = bytes;
      changed[at] = static_cast<char>(changed[at] ^ 0x40);
      WriteBytes(file, changed);
      if (!Names(*VerifySession(session), file)) FAIL_CHECK("not found: " << file << " byte " << at);
    }
    WriteBytes(file, bytes);
  }
}

TEST_CASE("verify: the finding names file, frame, byte offset, seen and expected", "[log]") {
  TemporaryDirectory directory;
  const fs::path file = directory / "s" / "market.0" / "000001.seg";
  WriteTwoLanes(directory / "s", 60);
  uint64_t second = 0;
  {
    const auto segment = SegmentReader::Open(file, "market.0", 1, true);
    REQUIRE(segment.ok());
    REQUIRE(segment->footer()->frames.size() >= 2);
    second = segment->footer()->frames[1].offset;
  }
  std::string bytes = ReadBytes(file);
  bytes[second + 100] = static_cast<char>(bytes[second + 100] ^ 1);
  WriteBytes(file, bytes);
  const auto report = VerifySession(directory / "s");
  REQUIRE(report->findings.size() == 1);  // frames behind it, and the lanes' other segments, are checked and good
  const Damage& damage = report->findings[0].damage;
  CHECK(damage.file == file.string());
  CHECK(damage.frame == 2);
  CHECK(damage.offset == second);
  CHECK(damage.what == "checksum of the frame");
  CHECK(damage.seen.size() == 16);
  CHECK(damage.expected.size() == 16);
  CHECK(damage.seen != damage.expected);
  CHECK(ReadSession(directory / "s").status() == DataLoss(damage));
}

TEST_CASE("verify: a forged message with right checksums breaks the hash chain", "[log]") {
  TemporaryDirectory directory;
  WriteTwoLanes(directory / "s", 60);
  Forge(directory / "s" / "market.0" / "000001.seg", "market.0");
  CHECK(ReadSession(directory / "s", "market.0", false).ok());
  const absl::Status chained = ReadSession(directory / "s", "market.0", true).status();
  CHECK(absl::IsDataLoss(chained));
  CHECK(std::string(chained.message()).find("frame 1 at byte 112: chain value") != std::string::npos);
  CHECK_FALSE(VerifySession(directory / "s")->ok());
}

TEST_CASE("verify: files that are missing, cut, exchanged, added or unknown", "[log]") {
  TemporaryDirectory directory;
  const fs::path session = directory / "s";
  const fs::path market = session / "market.0";
  WriteTwoLanes(session, 60);
  bool error = true;
  fs::path named;
  SECTION("missing segment") {
    fs::remove(named = market / "000001.seg");
    CHECK(absl::IsDataLoss(ReadSession(session).status()));
  }
  SECTION("missing lane") {
    fs::remove_all(session / "trading");
    named = session / "trading" / "000001.seg";
  }
  SECTION("missing manifest") {
    fs::remove(named = session / "manifest.json");
  }
  SECTION("cut at its last byte") {
    named = market / "000002.seg";
    fs::resize_file(named, fs::file_size(named) - 1);
    CHECK(absl::IsDataLoss(ReadSession(session).status()));
  }
  SECTION("cut to nothing") {
    fs::resize_file(named = market / "000002.seg", 0);
    CHECK(absl::IsDataLoss(ReadSession(session).status()));
  }
  SECTION("a byte more") {
    named = market / "000001.seg";
    WriteBytes(named, ReadBytes(named) + "x");
    CHECK(absl::IsDataLoss(ReadSession(session).status()));
  }
  SECTION("exchanged") {
    const std::string first = ReadBytes(named = market / "000001.seg");
    WriteBytes(market / "000001.seg", ReadBytes(market / "000002.seg"));
    WriteBytes(market / "000002.seg", first);
  }
  SECTION("of another lane") {
    named = market / "000001.seg";
    WriteBytes(named, ReadBytes(session / "trading" / "000001.seg"));
  }
  SECTION("added to a closed lane") {
    named = market / "000003.seg";
    fs::copy_file(market / "000002.seg", named);
  }
  SECTION("an unknown file") {
    error = false;
    WriteBytes(named = market / "notes.txt", "x");
  }
  SECTION("an unknown directory") {
    error = false;
    fs::create_directory(named = session / "market.7");
  }
  const auto report = VerifySession(session);
  REQUIRE(report.ok());
  CHECK(report->ok() == !error);
  CHECK(std::any_of(report->findings.begin(), report->findings.end(),
                    [&](const Finding& finding) { return finding.damage.file == named.string(); }));
}

TEST_CASE("verify: a directory that cannot be read is an error of its own", "[log]") {
  TemporaryDirectory directory;
  CHECK(absl::IsNotFound(VerifySession(directory / "none").status()));
}

TEST_CASE("manifest: another format version is told as such", "[log]") {
  TemporaryDirectory directory;
  WriteTwoLanes(directory / "s", 10);
  std::string text = ReadBytes(directory / "s" / "manifest.json");
  const std::string version = "\"format_version\": 1";
  text.replace(text.find(version), version.size(), "\"format_version\": 2");
  WriteBytes(directory / "s" / "manifest.json", text);
  const absl::Status status = SegmentLog::OpenForReading(directory / "s").status();
  CHECK(absl::IsFailedPrecondition(status));
  CHECK(std::string(status.message()).find("seen 2, expected 1") != std::string::npos);
}
