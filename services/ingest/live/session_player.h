// Plays a recorded session as a live feed onto N market lanes (docs/ingest-live.md). Says what to append and when; the
// shell appends, waits and knows the clock. What it writes is a function of the session and the options alone, except
// for where batches are cut: so a player that is thrown away at any moment is replaced by one that goes on behind the
// last message of each lane, and every row is on its lane exactly once, with the ids of the recording.
//
// Writes  rows and ingest's other events as recorded (batches cut anew); and, of its own,
//   ClockTick (feed) at a 100 ms boundary of played time where the lane had nothing in the 100 ms before it: when
//   played
//     by the clock, and where there are several lanes. Not before the first row, not after the end.
//   FeedStatus kStale when no row came for `stale_after` of played time in regular hours, and kUp before the next row.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/events/codec.h"
#include "services/ingest/live/session_source.h"

namespace spillway::ingest {

using SteadyTime = std::chrono::steady_clock::time_point;

struct PlayerOptions {
  uint32_t lanes = 1;
  double speed = 1;     // played seconds a second; 0: as fast as the readers follow
  bool repeat = false;  // from the start again at the end: a new epoch, whole days later
  size_t batch_events_max = 512;
  Duration batch_age_max = std::chrono::milliseconds(1);  // of a batch's first event, by the steady clock
  Duration stale_after = std::chrono::seconds(3);
  // Speed 0: how many messages the slowest reader is behind. Above the limit the player waits, until it is less or has
  // not fallen for `lag_wait_max`; then it goes on for as many messages more.
  std::function<uint64_t()> lag;
  uint64_t lag_messages_max = 2000;
  Duration lag_wait_max = std::chrono::seconds(10);
  // Adds reference data to a definition before it is written.
  std::function<void(InstrumentDefinition&)> complete;
};

struct PlayedMessage {
  uint32_t lane = 0;
  Time time;  // lane time
  std::string bytes;
  uint64_t rows = 0;
  uint64_t events = 0;  // market events, or 1
  SteadyTime origin;    // when its first event was due, or at speed 0 taken
};

struct PlayerAction {
  enum class Kind { kAppend, kWait, kEnded };
  Kind kind = Kind::kEnded;
  const PlayedMessage* message = nullptr;  // kAppend: valid until the next call
  SteadyTime until;                        // kWait
  bool held_back = false;                  // kWait: readers are too far behind
};

struct PlayerCounts {
  uint64_t rows = 0;  // handed out
  uint64_t feed_gaps = 0;
  uint64_t stale = 0;
  uint64_t passes_ended = 0;
  std::map<uint32_t, FeedState> feeds;  // as last written
  Duration behind{0};                   // played time behind its pace, when something was last due
};

class SessionPlayer {
 public:
  // `session` outlives this. `last_own`: of each lane the last message of ingest's own ("": none); the player goes on
  // behind them. FailedPrecondition where those are of another session, or no rows are in this one.
  static absl::StatusOr<std::unique_ptr<SessionPlayer>> Open(log::EventLog& session, PlayerOptions options,
                                                             const std::vector<std::string>& last_own);

  // What to do at `now`, which never goes back. kEnded: everything was handed out, for ever.
  absl::StatusOr<PlayerAction> Next(SteadyTime now);
  // What is in open batches is handed out by the next calls, then kEnded.
  void Stop();

  const PlayerCounts& counts() const { return counts_; }
  Time played() const { return played_; }  // lane time reached; the epoch: nothing yet

 private:
  // Where a lane's last own message stands in the schedule.
  struct Progress {
    SourcePosition source;
    bool row = false;
    uint32_t ordinal = 0;  // of an event that is no row
    Time time;
    uint64_t sequence = 0;
  };
  struct Lane {
    uint32_t number = 0;
    std::vector<MarketEvent> batch;
    SourcePosition batch_source;
    Time batch_previous;  // lane time before the open batch
    uint64_t batch_rows = 0;
    SteadyTime batch_opened, batch_origin;
    Time time;          // of the last thing written
    Time item_time;     // of the last recorded one
    Time message_time;  // of the last message
    uint64_t next_sequence = 1;
    std::optional<Progress> skip_to;  // on the lane already, up to here
  };
  enum class Step { kTaken, kNotDue, kEnd };

  SessionPlayer(std::unique_ptr<SessionSource> source, PlayerOptions options);
  static absl::StatusOr<std::optional<Progress>> ParseLastOwn(uint32_t lane, const std::string& bytes);
  absl::Status Resume(const std::vector<std::string>& last_own);
  absl::Status EnterPass(uint32_t epoch);
  absl::Status NextPass();
  void KeepSession(const Event& event);

  bool HeldBack(SteadyTime now);
  absl::StatusOr<Step> TakeNext(SteadyTime now);
  absl::Status TakeRow(const SessionItem& row);
  absl::Status TakeEvent(Event event);
  static absl::StatusOr<Step> Taken(const absl::Status& status);
  absl::Status TakeBoundary(const SessionItem& next);
  absl::Status TakeStale(Time time);
  absl::Status TakeUp(const SessionItem& row);
  bool Due(Time time, SteadyTime now);
  std::optional<Time> StaleAt() const;

  absl::StatusOr<Lane*> LaneOf(InstrumentId instrument);
  absl::StatusOr<bool> Wanted(Lane& lane, const Progress& thing);
  static absl::Status OtherSession(const Lane& lane, std::string_view seen);
  absl::Status Write(Lane& lane, const Event& event, bool recorded);
  absl::Status WriteToAll(const Event& event, bool recorded);
  void AppendRow(Lane& lane, const SessionItem& row);
  void CloseBatch(Lane& lane);
  void CloseAged(SteadyTime now);
  void CloseAll();
  SteadyTime WaitUntil() const;
  Event Added(EventBody body, Time time, uint32_t ordinal) const;

  std::unique_ptr<SessionSource> source_;
  const PlayerOptions options_;
  const bool fill_ticks_;
  std::vector<Lane> lanes_;
  std::vector<std::optional<uint32_t>> lane_of_;  // by instrument
  GroupEncoder encoder_;
  std::deque<PlayedMessage> ready_;  // at most two a lane, and what a row to all lanes needs
  bool handed_out_ = false;          // ready_.front() was
  bool stopped_ = false;

  // Of the repetition that is played.
  std::optional<SessionBounds> bounds_;  // where repetitions matter
  SessionPass pass_;
  bool started_ = false;  // its first row was taken
  SourcePosition last_source_;
  Time last_row_time_;
  Time boundary_;  // the next 100 ms boundary
  bool stale_ = false;
  SessionState session_state_;
  bool has_session_state_ = false;

  // Pace: played time `anchor_played_` was due at `anchor_`.
  bool anchored_ = false;
  SteadyTime anchor_;
  Time anchor_played_;
  SteadyTime now_, due_;  // of what is being taken

  uint64_t lag_limit_ = 0;
  uint64_t lag_seen_ = 0;
  std::optional<SteadyTime> lag_since_;

  Time played_;
  PlayerCounts counts_;
};

}  // namespace spillway::ingest
