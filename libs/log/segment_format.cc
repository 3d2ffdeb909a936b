#include "libs/log/segment_format.h"

#include <fmt/core.h>
#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <cstring>

namespace spillway::log {

namespace {

static_assert(std::endian::native == std::endian::little, "segments are little-endian and are read in place");

constexpr std::string_view kSegmentMagic = "SPWYSEG1";
constexpr std::string_view kFrameMagic = "SPFR";
constexpr std::string_view kFooterMagic = "SPFT";
constexpr std::string_view kFooterEndMagic = "SPND";
constexpr size_t kFooterFixedBytes = 88;
constexpr size_t kFrameIndexBytes = 24;
constexpr uint8_t kFlagStartsBlock = 1;

template <typename T>
void Put(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}
void Put(std::string& out, const Hash& hash) {
  out.append(reinterpret_cast<const char*>(hash.data()), hash.size());
}

// Reads fields one behind the other; the caller has checked the length.
class Fields {
 public:
  explicit Fields(std::string_view bytes) : bytes_(bytes) {}
  template <typename T>
  void Get(T& value) {
    std::memcpy(&value, bytes_.data(), sizeof value);
    bytes_.remove_prefix(sizeof value);
  }
  template <typename T>
  T Get() {
    T value;
    Get(value);
    return value;
  }
  bool GetMagic(std::string_view magic) {
    const bool equal = bytes_.substr(0, magic.size()) == magic;
    bytes_.remove_prefix(magic.size());
    return equal;
  }
  std::string_view rest() const { return bytes_; }

 private:
  std::string_view bytes_;
};

uint64_t ChecksumAtEnd(std::string_view bytes) {
  return LoadU64(bytes.data() + bytes.size() - kChecksumBytes);
}
std::string_view WithoutChecksum(std::string_view bytes) {
  return bytes.substr(0, bytes.size() - kChecksumBytes);
}

void PutVarint(uint64_t value, std::string& out) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

bool TakeVarint(std::string_view& bytes, uint64_t& value) {
  value = 0;
  const size_t length_max = std::min<size_t>(bytes.size(), 10);
  for (size_t i = 0; i < length_max; ++i) {
    const uint8_t byte = static_cast<uint8_t>(bytes[i]);
    value |= static_cast<uint64_t>(byte & 0x7f) << (7 * i);
    if (byte < 0x80) {
      bytes.remove_prefix(i + 1);
      return true;
    }
  }
  return false;
}

}  // namespace

void StoreU64(uint64_t value, char* into) {
  std::memcpy(into, &value, sizeof value);
}

uint64_t LoadU64(const char* from) {
  uint64_t value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

bool IsLaneName(std::string_view name) {
  if (name.empty() || name.size() > kLaneNameBytesMax || name.front() == '.') return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  });
}

std::string SegmentFileName(uint32_t number) {
  return fmt::format("{:06}.seg", number);
}

std::optional<uint32_t> SegmentNumberOf(std::string_view file_name) {
  uint64_t number = 0;
  for (const char c : file_name.substr(0, file_name.find('.'))) {
    if (c < '0' || c > '9') return std::nullopt;
    number = 10 * number + static_cast<uint64_t>(c - '0');
    if (number > UINT32_MAX) return std::nullopt;
  }
  if (number == 0 || SegmentFileName(static_cast<uint32_t>(number)) != file_name) return std::nullopt;
  return static_cast<uint32_t>(number);
}

int32_t UtcDayOf(Time time) {
  return static_cast<int32_t>(std::chrono::floor<std::chrono::days>(time).time_since_epoch().count());
}

