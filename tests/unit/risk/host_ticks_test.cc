#include "services/risk/host_ticks.h"

#include "tests/catch.h"

using namespace spillway;

namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr Time kOpen = TimeFromNanos(1'746'192'600'000'000'000);

Event Tick(Time time) {
  Event event;
  event.header.event_time = time;
  event.body = ClockTick{.source = TickSource::kFeed};
  return event;
}

}  // namespace

TEST_CASE("host ticks: after two silent seconds lane time goes on, at the speed of what is played", "[risk]") {
  risk::HostTicks ticks({.playback_speed = 10});
  CHECK_FALSE(ticks.Due(100 * kSecond));  // there was no tick yet
  ticks.Observe(Tick(kOpen), 100 * kSecond);
  CHECK_FALSE(ticks.Due(102 * kSecond - 1));
  const std::optional<Event> tick = ticks.Due(102 * kSecond);
  REQUIRE(tick);
  CHECK(tick->header.producer == Producer::kHost);
  CHECK(tick->header.event_time == kOpen + std::chrono::seconds(20));
  CHECK(std::get<ClockTick>(tick->body).source == TickSource::kHost);

  // It comes back to us on the lane, and the silence begins anew from its time.
  ticks.Observe(*tick, 102 * kSecond);
  CHECK(ticks.silent());
  CHECK_FALSE(ticks.Due(103 * kSecond));
  CHECK(ticks.Due(104 * kSecond)->header.event_time == kOpen + std::chrono::seconds(40));
  CHECK(ticks.Due(104 * kSecond)->header.id() != tick->header.id());

  // The feed is back, with the times it had: lane time does not go back, and nothing is due.
  ticks.Observe(Tick(kOpen + std::chrono::seconds(1)), 104 * kSecond);
  CHECK_FALSE(ticks.silent());
  CHECK_FALSE(ticks.Due(105 * kSecond));
  CHECK(ticks.Due(106 * kSecond)->header.event_time == kOpen + std::chrono::seconds(40));
}

TEST_CASE("host ticks: none when they are switched off, or the feed has ended", "[risk]") {
  for (const risk::HostTickOptions options :
       {risk::HostTickOptions{.after = Duration(0)}, risk::HostTickOptions{.playback_speed = 0}}) {
    risk::HostTicks ticks(options);
    ticks.Observe(Tick(kOpen), kSecond);
    CHECK_FALSE(ticks.Due(100 * kSecond));
  }
  risk::HostTicks ticks({});
  ticks.Observe(Tick(kOpen), kSecond);
  Event ended;
  ended.body = FeedStatus{.feed = 1, .state = FeedState::kEnded};
  ticks.Observe(ended, kSecond);
  CHECK_FALSE(ticks.Due(100 * kSecond));
  ended.body = FeedStatus{.feed = 1, .state = FeedState::kUp};
  ticks.Observe(ended, kSecond);
  CHECK(ticks.Due(100 * kSecond));
}
