#include "libs/log/segment_log.h"

#include <algorithm>

#include "libs/log/verify_session.h"
#include "tests/catch.h"
#include "tests/unit/log/log_fixture.h"

using namespace spillway;
using namespace spillway::log;

namespace {

std::vector<OwnedMessage> From(const std::vector<OwnedMessage>& messages, size_t index) {
  return {messages.begin() + static_cast<std::ptrdiff_t>(std::min(index, messages.size())), messages.end()};
}

// Seven days of messages, a few on each: seven segments.
std::vector<OwnedMessage> SevenDays(uint32_t seed) {
  std::vector<OwnedMessage> messages = GenerateMessages(seed, {.count = 140, .bytes_max = 500});
  for (size_t i = 0; i < messages.size(); ++i) messages[i].time += std::chrono::days(i / 20);
  return messages;
}

}  // namespace

TEST_CASE("segment log: messages of any size come back as they were written", "[log]") {
  const uint32_t seed = GENERATE(range(1u, 9u));
  CAPTURE(seed);
  TemporaryDirectory directory;
  std::vector<OwnedMessage> messages = GenerateMessages(seed, {.count = 60, .bytes_max = seed * 9000});
  messages[7].bytes.clear();
  messages[20].bytes = std::string(3'000'000 + seed, static_cast<char>(seed));
  messages[21].bytes.clear();
  SegmentLogOptions options;
  options.lane_options = [seed](const LaneName& lane) {
    LaneOptions lane_options = seed % 2 == 0 ? DefaultLaneOptions(lane) : SmallFrames(lane);
    lane_options.zstd_level = seed % 3 == 0 ? -5 : 1;
    lane_options.segment_bytes = 50'000;
    return lane_options;
  };
  WriteSession(directory / "s", messages, options);
  const auto read = ReadSession(directory / "s");
  INFO(read.status());
  REQUIRE(read.ok());
  CHECK(*read == messages);
  const auto report = VerifySession(directory / "s");
  REQUIRE(report.ok());
  CHECK(report->findings.empty());
  CHECK(report->messages == messages.size());
  CHECK(report->segments > 1);
}

TEST_CASE("segment log: an empty lane is a lane", "[log]") {
  TemporaryDirectory directory;
  WriteSession(directory / "s", {});
  const auto read = ReadSession(directory / "s");
  REQUIRE(read.ok());
  CHECK(read->empty());
  CHECK(VerifySession(directory / "s")->findings.empty());
}

TEST_CASE("segment log: seeks find the first message at or after a sequence or time", "[log]") {
  TemporaryDirectory directory;
  const uint32_t seed = GENERATE(11u, 12u);
  CAPTURE(seed);
  const bool closed = GENERATE(true, false);
  const std::vector<OwnedMessage> messages = SevenDays(seed);
  const std::unique_ptr<SegmentLog> log = CreateSession(directory / "s", SmallFrameOptions());
  const std::unique_ptr<LaneWriter> writer = OpenWriter(*log, "market.0");
  Append(*writer, messages);
  REQUIRE((closed ? writer->Close() : writer->Flush()).ok());

  const std::unique_ptr<LaneReader> reader = OpenReader(*log, "market.0");
  for (size_t i = 0; i <= messages.size() + 1; ++i) {
    CAPTURE(i);
    REQUIRE(reader->SeekToSequence(i).ok());
    CHECK(*ReadRest(*reader, std::max<size_t>(i, 1)) == From(messages, i == 0 ? 0 : i - 1));
  }
  for (size_t i = messages.size(); i-- > 0;) {
    for (const Duration offset : {Duration(-1), Duration(0), Duration(1)}) {
      const Time time = messages[i].time + offset;
      const auto first = std::find_if(messages.begin(), messages.end(), [&](const auto& m) { return m.time >= time; });
      const size_t index = static_cast<size_t>(first - messages.begin());
      CAPTURE(i, offset.count());
      REQUIRE(reader->SeekToTime(time).ok());
      LaneMessage message;
      const auto next = reader->Next(message);
      REQUIRE(next.ok());
      CHECK(*next == (index < messages.size()));
      if (*next) CHECK(message.sequence == index + 1);
    }
  }
}

