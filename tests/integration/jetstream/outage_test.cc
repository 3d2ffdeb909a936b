// Servers that die, and data that is gone.
#include <atomic>
#include <thread>

#include "fmt/core.h"
#include "tests/integration/jetstream/jetstream_fixture.h"
#include "tests/integration/jetstream/raw_nats.h"

namespace spillway::jetstream {
namespace {

// Appends "0", "1", ... from a thread of its own until it is stopped.
class Producing {
 public:
  Producing(JetStreamLog log, size_t bytes) : log_(std::move(log)), bytes_(bytes), thread_([this] { Run(); }) {}
  ~Producing() {
    if (thread_.joinable()) Stop();
  }
  size_t appended() const { return appended_; }
  absl::Status status() const { return status_; }  // after Stop
  void Stop() {
    stopping_ = true;
    thread_.join();
  }

 private:
  void Run() {
    absl::StatusOr<std::unique_ptr<log::LaneWriter>> writer = log_.OpenWriter(kLane);
    status_ = writer.status();
    while (status_.ok() && !stopping_) {
      std::string text = std::to_string(appended_);
      text.resize(std::max(bytes_, text.size() + 1), ' ');
      const absl::StatusOr<uint64_t> sequence = (*writer)->Append(kOpen, text);
      if (absl::IsUnavailable(sequence.status())) continue;  // the same call may be made again
      status_ = sequence.status();
      if (sequence.ok() && *sequence != appended_ + 1) status_ = absl::InternalError("a hole, or one twice");
      ++appended_;
    }
  }
  JetStreamLog log_;
  const size_t bytes_;
  std::atomic<bool> stopping_ = false;
  std::atomic<size_t> appended_ = 0;
  absl::Status status_;
  std::thread thread_;
};

// Reads on and checks that every number comes once and in order.
class Following {
 public:
  explicit Following(JetStreamLog log) : log_(std::move(log)), thread_([this] { Run(); }) {}
  ~Following() {
    if (thread_.joinable()) Stop();
  }
  size_t read() const { return read_; }
  absl::Status status() const { return status_; }  // after Stop
  void Stop() {
    stopping_ = true;
    thread_.join();
  }

