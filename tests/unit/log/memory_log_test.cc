#include "libs/log/memory_log.h"

#include "tests/catch.h"
#include "tests/unit/log/log_fixture.h"

using namespace spillway;
using namespace spillway::log;

TEST_CASE("memory log: messages come back as they were written, also while they are written", "[log]") {
  const std::vector<OwnedMessage> messages = GenerateMessages(1, {.count = 300, .bytes_max = 20'000});
  MemoryLog log;
  const std::unique_ptr<LaneWriter> writer = OpenWriter(log, "market.0");
  const std::unique_ptr<LaneReader> follower = OpenReader(log, "market.0");
  for (size_t i = 0; i < messages.size(); ++i) {
    Append(*writer, {messages[i]});
    CHECK(*ReadRest(*follower, i + 1) == std::vector<OwnedMessage>{messages[i]});
  }
  REQUIRE(writer->Close().ok());
  CHECK(*ReadRest(*OpenReader(log, "market.0"), 1) == messages);
  CHECK(log.Lanes() == std::vector<LaneName>{"market.0"});
}

TEST_CASE("memory log: seeks find the first message at or after a sequence or time", "[log]") {
  MemoryLog log;
  const std::unique_ptr<LaneWriter> writer = OpenWriter(log, "trading");
  for (const int64_t time : {10, 20, 20, 30}) Append(*writer, {{TimeFromNanos(time), "m", 0}});
  const std::unique_ptr<LaneReader> reader = OpenReader(log, "trading");
  const auto first = [&] {
    LaneMessage message;
    return *reader->Next(message) ? message.sequence : 0;
  };
  REQUIRE(reader->SeekToSequence(3).ok());
  CHECK(first() == 3);
  for (const auto& [time, sequence] : std::vector<std::pair<int64_t, uint64_t>>{{9, 1}, {20, 2}, {21, 4}, {31, 0}}) {
    REQUIRE(reader->SeekToTime(TimeFromNanos(time)).ok());
    CHECK(first() == sequence);
  }
  Append(*writer, {{TimeFromNanos(30), "m", 0}, {TimeFromNanos(31), "m", 0}});
  CHECK(first() == 6);
  REQUIRE(reader->SeekToSequence(9).ok());
  Append(*writer, {{TimeFromNanos(40), "m", 0}, {TimeFromNanos(40), "m", 0}, {TimeFromNanos(40), "m", 0}});
  CHECK(first() == 9);
}

TEST_CASE("memory log: refuses what a log on disk refuses", "[log]") {
  MemoryLog log;
  const std::unique_ptr<LaneWriter> writer = OpenWriter(log, "trading");
  CHECK(absl::IsFailedPrecondition(log.OpenWriter("trading").status()));
  CHECK(absl::IsNotFound(log.OpenReader("market.0").status()));
  Append(*writer, {{kSessionOpen, "one", 0}});
  const absl::Status back = writer->Append(kSessionOpen - Duration(1), "two", 0).status();
  CHECK(absl::IsInvalidArgument(back));
  CHECK(writer->Append(kSessionOpen, "two", 0).status() == back);
  CHECK(writer->Close() == back);
  const std::unique_ptr<LaneWriter> next = OpenWriter(log, "trading");
  CHECK(*next->Append(kSessionOpen, "two", 0) == 2);
  CHECK(next->Close().ok());
  CHECK(absl::IsFailedPrecondition(next->Append(kSessionOpen, "three", 0).status()));
  CHECK(absl::IsInvalidArgument(
      OpenWriter(log, "market.0")->Append(kSessionOpen, std::string(kMessageBytesMax + 1, 'x'), 0).status()));
}
