// Fixed-size pieces of a binary file, without a copy each: a piece is a view into a large buffer.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/ingest/byte_source.h"

namespace spillway::ingest {

class BinaryReader {
 public:
  static absl::StatusOr<std::unique_ptr<BinaryReader>> Open(const std::string& path);
  explicit BinaryReader(std::unique_ptr<ByteSource> source);

  // The next `size` bytes, not yet taken; fewer only at the end of the file or after an error. Valid until the next
  // call.
  std::span<const char> Peek(size_t size) {
    if (end_ - begin_ < size) [[unlikely]]
      Fill(size);
    return {buffer_.data() + begin_, std::min(size, end_ - begin_)};
  }
  // Takes bytes that were peeked at.
  void Take(size_t size) {
    begin_ += size;
    offset_ += size;
  }
  const absl::Status& status() const { return status_; }

  uint64_t offset() const { return offset_; }  // of the next byte, after decompression
  std::string Where() const;                   // "es.dbn: byte 4096"
  const ByteSource& source() const { return *source_; }

 private:
  void Fill(size_t size);

  std::unique_ptr<ByteSource> source_;
  std::vector<char> buffer_;
  size_t begin_ = 0;
  size_t end_ = 0;
  uint64_t offset_ = 0;
  bool ended_ = false;
  absl::Status status_;
};

// The little-endian number at `offset`.
template <class T>
T LittleEndian(std::span<const char> bytes, size_t offset) {
  static_assert(std::endian::native == std::endian::little, "add a byte swap to run on this machine");
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

}  // namespace spillway::ingest
