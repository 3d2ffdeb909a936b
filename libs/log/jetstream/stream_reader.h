// A lane's reader over a stream: see jetstream_log.h. Included by .cc files of this folder only.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "libs/log/event_log.h"
#include "libs/log/jetstream/client.h"

namespace spillway::jetstream {

// Follows the stream through a consumer of its own that pushes, unacknowledged, in order. Whatever breaks the order (a
// lost connection, a killed server, a dropped message) ends that consumer, and a new one begins behind the last message
// that was read.
class StreamReader final : public log::LaneReader {
 public:
  StreamReader(std::shared_ptr<Connection> connection, log::LaneName lane);
  ~StreamReader() override;

  absl::Status Open();  // NotFound where the lane has no stream

  absl::StatusOr<bool> Next(log::LaneMessage& message) override;
  absl::StatusOr<bool> NextWithin(log::LaneMessage& message, Duration wait) override;
  absl::Status SeekToSequence(uint64_t sequence) override;
  absl::Status SeekToTime(Time time) override;

 private:
  // What a delivered message's reply subject says of it.
  struct Position {
    uint64_t stream = 0;
    uint64_t consumer = 0;
    uint64_t pending = 0;
  };
  static std::optional<Position> ParsePosition(const char* reply);

  absl::StatusOr<bool> Take(log::LaneMessage& message, SteadyTime deadline);
  // True: the message is the next one.
  absl::StatusOr<bool> Accept(MessagePtr delivered, log::LaneMessage& message);
  void Answer(natsMsg* control);  // heartbeat or flow control
  absl::StatusOr<bool> AcceptGap(uint64_t sequence);

  absl::Status Subscribe();  // OK, but still without subscription, where the server does not answer now
  void Unsubscribe();
  bool Stalled() const;

  absl::StatusOr<StreamState> Look(SteadyTime deadline);
  // Whether the stream still holds what is to be read next, and is the one read so far.
  absl::Status Check(const StreamState& state) const;

  const std::shared_ptr<Connection> connection_;
  Connection::Impl& impl_;
  const log::LaneName lane_;
  const std::string stream_;

  uint64_t next_ = 1;
  uint64_t read_ = 0;        // the last sequence this reader has given out; 0: none since the last seek
  int64_t created_ns_ = 0;   // of the stream; 0: not seen yet
  uint64_t gap_before_ = 0;  // the last subscription began here and brought something later

  SubscriptionPtr subscription_;
  uint64_t consumer_sequence_ = 0;
  uint64_t pending_ = 0;  // what the server had for us behind the last message it sent
  SteadyTime heard_;      // when this consumer last said anything
  SteadyTime try_again_;  // no subscribing before
  uint64_t reconnects_ = 0;

  MessagePtr current_;  // the last message that was given out points into it
};

// The headers of a message, as log::LaneMessage has them.
Time LaneTimeOf(natsMsg* message);

}  // namespace spillway::jetstream
