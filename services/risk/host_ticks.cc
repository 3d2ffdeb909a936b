#include "services/risk/host_ticks.h"

namespace spillway::risk {

void HostTicks::Observe(const Event& event, int64_t now_ns) {
  if (const auto* status = std::get_if<FeedStatus>(&event.body)) ended_ = status->state == FeedState::kEnded;
  const auto* tick = std::get_if<ClockTick>(&event.body);
  if (tick == nullptr) return;
  if (tick->source == TickSource::kFeed) silent_ = false;
  tick_ns_ = std::max(tick_ns_.load(), ToNanos(event.header.event_time));
  seen_ns_ = now_ns;
}

std::optional<Event> HostTicks::Due(int64_t now_ns) {
  const int64_t seen = seen_ns_;
  if (options_.after <= Duration::zero() || options_.playback_speed <= 0 || seen == 0 || ended_) return std::nullopt;
  if (now_ns - seen < options_.after.count()) return std::nullopt;
  silent_ = true;
  const auto passed = static_cast<int64_t>(static_cast<double>(now_ns - seen) * options_.playback_speed);
  const Time time = FloorTo(TimeFromNanos(tick_ns_ + passed), kTickPeriod);
  Event tick;
  tick.header.producer = Producer::kHost;
  tick.header.event_time = tick.header.ingest_time = time;
  // Nothing on the lane caused it: its id is of its time.
  tick.header.cause = {
      .market = {.feed = 0, .epoch = 0, .position = static_cast<uint64_t>(ToNanos(time))}, .event = {}, .ordinal = 0};
  tick.body = ClockTick{.source = TickSource::kHost};
  return tick;
}

}  // namespace spillway::risk