TEST_CASE("segment log: a seek beyond the end waits for the message", "[log]") {
  TemporaryDirectory directory;
  const std::vector<OwnedMessage> messages = SevenDays(5);
  const std::unique_ptr<SegmentLog> log = CreateSession(directory / "s", SmallFrameOptions());
  const std::unique_ptr<LaneWriter> writer = OpenWriter(*log, "market.0");
  const std::unique_ptr<LaneReader> by_sequence = OpenReader(*log, "market.0");
  const std::unique_ptr<LaneReader> by_time = OpenReader(*log, "market.0");
  REQUIRE(by_sequence->SeekToSequence(100).ok());
  REQUIRE(by_time->SeekToTime(messages[99].time).ok());
  LaneMessage message;
  CHECK_FALSE(*by_sequence->Next(message));
  CHECK_FALSE(*by_time->Next(message));
  Append(*writer, messages);
  REQUIRE(writer->Flush().ok());
  REQUIRE(*by_sequence->Next(message));
  CHECK(message.sequence == 100);
  REQUIRE(*by_time->Next(message));
  CHECK(message.time == messages[99].time);
}

TEST_CASE("segment log: a reader follows the writer through frames and segments", "[log]") {
  TemporaryDirectory directory;
  const std::vector<OwnedMessage> messages = SevenDays(3);
  const std::unique_ptr<SegmentLog> log = CreateSession(directory / "s", SmallFrameOptions());
  const std::unique_ptr<LaneWriter> writer = OpenWriter(*log, "market.0");
  const auto other = SegmentLog::OpenForReading(directory / "s", {.verify_chain = true});  // as another process would
  REQUIRE(other.ok());
  const std::unique_ptr<LaneReader> reader = OpenReader(**other, "market.0");
  std::vector<OwnedMessage> seen;
  for (size_t i = 0; i < messages.size(); ++i) {
    Append(*writer, {messages[i]});
    if (i % 3 == 0) REQUIRE(writer->Flush().ok());
    const auto more = ReadRest(*reader, seen.size() + 1);
    INFO(more.status());
    REQUIRE(more.ok());
    seen.insert(seen.end(), more->begin(), more->end());
    if (i % 3 == 0) REQUIRE(seen.size() == i + 1);
  }
  REQUIRE(writer->Close().ok());
  const auto more = ReadRest(*reader, seen.size() + 1);
  REQUIRE(more.ok());
  seen.insert(seen.end(), more->begin(), more->end());
  CHECK(seen == messages);
}

