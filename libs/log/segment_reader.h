// Reads one segment file, frame by frame. Checks each frame's own bytes; how frames join is LanePosition's matter.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "libs/log/damage.h"
#include "libs/log/file.h"
#include "libs/log/segment_format.h"

struct ZSTD_DCtx_s;

namespace spillway::log {

struct Frame {
  FrameHeader header;
  std::string_view raw;  // canonical bytes of its messages; valid until the reader's next call
  uint32_t number = 0;   // from 1 in its segment
  uint64_t offset = 0;
  uint64_t end = 0;  // offset of what follows
};

class SegmentReader {
 public:
  enum class Result {
    kFrame,    // read
    kEnd,      // the footer stands here: the segment ends
    kNothing,  // unsealed, and here its file ends, or a frame is not complete (yet), and nothing valid follows
    kDamage,
  };

  // Reads the header. `sealed`: somebody promises that the segment has been sealed; then a bad footer is damage.
  // NotFound where there is no such file; FailedPrecondition where its header is not complete; DataLoss.
  static absl::StatusOr<SegmentReader> Open(const std::filesystem::path& path, const LaneName& lane, uint32_t number,
                                            bool sealed);
  SegmentReader(SegmentReader&&) noexcept;
  SegmentReader& operator=(SegmentReader&&) noexcept;
  ~SegmentReader();

  const SegmentHeader& header() const { return header_; }
  uint64_t first_frame_offset() const { return header_bytes_; }
  uint64_t seed() const { return seed_; }
  const File& file() const { return file_; }

  // Present when sealed. An unsealed segment that a writer has in hand may be sealed later: Read() notices.
  const std::optional<SegmentFooter>& footer() const { return footer_; }
  uint64_t footer_offset() const { return footer_offset_; }

  // Reads the frame at `offset`, which is number `number` of the segment. `damage` is set with kDamage only.
  Result Read(uint64_t offset, uint32_t number, Frame& frame, Damage& damage);

  // Reads the frame's header alone, unchecked; nullopt where it cannot be one. For walks over unsealed segments.
  std::optional<FrameHeader> PeekHeader(uint64_t offset) const;

 private:
  SegmentReader() = default;
  absl::Status ReadHeader(const LaneName& lane, uint32_t number);
  bool ReadFooter();
  bool ReadFrame(uint64_t offset, uint32_t number, Frame& frame, Damage& damage);
  size_t Decompress(std::string_view payload, Frame& frame);
  bool IsValidFrame(uint64_t offset, uint64_t size);
  std::optional<uint64_t> ValidFrameBehind(uint64_t offset);
  Damage DamageAt(uint64_t offset, uint32_t number) const;

  File file_;
  SegmentHeader header_;
  uint64_t header_bytes_ = 0;
  uint64_t seed_ = 0;
  std::optional<SegmentFooter> footer_;
  uint64_t footer_offset_ = 0;
  std::string compressed_;  // one frame's header, payload and checksum
  std::string raw_;
  struct FreeContext {
    void operator()(ZSTD_DCtx_s* context) const;
  };
  std::unique_ptr<ZSTD_DCtx_s, FreeContext> zstd_;
};

}  // namespace spillway::log
