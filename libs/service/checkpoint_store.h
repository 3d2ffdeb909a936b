// Checkpoints on the service's volume: one file a shell ("<name>.checkpoint"), replaced atomically, fsynced, written by
// a thread of its own. The one before is kept ("<name>.checkpoint.previous"). docs/services.md
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace spillway::service {

class CheckpointStore {
 public:
  // Makes the directory. `name`: the shell's ("metrics.market.0"). FailedPrecondition while another process has it
  // open.
  static absl::StatusOr<std::unique_ptr<CheckpointStore>> Open(const std::filesystem::path& directory,
                                                               const std::string& name);
  ~CheckpointStore();  // what was given is written first

  // nullopt: there is none. The bytes are checked by a digest. Where the newest is damaged or missing the previous one
  // is given (a warning in the log, fell_back()); where no good one is left: DataLoss. Before the first Save.
  absl::StatusOr<std::optional<std::string>> Load() const;
  // Takes the bytes; of those that wait only the last is written, so that at most two are held.
  void Save(std::string bytes);
  // Waits for what was saved. Ok: it is on disk.
  absl::Status Flush();
  // Of the last write. After one that failed the checkpoint before is still there, and Save goes on trying.
  absl::Status last_status() const;
  // Load gave the previous one.
  bool fell_back() const;

 private:
  struct Impl;
  explicit CheckpointStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace spillway::service
