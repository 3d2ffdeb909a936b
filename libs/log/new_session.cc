#include "libs/log/new_session.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "libs/log/file.h"
#include "libs/log/manifest.h"

namespace spillway::log {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPartialInfix = ".partial-";

bool IsSession(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path / kManifestFile, error);
}

// Whether a session may be put at `out`.
absl::Status CheckTarget(const fs::path& out, bool replace) {
  std::error_code error;
  if (!fs::exists(fs::symlink_status(out, error))) return absl::OkStatus();
  if (fs::is_directory(out, error) && fs::is_empty(out, error)) return absl::OkStatus();
  if (!IsSession(out)) {
    return absl::AlreadyExistsError(
        fmt::format("{}: is there and is no session, so it is left alone; choose another name", out.string()));
  }
  if (replace) return absl::OkStatus();
  return absl::AlreadyExistsError(
      fmt::format("{}: a session is there already; choose another name, or ask for it to be replaced", out.string()));
}

// What processes left that were killed before Commit(): nobody holds its lock any more.
void RemoveAbandoned(const fs::path& out) {
  const std::string prefix = out.filename().string() + std::string(kPartialInfix);
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(out.parent_path(), error)) {
    if (entry.path().filename().string().rfind(prefix, 0) != 0) continue;
    if (!IsSession(entry.path()) && !fs::is_empty(entry.path(), error)) continue;  // not one of ours
    const absl::StatusOr<DirectoryLock> lock = DirectoryLock::Take(entry.path());
    if (lock.ok()) fs::remove_all(entry.path(), error);
  }
}

absl::Status RenameError(const fs::path& from, const fs::path& to) {
  return absl::ErrnoToStatus(errno, fmt::format("{}: cannot be renamed to {}", from.string(), to.string()));
}

// The two change places in one step where the file system can do that, else in two.
absl::Status Exchange(const fs::path& a, const fs::path& b) {
  if (::renameat2(AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE) == 0) return absl::OkStatus();
  if (errno != EINVAL && errno != ENOSYS) return RenameError(a, b);
  const fs::path aside = b.string() + ".replaced-" + std::to_string(::getpid());
  if (::rename(b.c_str(), aside.c_str()) != 0) return RenameError(b, aside);
  if (::rename(a.c_str(), b.c_str()) != 0) return RenameError(a, b);
  if (::rename(aside.c_str(), a.c_str()) != 0) return RenameError(aside, a);
  return absl::OkStatus();
}

}  // namespace

NewSession::NewSession(fs::path out, fs::path partial, bool replace)
    : out_(std::move(out)), partial_(std::move(partial)), replace_(replace) {}

NewSession::~NewSession() {
  if (committed_) return;
  std::error_code error;
  if (log_) fs::remove_all(partial_, error);
}

absl::StatusOr<std::unique_ptr<NewSession>> NewSession::Create(const fs::path& out, NewSessionOptions options) {
  // "dir/" and "dir" are one name; the partial directory stands beside it.
  fs::path target = fs::absolute(out).lexically_normal();
  if (!target.has_filename()) target = target.parent_path();
  if (absl::Status status = CheckTarget(target, options.replace); !status.ok()) return status;
  std::error_code error;
  fs::create_directories(target.parent_path(), error);
  if (error) {
    return absl::FailedPreconditionError(
        fmt::format("{}: cannot be created: {}", target.parent_path().string(), error.message()));
  }
  RemoveAbandoned(target);
  const fs::path partial = target.string() + std::string(kPartialInfix) + std::to_string(::getpid());
  std::unique_ptr<NewSession> session(new NewSession(target, partial, options.replace));
  absl::StatusOr<std::unique_ptr<SegmentLog>> log = SegmentLog::Create(partial, std::move(options.log));
  if (!log.ok()) return log.status();
  session->log_ = *std::move(log);
  return session;
}

absl::Status NewSession::Commit() {
  if (committed_) return absl::FailedPreconditionError(fmt::format("{}: committed already", out_.string()));
  for (const auto& [lane, entry] : log_->manifest().lanes) {
    if (entry.closed) continue;
    return absl::FailedPreconditionError(fmt::format("{}: lane {}: its writer is not closed", out_.string(), lane));
  }
  if (absl::Status status = CheckTarget(out_, replace_); !status.ok()) return status;
  std::error_code error;
  if (IsSession(out_)) {
    // A process that writes the old session would go on writing into what is about to be removed.
    absl::StatusOr<DirectoryLock> old = DirectoryLock::Take(out_);
    if (!old.ok()) return old.status();
    if (absl::Status status = Exchange(partial_, out_); !status.ok()) return status;
    committed_ = true;
    fs::remove_all(partial_, error);  // now the old one
  } else {
    if (::rename(partial_.c_str(), out_.c_str()) != 0) return RenameError(partial_, out_);
    committed_ = true;
  }
  return SyncDirectory(out_.parent_path());
}

}  // namespace spillway::log
