// A session on disk: a directory with one directory of segment files a lane, and manifest.json (docs/log-format.md).
//
//   <session>/manifest.json  <session>/market.0/000001.seg  <session>/trading/000001.seg ...
//
// One process writes a session at a time (it holds a lock); one thread uses a log and its writers. Readers, each with
// its own thread if wished, may follow from any process.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "libs/log/event_log.h"
#include "libs/log/manifest.h"

namespace spillway::log {

struct LaneOptions {
  int zstd_level = 3;                            // 1: half the time, a tenth more bytes; negative: faster still
  size_t frame_bytes = size_t{256} << 10;        // canonical bytes that close a frame; at most kChainBlockBytes
  uint64_t segment_bytes = uint64_t{256} << 20;  // file size that closes a segment, at the next block of the chain
  // Looked at whenever a message is appended; a shell that waits for input calls Flush() itself. Zero is never.
  Duration frame_interval =
      std::chrono::milliseconds(250);                // an open frame older than this is written: followers see it
  Duration sync_interval = std::chrono::seconds(1);  // a power cut loses at most about this much
};

// "market.*", what is kept for long, compresses well; lanes that are written and read again at once compress fast.
LaneOptions DefaultLaneOptions(const LaneName& lane);

struct SegmentLogOptions {
  std::string build{};  // named in the manifest
  std::function<LaneOptions(const LaneName&)> lane_options = DefaultLaneOptions;
  bool live = false;          // Create: the manifest says that running services' lanes are recorded here
  bool verify_chain = false;  // readers compute the hash chain too; checksums, sequence and time are always checked
  std::function<std::chrono::steady_clock::time_point()> clock = [] { return std::chrono::steady_clock::now(); };
};

// For work that starts again when it is interrupted (imports, replays): frames and fsync by size and at the end only.
LaneOptions OfflineLaneOptions(const LaneName& lane);

// What opening a session for append had to cut: the end of a frame that a crash left incomplete.
struct Recovery {
  std::string file;
  uint64_t offset = 0;
  uint64_t bytes_cut = 0;  // 0: the segment was whole up to its last frame, and was only sealed
};

// The state shared by a log and its writers.
struct SessionState;

class SegmentLog final : public EventLog {
 public:
  // Makes a new session. AlreadyExists where the directory is there and not empty.
  static absl::StatusOr<std::unique_ptr<SegmentLog>> Create(const std::filesystem::path& session,
                                                            SegmentLogOptions options = {});
  // Goes on with a session, after a crash too: cuts a torn tail, seals what was left open, and reports both. Refuses a
  // session with other damage (DataLoss), or with another writer (FailedPrecondition).
  static absl::StatusOr<std::unique_ptr<SegmentLog>> OpenForAppend(const std::filesystem::path& session,
                                                                   SegmentLogOptions options = {});
  static absl::StatusOr<std::unique_ptr<SegmentLog>> OpenForReading(const std::filesystem::path& session,
                                                                    SegmentLogOptions options = {});

  // One writer a lane. It goes on behind manifest().lanes.at(lane).messages(). A writer that goes away unclosed leaves
  // the lane as a crash would.
  absl::StatusOr<std::unique_ptr<LaneWriter>> OpenWriter(const LaneName& lane) override;
  // Starts at the first message that is not pruned. Its messages' bytes stay valid until its next call.
  absl::StatusOr<std::unique_ptr<LaneReader>> OpenReader(const LaneName& lane) override;
  std::vector<LaneName> Lanes() const override;

  const std::filesystem::path& session() const;
  const std::vector<Recovery>& recoveries() const { return recoveries_; }
  // Of what is sealed: whole after all writers were closed.
  const Manifest& manifest() const;

 private:
  SegmentLog(std::shared_ptr<SessionState> state, SegmentLogOptions options);

  std::shared_ptr<SessionState> state_;
  SegmentLogOptions options_;
  std::vector<Recovery> recoveries_;
};

// Removes the lane's segments whose messages all precede `first_sequence_kept`; the manifest keeps their hashes and
// says that they were pruned. The last segment always stays. Returns how many were removed.
absl::StatusOr<size_t> PruneLane(const std::filesystem::path& session, const LaneName& lane,
                                 uint64_t first_sequence_kept);

}  // namespace spillway::log
