#include "libs/log/segment_lane_writer.h"

#include <fmt/core.h>
#include <zstd.h>

#include <utility>

#include "libs/base/check.h"

namespace spillway::log {

namespace {
// In a segment of the default size; more are possible.
constexpr size_t kFramesExpected = 8192;
}  // namespace

void SegmentLaneWriter::FreeContext::operator()(ZSTD_CCtx_s* context) const {
  ZSTD_freeCCtx(context);
}

SegmentLaneWriter::SegmentLaneWriter(std::shared_ptr<SessionState> state, LaneName lane, const LaneOptions& options,
                                     Clock clock, LaneEnd end)
    : state_(std::move(state)),
      lane_(std::move(lane)),
      options_(options),
      clock_(std::move(clock)),
      zstd_(ZSTD_createCCtx()),
      sequence_(end.sequence),
      time_(end.time),
      chain_(std::move(end.chain)),
      block_bytes_(end.block_bytes),
      segment_number_(end.segment_number),
      previous_cut_(end.cut),
      synced_at_(clock_()) {
  SPILLWAY_CHECK(zstd_ != nullptr);
  ZSTD_CCtx_setParameter(zstd_.get(), ZSTD_c_compressionLevel, options_.zstd_level);
  raw_.reserve(options_.frame_bytes + options_.frame_bytes / 4);
}

SegmentLaneWriter::~SegmentLaneWriter() {
  if (!closed_) state_->writers.erase(lane_);
}

absl::Status SegmentLaneWriter::Keep(absl::Status status) {
  if (!status.ok() && status_.ok()) status_ = status;
  return status;
}

absl::Status SegmentLaneWriter::Admit(Time time, std::string_view bytes) const {
  if (!status_.ok()) return status_;
  if (closed_) return absl::FailedPreconditionError(fmt::format("lane {}: appended to after Close()", lane_));
  if (bytes.size() > kMessageBytesMax) {
    return absl::InvalidArgumentError(fmt::format("lane {}: message {}: seen {} bytes, expected at most {}", lane_,
                                                  sequence_ + 1, bytes.size(), kMessageBytesMax));
  }
  if (time_ && time < *time_) {
    return absl::InvalidArgumentError(
        fmt::format("lane {}: message {}: lane time goes back: seen {}, expected {} or later", lane_, sequence_ + 1,
                    FormatTime(time), FormatTime(*time_)));
  }
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> SegmentLaneWriter::Append(Time time, std::string_view bytes, uint64_t rows, std::string_view) {
  if (absl::Status status = Admit(time, bytes); !status.ok()) return Keep(std::move(status));
  const bool new_day = time_ && UtcDayOf(time) != UtcDayOf(*time_);
  const bool starts_block = sequence_ == 0 || new_day || block_bytes_ >= kChainBlockBytes;
  if (starts_block) {
    if (absl::Status status = StartBlock(new_day); !status.ok()) return Keep(std::move(status));
  }
  if (raw_.empty()) {
    frame_ = FrameHeader{};
    frame_.starts_block = starts_block;
    frame_.first_sequence = sequence_ + 1;
    frame_.first_time = time;
    frame_opened_ = clock_();
  }
  const size_t raw_before = raw_.size();
  AppendMessage(time, rows, bytes, raw_);
  block_bytes_ += raw_.size() - raw_before;
  ++frame_.messages;
  frame_.last_time = time;
  frame_.rows += rows;
  time_ = time;
  ++sequence_;
  if (raw_.size() >= options_.frame_bytes || block_bytes_ >= kChainBlockBytes) {
    if (absl::Status status = WriteFrame(); !status.ok()) return Keep(std::move(status));
  }
  if (absl::Status status = KeepIntervals(); !status.ok()) return Keep(std::move(status));
  return sequence_;
}

// Between two blocks a segment may end: because of its size, and always with its day.
absl::Status SegmentLaneWriter::StartBlock(bool new_day) {
  if (absl::Status status = WriteFrame(); !status.ok()) return status;
  block_bytes_ = 0;
  const bool full = offset_ >= options_.segment_bytes;
  if (file_.is_open() && (new_day || full)) return SealSegment();
  return absl::OkStatus();
}

absl::Status SegmentLaneWriter::KeepIntervals() {
  const bool frame_waits = options_.frame_interval.count() > 0 && !raw_.empty();
  const bool sync_waits = options_.sync_interval.count() > 0 && (!synced_ || !raw_.empty());
  if (!frame_waits && !sync_waits) return absl::OkStatus();
  const std::chrono::steady_clock::time_point now = clock_();
  const bool sync_due = sync_waits && now - synced_at_ >= options_.sync_interval;
  if (sync_due || (frame_waits && now - frame_opened_ >= options_.frame_interval)) {
    if (absl::Status status = WriteFrame(); !status.ok()) return status;
  }
  return sync_due ? Sync() : absl::OkStatus();
}

absl::Status SegmentLaneWriter::WriteFrame() {
  if (raw_.empty()) return absl::OkStatus();
  if (!file_.is_open()) {
    if (absl::Status status = CreateSegment(); !status.ok()) return status;
  }
  const size_t bound = kFrameHeaderBytes + ZSTD_compressBound(raw_.size()) + kChecksumBytes;
  if (out_.size() < bound) out_.resize(bound);
  const size_t compressed = ZSTD_compress2(zstd_.get(), out_.data() + kFrameHeaderBytes,
                                           bound - kFrameHeaderBytes - kChecksumBytes, raw_.data(), raw_.size());
  if (ZSTD_isError(compressed) != 0) {
    return absl::InternalError(fmt::format("{}: zstd: {}", file_.path().string(), ZSTD_getErrorName(compressed)));
  }
  chain_.Add(raw_, frame_.starts_block);
  frame_.compressed_bytes = static_cast<uint32_t>(compressed);
  frame_.raw_bytes = static_cast<uint32_t>(raw_.size());
  frame_.hash = chain_.value();
  EncodeFrameHeader(frame_, out_.data());
  const std::string_view covered(out_.data(), kFrameHeaderBytes + compressed);
  StoreU64(FrameChecksum(seed_, offset_, covered), out_.data() + covered.size());
  const size_t frame_bytes = covered.size() + kChecksumBytes;
  if (absl::Status status = file_.Append(std::string_view(out_.data(), frame_bytes)); !status.ok()) return status;

  footer_.frames.push_back(
      {.offset = offset_, .first_sequence = frame_.first_sequence, .first_time = frame_.first_time});
  footer_.messages += frame_.messages;
  footer_.rows += frame_.rows;
  footer_.raw_bytes += raw_.size();
  footer_.last_time = frame_.last_time;
  footer_.last_hash = frame_.hash;
  offset_ += frame_bytes;
  synced_ = false;
  raw_.clear();
  return absl::OkStatus();
}

absl::Status SegmentLaneWriter::CreateSegment() {
  segment_ = SegmentHeader{.number = ++segment_number_,
                           .utc_day = UtcDayOf(frame_.first_time),
                           .first_sequence = frame_.first_sequence,
                           .previous_hash = chain_.value(),
                           .previous_cut = std::exchange(previous_cut_, Cut{}),
                           .lane = lane_};
  absl::StatusOr<File> file = File::Create(state_->LaneDirectory(lane_) / SegmentFileName(segment_number_));
  if (!file.ok()) return file.status();
  file_ = std::move(*file);
  const std::string header = EncodeSegmentHeader(segment_);
  seed_ = SegmentSeed(header);
  offset_ = header.size();
  footer_ = SegmentFooter{};
  footer_.frames.reserve(kFramesExpected);
  if (absl::Status status = file_.Append(header); !status.ok()) return status;
  // A segment that exists after a power cut has a whole header: recovery relies on it.
  if (absl::Status status = file_.Sync(); !status.ok()) return status;
  return SyncDirectory(state_->LaneDirectory(lane_));
}

absl::Status SegmentLaneWriter::SealSegment() {
  const std::string footer = EncodeFooter(footer_, seed_, offset_);
  if (absl::Status status = file_.Append(footer); !status.ok()) return status;
  if (absl::Status status = Sync(); !status.ok()) return status;
  file_.Close();
  state_->manifest.lanes[lane_].segments.push_back(EntryOf(segment_, footer_, offset_ + footer.size()));
  return state_->SaveManifest();
}

absl::Status SegmentLaneWriter::Sync() {
  if (file_.is_open()) {
    if (absl::Status status = file_.Sync(); !status.ok()) return status;
  }
  synced_ = true;
  synced_at_ = clock_();
  return absl::OkStatus();
}

absl::Status SegmentLaneWriter::Flush() {
  if (!status_.ok()) return status_;
  if (absl::Status status = WriteFrame(); !status.ok()) return Keep(std::move(status));
  return synced_ ? absl::OkStatus() : Keep(Sync());
}

absl::Status SegmentLaneWriter::Close() {
  if (!status_.ok() || closed_) return status_;
  if (absl::Status status = CloseLane(); !status.ok()) return Keep(std::move(status));
  closed_ = true;
  state_->writers.erase(lane_);
  return absl::OkStatus();
}

absl::Status SegmentLaneWriter::CloseLane() {
  if (absl::Status status = WriteFrame(); !status.ok()) return status;
  state_->manifest.lanes[lane_].closed = true;
  return file_.is_open() ? SealSegment() : state_->SaveManifest();
}

SegmentEntry EntryOf(const SegmentHeader& header, const SegmentFooter& footer, uint64_t file_bytes) {
  SegmentEntry entry;
  entry.number = header.number;
  entry.utc_day = header.utc_day;
  entry.bytes = file_bytes;
  entry.raw_bytes = footer.raw_bytes;
  entry.first_sequence = header.first_sequence;
  entry.messages = footer.messages;
  entry.rows = footer.rows;
  entry.first_time = footer.frames.empty() ? Time{} : footer.frames.front().first_time;
  entry.last_time = footer.last_time;
  entry.first_hash = header.previous_hash;
  entry.last_hash = footer.last_hash;
  entry.cut = footer.cut;
  return entry;
}

}  // namespace spillway::log
