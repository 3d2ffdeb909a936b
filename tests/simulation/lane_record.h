// The trading lane of one simulated day: groups in their order, numbered by producer, as JetStream keeps them.
#pragma once

#include <array>
#include <span>
#include <utility>
#include <vector>

#include "libs/events/codec.h"
#include "libs/events/event.h"

namespace spillway::simulation {

class LaneRecord {
 public:
  struct Group {
    GroupHeader header;
    size_t first = 0, count = 0;
  };

  void Append(Producer producer, std::vector<Event> events) {
    uint64_t& sequence = sequences_[static_cast<size_t>(producer)];
    const GroupHeader header{.producer = producer, .lane_epoch = 1, .producer_sequence = ++sequence};
    groups_.push_back({header, events_.size(), events.size()});
    own_[static_cast<size_t>(producer)].push_back(groups_.size() - 1);
    for (Event& event : events) {
      if (event.header.event_time > now_) now_ = event.header.event_time;
      events_.push_back(std::move(event));
    }
  }

  size_t group_count() const { return groups_.size(); }
  const Group& group(size_t index) const { return groups_[index]; }
  std::span<const Event> events(const Group& group) const {
    return std::span(events_).subspan(group.first, group.count);
  }
  const std::vector<Event>& all() const { return events_; }
  uint64_t last_sequence(Producer producer) const { return sequences_[static_cast<size_t>(producer)]; }
  // Group number `sequence` (from 1) of a producer.
  const Group& OwnGroup(Producer producer, uint64_t sequence) const {
    return groups_[own_[static_cast<size_t>(producer)][sequence - 1]];
  }
  Time now() const { return now_; }

 private:
  std::vector<Event> events_;
  std::vector<Group> groups_;
  std::array<uint64_t, 16> sequences_{};
  std::array<std::vector<size_t>, 16> own_;
  Time now_;
};

}  // namespace spillway::simulation