TEST_CASE("segment log: the digest is a function of the messages alone", "[log]") {
  TemporaryDirectory directory;
  std::vector<OwnedMessage> messages = GenerateMessages(21, {.count = 900, .bytes_max = 9000});
  for (size_t i = 600; i < messages.size(); ++i) messages[i].time += std::chrono::days(1);
  WriteSession(directory / "plain", messages);
  const std::string digest = Digest(directory / "plain");

  SECTION("written again") {
    WriteSession(directory / "again", messages);
    CHECK(Digest(directory / "again") == digest);
    CHECK(ReadBytes(directory / "again" / "market.0" / "000001.seg") ==
          ReadBytes(directory / "plain" / "market.0" / "000001.seg"));
  }
  SECTION("at other compression, frame and segment sizes") {
    SegmentLogOptions options;
    options.lane_options = [](const LaneName& lane) {
      LaneOptions lane_options = OfflineLaneOptions(lane);
      lane_options.zstd_level = 9;
      lane_options.frame_bytes = 100'000;
      lane_options.segment_bytes = 1;
      return lane_options;
    };
    WriteSession(directory / "other", messages, options);
    CHECK(Digest(directory / "other") == digest);
    CHECK(ReadManifest(directory / "other")->lanes.at("market.0").segments.size() > 3);
  }
  SECTION("flushed and reopened at any place") {
    size_t at = 0;
    for (const size_t stop : {1, 2, 90, 91, 400, 599, 600, 601, 880, 900}) {
      auto log = at == 0 ? SegmentLog::Create(directory / "pieces", SmallFrameOptions())
                         : SegmentLog::OpenForAppend(directory / "pieces", SmallFrameOptions());
      INFO(log.status());
      REQUIRE(log.ok());
      CHECK((*log)->recoveries().empty());
      const std::unique_ptr<LaneWriter> writer = OpenWriter(**log, "market.0");
      while (at < stop) {
        Append(*writer, {messages[at++]});
        if (at % 7 == 0) REQUIRE(writer->Flush().ok());
      }
      REQUIRE(writer->Close().ok());
    }
    CHECK(Digest(directory / "pieces") == digest);
    CHECK(VerifySession(directory / "pieces")->findings.empty());
    CHECK(*ReadSession(directory / "pieces") == messages);
  }
  SECTION("copied message by message at another level") {
    auto from = SegmentLog::OpenForReading(directory / "plain", {});
    REQUIRE(from.ok());
    const std::unique_ptr<LaneReader> reader = OpenReader(**from, "market.0");
    WriteSession(directory / "copy", *ReadRest(*reader, 1), {});
    CHECK(Digest(directory / "copy") == digest);
  }
  SECTION("and any change of a message changes it") {
    const int change = GENERATE(0, 1, 2, 3);
    if (change == 0) messages[450].bytes += '\0';
    if (change == 1) messages[450].rows += 1;
    if (change == 2) messages[899].time += Duration(1);
    if (change == 3) messages.pop_back();
    WriteSession(directory / "changed", messages);
    CHECK(Digest(directory / "changed") != digest);
  }
  SECTION("and of the lane's name") {
    WriteSession(directory / "renamed", messages, SmallFrameOptions(), "market.1");
    CHECK(Digest(directory / "renamed") != digest);
  }
}

