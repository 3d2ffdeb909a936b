#include "libs/log/segment_log.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "libs/log/recovery.h"
#include "libs/log/segment_lane_reader.h"
#include "libs/log/segment_lane_writer.h"
#include "libs/log/session_state.h"

namespace spillway::log {

namespace fs = std::filesystem;

LaneOptions DefaultLaneOptions(const LaneName& lane) {
  LaneOptions options;
  if (lane.rfind("features", 0) == 0) options.zstd_level = -5;
  if (lane == "trading") options.zstd_level = 1;
  return options;
}

LaneOptions OfflineLaneOptions(const LaneName& lane) {
  LaneOptions options = DefaultLaneOptions(lane);
  options.frame_interval = Duration::zero();
  options.sync_interval = Duration::zero();
  return options;
}

SegmentLog::SegmentLog(std::shared_ptr<SessionState> state, SegmentLogOptions options)
    : state_(std::move(state)), options_(std::move(options)) {}

absl::StatusOr<std::unique_ptr<SegmentLog>> SegmentLog::Create(const fs::path& session, SegmentLogOptions options) {
  std::error_code error;
  if (fs::exists(session, error) && !(fs::is_directory(session, error) && fs::is_empty(session, error))) {
    return absl::AlreadyExistsError(
        fmt::format("{}: seen something there, expected nothing or an empty directory", session.string()));
  }
  if (absl::Status status = CreateDirectory(session); !status.ok()) return status;
  auto state = std::make_shared<SessionState>();
  absl::StatusOr<DirectoryLock> lock = DirectoryLock::Take(session);
  if (!lock.ok()) return lock.status();
  state->session = session;
  state->writable = true;
  state->lock = *std::move(lock);
  state->manifest.build = options.build;
  state->manifest.live = options.live;
  state->manifest.created = FormatTime(std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()));
  if (absl::Status status = state->SaveManifest(); !status.ok()) return status;
  if (absl::Status status = SyncDirectory(fs::absolute(session).parent_path()); !status.ok()) return status;
  return std::unique_ptr<SegmentLog>(new SegmentLog(std::move(state), std::move(options)));
}

absl::StatusOr<std::unique_ptr<SegmentLog>> SegmentLog::OpenForAppend(const fs::path& session,
                                                                      SegmentLogOptions options) {
  auto state = std::make_shared<SessionState>();
  state->session = session;
  state->writable = true;
  // The manifest is read under the lock; but what is no session is told so first.
  if (absl::StatusOr<Manifest> manifest = ReadManifest(session); !manifest.ok()) return manifest.status();
  absl::StatusOr<DirectoryLock> lock = DirectoryLock::Take(session);
  if (!lock.ok()) return lock.status();
  state->lock = *std::move(lock);
  absl::StatusOr<Manifest> manifest = ReadManifest(session);
  if (!manifest.ok()) return manifest.status();
  state->manifest = *std::move(manifest);
  absl::StatusOr<std::vector<Recovery>> recoveries = RecoverSession(*state);
  if (!recoveries.ok()) return recoveries.status();
  std::unique_ptr<SegmentLog> log(new SegmentLog(std::move(state), std::move(options)));
  log->recoveries_ = *std::move(recoveries);
  return log;
}

absl::StatusOr<std::unique_ptr<SegmentLog>> SegmentLog::OpenForReading(const fs::path& session,
                                                                       SegmentLogOptions options) {
  absl::StatusOr<Manifest> manifest = ReadManifest(session);
  if (!manifest.ok()) return manifest.status();
  auto state = std::make_shared<SessionState>();
  state->session = session;
  state->manifest = *std::move(manifest);
  return std::unique_ptr<SegmentLog>(new SegmentLog(std::move(state), std::move(options)));
}

