// Who may append behind what, and what is never lost or stored twice.
#include "fmt/core.h"
#include "tests/integration/jetstream/jetstream_fixture.h"
#include "tests/integration/jetstream/raw_nats.h"

namespace spillway::jetstream {

TEST_CASE("jetstream: a replica that is behind is told so, and goes on behind the other's last message",
          "[jetstream]") {
  const Stack stack;
  const auto first = Writer(stack.Log());
  const auto second = Writer(stack.Log());
  CHECK(Must(first->Append(kOpen, "1")) == 1);
  CHECK(Must(second->Append(kOpen, "1")) == 1);  // the same decision: stored once
  CHECK(Must(first->Append(kOpen, "2")) == 2);

  const absl::Status behind = second->Append(kOpen, "2'").status();
  CHECK(absl::IsAborted(behind));
  CHECK_THAT(std::string(behind.message()),
             Catch::Contains("message 2") && Catch::Contains("expected the last one to be 1"));
  CHECK(absl::IsAborted(second->Append(kOpen, "2'").status()));  // as long as it has not looked

  std::string bytes;
  REQUIRE(Must(second->LastOwn(bytes)));
  CHECK(bytes == "2");
  CHECK(Must(second->Append(kOpen, "3")) == 3);
  CHECK(ReadAll(*Reader(stack.Log())) == std::vector<std::string>{"1", "2", "3"});
}

TEST_CASE("jetstream: a repeated append is recognised though the server forgot its id", "[jetstream]") {
  // The window of duplicates is no longer than messages live: here two seconds.
  const Stack stack({.age_max = 2s, .bytes_max = 1 << 20});
  const auto first = Writer(stack.Log());
  const auto second = Writer(stack.Log());
  CHECK(Must(first->Append(kOpen, "1")) == 1);
  // While the message lives its id may be gone or not: either way the second one hears of the same message, until the
  // message itself is gone as well.
  uint64_t sequence = 1;
  CHECK(test::Eventually([&] { return (sequence = Must(second->Append(kOpen, "1"))) != 1; }));
  CHECK(sequence == 2);
  CHECK(Must(stack.Log().Info(kLane)).last_sequence == 2);
}

TEST_CASE("jetstream: two producers may append the same bytes, one producer in the same place may not", "[jetstream]") {
  const Stack stack;
  const auto scoring = Writer(stack.Log(Producer::kScoring), "trading");
  const auto risk = Writer(stack.Log(Producer::kRisk), "trading");
  CHECK(Must(scoring->Append(kOpen, "1")) == 1);
  CHECK(Must(risk->Append(kOpen, "1")) == 2);
  CHECK(Must(risk->Append(kOpen, "1")) == 2);
}

TEST_CASE("jetstream: behind an intruder every append is refused, none is stored behind a hole", "[jetstream]") {
  const Stack stack;
  const auto writer = Writer(stack.Log());
  Must(writer->Append(kOpen, "mine 1"));
  const RawNats raw(stack.server.url());
  raw.Append("spillway.v1.market.0.ingest", "intruder");

  for (int i = 0; i < 100; ++i) {
    CHECK(absl::IsAborted(writer->Append(kOpen, fmt::format("refused {}", i)).status()));
  }
  std::string bytes;
  REQUIRE(Must(writer->LastOwn(bytes)));
  CHECK(bytes == "intruder");
  CHECK(Must(writer->Append(kOpen, "mine 2")) == 3);
  CHECK(ReadAll(*Reader(stack.Log())) == std::vector<std::string>{"mine 1", "intruder", "mine 2"});
}

TEST_CASE("jetstream: what the server refuses without a word to an asynchronous publisher is an error here",
          "[jetstream]") {
  const Stack stack;
  const auto writer = Writer(stack.Log());
  Must(writer->Append(kOpen, "1"));
  const RawNats raw(stack.server.url());
  jsPubOptions expects;
  jsPubOptions_Init(&expects);
  expects.ExpectLastSeq = 77;
  REQUIRE(js_PublishAsync(raw.jetstream(), "spillway.v1.market.0.universe", "lost", 4, &expects) == NATS_OK);
  REQUIRE(js_PublishAsyncComplete(raw.jetstream(), nullptr) == NATS_OK);  // the trap: all seems well

  raw.Append("spillway.v1.market.0.ingest", "2");
  CHECK_FALSE(writer->Append(kOpen, "3").ok());
  CHECK(ReadAll(*Reader(stack.Log())) == std::vector<std::string>{"1", "2"});
}

TEST_CASE("jetstream: what can never be appended is said at once, with the way out", "[jetstream]") {
  const Stack stack;
  const auto writer = Writer(stack.Log());
  const absl::Status big = writer->Append(kOpen, std::string(stack.connection->message_bytes_max() + 1, 'x')).status();
  CHECK(absl::IsInvalidArgument(big));
  CHECK_THAT(std::string(big.message()), Catch::Contains("max_payload"));
  CHECK(absl::IsInvalidArgument(writer->Append(kOpen, "x", 0, "line\r\nfeed").status()));
  CHECK(Must(writer->Append(kOpen, std::string(stack.connection->message_bytes_max(), 'x'), 1, "b=1")) == 1);
  log::LaneMessage message;
  const auto reader = Reader(stack.Log());
  REQUIRE(Must(reader->Next(message)));
  CHECK(message.bytes.size() == stack.connection->message_bytes_max());
  std::string bytes;
  REQUIRE(Must(writer->LastOwn(bytes)));
  CHECK(bytes.size() == stack.connection->message_bytes_max());

  CHECK(absl::IsNotFound(stack.Log().OpenWriter("market.9").status()));
  CHECK(absl::IsNotFound(stack.Log().OpenReader("market.9").status()));
  CHECK(absl::IsNotFound(stack.Log().Info("market.9").status()));
  const RawNats raw(stack.server.url());
  raw.DeleteStream("spillway_market_0");
  CHECK(absl::IsNotFound(writer->Append(kOpen, "x").status()));
}

TEST_CASE("jetstream: a producer whose last message was removed by retention goes on", "[jetstream]") {
  const Stack stack({.bytes_max = 256 << 10});
  const auto quiet = Writer(stack.Log(Producer::kGateway));
  const auto busy = Writer(stack.Log());
  Must(quiet->Append(kOpen, "configuration 1"));
  for (int i = 0; i < 40; ++i) Must(busy->Append(kOpen, std::string(16 << 10, 'x') + std::to_string(i)));
  REQUIRE(Must(stack.Log().Info(kLane)).first_sequence > 1);
  CHECK(Must(quiet->Append(kOpen, "configuration 2")) == 42);
}

TEST_CASE("jetstream: streams are made once, and follow their options", "[jetstream]") {
  const Stack stack;
  Must(Writer(stack.Log())->Append(kOpen, "stays"));
  MustOk(EnsureLanes(*stack.connection, {kLane, "market.1"}, {.age_max = 2h, .bytes_max = 32 << 20}));
  MustOk(EnsureLanes(*stack.connection, {kLane, "market.1"}, {.age_max = 2h, .bytes_max = 32 << 20}));
  CHECK(ReadAll(*Reader(stack.Log())) == std::vector<std::string>{"stays"});

  const RawNats raw(stack.server.url());
  jsStreamConfig config;
  jsStreamConfig_Init(&config);
  const char* subjects[] = {"elsewhere"};
  config.Name = "spillway_taken";
  config.Subjects = subjects;
  config.SubjectsLen = 1;
  REQUIRE(js_AddStream(nullptr, raw.jetstream(), &config, nullptr, nullptr) == NATS_OK);
  CHECK(absl::IsFailedPrecondition(EnsureLanes(*stack.connection, {"taken"}, {})));
  const absl::Status much = EnsureLanes(*stack.connection, {"much"}, {.bytes_max = uint64_t{1} << 40});
  CHECK(absl::IsResourceExhausted(much));
  CHECK_THAT(std::string(much.message()), Catch::Contains("max_file"));
}

TEST_CASE("jetstream: dead letters are kept with their origin, once", "[jetstream]") {
  const Stack stack;
  MustOk(EnsureDeadLetters(*stack.connection, {.bytes_max = 1 << 20}));
  for (int i = 0; i < 2; ++i) {
    MustOk(AppendDeadLetter(*stack.connection, "scoring", "features.0", 17, "unknown\nversion 9", "\x01\x02"));
  }
  const RawNats raw(stack.server.url());
  natsMsg* message = nullptr;
  REQUIRE(js_GetLastMsg(&message, raw.jetstream(), "spillway_dead_letters", "spillway.v1.dead.scoring", nullptr,
                        nullptr) == NATS_OK);
  CHECK(natsMsg_GetSequence(message) == 1);
  const auto header = [&](const char* name) {
    const char* value = nullptr;
    natsMsgHeader_Get(message, name, &value);
    return std::string(value == nullptr ? "" : value);
  };
  CHECK(header("Lane") == "features.0");
  CHECK(header("Sequence") == "17");
  CHECK(header("Reason") == "unknown?version 9");
  CHECK(std::string(natsMsg_GetData(message), 2) == "\x01\x02");
  natsMsg_Destroy(message);
}

}  // namespace spillway::jetstream
