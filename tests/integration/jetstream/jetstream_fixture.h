// A server, a connection and a log on it, for the tests of libs/log/jetstream.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "libs/log/jetstream/connection.h"
#include "libs/log/jetstream/jetstream_log.h"
#include "tests/catch.h"
#include "tests/support/nats_server.h"

namespace spillway::jetstream {

using namespace std::chrono_literals;

inline const log::LaneName kLane = "market.0";
inline const Time kOpen = TimeFromNanos(1'746'192'600'000'000'000);

template <class T>
T Must(absl::StatusOr<T> value) {
  INFO(value.status());
  REQUIRE(value.ok());
  return *std::move(value);
}
inline void MustOk(const absl::Status& status) {
  INFO(status);
  REQUIRE(status.ok());
}

inline ConnectionOptions OptionsFor(const test::NatsServer& server) {
  return {.url = server.url(), .name = "test", .publish_timeout = 10s};
}
inline std::shared_ptr<Connection> ConnectTo(const test::NatsServer& server) {
  return Must(Connection::Connect(OptionsFor(server)));
}

// A server with the lanes market.0, features.0 and trading.
struct Stack {
  explicit Stack(const RetentionOptions& retention = {.bytes_max = uint64_t{64} << 20})
      : connection(ConnectTo(server)) {
    MustOk(EnsureLanes(*connection, {"market.0", "features.0", "trading"}, retention));
  }
  JetStreamLog Log(Producer producer = Producer::kIngest) const { return {connection, producer}; }

  test::NatsServer server;
  std::shared_ptr<Connection> connection;
};

inline std::unique_ptr<log::LaneWriter> Writer(JetStreamLog log, const log::LaneName& lane = kLane) {
  return Must(log.OpenWriter(lane));
}
inline std::unique_ptr<log::LaneReader> Reader(JetStreamLog log, const log::LaneName& lane = kLane) {
  return Must(log.OpenReader(lane));
}

// The bytes of everything up to the present end, sequences without a hole.
inline std::vector<std::string> ReadAll(log::LaneReader& reader) {
  std::vector<std::string> all;
  log::LaneMessage message;
  uint64_t last = 0;
  while (Must(reader.Next(message))) {
    if (last != 0) REQUIRE(message.sequence == last + 1);
    last = message.sequence;
    all.emplace_back(message.bytes);
  }
  return all;
}

}  // namespace spillway::jetstream
