#include "libs/service/checkpoint_store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>
#include <xxhash.h>

#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include "libs/log/file.h"
#include "libs/service/log.h"

namespace spillway::service {
namespace {

// A file: "SPWYCKP1", the length of the bytes (8 bytes, little endian), their XXH3-128 digest (canonical form), the
// bytes.
constexpr std::string_view kMagic = "SPWYCKP1";
constexpr size_t kHeaderBytes = kMagic.size() + sizeof(uint64_t) + sizeof(XXH128_canonical_t);

std::string Digest(std::string_view bytes) {
  XXH128_canonical_t digest;
  XXH128_canonicalFromHash(&digest, XXH3_128bits(bytes.data(), bytes.size()));
  return std::string(reinterpret_cast<const char*>(digest.digest), sizeof(digest.digest));
}

std::string Length(uint64_t size) {
  std::string bytes;
  for (int shift = 0; shift < 64; shift += 8) bytes += static_cast<char>((size >> shift) & 0xff);
  return bytes;
}

std::string Framed(std::string_view bytes) {
  std::string file(kMagic);
  file.reserve(kHeaderBytes + bytes.size());
  file += Length(bytes.size());
  file += Digest(bytes);
  file += bytes;
  return file;
}

absl::Status Damaged(const std::filesystem::path& path, std::string_view seen) {
  return absl::DataLossError(
      fmt::format("{}: the checkpoint is damaged: {}; without the file the state is made again from the lane",
                  path.string(), seen));
}

// NotFound: there is no such file.
absl::StatusOr<std::string> ReadFramed(const std::filesystem::path& path) {
  absl::StatusOr<std::string> file = log::ReadWholeFile(path);
  if (!file.ok()) return file.status();
  const std::string_view text = *file;
  if (text.size() < kHeaderBytes) {
    return Damaged(path, fmt::format("{} bytes, its header alone has {}", text.size(), kHeaderBytes));
  }
  if (text.substr(0, kMagic.size()) != kMagic) return Damaged(path, "it does not begin as checkpoints do");
  const std::string_view bytes = text.substr(kHeaderBytes);
  if (text.substr(kMagic.size(), sizeof(uint64_t)) != Length(bytes.size())) {
    return Damaged(path, fmt::format("{} bytes are there, its header says another number", bytes.size()));
  }
  if (text.substr(kMagic.size() + sizeof(uint64_t), sizeof(XXH128_canonical_t)) != Digest(bytes)) {
    return Damaged(path, "its digest does not fit its bytes");
  }
  file->erase(0, kHeaderBytes);
  return file;
}

// One process alone writes a checkpoint: two that replace the same file would tear it.
absl::StatusOr<int> TakeLock(const std::filesystem::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor < 0) return absl::ErrnoToStatus(errno, fmt::format("{}: cannot be opened", path.string()));
  if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0) return descriptor;
  const int error_number = errno;
  ::close(descriptor);
  if (error_number != EWOULDBLOCK) {
    return absl::ErrnoToStatus(error_number, fmt::format("{}: cannot be locked", path.string()));
  }
  return absl::FailedPreconditionError(
      fmt::format("{}: another process writes this checkpoint; give each replica a checkpoint.directory of its own",
                  path.string()));
}

}  // namespace

struct CheckpointStore::Impl {
  std::filesystem::path newest;
  std::filesystem::path previous;
  int lock = -1;

  mutable std::mutex mutex;
  std::condition_variable changed;
  std::optional<std::string> waiting;
  bool writing = false;
  bool ending = false;
  bool fell_back = false;
  absl::Status last;
  std::thread writer;

  // Of the writing thread: whether the newest file is known to be good. A damaged one never replaces the previous.
  std::optional<bool> newest_good;

  absl::Status KeepNewest() {
    if (!newest_good) {
      const absl::StatusOr<std::string> there = ReadFramed(newest);
      if (!there.ok() && !absl::IsNotFound(there.status()) && !absl::IsDataLoss(there.status())) return there.status();
      newest_good = there.ok();
    }
    if (!*newest_good) return absl::OkStatus();
    std::error_code error;
    std::filesystem::rename(newest, previous, error);
    if (error) return absl::ErrnoToStatus(error.value(), fmt::format("{}: cannot be renamed", newest.string()));
    newest_good = false;
    return absl::OkStatus();
  }

