#include "services/ingest/live/session_player.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "libs/calendar/calendar.h"
#include "libs/events/market_lanes.h"

namespace spillway::ingest {
namespace {

constexpr Duration kLagPoll = std::chrono::milliseconds(5);
constexpr Duration kResumeMargin = 2 * kTickPeriod;  // so that a tick window is seen whole
constexpr InstrumentId kInstrumentMax = InstrumentId{1} << 22;
constexpr auto kDay = std::chrono::days(1);
constexpr int kShiftDaysMax = 370;

// Ordinals of added events say which they are, by kind and time, so that they need no count that a restart would have
// to know. Between two rows each is there once.
constexpr uint32_t TickOrdinal(Time boundary) {
  return kAddedOrdinals | static_cast<uint32_t>((ToNanos(boundary) / kTickPeriod.count()) & 0x3FFFFFFF);
}
constexpr uint32_t StatusOrdinal(Time time, bool up) {
  const auto milliseconds = static_cast<uint32_t>((ToNanos(time) / 1'000'000) & 0x1FFFFFFF);
  return kAddedOrdinals | 0x40000000 | milliseconds << 1 | (up ? 1 : 0);
}

// By how much the session is moved in its next repetition: whole days, behind the one before, and to a day with the
// same trading hours in UTC if there is one.
Duration NextShift(const SessionBounds& bounds, Duration shift) {
  const auto days = std::chrono::floor<std::chrono::days>(bounds.last_time + shift - bounds.first_time);
  const Duration first = days + kDay;
  const auto hours = [&](Duration by) -> std::optional<Duration> {
    const std::optional<calendar::SessionMoment> moment = calendar::Calendar::Nyse().SessionAt(bounds.first_time + by);
    if (!moment || moment->session.early_close) return std::nullopt;
    return moment->session.regular_open - (bounds.first_time + by);
  };
  const std::optional<Duration> recorded = hours(Duration(0));
  for (int day = 0; recorded && day < kShiftDaysMax; ++day) {
    if (hours(first + day * kDay) == recorded) return first + day * kDay;
  }
  return first;
}

}  // namespace

SessionPlayer::SessionPlayer(std::unique_ptr<SessionSource> source, PlayerOptions options)
    : source_(std::move(source)),
      options_(std::move(options)),
      fill_ticks_(options_.speed > 0 || options_.lanes > 1),
      lanes_(options_.lanes),
      lag_limit_(options_.lag_messages_max) {
  for (uint32_t number = 0; number < options_.lanes; ++number) {
    lanes_[number].number = number;
    lanes_[number].batch.reserve(options_.batch_events_max + 64);
  }
}

// ---------------------------------------------------------------- start

absl::StatusOr<std::unique_ptr<SessionPlayer>> SessionPlayer::Open(log::EventLog& session, PlayerOptions options,
                                                                   const std::vector<std::string>& last_own) {
  if (options.lanes == 0 || last_own.size() != options.lanes || options.batch_events_max == 0 || options.speed < 0) {
    return absl::InvalidArgumentError("a player needs a lane, a last message of each, events in a batch, speed >= 0");
  }
  absl::StatusOr<std::unique_ptr<SessionSource>> source = SessionSource::Open(session);
  if (!source.ok()) return source.status();
  std::unique_ptr<SessionPlayer> player(new SessionPlayer(*std::move(source), std::move(options)));
  if (absl::Status status = player->Resume(last_own); !status.ok()) return status;
  return player;
}

absl::StatusOr<std::optional<SessionPlayer::Progress>> SessionPlayer::ParseLastOwn(uint32_t lane,
                                                                                   const std::string& bytes) {
  if (bytes.empty()) return std::nullopt;
  Progress progress;
  GroupHeader header;
  const absl::Status status = GroupDecoder().Decode(bytes, header, [&](const Event& event) {
    if (const auto* batch = std::get_if<MarketBatch>(&event.body)) {
      const MarketEvent& last = batch->events.back();
      progress.source = {batch->feed, batch->epoch, last.position};
      progress.time = last.event_time;
      progress.row = true;
    } else {
      progress.source = event.header.cause.market;
      progress.ordinal = event.header.cause.ordinal;
      progress.time = event.header.event_time;
      progress.row = false;
    }
  });
  if (!status.ok()) {
    return absl::Status(status.code(), fmt::format("market.{}: the last message of ingest's own: {}", lane,
                                                   std::string(status.message())));
  }
  progress.sequence = header.producer_sequence;
  return progress;
}

absl::Status SessionPlayer::Resume(const std::vector<std::string>& last_own) {
  const Progress* first = nullptr;  // of the lane that is least far
  bool fresh = false;
  for (Lane& lane : lanes_) {
    absl::StatusOr<std::optional<Progress>> progress = ParseLastOwn(lane.number, last_own[lane.number]);
    if (!progress.ok()) return progress.status();
    lane.skip_to = *progress;
    if (!lane.skip_to) {
      fresh = true;
      continue;
    }
    const Progress& last = *lane.skip_to;
    lane.next_sequence = last.sequence + 1;
    lane.time = lane.message_time = last.time;
    const auto place = [](const Progress& p) { return std::pair(p.source.epoch, p.time); };
    if (first == nullptr || place(last) < place(*first)) first = &last;
  }
  for (const Lane& lane : lanes_) {
    // What every lane gets precedes the first row.
    if (!fresh || !lane.skip_to || lane.skip_to->source.position == 0) continue;
    return absl::FailedPreconditionError(fmt::format(
        "market.{} holds rows and another lane nothing: market_lanes was changed; play onto empty lanes", lane.number));
  }
  if (fresh || first == nullptr) {
    if (options_.repeat || first != nullptr) {
      absl::StatusOr<SessionBounds> bounds = source_->Bounds();
      if (!bounds.ok()) return bounds.status();
      bounds_ = *bounds;
    }
    return source_->Start({});
  }
  absl::StatusOr<SessionBounds> bounds = source_->Bounds();
  if (!bounds.ok()) return bounds.status();
  bounds_ = *bounds;
  const Progress from = *first;
  if (absl::Status status = EnterPass(from.source.epoch); !status.ok()) return status;
  return source_->SeekBefore(pass_, from.source, from.time, kResumeMargin,
                             [this](const Event& event) { KeepSession(event); });
}

// Counts repetitions up to the one that has this epoch.
absl::Status SessionPlayer::EnterPass(uint32_t epoch) {
  const uint32_t stride = bounds_->last_epoch - bounds_->first_epoch + 1;
  pass_ = {};
  while (bounds_->last_epoch + pass_.epochs < epoch) {
    pass_.shift = NextShift(*bounds_, pass_.shift);
    pass_.epochs += stride;
    if (pass_.epochs / stride > 10'000) {
      return absl::FailedPreconditionError(
          fmt::format("the lane ends in epoch {}, the session begins with {}: the lane is of another session", epoch,
                      bounds_->first_epoch));
    }
  }
  return absl::OkStatus();
}

absl::Status SessionPlayer::NextPass() {
  const uint32_t stride = bounds_->last_epoch - bounds_->first_epoch + 1;
  pass_.shift = NextShift(*bounds_, pass_.shift);
  pass_.epochs += stride;
  ++counts_.passes_ended;
  started_ = stale_ = has_session_state_ = anchored_ = false;
  return source_->Start(pass_);
}

// What precedes the place at which the player goes on.
void SessionPlayer::KeepSession(const Event& event) {
  if (const auto* definition = std::get_if<InstrumentDefinition>(&event.body)) {
    if (definition->id >= kInstrumentMax) return;
    if (definition->id >= lane_of_.size()) lane_of_.resize(definition->id + 1);
    lane_of_[definition->id] = MarketLaneOf(definition->symbol, options_.lanes);
  } else if (const auto* state = std::get_if<SessionState>(&event.body)) {
    session_state_ = *state;
    has_session_state_ = true;
  } else if (const auto* feed = std::get_if<FeedStatus>(&event.body)) {
    counts_.feeds[feed->feed] = feed->state;
  }
}

// ---------------------------------------------------------------- what comes next

absl::StatusOr<PlayerAction> SessionPlayer::Next(SteadyTime now) {
  if (std::exchange(handed_out_, false)) ready_.pop_front();
  now_ = now;
  if (ready_.empty()) CloseAged(now - options_.batch_age_max);  // where there is no time to wait, late is late enough
  const bool held_back = ready_.empty() && !stopped_ && HeldBack(now);
  if (held_back) CloseAll();
  if (stopped_) CloseAll();
  while (ready_.empty() && !held_back && !stopped_) {
    const absl::StatusOr<Step> step = TakeNext(now);
    if (!step.ok()) return step.status();
    if (*step == Step::kNotDue) {
      CloseAged(now);
      break;
    }
    if (*step == Step::kTaken) continue;
    CloseAll();
    for (const Lane& lane : lanes_) {
      if (lane.skip_to) return OtherSession(lane, "the session ends before");
    }
    if (!options_.repeat) break;
    if (absl::Status status = NextPass(); !status.ok()) return status;
  }
  if (!ready_.empty()) {
    handed_out_ = true;
    counts_.rows += ready_.front().rows;
    return PlayerAction{.kind = PlayerAction::Kind::kAppend, .message = &ready_.front()};
  }
  if (held_back) return PlayerAction{.kind = PlayerAction::Kind::kWait, .until = now + kLagPoll, .held_back = true};
  const absl::StatusOr<const SessionItem*> more = stopped_ ? nullptr : source_->Peek();
  if (!more.ok()) return more.status();
  if (*more == nullptr) return PlayerAction{.kind = PlayerAction::Kind::kEnded};
  return PlayerAction{.kind = PlayerAction::Kind::kWait, .until = WaitUntil()};
}

void SessionPlayer::Stop() {
  stopped_ = true;
}

bool SessionPlayer::HeldBack(SteadyTime now) {
  if (options_.speed > 0 || !options_.lag) return false;
  const uint64_t lag = options_.lag();
  if (lag <= options_.lag_messages_max) lag_limit_ = options_.lag_messages_max;
  if (lag <= lag_limit_) {
    lag_since_.reset();
    return false;
  }
  if (!lag_since_ || lag < lag_seen_) {
    lag_since_ = now;
    lag_seen_ = lag;
  }
  if (now - *lag_since_ < options_.lag_wait_max) return true;
  lag_limit_ = lag + options_.lag_messages_max;  // it does not move: the log keeps what it misses
  lag_since_.reset();
  return false;
}

// Takes the first of: the feed turning stale, a tick boundary, the session's next item.
absl::StatusOr<SessionPlayer::Step> SessionPlayer::TakeNext(SteadyTime now) {
  const absl::StatusOr<const SessionItem*> peeked = source_->Peek();
  if (!peeked.ok()) return peeked.status();
  if (*peeked == nullptr) return Step::kEnd;
  const SessionItem& item = **peeked;

  const std::optional<Time> stale = StaleAt();
  const bool ticks = fill_ticks_ && started_;
  // Without a clock nobody lives through a quiet time: its last boundary says all.
  if (ticks && options_.speed == 0) boundary_ = std::max(boundary_, FloorTo(item.time, kTickPeriod));
  if (stale && *stale <= item.time && (!ticks || *stale <= boundary_)) {
    return Due(*stale, now) ? Taken(TakeStale(*stale)) : Step::kNotDue;
  }
  if (ticks && boundary_ <= item.time) {
    return Due(boundary_, now) ? Taken(TakeBoundary(item)) : Step::kNotDue;
  }
  if (!Due(item.time, now)) return Step::kNotDue;
  absl::Status status = stale_ && !item.row.empty() ? TakeUp(item) : absl::OkStatus();
  if (status.ok()) status = item.row.empty() ? TakeEvent(item.event) : TakeRow(item);
  if (status.ok()) source_->Advance();
  return Taken(status);
}

absl::StatusOr<SessionPlayer::Step> SessionPlayer::Taken(const absl::Status& status) {
  if (!status.ok()) return status;
  return Step::kTaken;
}

bool SessionPlayer::Due(Time time, SteadyTime now) {
  const bool on_lanes_already =
      std::all_of(lanes_.begin(), lanes_.end(), [](const Lane& lane) { return lane.skip_to.has_value(); });
  if (options_.speed == 0 || on_lanes_already) {
    due_ = now;
    return true;
  }
  if (!anchored_) {
    anchored_ = true;
    anchor_ = now;
    anchor_played_ = time;
  }
  const double ahead = static_cast<double>((time - anchor_played_).count()) / options_.speed;
  due_ = anchor_ + Duration(static_cast<int64_t>(ahead));
  counts_.behind =
      Duration(static_cast<int64_t>(static_cast<double>(std::max(now - due_, Duration(0)).count()) * options_.speed));
  return due_ <= now;
}

// What is due before an open batch is closed is early enough then: nobody sees it before.
SteadyTime SessionPlayer::WaitUntil() const {
  std::optional<SteadyTime> closes;
  for (const Lane& lane : lanes_) {
    if (lane.batch.empty()) continue;
    const SteadyTime aged = lane.batch_opened + options_.batch_age_max;
    closes = std::min(closes.value_or(aged), aged);
  }
  return closes.value_or(due_);
}

// When the feed turns stale if no row comes before; nullopt: not before the next row.
std::optional<Time> SessionPlayer::StaleAt() const {
  if (!started_ || stale_) return std::nullopt;
  const auto feed = counts_.feeds.find(last_source_.feed);
  if (feed != counts_.feeds.end() && feed->second != FeedState::kUp) return std::nullopt;
  const Time at = last_row_time_ + options_.stale_after;
  if (has_session_state_ && (session_state_.phase != SessionPhase::kRegular ||
                             (session_state_.regular_close && at >= *session_state_.regular_close))) {
    return std::nullopt;
  }
  return at;
}

// ---------------------------------------------------------------- what is taken

absl::Status SessionPlayer::TakeRow(const SessionItem& row) {
  if (started_ && row.source.feed != last_source_.feed) {
    return absl::FailedPreconditionError(
        fmt::format("the session has rows of feeds {} and {}; one is expected: play them by themselves",
                    last_source_.feed, row.source.feed));
  }
  const absl::StatusOr<Lane*> lane = LaneOf(row.row.front().instrument);
  if (!lane.ok()) return lane.status();
  const absl::StatusOr<bool> wanted = Wanted(**lane, {.source = row.source, .row = true, .time = row.time});
  if (!wanted.ok()) return wanted.status();
  if (*wanted) AppendRow(**lane, row);
  (*lane)->time = std::max((*lane)->time, row.time);
  (*lane)->item_time = row.time;
  started_ = true;
  last_source_ = row.source;
  last_row_time_ = row.time;
  boundary_ = std::max(boundary_, FloorTo(row.time, kTickPeriod) + kTickPeriod);
  played_ = std::max(played_, row.time);
  return absl::OkStatus();
}

void SessionPlayer::AppendRow(Lane& lane, const SessionItem& row) {
  if (lane.batch.empty()) {
    lane.batch_previous = lane.time;
    lane.batch_source = row.source;
    lane.batch_opened = now_;
    lane.batch_origin = due_;
  } else if (lane.batch_source.epoch != row.source.epoch) {
    CloseBatch(lane);
    return AppendRow(lane, row);
  }
  lane.batch.insert(lane.batch.end(), row.row.begin(), row.row.end());
  ++lane.batch_rows;
  if (lane.batch.size() >= options_.batch_events_max) CloseBatch(lane);
}

absl::Status SessionPlayer::TakeEvent(Event event) {
  if (auto* definition = std::get_if<InstrumentDefinition>(&event.body); definition != nullptr && options_.complete) {
    options_.complete(*definition);
  }
  KeepSession(event);
  if (std::holds_alternative<FeedStatus>(event.body)) stale_ = false;  // the source speaks for itself
  if (std::holds_alternative<FeedGap>(event.body)) ++counts_.feed_gaps;
  const Time time = event.header.event_time;
  played_ = std::max(played_, time);
  boundary_ = std::max(boundary_, FloorTo(time, kTickPeriod) + kTickPeriod);
  if (IsInstrumentEvent(event)) {
    const absl::StatusOr<Lane*> lane = LaneOf(event.header.instrument);
    return lane.ok() ? Write(**lane, event, true) : lane.status();
  }
  return WriteToAll(event, true);
}

// A tick, unless the next item is the recorded one of this boundary.
absl::Status SessionPlayer::TakeBoundary(const SessionItem& next) {
  const Time boundary = std::exchange(boundary_, boundary_ + kTickPeriod);
  if (boundary == next.time && next.row.empty() && std::holds_alternative<ClockTick>(next.event.body)) {
    return absl::OkStatus();
  }
  played_ = std::max(played_, boundary);
  const Event tick = Added(ClockTick{.source = TickSource::kFeed}, boundary, TickOrdinal(boundary));
  for (Lane& lane : lanes_) {
    if (lane.item_time >= boundary - kTickPeriod) continue;
    if (absl::Status status = Write(lane, tick, false); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status SessionPlayer::TakeStale(Time time) {
  stale_ = true;
  ++counts_.stale;
  counts_.feeds[last_source_.feed] = FeedState::kStale;
  played_ = std::max(played_, time);
  const Event event = Added(FeedStatus{.feed = last_source_.feed,
                                       .state = FeedState::kStale,
                                       .lag = std::nullopt,
                                       .reason = "no data for " + FormatDuration(options_.stale_after)},
                            time, StatusOrdinal(time, false));
  return WriteToAll(event, false);
}

absl::Status SessionPlayer::TakeUp(const SessionItem& row) {
  stale_ = false;
  counts_.feeds[last_source_.feed] = FeedState::kUp;
  const Event event =
      Added(FeedStatus{.feed = last_source_.feed, .state = FeedState::kUp, .lag = std::nullopt, .reason = "data again"},
            row.time, StatusOrdinal(row.time, true));
  return WriteToAll(event, false);
}

Event SessionPlayer::Added(EventBody body, Time time, uint32_t ordinal) const {
  Event event;
  event.header.producer = Producer::kIngest;
  event.header.event_time = event.header.ingest_time = time;
  event.header.cause = {.market = last_source_, .event = {}, .ordinal = ordinal};
  event.body = std::move(body);
  return event;
}

// ---------------------------------------------------------------- lanes

absl::StatusOr<SessionPlayer::Lane*> SessionPlayer::LaneOf(InstrumentId instrument) {
  if (lanes_.size() == 1) return &lanes_.front();
  if (instrument >= lane_of_.size() || !lane_of_[instrument]) {
    return absl::FailedPreconditionError(fmt::format(
        "instrument {} has no definition before its first event, so no lane is its own; with one lane it can be played",
        instrument));
  }
  return &lanes_[*lane_of_[instrument]];
}

// Whether the lane does not have it yet. What is there must be this session's: same place, same time.
absl::StatusOr<bool> SessionPlayer::Wanted(Lane& lane, const Progress& thing) {
  if (!lane.skip_to) return true;
  const Progress last = *lane.skip_to;
  const bool last_added = !last.row && last.ordinal >= kAddedOrdinals;
  const std::pair here(thing.source.epoch, thing.source.position);
  const std::pair there(last.source.epoch, last.source.position);
  if (here < there) return false;
  if (here == there && thing.row == last.row && thing.ordinal == last.ordinal) {
    if (!last_added && (thing.time != last.time || thing.source.feed != last.source.feed)) {
      return OtherSession(lane, "the session has it at " + FormatTime(thing.time));
    }
    lane.skip_to.reset();
    return false;  // the last one that is there
  }
  if (!last_added) {
    if (here > there) return OtherSession(lane, "the session does not have it");
    return false;
  }
  // Added under options that are no longer in force, so it may not be met: time tells.
  const bool recorded = !thing.row && thing.ordinal < kAddedOrdinals;
  if (here == there && (thing.row || thing.time < last.time || (thing.time == last.time && !recorded))) return false;
  lane.skip_to.reset();
  return true;
}

absl::Status SessionPlayer::OtherSession(const Lane& lane, std::string_view seen) {
  const Progress& last = *lane.skip_to;
  return absl::FailedPreconditionError(
      fmt::format("market.{}: ends behind row {} of epoch {} at {}; {}: the lane is of another session; play that one, "
                  "or onto empty "
                  "lanes",
                  lane.number, last.source.position, last.source.epoch, FormatTime(last.time), seen));
}

absl::Status SessionPlayer::Write(Lane& lane, const Event& event, bool recorded) {
  const Time time = event.header.event_time;
  const Causation& cause = event.header.cause;
  const absl::StatusOr<bool> wanted = Wanted(lane, {.source = cause.market, .ordinal = cause.ordinal, .time = time});
  if (!wanted.ok()) return wanted.status();
  if (*wanted) {
    CloseBatch(lane);
    encoder_.Begin({.producer = Producer::kIngest, .producer_sequence = lane.next_sequence++});
    encoder_.Add(event);
    lane.message_time = std::max(lane.message_time, time);
    ready_.push_back({.lane = lane.number,
                      .time = lane.message_time,
                      .bytes = std::string(encoder_.bytes()),
                      .rows = 0,
                      .events = 1,
                      .origin = due_});
  }
  lane.time = std::max(lane.time, time);
  if (recorded) lane.item_time = std::max(lane.item_time, time);
  return absl::OkStatus();
}

absl::Status SessionPlayer::WriteToAll(const Event& event, bool recorded) {
  for (Lane& lane : lanes_) {
    if (absl::Status status = Write(lane, event, recorded); !status.ok()) return status;
  }
  return absl::OkStatus();
}

void SessionPlayer::CloseBatch(Lane& lane) {
  if (lane.batch.empty()) return;
  const MarketEvent& first = lane.batch.front();
  Event event;
  event.header.producer = Producer::kIngest;
  event.header.event_time = first.event_time;
  event.header.ingest_time = first.ingest_time;
  event.header.cause.market = lane.batch_source;
  event.body = MarketBatch{.feed = lane.batch_source.feed,
                           .epoch = lane.batch_source.epoch,
                           .previous_row_time = lane.batch_previous,
                           .events = lane.batch};
  encoder_.Begin({.producer = Producer::kIngest, .producer_sequence = lane.next_sequence++});
  encoder_.Add(event);
  lane.message_time = std::max(lane.message_time, first.event_time);
  ready_.push_back({.lane = lane.number,
                    .time = lane.message_time,
                    .bytes = std::string(encoder_.bytes()),
                    .rows = std::exchange(lane.batch_rows, 0),
                    .events = lane.batch.size(),
                    .origin = lane.batch_origin});
  lane.batch.clear();
}

void SessionPlayer::CloseAged(SteadyTime now) {
  for (Lane& lane : lanes_) {
    if (!lane.batch.empty() && lane.batch_opened + options_.batch_age_max <= now) CloseBatch(lane);
  }
}

void SessionPlayer::CloseAll() {
  for (Lane& lane : lanes_) CloseBatch(lane);
}

}  // namespace spillway::ingest
