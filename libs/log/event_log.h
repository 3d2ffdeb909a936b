// A lane: one total order of messages. A message is one event group, serialized; the log never looks inside.
// Implementations: memory_log.h (tests, pipelines in one process), segment_log.h (a session directory on disk),
// jetstream/jetstream_log.h (services). All are single-writer per lane and process; readers may follow a writer.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/base/time.h"

namespace spillway::log {

// "market.0", "features.0", "trading".
using LaneName = std::string;

struct LaneMessage {
  uint64_t sequence = 0;   // from 1, without holes
  Time time;               // lane time of the group's first event
  std::string_view bytes;  // valid until the next call on its reader
  uint64_t rows = 0;       // market events (source rows) in it, as its writer counted them
  // What shells tell each other beside the log (when each hop had it): no part of the record. Empty where the log does
  // not carry it.
  std::string_view side;
};

class LaneWriter {
 public:
  virtual ~LaneWriter() = default;
  // Appends one message behind the last one, and returns its sequence. Durable only after Flush(). `rows` counts the
  // market events (source rows) in it, 0 for other groups. Refused: a message longer than kMessageBytesMax, a time
  // before the last one. After an error, refusals too, the writer accepts nothing more: every later call returns that
  // error.
  virtual absl::StatusOr<uint64_t> Append(Time time, std::string_view bytes, uint64_t rows = 0,
                                          std::string_view side = {}) = 0;
  // Where a lane has several writers: the last message of this one's producer; false: none; OutOfRange:
  // none is left, retention may have removed it. For a producer that goes on
  // after a restart, or after Append said Aborted (somebody else appended in its name).
  virtual absl::StatusOr<bool> LastOwn(std::string& /*bytes*/) {
    return absl::UnimplementedError("this log's lanes have one writer each");
  }
  // Everything appended is on stable storage when this returns OK.
  virtual absl::Status Flush() = 0;
  // Flushes and seals. Nothing may be appended afterwards.
  virtual absl::Status Close() = 0;
};

class LaneReader {
 public:
  virtual ~LaneReader() = default;
  // The next message, in order. False at the (present) end of the lane. DataLoss names file, frame and byte offset.
  virtual absl::StatusOr<bool> Next(LaneMessage& message) = 0;
  // The same, but waits for a message up to `wait` where the log can.
  virtual absl::StatusOr<bool> NextWithin(LaneMessage& message, Duration /*wait*/) { return Next(message); }
  // The next message read is the first with sequence >= `sequence` / time >= `time`, be it appended later. OutOfRange
  // where it would be among messages that were pruned.
  virtual absl::Status SeekToSequence(uint64_t sequence) = 0;
  virtual absl::Status SeekToTime(Time time) = 0;
};

class EventLog {
 public:
  virtual ~EventLog() = default;
  virtual absl::StatusOr<std::unique_ptr<LaneWriter>> OpenWriter(const LaneName& lane) = 0;
  virtual absl::StatusOr<std::unique_ptr<LaneReader>> OpenReader(const LaneName& lane) = 0;
  virtual std::vector<LaneName> Lanes() const = 0;
};

inline constexpr size_t kMessageBytesMax = size_t{64} << 20;

}  // namespace spillway::log
