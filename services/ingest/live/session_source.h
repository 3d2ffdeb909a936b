// Reads what ingest recorded in a session's market lane, item by item: rows, and the events that are no rows. What
// other producers wrote there (universe, gateway) belongs to the run that was recorded; what a player added to a feed
// when it was recorded live is added again by whoever plays it. Both are left out.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/events/codec.h"
#include "libs/log/event_log.h"

namespace spillway::ingest {

// Ordinals from here on are those of events that a player added to a recorded feed: none that was recorded has one.
inline constexpr uint32_t kAddedOrdinals = uint32_t{1} << 31;

// One row, or one other event. Times and epochs are those of the pass (SessionSource::SetPass).
struct SessionItem {
  Time time;
  SourcePosition source;             // of the row; of another event: of the row before it
  std::span<const MarketEvent> row;  // clock ticks left out; empty: an event
  Event event;                       // where `row` is empty
};

// A repetition of the session: this far behind the recording.
struct SessionPass {
  uint32_t epochs = 0;
  Duration shift{0};  // whole days
};

struct SessionBounds {
  uint32_t first_epoch = 0, last_epoch = 0;
  Time first_time, last_time;
};

class SessionSource {
 public:
  // `session` outlives this. NotFound where it has no such lane.
  static absl::StatusOr<std::unique_ptr<SessionSource>> Open(log::EventLog& session, log::LaneName lane = "market.0");

  // The next item; nullptr at the end. Valid until Advance. Errors are the log's and the codec's, with the message.
  absl::StatusOr<const SessionItem*> Peek();
  void Advance() { has_item_ = false; }

  // To the beginning, for another pass.
  absl::Status Start(const SessionPass& pass);
  // To an item that is at or before `source`'s row and at least `before` earlier than `time`, or to the beginning where
  // there is none. What precedes it and is no row is handed to `seen`. Reads the lane up to there, without its rows.
  absl::Status SeekBefore(const SessionPass& pass, const SourcePosition& source, Time time, Duration before,
                          absl::FunctionRef<void(const Event&)> seen);

  // Reads the whole lane, without its rows. FailedPrecondition where ingest wrote nothing.
  absl::StatusOr<SessionBounds> Bounds();

 private:
  SessionSource(log::EventLog& session, log::LaneName lane) : session_(session), lane_(std::move(lane)) {}

  struct BatchStart {
    uint32_t epoch = 0;
    uint64_t position = 0;
  };
  absl::Status Reopen();
  // The next group of ingest's own; false at the end.
  absl::StatusOr<bool> NextGroup();
  absl::Status DecodeNext(std::string_view payload);
  void Take(const Event& event);
  bool TakeRow();
  Event Moved(const Event& event) const;
  absl::Status At(const absl::Status& status) const;
  static std::optional<BatchStart> FirstRowOf(std::string_view payload);

  log::EventLog& session_;
  const log::LaneName lane_;
  SessionPass pass_;
  std::unique_ptr<log::LaneReader> reader_;
  log::LaneMessage message_;
  std::optional<GroupView> group_;
  GroupDecoder decoder_;

  SessionItem item_;
  bool has_item_ = false;
  // The batch being walked.
  std::vector<MarketEvent> batch_;
  size_t next_row_ = 0;
  uint32_t feed_ = 0, epoch_ = 0;
};

}  // namespace spillway::ingest
