#include "services/ingest/market_recorder.h"

#include <algorithm>
#include <utility>

#include "libs/calendar/calendar.h"

namespace spillway::ingest {

MarketRecorder::MarketRecorder(runtime::Lane* lane, RecorderOptions options)
    : out_(Producer::kIngest, lane), options_(options) {
  batch_.reserve(options_.batch_events_max + 64);
}

absl::Status MarketRecorder::OnRow(std::span<const MarketEvent> row) {
  const MarketEvent& first = row.front();
  if (has_equities_ && first.event_time >= session_until_) {
    if (absl::Status status = AdvanceSession(first.event_time); !status.ok()) return status;
  }
  if (batch_.empty()) batch_previous_ = lane_time_;
  batch_.insert(batch_.end(), row.begin(), row.end());
  lane_time_ = first.event_time;
  last_position_ = first.position;
  ordinal_ = 0;
  ++rows_;
  ++batch_rows_;
  events_ += row.size();
  return batch_.size() >= options_.batch_events_max ? WriteBatch() : absl::OkStatus();
}

absl::Status MarketRecorder::OnEvent(const Event& event) {
  if (const auto* definition = std::get_if<InstrumentDefinition>(&event.body)) {
    has_equities_ |= definition->asset_class == AssetClass::kEquity;
    const auto known = std::find_if(instruments_.begin(), instruments_.end(),
                                    [&](const InstrumentDefinition& i) { return i.id == definition->id; });
    if (known == instruments_.end()) {
      instruments_.push_back(*definition);
    } else {
      *known = *definition;
    }
  }
  if (const auto* capabilities = std::get_if<FeedCapabilities>(&event.body)) feed_ = capabilities->feed;
  const Time time = event.header.event_time;
  if (has_equities_ && time >= session_until_) {
    if (absl::Status status = AdvanceSession(time); !status.ok()) return status;
  }
  return Write(event);
}

absl::Status MarketRecorder::Finish() {
  return WriteBatch();
}

// A single event goes behind everything before it, so the open batch is closed first.
absl::Status MarketRecorder::Write(Event event) {
  if (absl::Status status = WriteBatch(); !status.ok()) return status;
  if (absl::Status status = TickBefore(event.header.event_time); !status.ok()) return status;
  lane_time_ = std::max(lane_time_, event.header.event_time);
  event.header.producer = Producer::kIngest;
  if (event.header.ingest_time == Time()) event.header.ingest_time = event.header.event_time;
  event.header.cause = {.market = {feed_, epoch_, last_position_}, .event = {}, .ordinal = ordinal_++};
  out_.Add(event);
  return out_.Commit();
}

absl::Status MarketRecorder::TickBefore(Time time) {
  const Time boundary = FloorTo(time, kTickPeriod);
  if (lane_time_ == Time() || boundary <= lane_time_) return absl::OkStatus();
  Event tick;
  tick.header.producer = Producer::kIngest;
  tick.header.event_time = tick.header.ingest_time = boundary;
  tick.header.cause = {.market = {feed_, epoch_, last_position_}, .event = {}, .ordinal = ordinal_++};
  tick.body = ClockTick{.source = TickSource::kFeed};
  lane_time_ = boundary;
  out_.Add(tick);
  return out_.Commit();
}

absl::Status MarketRecorder::WriteBatch() {
  if (batch_.empty()) return absl::OkStatus();
  Event event;
  event.header.producer = Producer::kIngest;
  event.header.event_time = batch_.front().event_time;
  event.header.ingest_time = batch_.front().ingest_time;
  event.header.cause.market = {feed_, epoch_, batch_.front().position};
  event.body = MarketBatch{.feed = feed_, .epoch = epoch_, .previous_row_time = batch_previous_, .events = batch_};
  out_.Add(event);
  batch_.clear();
  return out_.Commit(std::exchange(batch_rows_, 0));
}

// One SessionState, of the phase that `time` is in; phases that passed without an event are not made up.
absl::Status MarketRecorder::AdvanceSession(Time time) {
  const std::optional<calendar::SessionMoment> moment = calendar::Calendar::Nyse().SessionAt(time);
  if (!moment) {  // not covered by the calendar: said once, never guessed
    session_until_ = Time::max();
    return Write(
        {{.event_time = time, .ingest_time = time}, SessionState{.trading_day = 0, .phase = SessionPhase::kUnknown}});
  }
  const calendar::Session& session = moment->session;
  for (const Time end :
       {session.pre_market_open, session.regular_open, session.regular_close, session.after_hours_close}) {
    if (end > time) {
      session_until_ = end;
      break;
    }
  }
  return Write({{.event_time = time, .ingest_time = time},
                SessionState{.trading_day = calendar::DateNumber(session.trading_day),
                             .phase = moment->phase,
                             .regular_open = session.regular_open,
                             .regular_close = session.regular_close}});
}

}  // namespace spillway::ingest
