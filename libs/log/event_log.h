// A lane: one total order of messages. A message is one event group, serialized; the log never looks inside.
// Implementations: memory_log.h (tests, pipelines in one process), segment_log.h (a session directory on disk), and
// later JetStream. All are single-writer per lane and process; readers may follow a writer.
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
};

class LaneWriter {
 public:
  virtual ~LaneWriter() = default;
  // Appends one message behind the last one, and returns its sequence. Durable only after Flush(). `rows` counts the
  // market events (source rows) in it, 0 for other groups. Refused: a message longer than kMessageBytesMax, a time
  // before the last one. After an error, refusals too, the writer accepts nothing more: every later call returns that
  // error.
  virtual absl::StatusOr<uint64_t> Append(Time time, std::string_view bytes, uint64_t rows = 0) = 0;
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
