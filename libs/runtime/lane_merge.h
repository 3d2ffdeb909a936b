// What a processor reads: one lane, or several merged into one order that depends on their content alone.
//
// A lane's events come in lane order: duplicates dropped (lane_filter.h), batches cut before each clock tick. Several
// lanes are merged by tick windows: a window is what lies between two ticks of a lane; of the windows that are next on
// their lanes the one whose tick is earliest comes first, of equal ones the one of the lane that was named first. So a
// window is read when the one before it, on its own lane, has been closed by a tick: a merge is a tick behind.
//
// The unit of reading, behind which outputs are committed and checkpoints may be taken, is a message of a single lane,
// or a window of a merge.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/events/event.h"
#include "libs/log/event_log.h"
#include "libs/runtime/lane_filter.h"

namespace spillway::runtime {

// How far a lane has been folded.
struct LanePosition {
  uint64_t sequence = 0;  // the last message folded whole
  uint64_t parts = 0;     // of the message behind it, how many parts are folded too
  LaneFilter filter;      // as it was behind `sequence`
};
using LanePositions = std::map<log::LaneName, LanePosition>;

class LaneMerge {
 public:
  using Take = absl::FunctionRef<void(const Event&)>;
  // A message that cannot be read is left out from the event on that does not parse: the lane goes on, in every run
  // alike.
  using BadMessage = std::function<void(const log::LaneName&, const log::LaneMessage&, const absl::Status&)>;
  enum class Progress {
    kNothing,  // there was nothing to read within the time
    kPart,     // something was read, the unit is not complete
    kUnit,     // a unit was completed
  };

  using Message = std::function<void(const log::LaneName&, const log::LaneMessage&)>;
  // `message`: called for each message read, before its events are handed on.
  explicit LaneMerge(BadMessage bad_message = {}, Message message = {});
  ~LaneMerge();
  LaneMerge(LaneMerge&&) noexcept;
  LaneMerge& operator=(LaneMerge&&) noexcept;

  // Lanes are added before the first Read, in the order of the merge.
  void Add(log::LaneName name, std::unique_ptr<log::LaneReader> reader);
  // Goes on behind these positions. Lanes that are not named start at their beginning. DataLoss: a lane no longer holds
  // what was read of it.
  absl::Status Restore(const LanePositions& positions);

  // Waits at most `wait` for a message. Events are valid during the call of `take` only.
  absl::StatusOr<Progress> Read(Take take, Duration wait);
  // For a recorded session: the present end of the lane being read is its end for good. False: it was the last one.
  bool EndLane();

  LanePositions positions() const;       // at the end of a unit
  uint64_t messages() const;             // read of all lanes
  const log::LaneMessage& last() const;  // the message read last: its bytes may be gone, time and sequence are not
  const std::string& last_side() const;  // its side record

 private:
  class Input;
  void NextWindow();
  void Report(Input& input, const absl::Status& status);

  BadMessage bad_message_;
  Message on_message_;
  std::vector<std::unique_ptr<Input>> inputs_;
  size_t current_ = 0;
  bool window_closed_ = false;
};

}  // namespace spillway::runtime
