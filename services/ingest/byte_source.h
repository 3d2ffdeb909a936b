// The bytes of a file, decompressed where its first bytes say that it is compressed (gzip, zstd); the name does not
// matter.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace spillway::ingest {

class ByteSource {
 public:
  // gzip: all members; zstd: all frames, skippable ones ignored. NotFound / InvalidArgument name the file.
  static absl::StatusOr<std::unique_ptr<ByteSource>> Open(const std::string& path);

  virtual ~ByteSource() = default;
  // Fills the front of `buffer`; 0 bytes only at the end. Compressed data that is damaged or cut is DataLoss, naming
  // the file and the offset in it.
  virtual absl::StatusOr<size_t> Read(std::span<char> buffer) = 0;

  const std::string& path() const { return path_; }
  uint64_t consumed() const { return consumed_; }  // bytes of the file, as stored
  uint64_t size() const { return size_; }          // of the file; 0: unknown (a pipe)
  virtual bool compressed() const { return false; }

 protected:
  ByteSource(std::string path, uint64_t size) : path_(std::move(path)), size_(size) {}
  std::string path_;
  uint64_t consumed_ = 0;
  uint64_t size_ = 0;
};

}  // namespace spillway::ingest
