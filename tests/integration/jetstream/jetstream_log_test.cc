#include "libs/log/jetstream/jetstream_log.h"

#include "tests/integration/jetstream/jetstream_fixture.h"

namespace spillway::jetstream {

TEST_CASE("jetstream: what is appended is read in order, with time, rows and side record", "[jetstream]") {
  const Stack stack;
  const auto writer = Writer(stack.Log());
  const auto reader = Reader(stack.Log());
  log::LaneMessage message;
  CHECK_FALSE(Must(reader->Next(message)));

  CHECK(Must(writer->Append(kOpen, "one", 3, "b=1;o=2")) == 1);
  CHECK(Must(writer->Append(kOpen + 1s, std::string("\0two\r\n", 6))) == 2);
  CHECK(Must(writer->Append(kOpen + 2s, "")) == 3);

  REQUIRE(Must(reader->Next(message)));
  CHECK(message.sequence == 1);
  CHECK(message.time == kOpen);
  CHECK(message.bytes == "one");
  CHECK(message.rows == 3);
  CHECK(message.side == "b=1;o=2");
  REQUIRE(Must(reader->Next(message)));
  CHECK(message.bytes == std::string("\0two\r\n", 6));
  CHECK(message.rows == 0);
  CHECK(message.side.empty());
  REQUIRE(Must(reader->NextWithin(message, 5s)));
  CHECK(message.bytes.empty());
  CHECK(message.time == kOpen + 2s);
  CHECK_FALSE(Must(reader->Next(message)));
  CHECK_FALSE(Must(reader->NextWithin(message, 1ms)));

  CHECK(stack.Log().Lanes() == std::vector<log::LaneName>{"features.0", "market.0", "trading"});
  const LaneInfo info = Must(stack.Log().Info(kLane));
  CHECK(info.first_sequence == 1);
  CHECK(info.last_sequence == 3);
  MustOk(writer->Close());
  CHECK(absl::IsFailedPrecondition(writer->Append(kOpen, "late").status()));
}

TEST_CASE("jetstream: a reader goes to a sequence and to a time", "[jetstream]") {
  const Stack stack;
  const auto writer = Writer(stack.Log());
  for (int i = 1; i <= 20; ++i) Must(writer->Append(kOpen + i * 1s, std::to_string(i)));
  const auto reader = Reader(stack.Log());
  log::LaneMessage message;
  for (const uint64_t sequence : {1, 7, 20}) {
    MustOk(reader->SeekToSequence(sequence));
    REQUIRE(Must(reader->Next(message)));
    CHECK(message.sequence == sequence);
    MustOk(reader->SeekToTime(kOpen + static_cast<int64_t>(sequence) * 1s - 1ms));
    REQUIRE(Must(reader->Next(message)));
    CHECK(message.sequence == sequence);
  }
  MustOk(reader->SeekToTime(kOpen + 1h));
  CHECK_FALSE(Must(reader->Next(message)));
  Must(writer->Append(kOpen + 2h, "21"));
  REQUIRE(Must(reader->Next(message)));
  CHECK(message.bytes == "21");
  MustOk(reader->SeekToSequence(22));
  CHECK_FALSE(Must(reader->NextWithin(message, 1ms)));
  CHECK(absl::IsDataLoss(reader->SeekToSequence(23)));
}

TEST_CASE("jetstream: a producer finds its own last message among others'", "[jetstream]") {
  const Stack stack;
  std::string bytes;
  {
    const auto scoring = Writer(stack.Log(Producer::kScoring), "trading");
    const auto risk = Writer(stack.Log(Producer::kRisk), "trading");
    CHECK_FALSE(Must(scoring->LastOwn(bytes)));
    Must(scoring->Append(kOpen, "s1"));
    Must(risk->Append(kOpen, "r1"));
    Must(scoring->Append(kOpen, "s2"));
    Must(risk->Append(kOpen, "r2"));
  }
  const auto scoring = Writer(stack.Log(Producer::kScoring), "trading");
  REQUIRE(Must(scoring->LastOwn(bytes)));
  CHECK(bytes == "s2");
  CHECK(Must(scoring->Append(kOpen, "s3")) == 5);
}

}  // namespace spillway::jetstream
