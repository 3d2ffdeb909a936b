#include "libs/log/segment_lane_reader.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

namespace spillway::log {

SegmentLaneReader::SegmentLaneReader(std::filesystem::path lane_directory, LaneName lane, LaneEntry entry,
                                     bool verify_chain)
    : lane_directory_(std::move(lane_directory)),
      lane_(std::move(lane)),
      entry_(std::move(entry)),
      verify_chain_(verify_chain) {
  Rewind();
}

const SegmentEntry* SegmentLaneReader::Listed(uint32_t number) const {
  for (const SegmentEntry& segment : entry_.segments) {
    if (segment.number == number) return &segment;
  }
  return nullptr;
}

// To the first message that is there.
void SegmentLaneReader::Rewind() {
  number_ = 1;
  segment_.reset();
  rest_ = {};
  position_ = LanePosition::AtStart(lane_);
  for (const SegmentEntry& segment : entry_.segments) {
    if (!segment.pruned) break;
    number_ = segment.number + 1;
    position_ = LanePosition::At(segment.first_sequence + segment.messages, segment.last_time, segment.last_hash);
  }
}

absl::StatusOr<bool> SegmentLaneReader::Next(LaneMessage& message) {
  while (true) {
    if (rest_.empty()) {
      absl::StatusOr<bool> loaded = LoadFrame();
      if (!loaded.ok() || !*loaded) return loaded;
    }
    MessageView view;
    const uint64_t end = frame_.header.first_sequence + frame_.header.messages;
    if (!TakeMessage(rest_, view)) return MessageDamage("a message that is not complete", "a message");
    if (view.time < time_ || view.time > frame_.header.last_time) {
      return MessageDamage("lane time " + FormatTime(view.time),
                           fmt::format("{} to {}", FormatTime(time_), FormatTime(frame_.header.last_time)));
    }
    message.sequence = sequence_++;
    message.time = time_ = view.time;
    message.bytes = view.bytes;
    message.rows = view.rows;
    if (rest_.empty() != (sequence_ == end)) return MessageDamage("another number of messages", "as its header says");
    if (message.sequence >= sequence_min_ && message.time >= time_min_) return true;
  }
}

absl::StatusOr<bool> SegmentLaneReader::LoadFrame() {
  while (true) {
    if (!segment_) {
      absl::StatusOr<bool> opened = OpenSegment();
      if (!opened.ok() || !*opened) return opened;
    }
    Damage damage;
    switch (segment_->Read(offset_, frames_read_ + 1, frame_, damage)) {
      case SegmentReader::Result::kNothing:
        return false;
      case SegmentReader::Result::kDamage:
        return DataLoss(damage);
      case SegmentReader::Result::kEnd:
        segment_.reset();
        ++number_;
        continue;
      case SegmentReader::Result::kFrame:
        break;
    }
    if (!position_.CheckFrame(frame_, *segment_, verify_chain_, damage)) return DataLoss(damage);
    offset_ = frame_.end;
    ++frames_read_;
    rest_ = frame_.raw;
    sequence_ = frame_.header.first_sequence;
    time_ = frame_.header.first_time;
    return true;
  }
}

absl::StatusOr<bool> SegmentLaneReader::OpenSegment() {
  const SegmentEntry* listed = Listed(number_);
  const std::filesystem::path path = lane_directory_ / SegmentFileName(number_);
  absl::StatusOr<SegmentReader> segment = SegmentReader::Open(path, lane_, number_, listed != nullptr);
  if (!segment.ok()) {
    const bool absent = absl::IsNotFound(segment.status()) || absl::IsFailedPrecondition(segment.status());
    if (!absent) return segment.status();
    if (listed == nullptr) return false;  // not there yet, or about to be made
    return absl::DataLossError(std::string(segment.status().message()) + "; the manifest says it was sealed");
  }
  Damage damage;
  if (!position_.CheckSegment(*segment, damage)) return DataLoss(damage);
  segment_.emplace(std::move(*segment));
  offset_ = segment_->first_frame_offset();
  frames_read_ = 0;
  return true;
}

absl::Status SegmentLaneReader::SeekToSequence(uint64_t sequence) {
  Rewind();
  const SegmentEntry* pruned = LastPruned();
  if (pruned != nullptr && sequence < pruned->first_sequence + pruned->messages) {
    return absl::OutOfRangeError(
        fmt::format("lane {}: sequence: seen {}, expected {} or later: earlier ones were pruned", lane_, sequence,
                    pruned->first_sequence + pruned->messages));
  }
  sequence_min_ = sequence;
  time_min_ = Time::min();
  return Seek([sequence](uint64_t first, Time) { return first <= sequence; });
}

absl::Status SegmentLaneReader::SeekToTime(Time time) {
  Rewind();
  const SegmentEntry* pruned = LastPruned();
  if (pruned != nullptr && time <= pruned->last_time) {
    return absl::OutOfRangeError(
        fmt::format("lane {}: time: seen {}, expected later than {}: what was before was pruned", lane_,
                    FormatTime(time), FormatTime(pruned->last_time)));
  }
  sequence_min_ = 0;
  time_min_ = time;
  // Strictly before: messages of the same time may stand at the end of the frame before.
  return Seek([time](uint64_t, Time first) { return first < time; });
}

const SegmentEntry* SegmentLaneReader::LastPruned() const {
  const SegmentEntry* last = nullptr;
  for (const SegmentEntry& segment : entry_.segments) {
    if (segment.pruned) last = &segment;
  }
  return last;
}

// Goes to the last frame that is not behind what is sought; Next() passes over the messages in front of it.
absl::Status SegmentLaneReader::Seek(const NotBehind& not_behind) {
  const uint32_t number = FindSegment(not_behind);
  if (number != number_) position_ = LanePosition::Unknown();
  number_ = number;
  const absl::StatusOr<bool> opened = OpenSegment();
  if (!opened.ok()) return opened.status();
  if (*opened) SkipFrames(not_behind);
  return absl::OkStatus();
}

uint32_t SegmentLaneReader::FindSegment(const NotBehind& not_behind) const {
  uint32_t found = number_;
  uint32_t next = number_;
  for (const SegmentEntry& segment : entry_.segments) {
    if (segment.pruned) continue;
    if (!not_behind(segment.first_sequence, segment.first_time)) return found;
    found = segment.number;
    next = segment.number + 1;
  }
  while (true) {  // those that were made since
    const absl::StatusOr<SegmentReader> segment =
        SegmentReader::Open(lane_directory_ / SegmentFileName(next), lane_, next, false);
    if (!segment.ok()) return found;
    const std::optional<FrameHeader> first = segment->PeekHeader(segment->first_frame_offset());
    if (!first || !not_behind(first->first_sequence, first->first_time)) return found;
    found = next++;
  }
}

void SegmentLaneReader::SkipFrames(const NotBehind& not_behind) {
  uint64_t offset = offset_;
  uint32_t frames_before = 0;
  if (segment_->footer()) {
    const std::vector<FrameIndexEntry>& frames = segment_->footer()->frames;
    const auto behind = std::partition_point(frames.begin(), frames.end(), [&](const FrameIndexEntry& frame) {
      return not_behind(frame.first_sequence, frame.first_time);
    });
    if (behind == frames.begin()) return;
    frames_before = static_cast<uint32_t>(behind - frames.begin()) - 1;
    offset = frames[frames_before].offset;
  } else {
    uint64_t next = offset;
    for (uint32_t number = 0;; ++number) {
      const std::optional<FrameHeader> header = segment_->PeekHeader(next);
      if (!header || !not_behind(header->first_sequence, header->first_time)) break;
      offset = next;
      frames_before = number;
      next += kFrameHeaderBytes + header->compressed_bytes + kChecksumBytes;
    }
  }
  if (frames_before == 0) return;
  offset_ = offset;
  frames_read_ = frames_before;
  position_ = LanePosition::Unknown();
}

absl::Status SegmentLaneReader::MessageDamage(std::string seen, std::string expected) const {
  Damage damage;
  damage.file = segment_ ? segment_->file().path().string() : lane_directory_.string();
  damage.frame = frame_.number;
  damage.offset = frame_.offset;
  damage.what = fmt::format("message {} in the frame", sequence_);
  damage.seen = std::move(seen);
  damage.expected = std::move(expected);
  return DataLoss(damage);
}

}  // namespace spillway::log
