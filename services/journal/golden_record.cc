#include "services/journal/golden_record.h"

#include <fmt/core.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <optional>

#include "libs/base/check.h"
#include "libs/log/segment_log.h"

namespace spillway::journal {

namespace fs = std::filesystem;

namespace {

// Frames and syncs are decided here, for all lanes alike, and not by the segment writers.
log::LaneOptions GoldenLaneOptions(const log::LaneName& lane) {
  log::LaneOptions options = log::DefaultLaneOptions(lane);
  options.frame_interval = Duration::zero();
  options.sync_interval = Duration::zero();
  return options;
}

struct Lane {
  log::LaneName name;
  std::unique_ptr<log::LaneReader> reader;
  std::unique_ptr<log::LaneWriter> writer;
  uint64_t in_session = 0;   // sequence of the last message in the session
  Time time = Time::min();   // its time
  uint64_t next = 1;         // the lane's sequence that comes next
  uint64_t overlap_at = 0;   // 0, or the sequence of the last recorded message, that is to be compared
  std::string overlap;       // its bytes
  SteadyTime waiting_since;  // for the overlap
  SteadyTime appended_at;    // the last message
  SteadyTime flushed_at;
  bool unflushed = false;

  // Read by other threads.
  std::atomic<uint64_t> recorded_messages{0}, recorded_bytes{0}, gaps{0};
  std::atomic<uint64_t> recorded{0}, durable{0}, durable_in_session{0};
};

}  // namespace

absl::StatusOr<uint64_t> FreeBytes(const fs::path& directory) {
  struct statvfs space = {};
  if (::statvfs(directory.c_str(), &space) != 0) {
    return absl::ErrnoToStatus(errno, fmt::format("{}: free space cannot be asked for", directory.string()));
  }
  return uint64_t{space.f_bavail} * uint64_t{space.f_frsize};
}

class GoldenRecord::Recorder {
 public:
  Recorder(fs::path directory, log::EventLog& source, const std::vector<log::LaneName>& names,
           GoldenRecordOptions options)
      : directory_(std::move(directory)), source_(source), names_(names), options_(std::move(options)) {
    for (const log::LaneName& name : names_) {
      lanes_.push_back(std::make_unique<Lane>());
      lanes_.back()->name = name;
    }
  }

  absl::Status Start() {
    std::error_code error;
    fs::create_directories(directory_, error);
    if (error) {
      return absl::InternalError(fmt::format("{}: cannot be made: {}", directory_.string(), error.message()));
    }
    if (!CheckSpace().ok()) return absl::OkStatus();  // Poll says so, and opens it when there is space
    return OpenSession();
  }

  absl::StatusOr<size_t> Poll(Duration wait) {
    if (!remade_.ok()) return remade_;
    if (absl::Status space = CheckSpace(); !space.ok()) {
      if (absl::Status status = Flush(); !status.ok()) return status;
      return space;
    }
    if (!session_) {
      if (absl::Status status = OpenSession(); !status.ok()) return status;
    }
    size_t recorded = 0;
    absl::Status status;
    for (const auto& lane : lanes_) {
      status.Update(Drain(*lane, recorded));
      if (!session_) return status;
    }
    if (status.ok() && recorded == 0 && wait > Duration::zero()) status = Wait(wait, recorded);
    if (session_) status.Update(FlushDue());
    if (!status.ok()) return status;
    return recorded;
  }