std::string EncodeSegmentHeader(const SegmentHeader& header) {
  std::string out(kSegmentMagic);
  Put(out, kFormatVersion);
  Put(out, static_cast<uint32_t>(kSegmentHeaderFixedBytes + header.lane.size() + kChecksumBytes));
  Put(out, header.number);
  Put(out, header.utc_day);
  Put(out, header.first_sequence);
  Put(out, header.previous_hash);
  Put(out, header.previous_cut.offset);
  Put(out, header.previous_cut.bytes);
  Put(out, static_cast<uint32_t>(header.lane.size()));
  Put(out, uint32_t{0});
  Put(out, uint64_t{0});
  out.append(header.lane);
  Put(out, XXH3_64bits(out.data(), out.size()));
  return out;
}

size_t SegmentHeaderBytes(std::string_view bytes) {
  if (bytes.size() < kSegmentMagic.size() + 8) return 0;
  Fields fields(bytes);
  if (!fields.GetMagic(kSegmentMagic)) return 0;
  fields.Get<uint32_t>();
  const uint32_t length = fields.Get<uint32_t>();
  if (length <= kSegmentHeaderFixedBytes + kChecksumBytes || length > kSegmentHeaderBytesMax) return 0;
  return length;
}

std::optional<SegmentHeader> DecodeSegmentHeader(std::string_view bytes) {
  if (SegmentHeaderBytes(bytes) != bytes.size() || bytes.empty()) return std::nullopt;
  const std::string_view covered = WithoutChecksum(bytes);
  if (XXH3_64bits(covered.data(), covered.size()) != ChecksumAtEnd(bytes)) return std::nullopt;
  Fields fields(covered.substr(kSegmentMagic.size()));
  SegmentHeader header;
  if (fields.Get<uint32_t>() != kFormatVersion) return std::nullopt;
  fields.Get<uint32_t>();
  fields.Get(header.number);
  fields.Get(header.utc_day);
  fields.Get(header.first_sequence);
  fields.Get(header.previous_hash);
  fields.Get(header.previous_cut.offset);
  fields.Get(header.previous_cut.bytes);
  const uint32_t lane_bytes = fields.Get<uint32_t>();
  fields.Get<uint32_t>();
  fields.Get<uint64_t>();
  if (fields.rest().size() != lane_bytes) return std::nullopt;
  header.lane = std::string(fields.rest());
  return header;
}

uint64_t SegmentSeed(std::string_view header_bytes) {
  return ChecksumAtEnd(header_bytes);
}

uint64_t FrameChecksum(uint64_t segment_seed, uint64_t offset, std::string_view bytes) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), segment_seed + offset);
}

std::string_view FrameMagic() {
  return kFrameMagic;
}

void EncodeFrameHeader(const FrameHeader& header, char* into) {
  const auto put = [&into](const auto& value) {
    std::memcpy(into, &value, sizeof value);
    into += sizeof value;
  };
  std::memcpy(into, kFrameMagic.data(), kFrameMagic.size());
  into += kFrameMagic.size();
  put(static_cast<uint8_t>(header.codec));
  put(static_cast<uint8_t>(header.starts_block ? kFlagStartsBlock : 0));
  put(uint16_t{0});
  put(header.compressed_bytes);
  put(header.raw_bytes);
  put(header.messages);
  put(uint32_t{0});
  put(header.first_sequence);
  put(ToNanos(header.first_time));
  put(ToNanos(header.last_time));
  put(header.rows);
  put(header.hash);
  static_assert(kFrameHeaderBytes == 4 + 4 + 4 * 4 + 4 * 8 + sizeof(Hash));
}

