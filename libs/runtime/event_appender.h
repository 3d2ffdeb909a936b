// Appends events in the name of a producer that is no processor: what the gateway configures, what channels answered,
// the host's ticks. It numbers its groups behind those the lane has, whoever of that name wrote them.
#pragma once

#include <memory>
#include <mutex>
#include <span>

#include "absl/status/status.h"
#include "libs/events/codec.h"
#include "libs/log/event_log.h"

namespace spillway::runtime {

class EventAppender {
 public:
  EventAppender(Producer producer, std::unique_ptr<log::LaneWriter> lane)
      : producer_(producer), lane_(std::move(lane)) {}

  // One group, appended or not at all; any thread. Unavailable: nobody acknowledged it in time. It may be on the lane:
  // to append it again is to say it twice, with the same event ids.
  absl::Status Append(std::span<const Event> events);

 private:
  absl::Status FindEnd();

  const Producer producer_;
  std::mutex mutex_;
  std::unique_ptr<log::LaneWriter> lane_;
  GroupEncoder encoder_;
  uint64_t next_sequence_ = 0;  // 0: not known
};

}  // namespace spillway::runtime