  absl::Status Flush() {
    if (!session_) return absl::OkStatus();
    for (const auto& lane : lanes_) {
      if (absl::Status status = FlushLane(*lane); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status Close() {
    if (!session_) return absl::OkStatus();
    absl::Status status = Flush();
    if (!status.ok()) return status;
    for (const auto& lane : lanes_) status.Update(lane->writer->Close());
    CloseSession();
    return status;
  }

  LaneRecord Record(const log::LaneName& name) const {
    for (const auto& lane : lanes_) {
      if (lane->name != name) continue;
      return {.recorded_messages = lane->recorded_messages,
              .recorded_bytes = lane->recorded_bytes,
              .gaps = lane->gaps,
              .recorded = lane->recorded,
              .durable = lane->durable,
              .durable_in_session = lane->durable_in_session};
    }
    return {};
  }
  const fs::path& directory() const { return directory_; }
  const std::vector<log::LaneName>& names() const { return names_; }

 private:
  absl::Status CheckSpace() const {
    const absl::StatusOr<uint64_t> free = options_.free_bytes(directory_);
    if (!free.ok()) return free.status();
    if (*free >= options_.disk_free_bytes_min) return absl::OkStatus();
    return absl::ResourceExhaustedError(
        fmt::format("{}: seen {} bytes free, expected at least {}: nothing is recorded until there is "
                    "space; nothing read so far is lost",
                    directory_.string(), *free, options_.disk_free_bytes_min));
  }

  absl::Status OpenSession() {
    absl::StatusOr<std::vector<log::RecordGap>> gaps = log::ReadGaps(directory_);
    if (!gaps.ok()) return gaps.status();
    gaps_ = *std::move(gaps);
    const log::SegmentLogOptions options{.build = options_.build, .lane_options = GoldenLaneOptions, .live = true};
    std::error_code error;
    auto session = fs::exists(directory_ / log::kManifestFile, error)
                       ? log::SegmentLog::OpenForAppend(directory_, options)
                       : log::SegmentLog::Create(directory_, options);
    if (!session.ok()) return session.status();
    session_ = *std::move(session);
    for (const auto& lane : lanes_) {
      if (absl::Status status = OpenLane(*lane); !status.ok()) {
        CloseSession();
        return status;
      }
    }
    return absl::OkStatus();
  }

  void CloseSession() {
    for (const auto& lane : lanes_) {
      lane->reader.reset();
      lane->writer.reset();
    }
    session_.reset();
  }

  // What failed is dead by the writers' contract; the next Poll opens the directory again.
  absl::Status Broken(absl::Status status) {
    CloseSession();
    return status;
  }

  absl::Status OpenLane(Lane& lane) {
    absl::StatusOr<std::unique_ptr<log::LaneWriter>> writer = session_->OpenWriter(lane.name);
    if (!writer.ok()) return writer.status();
    lane.writer = *std::move(writer);
    const log::LaneEntry& entry = session_->manifest().lanes.at(lane.name);
    lane.in_session = entry.messages();
    lane.time = entry.last_time().value_or(Time::min());
    lane.next = log::LaneSequence(gaps_, lane.name, lane.in_session + 1);
    lane.flushed_at = lane.appended_at = lane.waiting_since = options_.clock();
    lane.unflushed = false;
    lane.durable = lane.recorded = lane.next - 1;
    lane.durable_in_session = lane.in_session;
    if (absl::Status status = LoadOverlap(lane, entry); !status.ok()) return status;
    return OpenReader(lane);
  }

  // A segment that was pruned cannot be compared with.
  absl::Status LoadOverlap(Lane& lane, const log::LaneEntry& entry) {
    lane.overlap_at = 0;
    if (lane.in_session == 0 || entry.segments.back().pruned) return absl::OkStatus();
    absl::StatusOr<std::unique_ptr<log::LaneReader>> reader = session_->OpenReader(lane.name);
    if (!reader.ok()) return reader.status();
    if (absl::Status status = (*reader)->SeekToSequence(lane.in_session); !status.ok()) return status;
    log::LaneMessage message;
    const absl::StatusOr<bool> read = (*reader)->Next(message);
    if (!read.ok()) return read.status();
    SPILLWAY_CHECK(*read && message.sequence == lane.in_session);
    lane.overlap_at = log::LaneSequence(gaps_, lane.name, lane.in_session);
    lane.overlap = std::string(message.bytes);
    return absl::OkStatus();
  }

  absl::Status OpenReader(Lane& lane) {
    absl::StatusOr<std::unique_ptr<log::LaneReader>> reader = source_.OpenReader(lane.name);
    if (!reader.ok()) return reader.status();
    lane.reader = *std::move(reader);
    if (lane.overlap_at > 0) {
      const absl::Status status = lane.reader->SeekToSequence(lane.overlap_at);
      if (absl::IsDataLoss(status)) return Remade(lane, std::string(status.message()), "the messages it had");
      if (!absl::IsOutOfRange(status)) return status;
      lane.overlap_at = 0;  // removed meanwhile: nothing to compare with
    }
    if (lane.next == 1) return absl::OkStatus();
    const absl::Status status = lane.reader->SeekToSequence(lane.next);
    return absl::IsOutOfRange(status) ? SkipToFirst(lane) : status;
  }

  // To the first message there is from lane.next on: found by asking, since a log tells only that a place is too early.
  absl::Status SkipToFirst(Lane& lane) {
    uint64_t gone = lane.next - 1;
    uint64_t there = lane.next;  // or behind the lane's end
    absl::Status status = lane.reader->SeekToSequence(there);
    for (uint64_t step = 1; absl::IsOutOfRange(status); step *= 2) {
      gone = there;
      there = gone + step;
      status = lane.reader->SeekToSequence(there);
    }
    if (!status.ok() && !absl::IsDataLoss(status)) return status;
    while (there - gone > 1) {
      const uint64_t middle = gone + (there - gone) / 2;
      status = lane.reader->SeekToSequence(middle);
      if (!status.ok() && !absl::IsOutOfRange(status) && !absl::IsDataLoss(status)) return status;
      (absl::IsOutOfRange(status) ? gone : there) = middle;
    }
    status = lane.reader->SeekToSequence(there);
    // Removed since: the next read says so, and it is looked for again.
    return absl::IsOutOfRange(status) ? absl::OkStatus() : status;
  }

  absl::Status Drain(Lane& lane, size_t& recorded) {
    size_t bytes = 0;
    for (size_t i = 0; i < options_.batch_messages_max && bytes < options_.batch_bytes_max; ++i) {
      log::LaneMessage message;
      const absl::StatusOr<bool> read = lane.reader->NextWithin(message, Duration::zero());
      if (!read.ok()) {
        if (absl::Status status = ReadFailed(lane, read.status()); !status.ok()) return status;
        continue;
      }
      if (!*read) return CheckOverlapShown(lane);
      bytes += message.bytes.size();
      if (absl::Status status = Take(lane, message, recorded); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  // Each lane for its share of the time; the first message ends it.
  absl::Status Wait(Duration wait, size_t& recorded) {
    const Duration share = wait / static_cast<int64_t>(lanes_.size());
    for (size_t i = 0; i < lanes_.size() && recorded == 0; ++i) {
      Lane& lane = *lanes_[wait_first_++ % lanes_.size()];
      log::LaneMessage message;
      const absl::StatusOr<bool> read = lane.reader->NextWithin(message, share);
      if (!read.ok()) return ReadFailed(lane, read.status());
      if (!*read) continue;
      if (absl::Status status = Take(lane, message, recorded); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status ReadFailed(Lane& lane, const absl::Status& status) {
    if (absl::IsOutOfRange(status)) return SkipToFirst(lane);  // the next message read shows the gap
    if (absl::IsDataLoss(status)) return Remade(lane, std::string(status.message()), "the messages it had");
    return status;
  }

  absl::Status Take(Lane& lane, const log::LaneMessage& message, size_t& recorded) {
    if (lane.overlap_at > 0) {
      const bool is_overlap = message.sequence == lane.overlap_at;
      if (is_overlap && message.bytes != lane.overlap) {
        return Remade(lane, fmt::format("other bytes in message {}", message.sequence), "those that were recorded");
      }
      lane.overlap_at = 0;
      lane.overlap.clear();
      if (is_overlap) return absl::OkStatus();
    }
    if (message.sequence < lane.next) {
      return Remade(lane, fmt::format("message {}", message.sequence), fmt::format("{} or later", lane.next));
    }
    if (message.sequence > lane.next) {
      if (absl::Status status = NoteGap(lane, message.sequence); !status.ok()) return status;
    }
    return Append(lane, message, recorded);
  }

  absl::Status Append(Lane& lane, const log::LaneMessage& message, size_t& recorded) {
    lane.time = std::max(lane.time, message.time);
    const absl::StatusOr<uint64_t> sequence = lane.writer->Append(lane.time, message.bytes, message.rows);
    if (!sequence.ok()) return Broken(sequence.status());
    lane.in_session = *sequence;
    lane.next = message.sequence + 1;
    lane.appended_at = options_.clock();
    if (!lane.unflushed) lane.flushed_at = lane.appended_at;  // the interval begins with the first message
    lane.unflushed = true;
    lane.recorded = message.sequence;
    ++lane.recorded_messages;
    lane.recorded_bytes += message.bytes.size();
    ++recorded;
    return absl::OkStatus();
  }

  // The messages before the gap are made durable first, so that its place in the session is certain.
  absl::Status NoteGap(Lane& lane, uint64_t seen) {
    if (absl::Status status = FlushLane(lane); !status.ok()) return status;
    gaps_.push_back({.lane = lane.name,
                     .from = lane.next,
                     .to = seen - 1,
                     .recorded_before = lane.in_session,
                     .noticed = options_.wall_clock()});
    if (absl::Status status = log::WriteGaps(directory_, gaps_); !status.ok()) return Broken(status);
    ++lane.gaps;
    options_.on_gap(gaps_.back());
    return absl::OkStatus();
  }

  // A lane that keeps silent about its last recorded message either cannot be reached or ends before it.
  absl::Status CheckOverlapShown(Lane& lane) {
    const SteadyTime now = options_.clock();
    if (lane.overlap_at == 0 || now - lane.waiting_since < options_.overlap_patience) return absl::OkStatus();
    lane.waiting_since = now;
    absl::StatusOr<std::unique_ptr<log::LaneReader>> fresh = source_.OpenReader(lane.name);
    if (!fresh.ok()) return fresh.status();
    log::LaneMessage first;
    const absl::StatusOr<bool> read = (*fresh)->NextWithin(first, kExamineFor);
    if (absl::IsOutOfRange(read.status())) return absl::OkStatus();  // it reaches further than its beginning shows
    if (!read.ok()) return read.status();
    if (!*read || first.sequence > lane.overlap_at) return absl::OkStatus();
    const uint64_t first_sequence = first.sequence;
    log::LaneMessage message;
    const absl::StatusOr<bool> again = lane.reader->NextWithin(message, kExamineFor);
    if (!again.ok()) return ReadFailed(lane, again.status());
    size_t recorded = 0;
    if (*again) return Take(lane, message, recorded);
    return Remade(lane, fmt::format("messages from {} on, and no message {}", first_sequence, lane.overlap_at),
                  "it, since it was recorded");
  }

  absl::Status Remade(const Lane& lane, const std::string& seen, const std::string& expected) {
    (void)Flush();  // what the others have; this one records nothing more either way
    remade_ =
        absl::AbortedError(fmt::format("{}: lane {}: seen {}, expected {}: the lane was made anew, and is not the one "
                                       "recorded here; move the directory "
                                       "away, a new record begins by itself",
                                       directory_.string(), lane.name, seen, expected));
    return remade_;
  }

  absl::Status FlushDue() {
    const SteadyTime now = options_.clock();
    for (const auto& lane : lanes_) {
      const bool due =
          now - lane->flushed_at >= options_.flush_interval || now - lane->appended_at >= options_.idle_after;
      if (!lane->unflushed || !due) continue;
      if (absl::Status status = FlushLane(*lane); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status FlushLane(Lane& lane) {
    if (!lane.unflushed) return absl::OkStatus();
    if (absl::Status status = lane.writer->Flush(); !status.ok()) return Broken(status);
    lane.unflushed = false;
    lane.flushed_at = options_.clock();
    lane.durable = lane.next - 1;
    lane.durable_in_session = lane.in_session;
    return absl::OkStatus();
  }

  static constexpr Duration kExamineFor = std::chrono::milliseconds(500);

  const fs::path directory_;
  log::EventLog& source_;
  const std::vector<log::LaneName> names_;
  const GoldenRecordOptions options_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::unique_ptr<log::SegmentLog> session_;
  std::vector<log::RecordGap> gaps_;
  absl::Status remade_;
  size_t wait_first_ = 0;
};

GoldenRecord::GoldenRecord(std::unique_ptr<Recorder> recorder) : recorder_(std::move(recorder)) {}
GoldenRecord::~GoldenRecord() = default;

absl::StatusOr<std::unique_ptr<GoldenRecord>> GoldenRecord::Open(const fs::path& directory, log::EventLog& lanes,
                                                                 const std::vector<log::LaneName>& names,
                                                                 GoldenRecordOptions options) {
  auto recorder = std::make_unique<Recorder>(directory, lanes, names, std::move(options));
  if (absl::Status status = recorder->Start(); !status.ok()) return status;
  return std::unique_ptr<GoldenRecord>(new GoldenRecord(std::move(recorder)));
}

absl::StatusOr<size_t> GoldenRecord::Poll(Duration wait) {
  return recorder_->Poll(wait);
}
absl::Status GoldenRecord::Flush() {
  return recorder_->Flush();
}
absl::Status GoldenRecord::Close() {
  return recorder_->Close();
}
LaneRecord GoldenRecord::Record(const log::LaneName& lane) const {
  return recorder_->Record(lane);
}
const fs::path& GoldenRecord::directory() const {
  return recorder_->directory();
}
const std::vector<log::LaneName>& GoldenRecord::lanes() const {
  return recorder_->names();
}

}  // namespace spillway::journal