std::optional<FrameHeader> DecodeFrameHeader(std::string_view bytes) {
  if (bytes.size() < kFrameHeaderBytes) return std::nullopt;
  Fields fields(bytes);
  if (!fields.GetMagic(kFrameMagic)) return std::nullopt;
  FrameHeader header;
  header.codec = fields.Get<Codec>();
  const uint8_t flags = fields.Get<uint8_t>();
  fields.Get<uint16_t>();
  fields.Get(header.compressed_bytes);
  fields.Get(header.raw_bytes);
  fields.Get(header.messages);
  fields.Get<uint32_t>();
  fields.Get(header.first_sequence);
  header.first_time = TimeFromNanos(fields.Get<int64_t>());
  header.last_time = TimeFromNanos(fields.Get<int64_t>());
  fields.Get(header.rows);
  fields.Get(header.hash);
  header.starts_block = (flags & kFlagStartsBlock) != 0;
  const bool possible = header.codec == Codec::kZstd && (flags & ~kFlagStartsBlock) == 0 && header.messages > 0 &&
                        header.raw_bytes > 0 && header.raw_bytes <= kFrameRawBytesMax;
  if (!possible) return std::nullopt;
  return header;
}

std::string EncodeFooter(const SegmentFooter& footer, uint64_t segment_seed, uint64_t offset) {
  std::string out(kFooterMagic);
  Put(out, static_cast<uint32_t>(footer.frames.size()));
  Put(out, footer.messages);
  Put(out, footer.rows);
  Put(out, footer.raw_bytes);
  Put(out, ToNanos(footer.last_time));
  Put(out, footer.last_hash);
  Put(out, footer.cut.offset);
  Put(out, footer.cut.bytes);
  for (const FrameIndexEntry& frame : footer.frames) {
    Put(out, frame.offset);
    Put(out, frame.first_sequence);
    Put(out, ToNanos(frame.first_time));
  }
  Put(out, static_cast<uint32_t>(out.size() + kFooterTailBytes));
  out.append(kFooterEndMagic);
  Put(out, FrameChecksum(segment_seed, offset, out));
  return out;
}

uint64_t FooterBytes(std::string_view tail) {
  if (tail.size() != kFooterTailBytes || tail.substr(4, 4) != kFooterEndMagic) return 0;
  return Fields(tail).Get<uint32_t>();
}

std::optional<SegmentFooter> DecodeFooter(std::string_view bytes, uint64_t segment_seed, uint64_t offset) {
  if (bytes.size() < kFooterFixedBytes + kFooterTailBytes) return std::nullopt;
  if (FrameChecksum(segment_seed, offset, WithoutChecksum(bytes)) != ChecksumAtEnd(bytes)) return std::nullopt;
  Fields fields(bytes);
  SegmentFooter footer;
  if (!fields.GetMagic(kFooterMagic)) return std::nullopt;
  const uint32_t frames = fields.Get<uint32_t>();
  if (bytes.size() != kFooterFixedBytes + uint64_t{frames} * kFrameIndexBytes + kFooterTailBytes) return std::nullopt;
  fields.Get(footer.messages);
  fields.Get(footer.rows);
  fields.Get(footer.raw_bytes);
  footer.last_time = TimeFromNanos(fields.Get<int64_t>());
  fields.Get(footer.last_hash);
  fields.Get(footer.cut.offset);
  fields.Get(footer.cut.bytes);
  footer.frames.resize(frames);
  for (FrameIndexEntry& frame : footer.frames) {
    fields.Get(frame.offset);
    fields.Get(frame.first_sequence);
    frame.first_time = TimeFromNanos(fields.Get<int64_t>());
  }
  return footer;
}

void AppendMessage(Time time, uint64_t rows, std::string_view bytes, std::string& raw) {
  PutVarint(bytes.size(), raw);
  PutVarint(rows, raw);
  Put(raw, ToNanos(time));
  raw.append(bytes);
}

bool TakeMessage(std::string_view& raw, MessageView& message) {
  uint64_t length = 0;
  if (!TakeVarint(raw, length) || !TakeVarint(raw, message.rows)) return false;
  if (raw.size() < sizeof(int64_t) || raw.size() - sizeof(int64_t) < length) return false;
  message.time = TimeFromNanos(static_cast<int64_t>(LoadU64(raw.data())));
  message.bytes = raw.substr(sizeof(int64_t), length);
  raw.remove_prefix(sizeof(int64_t) + length);
  return true;
}

}  // namespace spillway::log
