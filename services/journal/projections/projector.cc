#include "services/journal/projections/projector.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <set>

#include "libs/events/codec.h"
#include "libs/log/record_gaps.h"
#include "libs/log/segment_log.h"

namespace spillway::journal::projections {

namespace fs = std::filesystem;

namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

constexpr Duration kLanesSeenAgain = std::chrono::seconds(2);

struct Followed {
  log::LaneName name;
  std::unique_ptr<log::LaneReader> reader;
  uint64_t read = 0;     // sequence of the last message whose rows are pending or written
  uint64_t written = 0;  // ... written
};

bool IsMarket(const log::LaneName& lane) {
  return lane.rfind("market.", 0) == 0;
}

}  // namespace

class Projector::Worker {
 public:
  Worker(fs::path session, ProjectorOptions options) : session_(std::move(session)), options_(std::move(options)) {}

  absl::StatusOr<size_t> Poll() {
    const SteadyTime now = options_.clock();
    if (now < retry_at_) return 0;
    const absl::StatusOr<size_t> read = Step(now);
    if (read.ok()) {
      retry_after_ = Duration::zero();
    } else {
      retry_after_ = std::clamp(retry_after_ * 2, options_.retry_min, options_.retry_max);
      retry_at_ = options_.clock() + std::chrono::duration_cast<SteadyTime::duration>(retry_after_);
    }
    MeasureLag();
    return read;
  }

  absl::Status CatchUp() {
    if (absl::Status status = Connect(); !status.ok()) return status;
    if (absl::Status status = OpenLanes(); !status.ok()) return status;
    while (true) {
      const absl::StatusOr<size_t> read = Read();
      if (!read.ok()) return read.status();
      if (*read == 0 || rows_.size() >= options_.batch_rows_max) {
        if (absl::Status status = Write(); !status.ok()) return status;
      }
      if (*read == 0) break;
    }
    MeasureLag();
    return absl::OkStatus();
  }

  ProjectorStatus status() const {
    const std::lock_guard lock(mutex_);
    return status_;
  }

 private:
  absl::StatusOr<size_t> Step(SteadyTime now) {
    if (absl::Status status = Connect(); !status.ok()) return status;
    if (absl::Status status = OpenLanes(); !status.ok()) return status;
    size_t read = 0;
    if (rows_.size() < options_.batch_rows_max) {
      const absl::StatusOr<size_t> count = Read();
      if (!count.ok()) return count.status();
      read = *count;
    }
    if (read > 0 && !unwritten_since_) unwritten_since_ = now;
    const Duration age = unwritten_since_ ? Duration(now - *unwritten_since_) : Duration::zero();
    const bool due = rows_.size() >= options_.batch_rows_max || (!rows_.empty() && age >= options_.batch_age_max) ||
                     age >= options_.position_age_max;
    if (due) {
      if (absl::Status status = Write(); !status.ok()) return status;
    }
    return read;
  }

  absl::Status Connect() {
    if (postgres_) return absl::OkStatus();
    absl::StatusOr<std::unique_ptr<Postgres>> postgres = Postgres::Connect(options_.postgres);
    if (!postgres.ok()) return Down(postgres.status());
    if (absl::Status status = (*postgres)->Migrate(); !status.ok()) return Down(status);
    postgres_ = *std::move(postgres);
    SetUp(true);
    return absl::OkStatus();
  }

  // What was read stays, and is written again as it is: rows that arrived are recognised.
  absl::Status Down(absl::Status status) {
    postgres_.reset();
    SetUp(false);
    return status;
  }

  void SetUp(bool up) {
    const std::lock_guard lock(mutex_);
    status_.up = up;
  }

