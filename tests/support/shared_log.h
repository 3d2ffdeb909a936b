// Lanes in memory that several producers write, as JetStream keeps them: each writer appends in the name of a producer
// and is refused where that producer's last message is not the one it knows. Failures on request.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "libs/base/ids.h"
#include "libs/log/event_log.h"

namespace spillway::test {

struct SharedLanes {
  struct Message {
    Producer producer;
    Time time;
    std::string bytes;
    uint64_t rows;
    std::string side;
  };
  std::map<log::LaneName, std::vector<Message>> lanes;

  // The next append fails: not stored, or stored with its answer lost.
  enum class Fault { kNone, kNotStored, kAnswerLost };
  std::deque<Fault> faults;
};

class SharedLog final : public log::EventLog {
 public:
  SharedLog(SharedLanes& shared, Producer producer) : shared_(shared), producer_(producer) {}

  absl::StatusOr<std::unique_ptr<log::LaneWriter>> OpenWriter(const log::LaneName& lane) override {
    return std::make_unique<Writer>(shared_, lane, producer_);
  }
  absl::StatusOr<std::unique_ptr<log::LaneReader>> OpenReader(const log::LaneName& lane) override {
    return std::make_unique<Reader>(shared_, lane);
  }
  std::vector<log::LaneName> Lanes() const override {
    std::vector<log::LaneName> names;
    for (const auto& [name, messages] : shared_.lanes) names.push_back(name);
    return names;
  }

 private:
  class Writer final : public log::LaneWriter {
   public:
    Writer(SharedLanes& shared, log::LaneName lane, Producer producer)
        : shared_(shared), lane_(std::move(lane)), producer_(producer), expected_(LastSequence()) {}

    absl::StatusOr<uint64_t> Append(Time time, std::string_view bytes, uint64_t rows, std::string_view side) override {
      SharedLanes::Fault fault = SharedLanes::Fault::kNone;
      if (!shared_.faults.empty()) {
        fault = shared_.faults.front();
        shared_.faults.pop_front();
      }
      if (fault == SharedLanes::Fault::kNotStored) return absl::UnavailableError("not stored");
      auto& messages = shared_.lanes[lane_];
      if (const uint64_t last = LastSequence(); last != expected_) {
        if (messages[last - 1].bytes != bytes) return absl::AbortedError("somebody else appended");
        return expected_ = last;
      }
      messages.push_back({producer_, time, std::string(bytes), rows, std::string(side)});
      if (fault == SharedLanes::Fault::kAnswerLost) return absl::UnavailableError("the answer was lost");
      return expected_ = messages.size();
    }
    absl::StatusOr<bool> LastOwn(std::string& bytes) override {
      expected_ = LastSequence();
      if (expected_ == 0) return false;
      bytes = shared_.lanes[lane_][expected_ - 1].bytes;
      return true;
    }
    absl::Status Flush() override { return absl::OkStatus(); }
    absl::Status Close() override { return absl::OkStatus(); }

   private:
    uint64_t LastSequence() const {
      const auto& messages = shared_.lanes[lane_];
      for (size_t i = messages.size(); i > 0; --i) {
        if (messages[i - 1].producer == producer_) return i;
      }
      return 0;
    }

    SharedLanes& shared_;
    const log::LaneName lane_;
    const Producer producer_;
    uint64_t expected_;
  };

  class Reader final : public log::LaneReader {
   public:
    Reader(SharedLanes& shared, log::LaneName lane) : shared_(shared), lane_(std::move(lane)) {}
    absl::StatusOr<bool> Next(log::LaneMessage& message) override {
      const auto& messages = shared_.lanes[lane_];
      if (next_ >= messages.size()) return false;
      const SharedLanes::Message& m = messages[next_++];
      bytes_ = m.bytes;
      side_ = m.side;
      message = {.sequence = next_, .time = m.time, .bytes = bytes_, .rows = m.rows, .side = side_};
      return true;
    }
    absl::Status SeekToSequence(uint64_t sequence) override {
      next_ = sequence == 0 ? 0 : sequence - 1;
      return absl::OkStatus();
    }
    absl::Status SeekToTime(Time) override { return absl::UnimplementedError("not needed"); }

   private:
    SharedLanes& shared_;
    const log::LaneName lane_;
    size_t next_ = 0;
    std::string bytes_, side_;
  };

  SharedLanes& shared_;
  const Producer producer_;
};

}  // namespace spillway::test
