// Makes a session all at once: what a program writes appears under its name when it is complete, or not at all.
#pragma once

#include <filesystem>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/log/segment_log.h"

namespace spillway::log {

struct NewSessionOptions {
  bool replace = false;  // of a session that is there
  SegmentLogOptions log{.lane_options = OfflineLaneOptions};
};

// Writes to `<out>.partial-<process id>`, beside its target, and renames on Commit(). Without Commit() the destructor
// removes what was written; what a killed process left is removed by the next one.
class NewSession {
 public:
  // AlreadyExists where `out` is a session and `replace` is not set, or is anything else but an empty directory.
  // Directories above `out` are created.
  static absl::StatusOr<std::unique_ptr<NewSession>> Create(const std::filesystem::path& out,
                                                            NewSessionOptions options = {});
  ~NewSession();
  NewSession(const NewSession&) = delete;
  NewSession& operator=(const NewSession&) = delete;

  SegmentLog& log() { return *log_; }

  // All writers must have been closed (FailedPrecondition). A session that is replaced is there, whole, until the new
  // one has taken its name.
  absl::Status Commit();

 private:
  NewSession(std::filesystem::path out, std::filesystem::path partial, bool replace);

  const std::filesystem::path out_;
  const std::filesystem::path partial_;
  const bool replace_;
  bool committed_ = false;
  std::unique_ptr<SegmentLog> log_;
};

}  // namespace spillway::log
