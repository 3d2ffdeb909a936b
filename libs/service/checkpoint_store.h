// Checkpoints on the service's volume: one file a shell, replaced atomically, written by a thread of its own.
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
  // Makes the directory. `name`: the shell's ("metrics.market.0").
  static absl::StatusOr<std::unique_ptr<CheckpointStore>> Open(const std::filesystem::path& directory,
                                                               const std::string& name);
  ~CheckpointStore();  // what was given is written first

  // nullopt: there is none. The bytes are checked by a digest: a damaged file is DataLoss.
  absl::StatusOr<std::optional<std::string>> Load() const;
  // Takes the bytes; of those that wait only the last is written.
  void Save(std::string bytes);
  // All that was saved is on disk.
  absl::Status Flush();
  // Of the last write.
  absl::Status last_status() const;

 private:
  struct Impl;
  explicit CheckpointStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace spillway::service
