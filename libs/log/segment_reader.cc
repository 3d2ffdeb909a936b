#include "libs/log/segment_reader.h"

#include <fmt/core.h>
#include <zstd.h>

#include <algorithm>

namespace spillway::log {

void SegmentReader::FreeContext::operator()(ZSTD_DCtx_s* context) const {
  ZSTD_freeDCtx(context);
}
SegmentReader::SegmentReader(SegmentReader&&) noexcept = default;
SegmentReader& SegmentReader::operator=(SegmentReader&&) noexcept = default;
SegmentReader::~SegmentReader() = default;

absl::StatusOr<SegmentReader> SegmentReader::Open(const std::filesystem::path& path, const LaneName& lane,
                                                  uint32_t number, bool sealed) {
  absl::StatusOr<File> file = File::OpenForReading(path);
  if (!file.ok()) return file.status();
  SegmentReader reader;
  reader.file_ = std::move(*file);
  reader.zstd_.reset(ZSTD_createDCtx());
  if (absl::Status status = reader.ReadHeader(lane, number); !status.ok()) return status;
  if (!reader.ReadFooter() && sealed) {
    Damage damage = reader.DamageAt(reader.file_.Size().value_or(0), 0);
    damage.what = "footer of a sealed segment";
    damage.seen = "none that is whole";
    damage.expected = "one at the end of the file";
    return DataLoss(damage);
  }
  return reader;
}

absl::Status SegmentReader::ReadHeader(const LaneName& lane, uint32_t number) {
  std::string bytes(kSegmentHeaderBytesMax, '\0');
  const absl::StatusOr<size_t> got = file_.ReadAt(0, bytes.data(), bytes.size());
  if (!got.ok()) return got.status();
  const size_t expected_bytes = kSegmentHeaderFixedBytes + lane.size() + kChecksumBytes;
  if (*got < expected_bytes) {
    return absl::FailedPreconditionError(
        fmt::format("{}: at byte {}: header of the segment: seen {} bytes, expected {}", file_.path().string(), *got,
                    *got, expected_bytes));
  }
  bytes.resize(expected_bytes);
  std::optional<SegmentHeader> header = DecodeSegmentHeader(bytes);
  if (!header) {
    Damage damage = DamageAt(0, 0);
    damage.what = "header of the segment";
    damage.seen = "wrong magic, format version or checksum";
    damage.expected = fmt::format("a segment of format version {}", kFormatVersion);
    return DataLoss(damage);
  }
  if (header->lane != lane || header->number != number) {
    Damage damage = DamageAt(0, 0);
    damage.what = "lane and number of the segment";
    damage.seen = fmt::format("{} {}", header->lane, header->number);
    damage.expected = fmt::format("{} {}", lane, number);
    return DataLoss(damage);
  }
  header_ = std::move(*header);
  header_bytes_ = bytes.size();
  seed_ = SegmentSeed(bytes);
  return absl::OkStatus();
}

bool SegmentReader::ReadFooter() {
  const absl::StatusOr<uint64_t> size = file_.Size();
  if (!size.ok() || *size < header_bytes_ + kFooterTailBytes) return false;
  std::string bytes(kFooterTailBytes, '\0');
  const absl::StatusOr<size_t> tail = file_.ReadAt(*size - kFooterTailBytes, bytes.data(), bytes.size());
  if (!tail.ok()) return false;
  const uint64_t footer_bytes = FooterBytes(bytes);
  if (footer_bytes == 0 || footer_bytes > *size - header_bytes_) return false;
  bytes.resize(footer_bytes);
  const absl::StatusOr<size_t> got = file_.ReadAt(*size - footer_bytes, bytes.data(), bytes.size());
  if (!got.ok() || *got != footer_bytes) return false;
  footer_ = DecodeFooter(bytes, seed_, *size - footer_bytes);
  footer_offset_ = *size - footer_bytes;
  return footer_.has_value();
}

SegmentReader::Result SegmentReader::Read(uint64_t offset, uint32_t number, Frame& frame, Damage& damage) {
  if (footer_ && offset == footer_offset_) return Result::kEnd;
  if (ReadFrame(offset, number, frame, damage)) return Result::kFrame;
  if (footer_) return Result::kDamage;
  if (file_.Size().value_or(0) <= offset) return Result::kNothing;
  std::string behind = "the segment is sealed";
  if (ReadFooter()) {
    if (offset == footer_offset_) return Result::kEnd;
  } else {
    const std::optional<uint64_t> valid = ValidFrameBehind(offset);
    if (!valid) return Result::kNothing;
    behind = fmt::format("a valid frame follows at byte {}", *valid);
  }
  // So it is no frame in the making. But a writer may have completed it, and what is behind, since we looked.
  if (ReadFrame(offset, number, frame, damage)) return Result::kFrame;
  damage.expected += ", for " + behind;
  return Result::kDamage;
}

std::optional<FrameHeader> SegmentReader::PeekHeader(uint64_t offset) const {
  char bytes[kFrameHeaderBytes];
  const absl::StatusOr<size_t> got = file_.ReadAt(offset, bytes, sizeof bytes);
  if (!got.ok()) return std::nullopt;
  return DecodeFrameHeader(std::string_view(bytes, *got));
}

// Nothing is built for `damage` unless there is one: this runs for every frame.
bool SegmentReader::ReadFrame(uint64_t offset, uint32_t number, Frame& frame, Damage& damage) {
  if (compressed_.size() < kFrameHeaderBytes) compressed_.resize(kFrameHeaderBytes);
  absl::StatusOr<size_t> got = file_.ReadAt(offset, compressed_.data(), kFrameHeaderBytes);
  const auto fail = [&](std::string what, std::string seen, std::string expected) {
    damage = DamageAt(offset, number);
    damage.what = std::move(what);
    damage.seen = got.ok() ? std::move(seen) : std::string(got.status().message());
    damage.expected = std::move(expected);
    return false;
  };
  if (!got.ok()) return fail("header of the frame", "", "bytes that can be read");
  const std::optional<FrameHeader> header = DecodeFrameHeader(std::string_view(compressed_.data(), *got));
  if (!header) return fail("header of the frame", fmt::format("{} bytes that are none", *got), "a complete frame");

  const uint64_t limit = footer_ ? footer_offset_ : file_.Size().value_or(0);
  const size_t frame_bytes = kFrameHeaderBytes + header->compressed_bytes + kChecksumBytes;
  if (offset + frame_bytes > limit) {
    return fail("end of the frame", fmt::format("byte {}", offset + frame_bytes), fmt::format("at most {}", limit));
  }
  if (compressed_.size() < frame_bytes) compressed_.resize(frame_bytes);
  got =
      file_.ReadAt(offset + kFrameHeaderBytes, compressed_.data() + kFrameHeaderBytes, frame_bytes - kFrameHeaderBytes);
  if (!got.ok()) return fail("payload of the frame", "", "bytes that can be read");

  const std::string_view covered(compressed_.data(), frame_bytes - kChecksumBytes);
  const uint64_t stored = LoadU64(compressed_.data() + covered.size());
  const uint64_t computed = FrameChecksum(seed_, offset, covered);
  if (stored != computed) {
    return fail("checksum of the frame", fmt::format("{:016x}", computed), fmt::format("{:016x}", stored));
  }
  frame.header = *header;
  frame.number = number;
  frame.offset = offset;
  frame.end = offset + frame_bytes;
  const size_t size = Decompress(covered.substr(kFrameHeaderBytes), frame);
  if (size == header->raw_bytes) return true;
  return fail("payload of the frame", ZSTD_isError(size) != 0 ? ZSTD_getErrorName(size) : fmt::format("{} bytes", size),
              fmt::format("zstd of {} bytes", header->raw_bytes));
}

// What zstd returns: the number of bytes, or an error.
size_t SegmentReader::Decompress(std::string_view payload, Frame& frame) {
  if (raw_.size() < frame.header.raw_bytes) raw_.resize(frame.header.raw_bytes);
  frame.raw = std::string_view(raw_.data(), frame.header.raw_bytes);
  return ZSTD_decompressDCtx(zstd_.get(), raw_.data(), frame.header.raw_bytes, payload.data(), payload.size());
}

bool SegmentReader::IsValidFrame(uint64_t offset, uint64_t size) {
  const std::optional<FrameHeader> header = PeekHeader(offset);
  if (!header) return false;
  const uint64_t frame_bytes = kFrameHeaderBytes + uint64_t{header->compressed_bytes} + kChecksumBytes;
  if (frame_bytes > size - offset) return false;
  std::string bytes(frame_bytes, '\0');
  const absl::StatusOr<size_t> got = file_.ReadAt(offset, bytes.data(), bytes.size());
  if (!got.ok() || *got != frame_bytes) return false;
  const std::string_view covered = std::string_view(bytes).substr(0, frame_bytes - kChecksumBytes);
  return FrameChecksum(seed_, offset, covered) == LoadU64(bytes.data() + covered.size());
}

// Looks at every byte: after a damaged length nothing tells where the next frame begins.
std::optional<uint64_t> SegmentReader::ValidFrameBehind(uint64_t offset) {
  const uint64_t size = file_.Size().value_or(0);
  const size_t overlap = FrameMagic().size() - 1;
  std::string window(size_t{1} << 20, '\0');
  for (uint64_t begin = offset + 1; begin < size; begin += window.size() - overlap) {
    const absl::StatusOr<size_t> got = file_.ReadAt(begin, window.data(), window.size());
    if (!got.ok()) return std::nullopt;
    const std::string_view bytes(window.data(), *got);
    for (size_t at = bytes.find(FrameMagic()); at != std::string_view::npos; at = bytes.find(FrameMagic(), at + 1)) {
      if (IsValidFrame(begin + at, size)) return begin + at;
    }
    if (*got < window.size()) break;
  }
  return std::nullopt;
}

Damage SegmentReader::DamageAt(uint64_t offset, uint32_t number) const {
  Damage damage;
  damage.file = file_.path().string();
  damage.frame = number;
  damage.offset = offset;
  return damage;
}

}  // namespace spillway::log