TEST_CASE("segment log: the hash of a lane is the one of its documented definition", "[log]") {
  TemporaryDirectory directory;
  WriteSession(directory / "s", {{TimeFromNanos(258), "ab", 300}, {TimeFromNanos(259), "", 0}});
  const Hash seed = Sha256("spillway lane chain v1:market.0");
  std::vector<uint8_t> bytes(seed.begin(), seed.end());
  for (const int byte : {2, 0xac, 2, 2, 1, 0, 0, 0, 0, 0, 0, int{'a'}, int{'b'}, 0, 0, 3, 1, 0, 0, 0, 0, 0, 0}) {
    bytes.push_back(static_cast<uint8_t>(byte));
  }
  const Hash lane = Sha256(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  CHECK(ReadManifest(directory / "s")->LastHash("market.0") == lane);
  CHECK(Digest(directory / "s") == ToHex(Sha256(std::string(lane.begin(), lane.end()))));
}

TEST_CASE("segment log: frames and syncs come with time, seen from outside", "[log]") {
  TemporaryDirectory directory;
  std::chrono::steady_clock::time_point now;
  SegmentLogOptions options;
  options.clock = [&now] { return now; };
  const std::unique_ptr<SegmentLog> log = CreateSession(directory / "s", options);
  const std::unique_ptr<LaneWriter> writer = OpenWriter(*log, "market.0");
  const std::unique_ptr<LaneReader> reader = OpenReader(*log, "market.0");
  LaneMessage message;
  Append(*writer, {{kSessionOpen, "one", 1}});
  CHECK_FALSE(*reader->Next(message));
  now += std::chrono::milliseconds(249);
  Append(*writer, {{kSessionOpen, "two", 1}});
  CHECK_FALSE(*reader->Next(message));
  now += std::chrono::milliseconds(1);
  Append(*writer, {{kSessionOpen, "three", 1}});
  CHECK(ReadRest(*reader, 1)->size() == 3);
}

TEST_CASE("segment log: pruned segments are gone, known, and in the digest", "[log]") {
  TemporaryDirectory directory;
  const std::vector<OwnedMessage> messages = SevenDays(9);
  WriteSession(directory / "s", messages);
  const std::string digest = Digest(directory / "s");
  CHECK(*PruneLane(directory / "s", "market.0", 20) == 0);
  CHECK(*PruneLane(directory / "s", "market.0", 50) == 2);
  CHECK(Digest(directory / "s") == digest);
  const auto report = VerifySession(directory / "s");
  CHECK(report->findings.empty());
  CHECK(report->segments_pruned == 2);

  const auto log = SegmentLog::OpenForReading(directory / "s", {.verify_chain = true});
  const std::unique_ptr<LaneReader> reader = OpenReader(**log, "market.0");
  CHECK(*ReadRest(*reader, 41) == From(messages, 40));
  CHECK(absl::IsOutOfRange(reader->SeekToSequence(40)));
  CHECK(absl::IsOutOfRange(reader->SeekToTime(messages[39].time)));
  REQUIRE(reader->SeekToSequence(41).ok());
  CHECK(*ReadRest(*reader, 41) == From(messages, 40));

  CHECK(*PruneLane(directory / "s", "market.0", 1000) == 4);  // the last one stays
  auto again = SegmentLog::OpenForAppend(directory / "s", SmallFrameOptions());
  const std::unique_ptr<LaneWriter> writer = OpenWriter(**again, "market.0");
  CHECK(*writer->Append(messages.back().time, "more", 1) == 141);
  REQUIRE(writer->Close().ok());
  CHECK(VerifySession(directory / "s")->findings.empty());
}

TEST_CASE("segment log: what may not be done is refused, with a reason", "[log]") {
  TemporaryDirectory directory;
  const std::unique_ptr<SegmentLog> log = CreateSession(directory / "s", SmallFrameOptions());
  for (const char* name : {"", ".", "..", "a/b", "Market", ".x", "a b"}) {
    CAPTURE(name);
    CHECK(absl::IsInvalidArgument(log->OpenWriter(name).status()));
  }
  const std::unique_ptr<LaneWriter> writer = OpenWriter(*log, "trading");
  CHECK(absl::IsFailedPrecondition(log->OpenWriter("trading").status()));
  CHECK(absl::IsNotFound(log->OpenReader("market.0").status()));
  CHECK(absl::IsFailedPrecondition(SegmentLog::OpenForAppend(directory / "s").status()));
  CHECK(absl::IsAlreadyExists(SegmentLog::Create(directory / "s").status()));
  CHECK(absl::IsNotFound(SegmentLog::OpenForReading(directory / "none").status()));
  const auto reading = SegmentLog::OpenForReading(directory / "s");
  CHECK(absl::IsFailedPrecondition((*reading)->OpenWriter("market.0").status()));

  Append(*writer, {{kSessionOpen, "one", 0}});
  const absl::Status back = writer->Append(kSessionOpen - Duration(1), "two", 0).status();
  CHECK(absl::IsInvalidArgument(back));
  CHECK(back.message().find("13:29:59.999999999Z") != absl::string_view::npos);
  CHECK(writer->Append(kSessionOpen, "three", 0).status() == back);
  CHECK(writer->Flush() == back);
  CHECK(writer->Close() == back);
}

TEST_CASE("segment log: after Close() nothing is appended, and another writer goes on", "[log]") {
  TemporaryDirectory directory;
  const std::unique_ptr<SegmentLog> log = CreateSession(directory / "s", SmallFrameOptions());
  const std::unique_ptr<LaneWriter> first = OpenWriter(*log, "trading");
  Append(*first, {{kSessionOpen, "one", 0}});
  REQUIRE(first->Close().ok());
  CHECK(first->Close().ok());
  CHECK(absl::IsFailedPrecondition(first->Append(kSessionOpen, "two", 0).status()));
  const std::unique_ptr<LaneWriter> second = OpenWriter(*log, "trading");
  CHECK(*second->Append(kSessionOpen, "two", 0) == 2);
}
