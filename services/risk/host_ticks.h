// Ticks on the trading lane while there are none from the feed, so that what waits for time to pass (expiries, pauses,
// staleness) goes on when ingest is dead: time = the last tick's + elapsed time x playback speed, source HOST. Written
// by the holder of the lease only.
#pragma once

#include <atomic>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "libs/base/time.h"
#include "libs/events/event.h"

namespace spillway::risk {

struct HostTickOptions {
  Duration after = std::chrono::seconds(2);  // of silence; 0: never
  double playback_speed = 1;                 // of what ingest plays
};

// When a tick is due, and what it says. By a steady clock that the caller brings.
class HostTicks {
 public:
  explicit HostTicks(HostTickOptions options) : options_(options) {}

  // An event of the trading lane was read at `now_ns`.
  void Observe(const Event& event, int64_t now_ns);
  // The tick to be written now, if one is due. The next is due when the silence has lasted as long again.
  std::optional<Event> Due(int64_t now_ns);
  // A tick was due, and none of the feed has come since.
  bool silent() const { return silent_; }

 private:
  const HostTickOptions options_;
  std::atomic<int64_t> tick_ns_ = 0;  // the lane's last tick, event time
  std::atomic<int64_t> seen_ns_ = 0;  // when it was read; 0: none yet
  std::atomic<bool> silent_ = false;
  std::atomic<bool> ended_ = false;  // the feed said that it is at its end
};

}  // namespace spillway::risk
