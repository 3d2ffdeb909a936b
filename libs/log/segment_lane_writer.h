// Writes a lane of a session: messages into frames, frames into segments. Internal to libs/log.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "libs/log/event_log.h"
#include "libs/log/file.h"
#include "libs/log/lane_chain.h"
#include "libs/log/segment_format.h"
#include "libs/log/segment_log.h"
#include "libs/log/session_state.h"

struct ZSTD_CCtx_s;

namespace spillway::log {

// Where a lane ends, and so where its writer goes on.
struct LaneEnd {
  uint32_t segment_number = 0;  // of the last segment; 0 for an empty lane
  uint64_t sequence = 0;        // of the last message
  std::optional<Time> time;
  LaneChain chain;
  size_t block_bytes = 0;  // canonical bytes in the chain's present block
  Cut cut{};               // of the last segment
};

class SegmentLaneWriter final : public LaneWriter {
 public:
  using Clock = std::function<std::chrono::steady_clock::time_point()>;

  SegmentLaneWriter(std::shared_ptr<SessionState> state, LaneName lane, const LaneOptions& options, Clock clock,
                    LaneEnd end);
  ~SegmentLaneWriter() override;

  absl::StatusOr<uint64_t> Append(Time time, std::string_view bytes, uint64_t rows, std::string_view side) override;
  absl::Status Flush() override;
  absl::Status Close() override;

 private:
  absl::Status Admit(Time time, std::string_view bytes) const;
  absl::Status StartBlock(bool new_day);
  absl::Status KeepIntervals();
  absl::Status WriteFrame();
  absl::Status CreateSegment();
  absl::Status SealSegment();
  absl::Status Sync();
  absl::Status CloseLane();
  absl::Status Keep(absl::Status status);  // remembers the first error

  std::shared_ptr<SessionState> state_;
  const LaneName lane_;
  const LaneOptions options_;
  const Clock clock_;
  struct FreeContext {
    void operator()(ZSTD_CCtx_s* context) const;
  };
  std::unique_ptr<ZSTD_CCtx_s, FreeContext> zstd_;

  absl::Status status_;
  bool closed_ = false;

  uint64_t sequence_;  // of the last message appended
  std::optional<Time> time_;
  LaneChain chain_;  // up to the last frame written
  size_t block_bytes_;

  // The open frame.
  std::string raw_;
  FrameHeader frame_;
  std::chrono::steady_clock::time_point frame_opened_;

  // The open segment; none before its first frame.
  uint32_t segment_number_;
  Cut previous_cut_;
  File file_;
  SegmentHeader segment_;
  uint64_t seed_ = 0;
  uint64_t offset_ = 0;
  SegmentFooter footer_;
  bool synced_ = true;
  std::chrono::steady_clock::time_point synced_at_;
  std::string out_;  // a frame's bytes as they go to the file
};

// The manifest's entry of a sealed segment.
SegmentEntry EntryOf(const SegmentHeader& header, const SegmentFooter& footer, uint64_t file_bytes);

}  // namespace spillway::log
