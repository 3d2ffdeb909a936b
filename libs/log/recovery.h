// Puts a session in order before it is written again: after a crash its last segments are unsealed, and the last frame
// of each may be torn. Internal to libs/log; SegmentLog::OpenForAppend() is the way in.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "libs/log/segment_lane_writer.h"
#include "libs/log/segment_log.h"
#include "libs/log/session_state.h"

namespace spillway::log {

// Seals every segment that the manifest does not list, cutting a torn tail, and lists it. The caller holds the lock.
// Nothing is changed in a lane in which there is any other damage: DataLoss.
absl::StatusOr<std::vector<Recovery>> RecoverSession(SessionState& state);

// Where the lane ends, with its hash chain in hand; all its segments are sealed. Reads at most a block of the chain.
absl::StatusOr<LaneEnd> FindLaneEnd(const SessionState& state, const LaneName& lane);

}  // namespace spillway::log
