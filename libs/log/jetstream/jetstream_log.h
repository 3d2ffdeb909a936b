// Lanes as JetStream streams: one stream a lane, one subject a producer.
//
//   lane "market.0"  stream "spillway_market_0", subjects "spillway.v1.market.0.<producer>"
//   lane "trading"   stream "spillway_trading",  subjects "spillway.v1.trading.<producer>"
//
// A message is one event group; its headers carry lane time, rows and the side record (T, R, S) and Nats-Msg-Id, the
// producer and a digest of its bytes. A LaneMessage's sequence is the stream's.
//
// What is guaranteed (docs/jetstream.md): Append returns when the server has stored the message. One publish is in
// flight a writer, and expects the writer's own subject to end where it last saw it: a second process of the same
// producer is noticed before anything of it is overtaken, and a repeated publish is never stored twice. Two appends of
// one producer with the same bytes within two minutes are one (it returns the sequence of the first): event groups
// differ by their producer sequence.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "libs/base/ids.h"
#include "libs/log/event_log.h"
#include "libs/log/jetstream/connection.h"

namespace spillway::jetstream {

struct RetentionOptions {
  Duration age_max = std::chrono::hours(48);
  uint64_t bytes_max = uint64_t{8} << 30;  // the oldest messages go first
  int replicas = 1;
};

// Makes the streams that are missing and brings those that are there to these options; nothing stored is lost. Done
// by whoever has the rights (`spillway lanes`, the ingest of a stack of one's own), never by the other services.
// FailedPrecondition if a stream of that name has other subjects.
absl::Status EnsureLanes(Connection& connection, const std::vector<log::LaneName>& lanes,
                         const RetentionOptions& retention);
// Where messages go that a reader could not decode: stream "<prefix>_dead_letters", subject
// "<prefix>.v1.dead.<service>".
absl::Status EnsureDeadLetters(Connection& connection, const RetentionOptions& retention);
absl::Status AppendDeadLetter(Connection& connection, std::string_view service, std::string_view lane,
                              uint64_t sequence, std::string_view reason, std::string_view bytes);

struct LaneInfo {
  uint64_t first_sequence = 0;  // 0: empty
  uint64_t last_sequence = 0;
  uint64_t messages = 0;
  uint64_t bytes = 0;
  Time created;  // by the server's clock: tells the lane from one that was made in its place
};

class JetStreamLog final : public log::EventLog {
 public:
  // `producer`: in whose name OpenWriter appends.
  JetStreamLog(std::shared_ptr<Connection> connection, Producer producer);
  ~JetStreamLog() override;

  // NotFound where the lane has no stream.
  absl::StatusOr<LaneInfo> Info(const log::LaneName& lane);

  // Append: blocks until stored; repeats while the server is away or slow, for publish_timeout, then Unavailable (the
  // same call may be made again: what was stored meanwhile is recognised). Aborted: another process of this producer
  // has appended; after LastOwn() the writer goes on behind it. Other errors (no such stream, permission, too big) are
  // final.
  absl::StatusOr<std::unique_ptr<log::LaneWriter>> OpenWriter(const log::LaneName& lane) override;
  // Next and NextWithin follow the lane. The messages that wait in this process are bounded by the server's flow
  // control. OutOfRange: the wanted messages were removed by retention. DataLoss: the lane ends before what was read
  // already, or before where it is to be read from, or is another lane of this name (the server lost its data): open a
  // new reader when that is settled. A lost connection is no error: the reader goes on where it was when it is back.
  //
  // NextWithin asks nobody: NextWithin(message, 0) gives what has arrived. It takes up to 2 s longer while a server is
  // coming back. Next asks the server for the lane's end where nothing is known to be on its way, one request each time
  // it returns false; Unavailable where nobody answers for publish_timeout. SeekToTime searches by lane time with one
  // request a step: exact where lane time never goes back, else near by.
  absl::StatusOr<std::unique_ptr<log::LaneReader>> OpenReader(const log::LaneName& lane) override;
  std::vector<log::LaneName> Lanes() const override;

 private:
  std::shared_ptr<Connection> connection_;
  const Producer producer_;
};

}  // namespace spillway::jetstream