 private:
  void Run() {
    absl::StatusOr<std::unique_ptr<log::LaneReader>> reader = log_.OpenReader(kLane);
    status_ = reader.status();
    log::LaneMessage message;
    while (status_.ok() && !stopping_) {
      const absl::StatusOr<bool> next = (*reader)->NextWithin(message, 20ms);
      status_ = next.status();
      if (!next.ok() || !*next) continue;
      const std::string_view expected_begin = message.bytes.substr(0, message.bytes.find(' '));
      if (message.sequence != read_ + 1 || expected_begin != std::to_string(read_)) {
        status_ = absl::InternalError(fmt::format("{} came as {} after {}", expected_begin, message.sequence, read_));
      }
      ++read_;
    }
  }
  JetStreamLog log_;
  std::atomic<bool> stopping_ = false;
  std::atomic<size_t> read_ = 0;
  absl::Status status_;
  std::thread thread_;
};

}  // namespace

TEST_CASE("jetstream: a killed server loses and repeats nothing that was appended, for writers and readers",
          "[jetstream]") {
  Stack stack;
  Following following({ConnectTo(stack.server), Producer::kNone});
  Producing producing({ConnectTo(stack.server), Producer::kIngest}, 300);
  for (int kill = 0; kill < 4; ++kill) {
    const size_t before = producing.appended();
    REQUIRE(test::Eventually([&] { return producing.appended() > before + 200; }, 30s));
    if (kill == 3) {
      stack.server.Stop();
    } else {
      stack.server.Kill9();
    }
    stack.server.Restart();
  }
  const size_t before = producing.appended();
  REQUIRE(test::Eventually([&] { return producing.appended() > before + 200; }, 30s));
  producing.Stop();
  MustOk(producing.status());
  CHECK(test::Eventually([&] { return following.read() >= producing.appended(); }));
  following.Stop();
  MustOk(following.status());
  CHECK(following.read() == producing.appended());
  REQUIRE(test::Eventually([&] { return stack.connection->connected(); }));
  CHECK(ReadAll(*Reader(stack.Log())).size() == producing.appended());
}

TEST_CASE("jetstream: a reader of large messages loses none over a restart", "[jetstream]") {
  Stack stack({.bytes_max = uint64_t{256} << 20});
  Following following({ConnectTo(stack.server), Producer::kNone});
  Producing producing({ConnectTo(stack.server), Producer::kIngest}, 60'000);
  REQUIRE(test::Eventually([&] { return producing.appended() > 300; }, 30s));
  stack.server.Kill9();
  stack.server.Restart();
  REQUIRE(test::Eventually([&] { return producing.appended() > 600; }, 30s));
  producing.Stop();
  MustOk(producing.status());
  CHECK(test::Eventually([&] { return following.read() == producing.appended(); }));
  following.Stop();
  MustOk(following.status());
}

TEST_CASE("jetstream: without a server an append is given up after its time, and may be made again", "[jetstream]") {
  Stack stack;
  ConnectionOptions options = OptionsFor(stack.server);
  options.publish_timeout = 300ms;
  std::vector<ConnectionEvent> events;
  std::mutex mutex;
  const auto connection = Must(Connection::Connect(options, [&](ConnectionEvent event, const std::string&) {
    const std::lock_guard lock(mutex);
    events.push_back(event);
  }));
  JetStreamLog log(connection, Producer::kIngest);
  const auto writer = Writer(log);
  const auto reader = Reader(log);
  log::LaneMessage message;
  Must(writer->Append(kOpen, "1"));
  REQUIRE(Must(reader->Next(message)));
  stack.server.Kill9();
  CHECK(absl::IsUnavailable(writer->Append(kOpen, "2").status()));
  CHECK_FALSE(Must(reader->NextWithin(message, 10ms)));
  CHECK(absl::IsUnavailable(reader->Next(message).status()));
  stack.server.Restart();
  absl::StatusOr<uint64_t> again;
  REQUIRE(test::Eventually([&] { return (again = writer->Append(kOpen, "2")).ok(); }));
  CHECK(*again == 2);
  REQUIRE(Must(reader->NextWithin(message, 20s)));
  CHECK(message.bytes == "2");
  CHECK(connection->reconnects() == 1);
  const std::lock_guard lock(mutex);
  CHECK(events == std::vector{ConnectionEvent::kDisconnected, ConnectionEvent::kReconnected});
}

TEST_CASE("jetstream: a connection that is not taken back says so, and does not try for ever", "[jetstream]") {
  const auto authorization = [](const std::string& password) {
    return "authorization { user: ingest, password: \"" + password + "\" }";
  };
  test::NatsServer server(authorization("old"));
  ConnectionOptions options = OptionsFor(server);
  options.user = "ingest";
  options.password = "old";
  JetStreamLog log(Must(Connection::Connect(options)), Producer::kIngest);
  MustOk(EnsureLanes(*Must(Connection::Connect(options)), {kLane}, {.bytes_max = 1 << 20}));
  const auto writer = Writer(log);
  const auto reader = Reader(log);
  Must(writer->Append(kOpen, "1"));
  server.Stop();
  server.Configure(authorization("new"));
  server.Restart();
  absl::Status status;
  test::Eventually([&] { return absl::IsPermissionDenied(status = writer->Append(kOpen, "2").status()); });
  CHECK(absl::IsPermissionDenied(status));
  log::LaneMessage message;
  test::Eventually([&] { return !(status = reader->NextWithin(message, 10ms).status()).ok(); });
  CHECK(absl::IsPermissionDenied(status));
}

TEST_CASE("jetstream: a reader far behind is not flooded, and catches up", "[jetstream]") {
  // More than flow control lets wait in a process.
  const Stack stack({.bytes_max = uint64_t{512} << 20});
  const auto reader = Reader({ConnectTo(stack.server), Producer::kNone});
  log::LaneMessage message;
  CHECK_FALSE(Must(reader->NextWithin(message, 1ms)));
  const RawNats raw(stack.server.url());
  constexpr uint64_t kCount = 2000;
  const std::string bytes(60'000, 'x');
  for (uint64_t i = 0; i < kCount; ++i) {
    REQUIRE(js_PublishAsync(raw.jetstream(), "spillway.v1.market.0.ingest", bytes.data(),
                            static_cast<int>(bytes.size()), nullptr) == NATS_OK);
    if (i % 100 == 99) REQUIRE(js_PublishAsyncComplete(raw.jetstream(), nullptr) == NATS_OK);
  }
  CHECK(ReadAll(*reader).size() == kCount);
}

TEST_CASE("jetstream: messages that retention removed are said to be out of range, with what is left", "[jetstream]") {
  const Stack stack({.bytes_max = 256 << 10});
  const auto slow = Reader(stack.Log());
  const auto writer = Writer(stack.Log());
  log::LaneMessage message;
  for (int i = 0; i < 40; ++i) Must(writer->Append(kOpen + i * 1s, std::string(16 << 10, 'x') + std::to_string(i)));
  const uint64_t first = Must(stack.Log().Info(kLane)).first_sequence;
  REQUIRE(first > 1);

  const absl::Status gone = slow->Next(message).status();
  CHECK(absl::IsOutOfRange(gone));
  CHECK_THAT(std::string(gone.message()), Catch::Contains("message 1") && Catch::Contains(std::to_string(first)));
  CHECK(absl::IsOutOfRange(slow->SeekToSequence(first - 1)));
  CHECK(absl::IsOutOfRange(slow->SeekToTime(kOpen)));
  MustOk(slow->SeekToSequence(first));
  CHECK(ReadAll(*slow).size() == 40 - first + 1);

  // A producer that has nothing left there is told so, rather than that it never wrote.
  const auto universe = Must(stack.Log(Producer::kUniverse).OpenWriter(kLane));
  std::string bytes;
  CHECK(absl::IsOutOfRange(universe->LastOwn(bytes).status()));
  Must(universe->Append(kOpen + 41s, "universe's"));
  CHECK(Must(universe->LastOwn(bytes)));
  CHECK(bytes == "universe's");
}

TEST_CASE("jetstream: a reader that stands still while retention goes by is told", "[jetstream]") {
  Stack stack({.bytes_max = 256 << 10});
  const auto writer = Writer(stack.Log());
  const auto reader = Reader(stack.Log());
  log::LaneMessage message;
  Must(writer->Append(kOpen, "1"));
  REQUIRE(Must(reader->Next(message)));
  stack.server.Restart();  // whatever waits in the process is gone
  for (int i = 0; i < 40; ++i) Must(writer->Append(kOpen, std::string(16 << 10, 'x') + std::to_string(i)));
  absl::Status status;
  test::Eventually([&] { return !(status = reader->NextWithin(message, 10ms).status()).ok(); });
  CHECK(absl::IsOutOfRange(status));
}

TEST_CASE("jetstream: a lane that was made anew is data lost, for who read the old one", "[jetstream]") {
  Stack stack;
  const auto reader = Reader(stack.Log());
  {
    const auto writer = Writer(stack.Log());
    for (int i = 0; i < 10; ++i) Must(writer->Append(kOpen, std::to_string(i)));
    CHECK(ReadAll(*reader).size() == 10);
    const RawNats raw(stack.server.url());
    raw.DeleteStream("spillway_market_0");
    MustOk(EnsureLanes(*stack.connection, {kLane}, {.bytes_max = uint64_t{64} << 20}));
    const absl::Status writing = writer->Append(kOpen, "10").status();
    CHECK(absl::IsDataLoss(writing));
  }
  const auto writer = Writer(stack.Log());
  const int count = GENERATE(3, 30);  // fewer than before, and more
  for (int i = 0; i < count; ++i) Must(writer->Append(kOpen, std::to_string(i)));
  log::LaneMessage message;
  absl::Status status;
  test::Eventually([&] { return !(status = reader->NextWithin(message, 10ms).status()).ok(); });
  CHECK(absl::IsDataLoss(status));
  CHECK(ReadAll(*Reader(stack.Log())).size() == static_cast<size_t>(count));
}

}  // namespace spillway::jetstream
