// manifest.json of a session directory: which segments its lanes have, what they hold, and the hashes that bind them.
// The text has one form only, so that any changed byte shows: what is read is written again and compared.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/log/segment_format.h"

namespace spillway::log {

inline constexpr std::string_view kManifestFile = "manifest.json";

// A sealed segment.
struct SegmentEntry {
  uint32_t number = 0;
  bool pruned = false;  // its file was removed on purpose; everything else stays known
  int32_t utc_day = 0;
  uint64_t bytes = 0;      // of the file
  uint64_t raw_bytes = 0;  // canonical, before compression
  uint64_t first_sequence = 0;
  uint64_t messages = 0;
  uint64_t rows = 0;
  Time first_time;
  Time last_time;
  Hash first_hash{};  // chain value before its first message: the last hash of the segment, or day, before
  Hash last_hash{};
  Cut cut;  // what recovery took off its end
  friend bool operator==(const SegmentEntry&, const SegmentEntry&) = default;
};

struct LaneEntry {
  bool closed = true;  // false while a writer has the lane, and after one that died
  std::vector<SegmentEntry> segments;

  uint64_t messages() const;
  uint64_t rows() const;
  uint64_t bytes() const;      // of the files that are not pruned
  uint64_t raw_bytes() const;  // of all messages
  std::optional<Time> first_time() const;
  std::optional<Time> last_time() const;
};

struct Manifest {
  std::string build;    // that wrote the session
  std::string created;  // wall time; in no digest
  // Recorded from the lanes of running services: their writers interleave as they came, and its end is where recording
  // stopped. In the text only where it is so.
  bool live = false;
  std::map<LaneName, LaneEntry> lanes;

  // Chain value behind the lane's last sealed message; LaneSeed() for an empty lane.
  Hash LastHash(const LaneName& lane) const;
  Hash SessionDigest() const;  // over the last hashes of all lanes
};

std::string SerializeManifest(const Manifest& manifest);
// DataLoss with the byte at which the text is not what SerializeManifest() would write.
absl::StatusOr<Manifest> ParseManifest(std::string_view text, const std::string& file);

// NotFound where the directory is no session.
absl::StatusOr<Manifest> ReadManifest(const std::filesystem::path& session);
absl::Status WriteManifest(const std::filesystem::path& session, const Manifest& manifest);

}  // namespace spillway::log