absl::StatusOr<std::unique_ptr<LaneWriter>> SegmentLog::OpenWriter(const LaneName& lane) {
  if (!state_->writable) {
    return absl::FailedPreconditionError(
        fmt::format("{}: lane {}: the session was opened for reading only", session().string(), lane));
  }
  if (!IsLaneName(lane)) {
    return absl::InvalidArgumentError(fmt::format(
        "lane '{}': expected 1 to {} of a-z, 0-9, '.', '_', '-', not a dot in front", lane, kLaneNameBytesMax));
  }
  if (state_->writers.count(lane) > 0) {
    return absl::FailedPreconditionError(
        fmt::format("{}: lane {}: has a writer; one is the limit", session().string(), lane));
  }
  LaneEntry& entry = state_->manifest.lanes[lane];
  if (!entry.closed) {
    return absl::FailedPreconditionError(fmt::format(
        "{}: lane {}: its last writer failed or was not closed; open the session again", session().string(), lane));
  }
  if (absl::Status status = CreateDirectory(state_->LaneDirectory(lane)); !status.ok()) return status;
  if (absl::Status status = SyncDirectory(session()); !status.ok()) return status;
  absl::StatusOr<LaneEnd> end = FindLaneEnd(*state_, lane);
  if (!end.ok()) return end.status();
  entry.closed = false;
  if (absl::Status status = state_->SaveManifest(); !status.ok()) return status;
  state_->writers.insert(lane);
  LaneOptions lane_options = options_.lane_options(lane);
  lane_options.frame_bytes = std::clamp<size_t>(lane_options.frame_bytes, 1, kChainBlockBytes);
  return std::make_unique<SegmentLaneWriter>(state_, lane, lane_options, options_.clock, *std::move(end));
}

absl::StatusOr<std::unique_ptr<LaneReader>> SegmentLog::OpenReader(const LaneName& lane) {
  const auto found = state_->manifest.lanes.find(lane);
  if (found == state_->manifest.lanes.end()) {
    return absl::NotFoundError(fmt::format("{}: has no lane '{}'", session().string(), lane));
  }
  return std::make_unique<SegmentLaneReader>(state_->LaneDirectory(lane), lane, found->second, options_.verify_chain);
}

std::vector<LaneName> SegmentLog::Lanes() const {
  std::vector<LaneName> names;
  for (const auto& [name, entry] : state_->manifest.lanes) names.push_back(name);
  return names;
}

const fs::path& SegmentLog::session() const {
  return state_->session;
}

const Manifest& SegmentLog::manifest() const {
  return state_->manifest;
}

absl::StatusOr<size_t> PruneLane(const fs::path& session, const LaneName& lane, uint64_t first_sequence_kept) {
  absl::StatusOr<DirectoryLock> lock = DirectoryLock::Take(session);
  if (!lock.ok()) return lock.status();
  absl::StatusOr<Manifest> manifest = ReadManifest(session);
  if (!manifest.ok()) return manifest.status();
  const auto found = manifest->lanes.find(lane);
  if (found == manifest->lanes.end()) {
    return absl::NotFoundError(fmt::format("{}: has no lane '{}'", session.string(), lane));
  }
  std::vector<SegmentEntry>& segments = found->second.segments;
  std::vector<fs::path> files;
  for (size_t i = 0; i + 1 < segments.size(); ++i) {
    if (segments[i].first_sequence + segments[i].messages > first_sequence_kept) break;
    if (!segments[i].pruned) files.push_back(session / lane / SegmentFileName(segments[i].number));
    segments[i].pruned = true;
  }
  if (files.empty()) return 0;
  // The manifest first: a file that it calls pruned and that is still there is harmless, the reverse is not.
  if (absl::Status status = WriteManifest(session, *manifest); !status.ok()) return status;
  for (const fs::path& file : files) {
    std::error_code error;
    fs::remove(file, error);
    if (error) return absl::InternalError(fmt::format("{}: cannot be removed: {}", file.string(), error.message()));
  }
  if (absl::Status status = SyncDirectory(session / lane); !status.ok()) return status;
  return files.size();
}

}  // namespace spillway::log