  // A crash in between leaves the previous one alone, which is as good, only older.
  absl::Status Write(std::string_view bytes) {
    if (absl::Status status = KeepNewest(); !status.ok()) return status;
    if (absl::Status status = log::ReplaceFile(newest, Framed(bytes)); !status.ok()) return status;
    newest_good = true;
    return absl::OkStatus();
  }

  void Finish(absl::Status status) {
    if (!status.ok() && last.ok()) Log(Severity::kWarning, "checkpoint_not_written", {{"error", status}});
    if (status.ok() && !last.ok()) Log(Severity::kInfo, "checkpoint_written_again", {{"file", newest.string()}});
    last = std::move(status);
    writing = false;
    changed.notify_all();
  }

  void Run() {
    std::unique_lock guard(mutex);
    while (true) {
      changed.wait(guard, [&] { return ending || waiting.has_value(); });
      if (!waiting) return;
      const std::string bytes = std::move(*waiting);
      waiting.reset();
      writing = true;
      guard.unlock();
      absl::Status status = Write(bytes);
      guard.lock();
      Finish(std::move(status));
    }
  }
};

absl::StatusOr<std::unique_ptr<CheckpointStore>> CheckpointStore::Open(const std::filesystem::path& directory,
                                                                       const std::string& name) {
  if (name.empty() || name.find('/') != std::string::npos) {
    return absl::InvalidArgumentError(fmt::format("checkpoint name '{}': a file name is expected", name));
  }
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) return absl::ErrnoToStatus(error.value(), fmt::format("{}: cannot be created", directory.string()));
  const absl::StatusOr<int> lock = TakeLock(directory / (name + ".lock"));
  if (!lock.ok()) return lock.status();
  auto impl = std::make_unique<Impl>();
  impl->newest = directory / (name + ".checkpoint");
  impl->previous = directory / (name + ".checkpoint.previous");
  impl->lock = *lock;
  impl->writer = std::thread([state = impl.get()] { state->Run(); });
  return std::unique_ptr<CheckpointStore>(new CheckpointStore(std::move(impl)));
}

CheckpointStore::CheckpointStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

CheckpointStore::~CheckpointStore() {
  {
    const std::lock_guard guard(impl_->mutex);
    impl_->ending = true;
    impl_->changed.notify_all();
  }
  impl_->writer.join();
  ::close(impl_->lock);
}

absl::StatusOr<std::optional<std::string>> CheckpointStore::Load() const {
  absl::StatusOr<std::string> newest = ReadFramed(impl_->newest);
  if (newest.ok()) return std::optional<std::string>(*std::move(newest));
  if (!absl::IsNotFound(newest.status()) && !absl::IsDataLoss(newest.status())) return newest.status();
  absl::StatusOr<std::string> previous = ReadFramed(impl_->previous);
  if (absl::IsNotFound(previous.status()) && absl::IsNotFound(newest.status())) return std::optional<std::string>();
  if (!previous.ok()) return absl::IsDataLoss(newest.status()) ? newest.status() : previous.status();
  Log(Severity::kWarning, "checkpoint_previous_used",
      {{"file", impl_->previous.string()}, {"because", newest.status()}});
  const std::lock_guard guard(impl_->mutex);
  impl_->fell_back = true;
  return std::optional<std::string>(*std::move(previous));
}

void CheckpointStore::Save(std::string bytes) {
  const std::lock_guard guard(impl_->mutex);
  impl_->waiting = std::move(bytes);
  impl_->changed.notify_all();
}

absl::Status CheckpointStore::Flush() {
  std::unique_lock guard(impl_->mutex);
  impl_->changed.wait(guard, [&] { return !impl_->waiting && !impl_->writing; });
  return impl_->last;
}

absl::Status CheckpointStore::last_status() const {
  const std::lock_guard guard(impl_->mutex);
  return impl_->last;
}

bool CheckpointStore::fell_back() const {
  const std::lock_guard guard(impl_->mutex);
  return impl_->fell_back;
}

}  // namespace spillway::service
