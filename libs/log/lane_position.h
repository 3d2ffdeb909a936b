// How the frames of a lane join: sequence without a hole, lane time that never goes back, one hash chain.
#pragma once

#include <cstdint>
#include <optional>

#include "libs/base/time.h"
#include "libs/log/damage.h"
#include "libs/log/lane_chain.h"
#include "libs/log/segment_reader.h"

namespace spillway::log {

// Where a reader stands between two frames. What it does not know (after a seek, or behind damage) it does not check,
// until it knows again.
class LanePosition {
 public:
  // At the lane's first message.
  static LanePosition AtStart(const LaneName& lane);
  // Before message `sequence`, with the lane time and the chain's value there.
  static LanePosition At(std::optional<uint64_t> sequence, std::optional<Time> last_time,
                         const std::optional<Hash>& hash);
  // Anywhere: adopts what it sees.
  static LanePosition Unknown();

  std::optional<uint64_t> next_sequence() const { return next_sequence_; }
  std::optional<Time> last_time() const { return last_time_; }

  // False, and the damage, where the segment does not continue the lane from here.
  bool CheckSegment(const SegmentReader& segment, Damage& damage);
  // Checks and folds one frame. The hash chain is computed only if `verify_chain`. Moves on in either case.
  bool CheckFrame(const Frame& frame, const SegmentReader& segment, bool verify_chain, Damage& damage);

 private:
  LanePosition() = default;

  std::optional<uint64_t> next_sequence_;
  std::optional<Time> last_time_;
  std::optional<Hash> hash_;        // chain value before the next message
  std::optional<LaneChain> chain_;  // absent where the block so far is unknown
};

}  // namespace spillway::log
