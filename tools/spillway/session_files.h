// Sessions on disk as commands use them: opening, making, and walking the events of a lane.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/events/event.h"
#include "libs/log/new_session.h"
#include "libs/log/segment_log.h"

namespace spillway::cli {

absl::StatusOr<std::unique_ptr<log::SegmentLog>> OpenSession(const std::string& session, bool verify_chain = false);
// A session that `spillway run` wrote: FailedPrecondition, with the way out, where a lane is missing.
absl::StatusOr<std::unique_ptr<log::SegmentLog>> OpenRun(const std::string& session);

// A session that appears under `out` when it is committed. An existing one is refused unless `replace`. What the file
// system refuses is Unavailable.
absl::StatusOr<std::unique_ptr<log::NewSession>> CreateSession(const std::string& out, bool replace);

// Of an option such as --from; empty: nullopt. The error names the option.
absl::StatusOr<std::optional<Time>> ParseTimeOption(std::string_view option, const std::string& text);

// Calls `take` for every event of the lane, in order, until it returns false. Errors name the message.
struct LaneEvent {
  uint64_t sequence;         // of its message
  Producer group_producer;   // of its message
  std::string_view payload;  // v1::Event
  const Event& event;
};
absl::Status ForEachEvent(log::EventLog& log, const log::LaneName& lane,
                          const std::function<bool(const LaneEvent&)>& take);

}  // namespace spillway::cli