  // Lanes appear when their first message is recorded.
  absl::Status OpenLanes() {
    const SteadyTime now = options_.clock();
    if (lanes_seen_at_ && now - *lanes_seen_at_ < kLanesSeenAgain) return absl::OkStatus();
    const absl::StatusOr<log::Manifest> manifest = log::ReadManifest(session_);
    if (absl::IsNotFound(manifest.status()) && options_.durable) return absl::OkStatus();  // nothing recorded yet
    if (!manifest.ok()) return manifest.status();
    lanes_seen_at_ = now;
    if (manifest->lanes.size() == lanes_seen_) return absl::OkStatus();
    record_ = manifest->created;
    absl::StatusOr<LanePositions> positions = postgres_->Positions(record_);
    if (!positions.ok()) return Down(positions.status());
    absl::StatusOr<std::unique_ptr<log::SegmentLog>> log = log::SegmentLog::OpenForReading(session_);
    if (!log.ok()) return log.status();
    for (const log::LaneName& name : (*log)->Lanes()) {
      if ((name != "trading" && !IsMarket(name)) || lanes_.contains(name)) continue;
      if (absl::Status status = OpenLane(**log, name, (*positions)[name]); !status.ok()) return status;
    }
    lanes_seen_ = manifest->lanes.size();
    return absl::OkStatus();
  }

  absl::Status OpenLane(log::SegmentLog& log, const log::LaneName& name, uint64_t position) {
    absl::StatusOr<std::unique_ptr<log::LaneReader>> reader = log.OpenReader(name);
    if (!reader.ok()) return reader.status();
    Followed lane{.name = name, .reader = *std::move(reader), .read = position, .written = position};
    if (position > 0) {
      const absl::Status status = lane.reader->SeekToSequence(position + 1);
      if (!status.ok() && !absl::IsOutOfRange(status)) return status;  // pruned meanwhile: from the first that is there
      if (absl::IsOutOfRange(status)) {
        absl::StatusOr<std::unique_ptr<log::LaneReader>> first = log.OpenReader(name);
        if (!first.ok()) return first.status();
        lane.reader = *std::move(first);
      }
    }
    lanes_.emplace(name, std::move(lane));
    return absl::OkStatus();
  }

  absl::StatusOr<size_t> Read() {
    size_t messages = 0;
    for (auto& [name, lane] : lanes_) {
      const uint64_t limit = options_.durable ? options_.durable(name) : UINT64_MAX;
      for (size_t i = 0; i < options_.poll_messages_max && lane.read < limit; ++i) {
        if (rows_.size() >= options_.batch_rows_max) break;
        log::LaneMessage message;
        const absl::StatusOr<bool> read = lane.reader->Next(message);
        if (!read.ok()) return read.status();
        if (!*read) break;
        lane.read = message.sequence;
        ++messages;
        Take(lane, message);
      }
    }
    return messages;
  }

  void Take(const Followed& lane, const log::LaneMessage& message) {
    const absl::Status status = IsMarket(lane.name) ? TakeGaps(message.bytes) : TakeAll(message.bytes);
    if (status.ok()) return;
    const std::lock_guard lock(mutex_);
    ++status_.messages_skipped;
    status_.last_refusal =
        fmt::format("lane {} message {}: {}", lane.name, message.sequence, std::string(status.message()));
  }

  absl::Status TakeAll(std::string_view bytes) {
    GroupHeader header;
    return decoder_.Decode(bytes, header, [this](const Event& event) { AppendRows(event, rows_); });
  }

  absl::Status TakeGaps(std::string_view bytes) {
    absl::StatusOr<GroupView> view = GroupView::Open(bytes);
    if (!view.ok()) return view.status();
    std::string_view encoded, payload;
    while (view->Next(encoded, payload)) {
      if (BodyField(payload) != kFeedGapField) continue;
      const absl::Status status = decoder_.DecodeEvent(payload, view->header().producer,
                                                       [this](const Event& event) { AppendRows(event, rows_); });
      if (!status.ok()) return status;
    }
    return view->ok() ? absl::OkStatus() : absl::DataLossError("a group that does not parse");
  }

