// The golden record: every message of all lanes, as it is, in one session directory (docs/log-format.md), durable and
// hash-chained, for the life of the lanes. Everything else that the platform stores can be computed from it again.
//
// Sequence  a recorded message has its lane's sequence, less the messages in gaps before it (libs/log/record_gaps.h).
// Time      lane time, or that of the message before where it is earlier: several producers write a lane, and a
// segment's
//           times never go back. An event's own time is in its bytes.
// Gap       messages that retention removed before they were recorded: noted in gaps.json, told to `on_gap`, and
//           recording goes on behind them.
// Remade    the last recorded message is not the lane's any more (other bytes, or the lane ends before it): Aborted,
// and
//           nothing is recorded until a person moved the directory away.
// Disk      below disk_free_bytes_min nothing is taken on; what was read is made durable. It resumes by itself.
//
// One thread calls Poll() in a loop; the positions may be read by any.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/base/time.h"
#include "libs/log/event_log.h"
#include "libs/log/record_gaps.h"

namespace spillway::journal {

using SteadyTime = std::chrono::steady_clock::time_point;

// Bytes that this process may still write to the directory's file system.
absl::StatusOr<uint64_t> FreeBytes(const std::filesystem::path& directory);

struct GoldenRecordOptions {
  std::string build;  // named in the manifest
  uint64_t disk_free_bytes_min = uint64_t{256} << 20;
  Duration flush_interval = std::chrono::seconds(1);     // a lane is durable at least this often
  Duration idle_after = std::chrono::milliseconds(100);  // and when no message came for this long
  Duration overlap_patience = std::chrono::seconds(2);   // until a lane that does not show its last message is examined
  size_t batch_messages_max = 512;                       // of a lane in one Poll
  size_t batch_bytes_max = size_t{8} << 20;              // the same
  std::function<void(const log::RecordGap&)> on_gap = [](const log::RecordGap&) {};
  std::function<absl::StatusOr<uint64_t>(const std::filesystem::path&)> free_bytes = FreeBytes;
  std::function<SteadyTime()> clock = [] { return std::chrono::steady_clock::now(); };
  std::function<Time()> wall_clock = [] { return std::chrono::system_clock::now(); };
};

// Of one lane. Counts are since the object was made.
struct LaneRecord {
  uint64_t recorded_messages = 0;
  uint64_t recorded_bytes = 0;  // before compression
  uint64_t gaps = 0;
  uint64_t recorded = 0;  // the lane's sequence up to which it is recorded
  uint64_t durable = 0;   // ... and on stable storage
  // The same as a sequence of the session directory: what a reader of it may rely on after a power cut too.
  uint64_t durable_in_session = 0;
};

class GoldenRecord {
 public:
  // Makes the directory, or goes on with it: a torn tail is cut, and recording continues behind the last message.
  // `lanes` must outlive this. FailedPrecondition: another process records here; DataLoss: the directory is damaged;
  // NotFound: a lane does not exist.
  static absl::StatusOr<std::unique_ptr<GoldenRecord>> Open(const std::filesystem::path& directory,
                                                            log::EventLog& lanes,
                                                            const std::vector<log::LaneName>& names,
                                                            GoldenRecordOptions options = {});
  // What was not flushed stays as after a crash; see Close().
  ~GoldenRecord();

  // Records what there is, a bounded batch a lane; where there is nothing, waits for up to `wait` (where the log can).
  // Returns the number of messages recorded. ResourceExhausted: no space, named with directory, free bytes and minimum;
  // call again later. Aborted: a lane was remade, for good. Others: of the log or the file system; calling again opens
  // the directory again and goes on behind what is there.
  absl::StatusOr<size_t> Poll(Duration wait);
  // Everything recorded so far is on stable storage when this returns OK.
  absl::Status Flush();
  // Flushes and seals. For an orderly end.
  absl::Status Close();

  LaneRecord Record(const log::LaneName& lane) const;
  // The lane's sequence up to which all is on stable storage (gaps aside); 0: nothing.
  uint64_t DurablePosition(const log::LaneName& lane) const { return Record(lane).durable; }
  const std::filesystem::path& directory() const;
  const std::vector<log::LaneName>& lanes() const;

 private:
  class Recorder;
  explicit GoldenRecord(std::unique_ptr<Recorder> recorder);
  std::unique_ptr<Recorder> recorder_;
};

}  // namespace spillway::journal
