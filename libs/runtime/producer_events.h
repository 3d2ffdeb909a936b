// What one producer wrote to a lane, event by event, still encoded. Left out are duplicates, and ProcessorVersion: it
// is the shell's, not the processor's.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "libs/events/codec.h"
#include "libs/log/event_log.h"

namespace spillway::runtime {

class ProducerEvents {
 public:
  ProducerEvents(Producer producer, std::unique_ptr<log::LaneReader> reader)
      : producer_(producer), reader_(std::move(reader)) {}

  // False at the end of the lane. Messages that do not parse are nobody's.
  absl::StatusOr<bool> Next(std::string_view& encoded, std::string_view& payload);
  uint64_t sequence() const { return message_.sequence; }  // of the message

 private:
  const Producer producer_;
  std::unique_ptr<log::LaneReader> reader_;
  log::LaneMessage message_;
  std::optional<GroupView> group_;
  uint64_t seen_ = 0;  // producer sequence of the last group
};

}  // namespace spillway::runtime