  absl::Status Write() {
    if (absl::Status status = AddRecordGaps(); !status.ok()) return status;
    LanePositions positions;
    for (const auto& [name, lane] : lanes_) {
      if (lane.read > lane.written) positions[name] = lane.read;
    }
    if (rows_.empty() && positions.empty()) return absl::OkStatus();
    std::vector<std::string> refused;
    absl::StatusOr<RowCounts> counts = postgres_->Write(record_, rows_, positions);
    if (absl::IsInvalidArgument(counts.status())) counts = postgres_->WriteEach(record_, rows_, positions, refused);
    if (!counts.ok()) return Down(counts.status());
    for (auto& [name, lane] : lanes_) lane.written = lane.read;
    rows_.clear();
    unwritten_since_.reset();
    const std::lock_guard lock(mutex_);
    for (const auto& [table, count] : *counts) status_.rows[table] += count;
    status_.rows_refused += refused.size();
    if (!refused.empty()) status_.last_refusal = refused.back();
    return absl::OkStatus();
  }

  absl::Status AddRecordGaps() {
    std::error_code error;
    const fs::file_time_type changed = fs::last_write_time(session_ / log::kGapsFile, error);
    if (error || changed == gaps_changed_) return absl::OkStatus();
    const absl::StatusOr<std::vector<log::RecordGap>> gaps = log::ReadGaps(session_);
    if (!gaps.ok()) return gaps.status();
    for (const log::RecordGap& gap : *gaps) rows_.push_back(GapRow(gap));
    gaps_changed_ = changed;
    return absl::OkStatus();
  }

  void MeasureLag() {
    uint64_t lag = 0;
    if (options_.durable) {
      for (const auto& [name, lane] : lanes_) {
        const uint64_t durable = options_.durable(name);
        const uint64_t done = rows_.empty() ? lane.read : lane.written;
        lag += durable > done ? durable - done : 0;
      }
    }
    const std::lock_guard lock(mutex_);
    status_.lag_messages = lag;
  }

  const fs::path session_;
  const ProjectorOptions options_;
  std::unique_ptr<Postgres> postgres_;
  std::string record_;
  std::map<log::LaneName, Followed> lanes_;
  size_t lanes_seen_ = 0;
  std::optional<SteadyTime> lanes_seen_at_;
  GroupDecoder decoder_;
  std::vector<Row> rows_;  // read, not written
  std::optional<SteadyTime> unwritten_since_;
  std::optional<fs::file_time_type> gaps_changed_;
  SteadyTime retry_at_{};
  Duration retry_after_{};

  mutable std::mutex mutex_;
  ProjectorStatus status_;
};

Projector::Projector(fs::path session, ProjectorOptions options)
    : worker_(std::make_unique<Worker>(std::move(session), std::move(options))) {}
Projector::~Projector() = default;
absl::StatusOr<size_t> Projector::Poll() {
  return worker_->Poll();
}
absl::Status Projector::CatchUp() {
  return worker_->CatchUp();
}
ProjectorStatus Projector::status() const {
  return worker_->status();
}

namespace {

absl::StatusOr<ProjectionResult> Project(const fs::path& session, const PostgresOptions& options, bool clear) {
  if (const absl::StatusOr<log::Manifest> manifest = log::ReadManifest(session); !manifest.ok()) {
    return manifest.status();
  }
  absl::StatusOr<std::unique_ptr<Postgres>> postgres = Postgres::Connect(options);
  if (!postgres.ok()) return postgres.status();
  if (absl::Status status = (*postgres)->Migrate(); !status.ok()) return status;
  if (clear) {
    if (absl::Status status = (*postgres)->Clear(); !status.ok()) return status;
  }
  Projector projector(session, {.postgres = options});
  if (absl::Status status = projector.CatchUp(); !status.ok()) return status;
  absl::StatusOr<RowCounts> total = (*postgres)->Counts();
  if (!total.ok()) return total.status();
  const ProjectorStatus done = projector.status();
  return ProjectionResult{.written = done.rows,
                          .total = *std::move(total),
                          .messages_skipped = done.messages_skipped,
                          .rows_refused = done.rows_refused,
                          .last_refusal = done.last_refusal};
}

}  // namespace

absl::StatusOr<ProjectionResult> ProjectSession(const fs::path& session, const PostgresOptions& options) {
  return Project(session, options, false);
}
absl::StatusOr<ProjectionResult> RebuildProjections(const fs::path& session, const PostgresOptions& options) {
  return Project(session, options, true);
}

}  // namespace spillway::journal::projections
