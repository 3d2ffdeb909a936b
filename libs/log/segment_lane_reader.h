// Reads a lane of a session through all its segments, and follows its writer. Internal to libs/log.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <vector>

#include "libs/log/event_log.h"
#include "libs/log/lane_position.h"
#include "libs/log/manifest.h"
#include "libs/log/segment_reader.h"

namespace spillway::log {

class SegmentLaneReader final : public LaneReader {
 public:
  SegmentLaneReader(std::filesystem::path lane_directory, LaneName lane, LaneEntry entry, bool verify_chain);

  absl::StatusOr<bool> Next(LaneMessage& message) override;
  absl::Status SeekToSequence(uint64_t sequence) override;
  absl::Status SeekToTime(Time time) override;

 private:
  // Whether a frame or segment that begins with this message may hold the one sought: it is not behind it.
  using NotBehind = std::function<bool(uint64_t first_sequence, Time first_time)>;

  const SegmentEntry* Listed(uint32_t number) const;
  absl::StatusOr<bool> LoadFrame();
  absl::StatusOr<bool> OpenSegment();
  void Rewind();
  absl::Status Seek(const NotBehind& not_behind);
  uint32_t FindSegment(const NotBehind& not_behind) const;
  void SkipFrames(const NotBehind& not_behind);
  const SegmentEntry* LastPruned() const;
  absl::Status MessageDamage(std::string seen, std::string expected) const;

  const std::filesystem::path lane_directory_;
  const LaneName lane_;
  const LaneEntry entry_;  // as it was when the reader was made
  const bool verify_chain_;

  uint32_t number_ = 1;                   // of the segment that is open, or comes next
  std::optional<SegmentReader> segment_;  // open
  uint64_t offset_ = 0;                   // of the next frame in it
  uint32_t frames_read_ = 0;              // number of the last one
  LanePosition position_ = LanePosition::Unknown();

  Frame frame_;
  std::string_view rest_;  // of the frame's messages
  uint64_t sequence_ = 0;  // of the message that comes next in `rest_`
  Time time_;              // of the one before

  uint64_t sequence_min_ = 0;  // messages before these are passed over
  Time time_min_ = Time::min();
};

}  // namespace spillway::log
