#include "libs/log/memory_log.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>

namespace spillway::log {

namespace {
constexpr size_t kChunkBytes = size_t{1} << 20;
}  // namespace

struct MemoryLog::Lane {
  LaneName name;
  std::vector<LaneMessage> messages;
  bool has_writer = false;

  std::string_view Store(std::string_view bytes) {
    if (chunks.empty() || chunk_size - chunk_used < bytes.size()) {
      chunk_size = std::max(kChunkBytes, bytes.size());
      chunk_used = 0;
      chunks.push_back(std::make_unique_for_overwrite<char[]>(chunk_size));
    }
    char* const place = chunks.back().get() + chunk_used;
    if (!bytes.empty()) std::memcpy(place, bytes.data(), bytes.size());
    chunk_used += bytes.size();
    return std::string_view(place, bytes.size());
  }

  std::vector<std::unique_ptr<char[]>> chunks;
  size_t chunk_size = 0;
  size_t chunk_used = 0;
};

class MemoryLog::Writer final : public LaneWriter {
 public:
  explicit Writer(std::shared_ptr<Lane> lane) : lane_(std::move(lane)) { lane_->has_writer = true; }
  ~Writer() override { Release(); }

  absl::StatusOr<uint64_t> Append(Time time, std::string_view bytes, uint64_t rows, std::string_view) override {
    if (status_.ok()) status_ = Admit(time, bytes);
    if (!status_.ok()) return status_;
    const uint64_t sequence = lane_->messages.size() + 1;
    lane_->messages.push_back({.sequence = sequence, .time = time, .bytes = lane_->Store(bytes), .rows = rows});
    return sequence;
  }
  absl::Status Flush() override { return status_; }
  absl::Status Close() override {
    Release();
    return status_;
  }

 private:
  absl::Status Admit(Time time, std::string_view bytes) const {
    const size_t sequence = lane_->messages.size() + 1;
    if (!open_) return absl::FailedPreconditionError(fmt::format("lane {}: appended to after Close()", lane_->name));
    if (bytes.size() > kMessageBytesMax) {
      return absl::InvalidArgumentError(fmt::format("lane {}: message {}: seen {} bytes, expected at most {}",
                                                    lane_->name, sequence, bytes.size(), kMessageBytesMax));
    }
    if (!lane_->messages.empty() && time < lane_->messages.back().time) {
      return absl::InvalidArgumentError(
          fmt::format("lane {}: message {}: lane time goes back: seen {}, expected {} or later", lane_->name, sequence,
                      FormatTime(time), FormatTime(lane_->messages.back().time)));
    }
    return absl::OkStatus();
  }
  void Release() {
    if (open_) lane_->has_writer = false;
    open_ = false;
  }

  std::shared_ptr<Lane> lane_;
  bool open_ = true;
  absl::Status status_;
};

class MemoryLog::Reader final : public LaneReader {
 public:
  explicit Reader(std::shared_ptr<const Lane> lane) : lane_(std::move(lane)) {}

  absl::StatusOr<bool> Next(LaneMessage& message) override {
    while (next_ < lane_->messages.size()) {
      message = lane_->messages[next_++];
      if (message.time >= time_min_) return true;
    }
    return false;
  }
  absl::Status SeekToSequence(uint64_t sequence) override {
    next_ = sequence == 0 ? 0 : sequence - 1;
    time_min_ = Time::min();
    return absl::OkStatus();
  }
  absl::Status SeekToTime(Time time) override {
    const auto found = std::partition_point(lane_->messages.begin(), lane_->messages.end(),
                                            [time](const LaneMessage& message) { return message.time < time; });
    next_ = static_cast<size_t>(found - lane_->messages.begin());
    time_min_ = time;
    return absl::OkStatus();
  }

 private:
  std::shared_ptr<const Lane> lane_;
  size_t next_ = 0;
  Time time_min_ = Time::min();  // for messages appended after a seek beyond the end
};

MemoryLog::MemoryLog() = default;
MemoryLog::~MemoryLog() = default;

absl::StatusOr<std::unique_ptr<LaneWriter>> MemoryLog::OpenWriter(const LaneName& lane) {
  std::shared_ptr<Lane>& place = lanes_[lane];
  if (!place) place = std::make_shared<Lane>();
  place->name = lane;
  if (place->has_writer) {
    return absl::FailedPreconditionError(fmt::format("lane {}: has a writer; one is the limit", lane));
  }
  return std::make_unique<Writer>(place);
}

absl::StatusOr<std::unique_ptr<LaneReader>> MemoryLog::OpenReader(const LaneName& lane) {
  const auto found = lanes_.find(lane);
  if (found == lanes_.end()) return absl::NotFoundError(fmt::format("the log has no lane '{}'", lane));
  return std::make_unique<Reader>(found->second);
}

std::vector<LaneName> MemoryLog::Lanes() const {
  std::vector<LaneName> names;
  for (const auto& [name, lane] : lanes_) names.push_back(name);
  return names;
}

}  // namespace spillway::log
