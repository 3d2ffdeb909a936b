// A log in memory whose lanes can lose their oldest messages, as JetStream's retention does, and can be made anew.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "libs/log/event_log.h"

namespace spillway::test {

class RetainedLog final : public log::EventLog {
 public:
  struct Lane {
    uint64_t first = 1;  // sequence of messages[0]
    struct Message {
      Time time;
      std::string bytes;
      uint64_t rows = 0;
    };
    std::vector<Message> messages;
  };
  using Message = Lane::Message;

  Lane& lane(const std::string& name) {
    std::shared_ptr<Lane>& place = lanes_[name];
    if (!place) place = std::make_shared<Lane>();
    return *place;
  }
  void Append(const std::string& name, Message message) { lane(name).messages.push_back(std::move(message)); }
  // Removes what precedes `first`.
  void Retain(const std::string& name, uint64_t first) {
    Lane& place = lane(name);
    while (place.first < first && !place.messages.empty()) {
      place.messages.erase(place.messages.begin());
      ++place.first;
    }
  }
  void Remake(const std::string& name) { lane(name) = Lane(); }

  absl::StatusOr<std::unique_ptr<log::LaneWriter>> OpenWriter(const log::LaneName&) override {
    return absl::UnimplementedError("tests append directly");
  }
  absl::StatusOr<std::unique_ptr<log::LaneReader>> OpenReader(const log::LaneName& name) override {
    const auto found = lanes_.find(name);
    if (found == lanes_.end()) return absl::NotFoundError("no lane " + name);
    return std::make_unique<Reader>(found->second);
  }
  std::vector<log::LaneName> Lanes() const override {
    std::vector<log::LaneName> names;
    for (const auto& [name, lane] : lanes_) names.push_back(name);
    return names;
  }

 private:
  class Reader final : public log::LaneReader {
   public:
    explicit Reader(std::shared_ptr<const Lane> lane) : lane_(std::move(lane)) {}
    absl::StatusOr<bool> Next(log::LaneMessage& message) override {
      if (next_ < lane_->first) return absl::OutOfRangeError("removed");
      if (next_ >= lane_->first + lane_->messages.size()) return false;
      const Message& stored = lane_->messages[next_ - lane_->first];
      message = {.sequence = next_++, .time = stored.time, .bytes = stored.bytes, .rows = stored.rows};
      return true;
    }
    absl::Status SeekToSequence(uint64_t sequence) override {
      if (sequence < lane_->first) return absl::OutOfRangeError("removed");
      next_ = sequence;
      return absl::OkStatus();
    }
    absl::Status SeekToTime(Time) override { return absl::UnimplementedError("not needed"); }

   private:
    std::shared_ptr<const Lane> lane_;
    uint64_t next_ = 1;
  };

  std::map<std::string, std::shared_ptr<Lane>> lanes_;
};

}  // namespace spillway::test
