// The record of lanes on a real NATS server.
#include <atomic>
#include <thread>

#include "libs/log/segment_log.h"
#include "libs/log/verify_session.h"
#include "services/journal/golden_record.h"
#include "tests/integration/jetstream/jetstream_fixture.h"

namespace spillway::journal {
namespace {

using namespace std::chrono_literals;
using jetstream::Stack;

std::vector<std::string> Recorded(const std::filesystem::path& directory, const log::LaneName& lane) {
  std::vector<std::string> all;
  auto session = log::SegmentLog::OpenForReading(directory).value();
  auto reader = session->OpenReader(lane).value();
  log::LaneMessage message;
  while (reader->Next(message).value()) all.emplace_back(message.bytes);
  return all;
}

std::string Bytes(uint64_t number) {
  return "message " + std::to_string(number) + std::string(200 + number % 300, 'x');
}

std::unique_ptr<GoldenRecord> Open(const std::filesystem::path& directory, log::EventLog& lanes,
                                   GoldenRecordOptions options = {}) {
  return jetstream::Must(GoldenRecord::Open(directory, lanes, {"market.0", "trading"}, std::move(options)));
}

void PollUntil(GoldenRecord& record, const log::LaneName& lane, uint64_t sequence) {
  const bool recorded = test::Eventually([&] {
    const absl::StatusOr<size_t> polled = record.Poll(20ms);
    INFO(polled.status());
    REQUIRE(polled.ok());
    return record.Record(lane).recorded >= sequence;
  });
  REQUIRE(recorded);
}

TEST_CASE("golden record over JetStream: all of two lanes, through restarts of the server and of the recorder",
          "[journal][nats]") {
  Stack stack;
  const test::TemporaryFolder folder;
  jetstream::JetStreamLog lanes(stack.connection, Producer::kJournal);
  auto record = Open(folder / "golden", lanes);
  constexpr uint64_t kMessages = 3000;
  std::atomic<uint64_t> appended = 0;
  std::thread producer([&] {
    jetstream::JetStreamLog log(jetstream::ConnectTo(stack.server), Producer::kIngest);
    auto market = log.OpenWriter("market.0").value();
    auto trading = log.OpenWriter("trading").value();
    for (uint64_t i = 1; i <= kMessages; ++i) {
      while (!market->Append(jetstream::kOpen + Duration(i), Bytes(i), 1).ok()) continue;
      if (i % 10 == 0) {
        while (!trading->Append(jetstream::kOpen + Duration(i), Bytes(i)).ok()) continue;
      }
      appended = i;
    }
  });
  const auto record_until = [&](uint64_t count) {
    while (appended < count || record->Record("market.0").recorded < count) {
      const absl::StatusOr<size_t> polled = record->Poll(10ms);
      if (!polled.ok()) CHECK(absl::IsUnavailable(polled.status()));
    }
  };
  record_until(800);
  stack.server.Kill9();
  stack.server.Restart();
  record_until(1600);
  record.reset();  // as killed
  record = Open(folder / "golden", lanes);
  record_until(2400);
  REQUIRE(record->Close().ok());
  record = Open(folder / "golden", lanes);
  record_until(kMessages);
  producer.join();
  PollUntil(*record, "trading", kMessages / 10);
  REQUIRE(record->Close().ok());
  CHECK(record->DurablePosition("market.0") == kMessages);

  const std::vector<std::string> market = Recorded(folder / "golden", "market.0");
  REQUIRE(market.size() == kMessages);
  for (uint64_t i = 1; i <= kMessages; ++i) REQUIRE(market[i - 1] == Bytes(i));
  CHECK(Recorded(folder / "golden", "trading").size() == kMessages / 10);
  CHECK(log::VerifySession(folder / "golden")->findings.empty());
}

TEST_CASE("golden record over JetStream: what retention removed is a gap", "[journal][nats]") {
  Stack stack({.bytes_max = 64 << 10});
  const test::TemporaryFolder folder;
  jetstream::JetStreamLog lanes(stack.connection, Producer::kJournal);
  auto writer = jetstream::Writer(stack.Log());
  uint64_t next = 1;
  const auto append = [&](uint64_t count) {
    for (uint64_t i = 0; i < count; ++i, ++next) {
      REQUIRE(writer->Append(jetstream::kOpen + Duration(next), Bytes(next)).ok());
    }
  };
  append(20);
  auto record = Open(folder / "golden", lanes);
  PollUntil(*record, "market.0", 20);
  REQUIRE(record->Close().ok());
  append(1000);
  std::vector<log::RecordGap> gaps;
  GoldenRecordOptions options;
  options.on_gap = [&](const log::RecordGap& gap) { gaps.push_back(gap); };
  record = Open(folder / "golden", lanes, options);
  PollUntil(*record, "market.0", 1020);
  REQUIRE(record->Flush().ok());
  REQUIRE(gaps.size() == 1);
  CHECK(gaps[0].from == 21);
  CHECK(gaps[0].to + 1 == jetstream::Must(lanes.Info("market.0")).first_sequence);
  CHECK(Recorded(folder / "golden", "market.0").size() == 20 + 1020 - gaps[0].to);
  CHECK(record->DurablePosition("market.0") == 1020);
}

TEST_CASE("golden record over JetStream: streams of a new server are never mixed with the old", "[journal][nats]") {
  const test::TemporaryFolder folder;
  uint64_t after = GENERATE(0u, 5u, 50u);
  {
    Stack stack;
    jetstream::JetStreamLog lanes(stack.connection, Producer::kJournal);
    auto writer = jetstream::Writer(stack.Log());
    for (uint64_t i = 1; i <= 20; ++i) REQUIRE(writer->Append(jetstream::kOpen, Bytes(i)).ok());
    auto record = Open(folder / "golden", lanes);
    PollUntil(*record, "market.0", 20);
    REQUIRE(record->Close().ok());
  }
  Stack stack;
  jetstream::JetStreamLog lanes(stack.connection, Producer::kJournal);
  auto writer = jetstream::Writer(stack.Log());
  for (uint64_t i = 1; i <= after; ++i) REQUIRE(writer->Append(jetstream::kOpen, "new " + Bytes(i)).ok());
  absl::Status status;
  const bool aborted = test::Eventually([&] {
    auto record = GoldenRecord::Open(folder / "golden", lanes, {"market.0", "trading"});
    status = record.ok() ? (*record)->Poll(100ms).status() : record.status();
    return absl::IsAborted(status);
  });
  INFO(status);
  CHECK(aborted);
  CHECK(Recorded(folder / "golden", "market.0").size() == 20);
}

}  // namespace
}  // namespace spillway::journal
