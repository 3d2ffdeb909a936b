#include "services/journal/golden_record.h"

#include <fstream>
#include <random>

#include "libs/log/segment_log.h"
#include "libs/log/verify_session.h"
#include "tests/catch.h"
#include "tests/support/temporary_folder.h"
#include "tests/unit/journal/retained_log.h"

namespace spillway::journal {
namespace {

namespace fs = std::filesystem;
using test::RetainedLog;

const std::vector<log::LaneName> kLanes = {"market.0", "trading"};
const Time kOpen = TimeFromNanos(1'746'192'600'000'000'000);  // 2025-05-02T13:30:00Z

struct Recording {
  test::TemporaryFolder folder{test::TemporaryFolder::Place::kMemory};
  fs::path golden = folder / "golden";
  RetainedLog lanes;
  std::mt19937 random{11};
  Time time = kOpen;
  SteadyTime now{};
  uint64_t free_bytes = uint64_t{1} << 40;
  std::vector<log::RecordGap> gaps;
  std::unique_ptr<GoldenRecord> record;

  Recording() {
    for (const log::LaneName& name : kLanes) lanes.lane(name);
  }

  void Append(const std::string& lane, size_t count, Duration step = std::chrono::milliseconds(3)) {
    for (size_t i = 0; i < count; ++i) {
      std::string bytes(1 + random() % 300, 'b');
      for (size_t k = 0; k < bytes.size(); k += 3) bytes[k] = static_cast<char>(random());
      time += step;
      lanes.Append(lane, {time, std::move(bytes), random() % 5});
    }
  }

  absl::Status Open() {
    record.reset();  // one process at a time
    GoldenRecordOptions options;
    options.build = "test";
    options.on_gap = [this](const log::RecordGap& gap) { gaps.push_back(gap); };
    options.free_bytes = [this](const fs::path&) -> absl::StatusOr<uint64_t> { return free_bytes; };
    options.clock = [this] { return now; };
    options.wall_clock = [] { return kOpen; };
    options.batch_messages_max = 7;
    auto opened = GoldenRecord::Open(golden, lanes, kLanes, options);
    if (!opened.ok()) return opened.status();
    record = *std::move(opened);
    return absl::OkStatus();
  }

  // Polls until a Poll records nothing.
  absl::Status PollAll() {
    while (true) {
      const absl::StatusOr<size_t> recorded = record->Poll(Duration::zero());
      if (!recorded.ok()) return recorded.status();
      if (*recorded == 0) return absl::OkStatus();
    }
  }
  absl::Status OpenAndPollAll() {
    if (absl::Status status = Open(); !status.ok()) return status;
    return PollAll();
  }

