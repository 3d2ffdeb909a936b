// The best quotes of a recorded session, played into the fake venue at the session's pace times `speed`.
#pragma once

#include <atomic>
#include <string>
#include <thread>

#include "tests/fakes/venue/fake_venue.h"

namespace spillway::fake {

struct MarketFeedOptions {
  std::string session;  // a session directory: its market.0
  double speed = 1;     // 0: as fast as possible
  bool repeat = false;
};

class MarketFeed {
 public:
  // Throws std::runtime_error where there is no such session.
  MarketFeed(FakeVenue& venue, MarketFeedOptions options);
  ~MarketFeed();

 private:
  void Run();
  void Play();
  void WaitUntil(std::chrono::steady_clock::time_point when) const;

  FakeVenue& venue_;
  const MarketFeedOptions options_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace spillway::fake
