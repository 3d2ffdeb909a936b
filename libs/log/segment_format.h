// The bytes of a segment file (docs/log-format.md). All integers are little-endian.
//
//   segment = header, frame..., [footer]        a segment with a footer is sealed: it never changes again
//
// Every byte of header, frame and footer is covered by the XXH3-64 checksum that ends it. Checksums of frames and
// footer are seeded with the header's checksum and the offset: they are valid in their own place of their own file
// only.
//
// A frame's payload is the zstd of its messages' canonical bytes:
//   varint length of bytes, varint rows, i64 time in ns since the epoch, bytes
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/time.h"
#include "libs/log/event_log.h"
#include "libs/log/lane_chain.h"

namespace spillway::log {

inline constexpr uint32_t kFormatVersion = 1;
inline constexpr size_t kChecksumBytes = 8;
inline constexpr size_t kFrameHeaderBytes = 88;
inline constexpr size_t kMessageHeaderBytesMax = 5 + 10 + 8;
// A block may be exceeded by its last message.
inline constexpr size_t kFrameRawBytesMax = kChainBlockBytes + kMessageBytesMax + kMessageHeaderBytesMax;
inline constexpr size_t kLaneNameBytesMax = 100;

// What recovery cut off the end of a segment; none where bytes is 0.
struct Cut {
  uint64_t offset = 0;
  uint64_t bytes = 0;
  friend bool operator==(const Cut&, const Cut&) = default;
};

struct SegmentHeader {
  uint32_t number = 0;          // from 1, the name of the file
  int32_t utc_day = 0;          // of all its messages' lane times; days since the epoch
  uint64_t first_sequence = 0;  // of the message that will come first
  Hash previous_hash{};         // chain value before that message
  Cut previous_cut;             // of the segment before
  LaneName lane;
};

enum class Codec : uint8_t { kZstd = 1 };

struct FrameHeader {
  Codec codec = Codec::kZstd;
  bool starts_block = false;  // of the lane's chain
  uint32_t compressed_bytes = 0;
  uint32_t raw_bytes = 0;
  uint32_t messages = 0;  // at least 1
  uint64_t first_sequence = 0;
  Time first_time;
  Time last_time;
  uint64_t rows = 0;
  Hash hash{};  // chain value after the last message
};

struct FrameIndexEntry {
  uint64_t offset = 0;
  uint64_t first_sequence = 0;
  Time first_time;
};

struct SegmentFooter {
  uint64_t messages = 0;
  uint64_t rows = 0;
  uint64_t raw_bytes = 0;
  Time last_time;
  Hash last_hash{};
  Cut cut;  // what recovery took away where this footer now stands
  std::vector<FrameIndexEntry> frames;
};

// "market.0": lower-case letters, digits, '.', '_' and '-', not a dot in front, at most kLaneNameBytesMax.
bool IsLaneName(std::string_view name);
std::string SegmentFileName(uint32_t number);                         // "000001.seg"
std::optional<uint32_t> SegmentNumberOf(std::string_view file_name);  // nullopt where it is not such a name

int32_t UtcDayOf(Time time);

// --- header
std::string EncodeSegmentHeader(const SegmentHeader& header);
// The length of the whole header by its first bytes; 0 where they are not those of a segment, or too few.
size_t SegmentHeaderBytes(std::string_view bytes);
inline constexpr size_t kSegmentHeaderFixedBytes = 96;  // the lane's name and the checksum follow
inline constexpr size_t kSegmentHeaderBytesMax = kSegmentHeaderFixedBytes + kLaneNameBytesMax + kChecksumBytes;
// nullopt where `bytes` (exactly the header) is damaged.
std::optional<SegmentHeader> DecodeSegmentHeader(std::string_view bytes);
// The seed of all other checksums in the file, from the header's bytes.
uint64_t SegmentSeed(std::string_view header_bytes);

// --- frame
uint64_t FrameChecksum(uint64_t segment_seed, uint64_t offset, std::string_view bytes);
void EncodeFrameHeader(const FrameHeader& header, char* into);  // kFrameHeaderBytes
// nullopt where these bytes cannot be a frame's header (wrong magic, unknown codec or flag, impossible lengths).
std::optional<FrameHeader> DecodeFrameHeader(std::string_view bytes);
std::string_view FrameMagic();

// --- footer
std::string EncodeFooter(const SegmentFooter& footer, uint64_t segment_seed, uint64_t offset);
inline constexpr size_t kFooterTailBytes = 4 + 4 + kChecksumBytes;  // length, magic, checksum
// The length of the whole footer by its last kFooterTailBytes; 0 where they are not those of a footer.
uint64_t FooterBytes(std::string_view tail);
std::optional<SegmentFooter> DecodeFooter(std::string_view bytes, uint64_t segment_seed, uint64_t offset);

// --- messages in a frame
struct MessageView {
  uint64_t rows = 0;
  Time time;
  std::string_view bytes;
};
void AppendMessage(Time time, uint64_t rows, std::string_view bytes, std::string& raw);
// Takes the message in front off `raw`; false where there is none, or a damaged one.
bool TakeMessage(std::string_view& raw, MessageView& message);

void StoreU64(uint64_t value, char* into);
uint64_t LoadU64(const char* from);

}  // namespace spillway::log