  std::vector<RetainedLog::Message> Recorded(const std::string& lane) const {
    std::vector<RetainedLog::Message> messages;
    auto session = log::SegmentLog::OpenForReading(golden, {.verify_chain = true}).value();
    auto reader = session->OpenReader(lane).value();
    log::LaneMessage message;
    while (reader->Next(message).value()) {
      CHECK(message.sequence == messages.size() + 1);
      messages.push_back({message.time, std::string(message.bytes), message.rows});
    }
    return messages;
  }
  bool RecordedAll(const std::string& lane) {
    const std::vector<RetainedLog::Message> seen = Recorded(lane);
    const std::vector<RetainedLog::Message>& expected = lanes.lane(lane).messages;
    if (seen.size() != expected.size()) return false;
    for (size_t i = 0; i < seen.size(); ++i) {
      if (seen[i].time != expected[i].time || seen[i].bytes != expected[i].bytes || seen[i].rows != expected[i].rows) {
        return false;
      }
    }
    return true;
  }
  log::VerifyReport Verify() const { return log::VerifySession(golden).value(); }
};

TEST_CASE("golden record: every message of every lane, as it is, and the session verifies", "[journal][golden]") {
  Recording r;
  r.Append("market.0", 100);
  r.Append("trading", 40);
  REQUIRE(r.OpenAndPollAll().ok());
  r.Append("market.0", 10);
  REQUIRE(r.PollAll().ok());
  REQUIRE(r.record->Close().ok());
  CHECK(r.RecordedAll("market.0"));
  CHECK(r.RecordedAll("trading"));
  CHECK(r.record->DurablePosition("market.0") == 110);
  CHECK(r.record->Record("trading").recorded_messages == 40);
  const log::VerifyReport report = r.Verify();
  CHECK(report.ok());
  CHECK(report.findings.empty());
}

TEST_CASE("golden record: the session says that it is live, others say nothing", "[journal][golden]") {
  Recording r;
  REQUIRE(r.Open().ok());
  CHECK(log::ReadManifest(r.golden)->live);
  CHECK(log::SerializeManifest(*log::ReadManifest(r.golden)).find("\"live\": true") != std::string::npos);
  CHECK(log::SerializeManifest(log::Manifest()).find("live") == std::string::npos);
}

TEST_CASE("golden record: durable after the interval, or when the lane is idle", "[journal][golden]") {
  Recording r;
  REQUIRE(r.Open().ok());
  r.Append("market.0", 3);
  REQUIRE(r.PollAll().ok());
  CHECK(r.record->Record("market.0").recorded == 3);
  CHECK(r.record->DurablePosition("market.0") == 0);
  for (int i = 0; i < 12; ++i) {  // never idle
    r.now += std::chrono::milliseconds(90);
    r.Append("market.0", 1);
    REQUIRE(r.record->Poll(Duration::zero()).ok());
  }
  CHECK(r.record->DurablePosition("market.0") == 15);  // 1.08 s after the first one
  r.Append("market.0", 1);
  REQUIRE(r.PollAll().ok());
  CHECK(r.record->DurablePosition("market.0") == 15);
  r.now += std::chrono::milliseconds(100);
  REQUIRE(r.PollAll().ok());
  CHECK(r.record->DurablePosition("market.0") == 16);
}

TEST_CASE("golden record: lane time never goes back, the messages stay", "[journal][golden]") {
  Recording r;
  r.lanes.Append("trading", {kOpen + std::chrono::seconds(2), "a"});
  r.lanes.Append("trading", {kOpen + std::chrono::seconds(1), "b"});
  r.lanes.Append("trading", {kOpen + std::chrono::seconds(3), "c"});
  REQUIRE(r.OpenAndPollAll().ok());
  REQUIRE(r.record->Flush().ok());
  const auto seen = r.Recorded("trading");
  REQUIRE(seen.size() == 3);
  CHECK(seen[1].time == kOpen + std::chrono::seconds(2));
  CHECK(seen[1].bytes == "b");
  CHECK(seen[2].time == kOpen + std::chrono::seconds(3));
}

TEST_CASE("golden record: a new UTC day begins a new segment", "[journal][golden]") {
  Recording r;
  r.Append("market.0", 5);
  r.Append("market.0", 1, std::chrono::hours(24));
  REQUIRE(r.OpenAndPollAll().ok());
  REQUIRE(r.record->Close().ok());
  CHECK(log::ReadManifest(r.golden)->lanes.at("market.0").segments.size() == 2);
  CHECK(r.Verify().ok());
}

TEST_CASE("golden record: stopped or killed anywhere, it goes on behind what is there", "[journal][golden]") {
  Recording r;
  for (int round = 0; round < 12; ++round) {
    r.Append("market.0", 9);
    r.Append("trading", r.random() % 4);
    REQUIRE(r.Open().ok());
    const uint32_t polls = r.random() % 4;
    for (uint32_t i = 0; i < polls; ++i) REQUIRE(r.record->Poll(Duration::zero()).ok());
    if (round % 3 == 0) REQUIRE(r.record->Close().ok());
    if (round % 3 == 1) REQUIRE(r.record->Flush().ok());
    if (round % 3 == 2) {  // a torn tail, as a crash in the middle of a frame leaves it
      r.record.reset();
      for (const fs::directory_entry& file : fs::directory_iterator(r.golden / "market.0")) {
        const auto manifest = log::ReadManifest(r.golden);
        const bool sealed = fs::exists(file) &&
                            manifest->lanes.at("market.0").segments.size() ==
                                static_cast<size_t>(std::distance(fs::directory_iterator(r.golden / "market.0"), {}));
        if (!sealed && fs::file_size(file) > 40) fs::resize_file(file, fs::file_size(file) - 20);
        break;
      }
    }
  }
  REQUIRE(r.OpenAndPollAll().ok());
  REQUIRE(r.record->Close().ok());
  CHECK(r.RecordedAll("market.0"));
  CHECK(r.RecordedAll("trading"));
  CHECK(r.Verify().ok());
  CHECK(r.gaps.empty());
}

TEST_CASE("golden record: one process records a directory", "[journal][golden]") {
  Recording r;
  REQUIRE(r.Open().ok());
  CHECK(absl::IsFailedPrecondition(GoldenRecord::Open(r.golden, r.lanes, kLanes).status()));
}

TEST_CASE("golden record: what retention removed first is a gap, noted and told; the rest is recorded",
          "[journal][golden]") {
  Recording r;
  r.Append("market.0", 20);
  REQUIRE(r.OpenAndPollAll().ok());

  enum class When { kRunning, kStopped, kKilledAndAllRemoved };
  const When when = GENERATE(When::kRunning, When::kStopped, When::kKilledAndAllRemoved);
  if (when == When::kStopped) REQUIRE(r.record->Close().ok());
  if (when == When::kKilledAndAllRemoved) r.record.reset();
  r.Append("market.0", 20);
  if (when == When::kKilledAndAllRemoved) {
    r.lanes.Retain("market.0", 41);
    REQUIRE(r.OpenAndPollAll().ok());
    CHECK(r.gaps.empty());  // nothing tells yet how far it goes
  }
  r.Append("market.0", 10);
  r.lanes.Retain("market.0", 41);
  REQUIRE((when == When::kStopped ? r.OpenAndPollAll() : r.PollAll()).ok());
  REQUIRE(r.record->Flush().ok());
  const log::RecordGap gap{.lane = "market.0", .from = 21, .to = 40, .recorded_before = 20, .noticed = kOpen};
  // What was not durable when it was killed is in the gap too.
  const bool killed = r.gaps.size() == 1 && r.gaps[0].from != 21;
  if (!killed) CHECK(r.gaps == std::vector<log::RecordGap>{gap});
  REQUIRE(r.gaps.size() == 1);
  CHECK(r.gaps[0].to == 40);
  CHECK(*log::ReadGaps(r.golden) == r.gaps);
  CHECK(r.record->DurablePosition("market.0") == 50);
  CHECK(r.record->Record("market.0").durable_in_session == r.gaps[0].recorded_before + 10);
  CHECK(r.record->Record("market.0").gaps == 1);
  const auto seen = r.Recorded("market.0");
  REQUIRE(seen.size() == r.gaps[0].recorded_before + 10);
  CHECK(seen.back().bytes == r.lanes.lane("market.0").messages.back().bytes);

  // After a restart it knows where it is.
  r.Append("market.0", 5);
  REQUIRE(r.OpenAndPollAll().ok());
  REQUIRE(r.record->Close().ok());
  CHECK(r.gaps.size() == 1);
  CHECK(r.record->DurablePosition("market.0") == 55);
  CHECK(r.Recorded("market.0").back().bytes == r.lanes.lane("market.0").messages.back().bytes);
  const log::VerifyReport report = r.Verify();
  CHECK(report.ok());
  REQUIRE(report.findings.size() == 1);  // the gap, as a warning
  CHECK_THAT(log::ToString(report.findings[0].damage), Catch::Contains("gone before they were recorded"));
}

TEST_CASE("golden record: any changed byte of gaps.json shows", "[journal][golden]") {
  Recording r;
  r.Append("trading", 10);
  r.lanes.Retain("trading", 4);
  REQUIRE(r.OpenAndPollAll().ok());
  REQUIRE(r.record->Close().ok());
  CHECK(r.Verify().ok());
  const fs::path file = r.golden / "gaps.json";
  std::fstream text(file, std::ios::in | std::ios::out | std::ios::binary);
  const std::streamoff bytes = static_cast<std::streamoff>(fs::file_size(file));
  for (std::streamoff at = 0; at < bytes; ++at) {
    text.seekg(at);
    const char was = static_cast<char>(text.get());
    text.seekp(at);
    text.put(static_cast<char>(was ^ 1)).flush();
    INFO("byte " << at);
    CHECK_FALSE(r.Verify().ok());
    text.seekp(at);
    text.put(was).flush();
  }
  CHECK(r.Verify().ok());
  fs::resize_file(file, static_cast<uintmax_t>(bytes - 1));
  CHECK(absl::IsDataLoss(r.Open()));
}

TEST_CASE("golden record: a gap before the first recorded message", "[journal][golden]") {
  Recording r;
  r.Append("trading", 10);
  r.lanes.Retain("trading", 4);
  REQUIRE(r.OpenAndPollAll().ok());
  REQUIRE(r.gaps.size() == 1);
  CHECK(r.gaps[0].from == 1);
  CHECK(r.gaps[0].to == 3);
  CHECK(r.Recorded("trading").size() == 0);  // nothing is written yet
  REQUIRE(r.record->Flush().ok());
  CHECK(r.Recorded("trading").size() == 7);
}

TEST_CASE("golden record: a lane that was made anew is never mixed with the old one", "[journal][golden]") {
  Recording r;
  r.Append("market.0", 20);
  REQUIRE(r.OpenAndPollAll().ok());
  REQUIRE(r.record->Close().ok());
  r.lanes.Remake("market.0");

  SECTION("other bytes where the last message was") {
    r.Append("market.0", 30);
    REQUIRE(r.Open().ok());
  }
  SECTION("the lane ends before it") {
    r.Append("market.0", 5);
    REQUIRE(r.Open().ok());
    REQUIRE(r.PollAll().ok());  // it may be the server that is away
    r.now += std::chrono::seconds(3);
  }
  const absl::Status status = r.PollAll();
  CHECK(absl::IsAborted(status));
  CHECK_THAT(std::string(status.message()), Catch::Contains("market.0"));
  CHECK_THAT(std::string(status.message()), Catch::Contains("move the directory away"));
  CHECK(absl::IsAborted(r.record->Poll(Duration::zero()).status()));
  CHECK(r.Recorded("market.0").size() == 20);
}

TEST_CASE("golden record: an empty lane is waited for, not taken for another", "[journal][golden]") {
  Recording r;
  r.Append("market.0", 20);
  REQUIRE(r.OpenAndPollAll().ok());
  REQUIRE(r.record->Close().ok());
  const RetainedLog::Lane kept = r.lanes.lane("market.0");
  r.lanes.Remake("market.0");
  REQUIRE(r.OpenAndPollAll().ok());
  r.now += std::chrono::seconds(3);
  REQUIRE(r.PollAll().ok());
  r.lanes.lane("market.0") = kept;  // the server is back
  r.Append("market.0", 1);
  REQUIRE(r.PollAll().ok());
  CHECK(r.record->Record("market.0").recorded == 21);
}

TEST_CASE("golden record: without space nothing is taken on, nothing is lost, and it resumes by itself",
          "[journal][golden]") {
  Recording r;
  r.Append("market.0", 7);
  REQUIRE(r.Open().ok());
  REQUIRE(r.record->Poll(Duration::zero()).ok());
  r.Append("market.0", 10);
  r.free_bytes = 1000;
  const absl::Status status = r.record->Poll(Duration::zero()).status();
  CHECK(absl::IsResourceExhausted(status));
  CHECK_THAT(std::string(status.message()), Catch::Contains(r.golden.string() + ": seen 1000 bytes free"));
  CHECK(r.record->DurablePosition("market.0") == 7);  // what was read is durable
  CHECK(absl::IsResourceExhausted(r.record->Poll(Duration::zero()).status()));

  SECTION("in the same process") {}
  SECTION("after a restart without space") {
    REQUIRE(r.Open().ok());
  }
  r.free_bytes = uint64_t{1} << 40;
  REQUIRE(r.PollAll().ok());
  REQUIRE(r.record->Close().ok());
  CHECK(r.RecordedAll("market.0"));
  CHECK(r.Verify().ok());
}

TEST_CASE("golden record: after a write that failed the directory is opened again", "[journal][golden]") {
  Recording r;
  r.Append("market.0", 7);
  REQUIRE(r.OpenAndPollAll().ok());
  // The writer cannot make its first segment.
  fs::remove_all(r.golden / "market.0");
  CHECK_FALSE(r.record->Flush().ok());
  REQUIRE(r.PollAll().ok());
  REQUIRE(r.record->Close().ok());
  CHECK(r.RecordedAll("market.0"));
  CHECK(r.Verify().ok());
}

}  // namespace
}  // namespace spillway::journal
