#include "libs/log/file.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace spillway::log {

namespace {

absl::Status FileError(int error_number, std::string_view action, const std::filesystem::path& path) {
  return absl::ErrnoToStatus(error_number, fmt::format("{}: {}", path.string(), action));
}

absl::StatusOr<int> OpenDescriptor(const std::filesystem::path& path, int flags, std::string_view action) {
  const int descriptor = ::open(path.c_str(), flags | O_CLOEXEC, 0644);
  if (descriptor < 0) return FileError(errno, action, path);
  return descriptor;
}

}  // namespace

File::File(File&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)), path_(std::move(other.path_)) {}

File& File::operator=(File&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(path_, other.path_);
  return *this;
}

File::~File() {
  Close();
}

void File::Close() {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
}

absl::StatusOr<File> File::OpenForReading(const std::filesystem::path& path) {
  const absl::StatusOr<int> descriptor = OpenDescriptor(path, O_RDONLY, "cannot be opened for reading");
  if (!descriptor.ok()) return descriptor.status();
  return File(*descriptor, path);
}

absl::StatusOr<File> File::OpenForRepair(const std::filesystem::path& path) {
  const absl::StatusOr<int> descriptor = OpenDescriptor(path, O_RDWR, "cannot be opened for writing");
  if (!descriptor.ok()) return descriptor.status();
  return File(*descriptor, path);
}

absl::StatusOr<File> File::Create(const std::filesystem::path& path) {
  const absl::StatusOr<int> descriptor =
      OpenDescriptor(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND, "cannot be created");
  if (!descriptor.ok()) return descriptor.status();
  return File(*descriptor, path);
}

absl::Status File::Error(int error_number, std::string_view action) const {
  return FileError(error_number, action, path_);
}

absl::Status File::Append(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return Error(errno, fmt::format("cannot append {} bytes", bytes.size()));
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

absl::Status File::WriteAt(uint64_t offset, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return Error(errno, fmt::format("cannot write {} bytes at byte {}", bytes.size(), offset));
    bytes.remove_prefix(static_cast<size_t>(written));
    offset += static_cast<uint64_t>(written);
  }
  return absl::OkStatus();
}

absl::StatusOr<size_t> File::ReadAt(uint64_t offset, char* into, size_t size) const {
  size_t done = 0;
  while (done < size) {
    const ssize_t got = ::pread(descriptor_, into + done, size - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Error(errno, fmt::format("cannot read at byte {}", offset + done));
    if (got == 0) break;
    done += static_cast<size_t>(got);
  }
  return done;
}

absl::StatusOr<uint64_t> File::Size() const {
  struct stat status = {};
  if (::fstat(descriptor_, &status) != 0) return Error(errno, "has no readable size");
  return static_cast<uint64_t>(status.st_size);
}

absl::Status File::Truncate(uint64_t size) {
  if (::ftruncate(descriptor_, static_cast<off_t>(size)) != 0) {
    return Error(errno, fmt::format("cannot be cut to {} bytes", size));
  }
  return absl::OkStatus();
}

absl::Status File::Sync() {
  // The size is metadata that fdatasync carries along; times of access and change are not needed.
  if (::fdatasync(descriptor_) != 0) return Error(errno, "cannot be made durable");
  return absl::OkStatus();
}

DirectoryLock::DirectoryLock(DirectoryLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

DirectoryLock& DirectoryLock::operator=(DirectoryLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

DirectoryLock::~DirectoryLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

absl::StatusOr<DirectoryLock> DirectoryLock::Take(const std::filesystem::path& directory) {
  const absl::StatusOr<int> descriptor = OpenDescriptor(directory, O_RDONLY | O_DIRECTORY, "cannot be opened");
  if (!descriptor.ok()) return descriptor.status();
  DirectoryLock lock(*descriptor);
  if (::flock(*descriptor, LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno != EWOULDBLOCK) return FileError(errno, "cannot be locked", directory);
  return absl::FailedPreconditionError(
      fmt::format("{}: another writer has this session open; end it first", directory.string()));
}

absl::StatusOr<std::string> ReadWholeFile(const std::filesystem::path& path) {
  const absl::StatusOr<File> file = File::OpenForReading(path);
  if (!file.ok()) return file.status();
  const absl::StatusOr<uint64_t> size = file->Size();
  if (!size.ok()) return size.status();
  std::string text(*size, '\0');
  const absl::StatusOr<size_t> got = file->ReadAt(0, text.data(), text.size());
  if (!got.ok()) return got.status();
  text.resize(*got);
  return text;
}

absl::Status ReplaceFile(const std::filesystem::path& path, std::string_view text) {
  const std::filesystem::path temporary = path.string() + ".tmp";
  ::unlink(temporary.c_str());  // left over from a crash, or not there
  absl::StatusOr<File> file = File::Create(temporary);
  if (!file.ok()) return file.status();
  if (absl::Status status = file->Append(text); !status.ok()) return status;
  if (absl::Status status = file->Sync(); !status.ok()) return status;
  file->Close();
  if (::rename(temporary.c_str(), path.c_str()) != 0) return FileError(errno, "cannot be replaced", path);
  return SyncDirectory(path.parent_path());
}

absl::Status SyncDirectory(const std::filesystem::path& directory) {
  const std::filesystem::path name = directory.empty() ? std::filesystem::path(".") : directory;
  const absl::StatusOr<int> descriptor = OpenDescriptor(name, O_RDONLY | O_DIRECTORY, "cannot be opened");
  if (!descriptor.ok()) return descriptor.status();
  const int result = ::fsync(*descriptor);
  const int error_number = errno;
  ::close(*descriptor);
  if (result != 0) return FileError(error_number, "cannot be made durable", directory);
  return absl::OkStatus();
}

absl::Status CreateDirectory(const std::filesystem::path& directory) {
  if (::mkdir(directory.c_str(), 0755) == 0 || errno == EEXIST) return absl::OkStatus();
  return FileError(errno, "cannot be created", directory);
}

}  // namespace spillway::log
