// Reads every byte of a session and says what is wrong with it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/log/damage.h"

namespace spillway::log {

enum class Severity {
  kWarning,  // all that was recorded is there and right: a file that is not ours, a segment not sealed yet, a gap
             // before the record
  kError,    // something recorded is lost, changed or torn
};

struct Finding {
  Severity severity = Severity::kError;
  Damage damage;
};

struct VerifyReport {
  std::vector<Finding> findings;  // in the order of lanes and segments; what follows from a damage is not repeated
  uint64_t lanes = 0;
  uint64_t segments = 0;
  uint64_t segments_pruned = 0;
  uint64_t frames = 0;
  uint64_t messages = 0;
  uint64_t rows = 0;
  uint64_t bytes = 0;          // of the segments' files
  std::string session_digest;  // as the manifest says; equal content, equal digest. Empty without a manifest

  bool ok() const;  // no errors
};

// Checks: checksums, hash chain, sequence without a hole, lane time that never goes back, each segment's index and
// totals, the manifest against the files (sizes, counts, hashes, missing and unlisted segments), unknown files.
// Changing any one byte of a manifest or a segment is found. An error only where `session` is no directory that can be
// read. A torn tail is an error here: SegmentLog::OpenForAppend() cuts it.
absl::StatusOr<VerifyReport> VerifySession(const std::filesystem::path& session);

}  // namespace spillway::log
