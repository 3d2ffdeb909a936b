// One producer's outputs on one lane: what an input made it emit becomes one event group, appended as one message.
#pragma once

#include <memory>
#include <string_view>

#include "absl/status/status.h"
#include "libs/events/codec.h"
#include "libs/log/event_log.h"

namespace spillway::runtime {

// A lane that several producers of this process write: messages go on one behind the other, lane time never goes back.
class Lane {
 public:
  // nullptr: nothing is recorded. The writer outlives this.
  explicit Lane(log::LaneWriter* writer) : writer_(writer) {}
  bool recorded() const { return writer_ != nullptr; }
  absl::Status Append(Time time, std::string_view bytes, uint64_t rows);

 private:
  log::LaneWriter* writer_;
  Time time_ = Time::min();
};

class LaneOutput {
 public:
  LaneOutput(Producer producer, Lane* lane) : producer_(producer), lane_(lane) {}

  void Add(const Event& event);
  // Events as they stand in another group.
  void AddEncoded(Time time, std::string_view events);
  // Appends what was added since the last Commit, if anything. `rows`: market rows in it.
  absl::Status Commit(uint64_t rows = 0);

  Producer producer() const { return producer_; }
  uint64_t next_sequence() const { return next_sequence_; }
  void set_next_sequence(uint64_t sequence) { next_sequence_ = sequence; }

 private:
  void Open(Time time);

  Producer producer_;
  Lane* lane_;
  GroupEncoder encoder_;
  uint64_t next_sequence_ = 1;
  bool open_ = false;
  Time first_time_;
};

}  // namespace spillway::runtime
