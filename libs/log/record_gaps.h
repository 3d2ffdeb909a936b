// gaps.json of a session that records the lanes of another log: which of their messages were gone before they could be
// recorded (its retention removed them). A message's sequence in the session is that in its lane, less the messages in
// gaps before it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/base/time.h"
#include "libs/log/event_log.h"

namespace spillway::log {

inline constexpr std::string_view kGapsFile = "gaps.json";

// Messages `from` to `to` of the lane are missing behind message `recorded_before` of the session.
struct RecordGap {
  LaneName lane;
  uint64_t from = 0;
  uint64_t to = 0;
  uint64_t recorded_before = 0;
  Time noticed;  // wall time
  friend bool operator==(const RecordGap&, const RecordGap&) = default;
};

// In the order in which they were noticed; none where there is no such file. DataLoss where its text is not what
// WriteGaps() would write.
absl::StatusOr<std::vector<RecordGap>> ReadGaps(const std::filesystem::path& session);
absl::Status WriteGaps(const std::filesystem::path& session, const std::vector<RecordGap>& gaps);

// The sequence that the session's message `recorded` has in its lane.
uint64_t LaneSequence(const std::vector<RecordGap>& gaps, const LaneName& lane, uint64_t recorded);

}  // namespace spillway::log
