#include "libs/log/recovery.h"

#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "libs/log/lane_position.h"
#include "libs/log/segment_reader.h"

namespace spillway::log {

namespace {

namespace fs = std::filesystem;

std::vector<uint32_t> UnlistedSegments(const SessionState& state, const LaneName& lane) {
  const std::vector<SegmentEntry>& listed = state.manifest.lanes.at(lane).segments;
  const uint32_t last_listed = listed.empty() ? 0 : listed.back().number;
  std::vector<uint32_t> numbers;
  std::error_code error;
  for (const fs::directory_entry& file : fs::directory_iterator(state.LaneDirectory(lane), error)) {
    const std::optional<uint32_t> number = SegmentNumberOf(file.path().filename().string());
    if (number && *number > last_listed) numbers.push_back(*number);
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

LanePosition EndOf(const LaneName& lane, const LaneEntry& entry) {
  if (entry.segments.empty()) return LanePosition::AtStart(lane);
  const SegmentEntry& last = entry.segments.back();
  return LanePosition::At(last.first_sequence + last.messages, last.last_time, last.last_hash);
}

// Reads all frames up to the segment's end. Leaves in `footer` what it ought to say, and returns where it ought to be.
absl::StatusOr<uint64_t> ScanFrames(SegmentReader& segment, LanePosition& position, SegmentFooter& footer) {
  uint64_t offset = segment.first_frame_offset();
  Frame frame;
  Damage damage;
  if (!position.CheckSegment(segment, damage)) return DataLoss(damage);
  while (true) {
    const uint32_t number = static_cast<uint32_t>(footer.frames.size()) + 1;
    const SegmentReader::Result result = segment.Read(offset, number, frame, damage);
    if (result == SegmentReader::Result::kDamage) return DataLoss(damage);
    if (result != SegmentReader::Result::kFrame) return offset;
    if (!position.CheckFrame(frame, segment, false, damage)) return DataLoss(damage);
    footer.frames.push_back({frame.offset, frame.header.first_sequence, frame.header.first_time});
    footer.messages += frame.header.messages;
    footer.rows += frame.header.rows;
    footer.raw_bytes += frame.header.raw_bytes;
    footer.last_time = frame.header.last_time;
    footer.last_hash = frame.header.hash;
    offset = frame.end;
  }
}

// The footer goes over the torn tail first and says what was cut; a crash in between leaves a torn tail again.
absl::Status WriteFooter(const SegmentReader& segment, const SegmentFooter& footer, uint64_t offset) {
  absl::StatusOr<File> file = File::OpenForRepair(segment.file().path());
  if (!file.ok()) return file.status();
  const std::string bytes = EncodeFooter(footer, segment.seed(), offset);
  if (absl::Status status = file->WriteAt(offset, bytes); !status.ok()) return status;
  if (absl::Status status = file->Truncate(offset + bytes.size()); !status.ok()) return status;
  return file->Sync();
}

absl::StatusOr<Recovery> RemoveEmptySegment(const fs::path& path) {
  std::error_code error;
  const uint64_t size = fs::file_size(path, error);
  if (!fs::remove(path, error)) return absl::InternalError(fmt::format("{}: cannot be removed", path.string()));
  if (absl::Status status = SyncDirectory(path.parent_path()); !status.ok()) return status;
  return Recovery{.file = path.string(), .offset = 0, .bytes_cut = size};
}

absl::Status RecoverSegment(SessionState& state, const LaneName& lane, uint32_t number, LanePosition& position,
                            std::vector<Recovery>& recoveries) {
  const fs::path path = state.LaneDirectory(lane) / SegmentFileName(number);
  absl::StatusOr<SegmentReader> segment = SegmentReader::Open(path, lane, number, false);
  SegmentFooter footer;
  std::optional<uint64_t> end;  // none: the crash came before the first frame
  if (segment.ok()) {
    const absl::StatusOr<uint64_t> scanned = ScanFrames(*segment, position, footer);
    if (!scanned.ok()) return scanned.status();
    if (!footer.frames.empty()) end = *scanned;
  } else if (!absl::IsFailedPrecondition(segment.status())) {
    return segment.status();
  }
  if (!end) {
    absl::StatusOr<Recovery> removed = RemoveEmptySegment(path);
    if (!removed.ok()) return removed.status();
    recoveries.push_back(*std::move(removed));
    return absl::OkStatus();
  }
  if (segment->footer()) {  // sealed; only the manifest did not hear of it
    footer = *segment->footer();
  } else {
    const absl::StatusOr<uint64_t> size = segment->file().Size();
    if (!size.ok()) return size.status();
    if (*size > *end) footer.cut = Cut{.offset = *end, .bytes = *size - *end};
    if (absl::Status status = WriteFooter(*segment, footer, *end); !status.ok()) return status;
    recoveries.push_back({.file = path.string(), .offset = *end, .bytes_cut = *size - *end});
  }
  const absl::StatusOr<uint64_t> size = segment->file().Size();
  if (!size.ok()) return size.status();
  state.manifest.lanes[lane].segments.push_back(EntryOf(segment->header(), footer, *size));
  return absl::OkStatus();
}

absl::Status RecoverLane(SessionState& state, const LaneName& lane, std::vector<Recovery>& recoveries) {
  LaneEntry& entry = state.manifest.lanes[lane];
  const std::vector<uint32_t> unlisted = UnlistedSegments(state, lane);
  LanePosition position = EndOf(lane, entry);
  uint32_t expected = entry.segments.empty() ? 1 : entry.segments.back().number + 1;
  for (const uint32_t number : unlisted) {
    if (number != expected++) {
      return absl::DataLossError(fmt::format("{}: segment: seen {}, expected {} before it; restore it from a copy",
                                             state.LaneDirectory(lane).string(), SegmentFileName(number),
                                             SegmentFileName(expected - 1)));
    }
    if (absl::Status status = RecoverSegment(state, lane, number, position, recoveries); !status.ok()) return status;
  }
  entry.closed = true;
  return absl::OkStatus();
}

// Folds into `end` the canonical bytes of the frames of `segment` from index `first` on.
absl::Status FoldFrames(SegmentReader& segment, size_t first, LaneEnd& end) {
  const std::vector<FrameIndexEntry>& index = segment.footer()->frames;
  for (size_t i = first; i < index.size(); ++i) {
    Frame frame;
    Damage damage;
    const SegmentReader::Result result = segment.Read(index[i].offset, static_cast<uint32_t>(i) + 1, frame, damage);
    if (result != SegmentReader::Result::kFrame) return DataLoss(damage);
    end.chain.Add(frame.raw, frame.header.starts_block);
    end.block_bytes += frame.raw.size();
  }
  return absl::OkStatus();
}

// The frame with which the chain's present block begins, looking back from the segment's end.
std::optional<size_t> LastBlockStart(const SegmentReader& segment) {
  const std::vector<FrameIndexEntry>& index = segment.footer()->frames;
  for (size_t i = index.size(); i-- > 0;) {
    const std::optional<FrameHeader> header = segment.PeekHeader(index[i].offset);
    if (header && header->starts_block) return i;
  }
  return std::nullopt;
}

Hash HashBefore(const SegmentReader& segment, size_t frame) {
  if (frame == 0) return segment.header().previous_hash;
  const std::optional<FrameHeader> before = segment.PeekHeader(segment.footer()->frames[frame - 1].offset);
  return before ? before->hash : Hash{};  // damage: the next check of the chain finds it
}

}  // namespace

absl::StatusOr<std::vector<Recovery>> RecoverSession(SessionState& state) {
  std::vector<Recovery> recoveries;
  bool changed = false;
  std::vector<LaneName> open;
  for (const auto& [name, entry] : state.manifest.lanes) {
    if (!entry.closed || !UnlistedSegments(state, name).empty()) open.push_back(name);
  }
  for (const LaneName& lane : open) {
    if (absl::Status status = RecoverLane(state, lane, recoveries); !status.ok()) return status;
    changed = true;
  }
  if (changed) {
    if (absl::Status status = state.SaveManifest(); !status.ok()) return status;
  }
  return recoveries;
}

absl::StatusOr<LaneEnd> FindLaneEnd(const SessionState& state, const LaneName& lane) {
  const LaneEntry& entry = state.manifest.lanes.at(lane);
  LaneEnd end{.segment_number = 0, .sequence = 0, .time = entry.last_time(), .chain = LaneChain(LaneSeed(lane))};
  if (entry.segments.empty()) return end;
  const SegmentEntry& last = entry.segments.back();
  end.segment_number = last.number;
  end.sequence = last.first_sequence + last.messages - 1;
  end.cut = last.cut;

  std::vector<SegmentReader> block;  // the segments over which the present block extends, last first
  std::optional<size_t> start;
  for (auto segment = entry.segments.rbegin(); segment != entry.segments.rend() && !start; ++segment) {
    if (segment->pruned) break;
    absl::StatusOr<SegmentReader> reader =
        SegmentReader::Open(state.LaneDirectory(lane) / SegmentFileName(segment->number), lane, segment->number, true);
    if (!reader.ok()) return reader.status();
    start = LastBlockStart(*reader);
    block.push_back(*std::move(reader));
  }
  if (!start) {  // its beginning was pruned: end it here
    end.chain = LaneChain(last.last_hash);
    end.block_bytes = kChainBlockBytes;
    return end;
  }
  end.chain = LaneChain(HashBefore(block.back(), *start));
  for (auto segment = block.rbegin(); segment != block.rend(); ++segment) {
    const size_t first = segment == block.rbegin() ? *start : 0;
    if (absl::Status status = FoldFrames(*segment, first, end); !status.ok()) return status;
  }
  if (end.chain.value() == last.last_hash) return end;
  return absl::DataLossError(fmt::format("{}: chain value: seen {}, expected {}", state.LaneDirectory(lane).string(),
                                         ToHex(end.chain.value()), ToHex(last.last_hash)));
}

}  // namespace spillway::log
