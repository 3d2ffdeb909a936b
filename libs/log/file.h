// Files as the log needs them: append, read at an offset, make durable. Every call that fails says which file and why.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace spillway::log {

// Owns a file descriptor.
class File {
 public:
  File() = default;
  File(File&& other) noexcept;
  File& operator=(File&& other) noexcept;
  ~File();

  static absl::StatusOr<File> OpenForReading(const std::filesystem::path& path);
  static absl::StatusOr<File> OpenForRepair(const std::filesystem::path& path);  // read and write, must exist
  static absl::StatusOr<File> Create(const std::filesystem::path& path);         // must not exist

  bool is_open() const { return descriptor_ >= 0; }
  const std::filesystem::path& path() const { return path_; }

  absl::Status Append(std::string_view bytes);
  absl::Status WriteAt(uint64_t offset, std::string_view bytes);
  // Reads up to `size` bytes; fewer only at the end of the file.
  absl::StatusOr<size_t> ReadAt(uint64_t offset, char* into, size_t size) const;
  absl::StatusOr<uint64_t> Size() const;
  absl::Status Truncate(uint64_t size);
  absl::Status Sync();  // data and size are on stable storage
  void Close();

 private:
  File(int descriptor, std::filesystem::path path) : descriptor_(descriptor), path_(std::move(path)) {}
  absl::Status Error(int error_number, std::string_view action) const;

  int descriptor_ = -1;
  std::filesystem::path path_;
};

// At most one process holds the lock of a directory; it is given back when the object or its process ends.
class DirectoryLock {
 public:
  DirectoryLock() = default;
  DirectoryLock(DirectoryLock&& other) noexcept;
  DirectoryLock& operator=(DirectoryLock&& other) noexcept;
  ~DirectoryLock();
  // FailedPrecondition where somebody else holds it.
  static absl::StatusOr<DirectoryLock> Take(const std::filesystem::path& directory);

 private:
  explicit DirectoryLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_ = -1;
};

absl::StatusOr<std::string> ReadWholeFile(const std::filesystem::path& path);

// Readers see the old text or the new one, never a part, also after a power cut: temporary file, fsync, rename, fsync
// of the directory.
absl::Status ReplaceFile(const std::filesystem::path& path, std::string_view text);

// New, renamed and removed entries of the directory are on stable storage.
absl::Status SyncDirectory(const std::filesystem::path& directory);

absl::Status CreateDirectory(const std::filesystem::path& directory);  // its parent must exist, it may exist already

}  // namespace spillway::log
