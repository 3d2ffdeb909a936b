// What all symbols of a simulated session share: its times, the intraday shape of activity, and the delay of the feed.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "libs/base/random.h"
#include "libs/base/time.h"

namespace spillway::simulator {

// Activity over the regular day (390 minutes) with mean 1: high after the open, low at midday, high before the close.
// Before the open it is a small constant.
class IntradayShape {
 public:
  static constexpr int kMinutes = 390;
  static constexpr double kPreMarket = 0.08;

  IntradayShape();
  double At(Duration since_open) const;
  // The part of a day's volume up to the end of minute `minute` (0..389) of the regular session.
  double CumulativeShare(int minute) const { return cumulative_[static_cast<size_t>(minute)]; }

 private:
  std::array<double, kMinutes + 1> at_{};  // at the start of each minute; linear in between
  std::array<double, kMinutes> cumulative_{};
};

// A stretch in which the whole feed is late by `peak`, reached and left within `ramp`.
struct LagWindow {
  Time start;
  Time end;
  Duration peak{0};
  static constexpr Duration kRamp = std::chrono::milliseconds(300);
};

// Time from the event to our receipt: log-normal around half a millisecond, and more in a lag window.
class FeedDelay {
 public:
  explicit FeedDelay(std::vector<LagWindow> windows);
  // `window` is the caller's place in the windows, 0 at first; event times of one caller must not go back.
  Duration Draw(Time event_time, size_t& window, Random& random) const;
  const std::vector<LagWindow>& windows() const { return windows_; }

 private:
  std::array<uint32_t, 1024> usual_{};  // ns, equally likely
  std::vector<LagWindow> windows_;
};

struct Session {
  Time start;  // of the pre-market quotes
  Time open;
  Time close;  // no row at or after it
  uint32_t book_levels = 10;
  IntradayShape shape;
  FeedDelay delay;
};

}  // namespace spillway::simulator
