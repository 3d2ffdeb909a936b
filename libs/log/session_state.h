// What a SegmentLog and its writers share. Internal to libs/log.
#pragma once

#include <filesystem>
#include <set>

#include "absl/status/status.h"
#include "libs/log/file.h"
#include "libs/log/manifest.h"

namespace spillway::log {

struct SessionState {
  std::filesystem::path session;
  Manifest manifest;
  bool writable = false;
  DirectoryLock lock;          // held while writable
  std::set<LaneName> writers;  // lanes that have one in hand

  std::filesystem::path LaneDirectory(const LaneName& lane) const { return session / lane; }
  absl::Status SaveManifest() const { return WriteManifest(session, manifest); }
};

}  // namespace spillway::log
