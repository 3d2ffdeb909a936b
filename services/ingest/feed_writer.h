// What every file importer does around its rows: announces instrument and feed before the first row, keeps time from
// going back, says when the feed ended, and applies OnError to rows that cannot be read.
#pragma once

#include <span>
#include <string>

#include "absl/status/status.h"
#include "services/ingest/row_builder.h"
#include "services/ingest/source.h"

namespace spillway::ingest {

class FeedWriter {
 public:
  explicit FeedWriter(const SourceOptions& options) : options_(options) {}

  // What the feed announces; to be set before the first row. The ids come from the options.
  InstrumentDefinition& instrument() { return instrument_; }
  FeedCapabilities& capabilities() { return capabilities_; }

  // InvalidArgument if a row of that time would go back. `where` is called only then.
  template <class Where>
  absl::Status CheckTime(Time time, const Where& where) const {
    if (time >= last_time_ || !started_) [[likely]]
      return absl::OkStatus();
    return TimeWentBack(time, where());
  }

  // The time of the last row; the epoch before the first.
  Time last_time() const { return last_time_; }

  // One row whose time CheckTime accepts. Errors are the sink's.
  absl::Status Row(MarketSink& sink, std::span<const MarketEvent> row) {
    if (!started_) [[unlikely]] {
      if (absl::Status status = Start(sink, row.front()); !status.ok()) return status;
    }
    last_time_ = row.front().event_time;
    last_ingest_time_ = row.front().ingest_time;
    return sink.OnRow(row);
  }
  // An event that is no row, at a time that CheckTime accepts.
  absl::Status Event(MarketSink& sink, EventBody body, Time event_time, Time ingest_time);
  // InvalidArgument if there was no row: an empty file is no session. `what` names the file.
  absl::Status End(MarketSink& sink, const std::string& what);

  // A row that cannot be read: the error itself under OnError::kStop, otherwise it is counted and listed.
  absl::Status Reject(absl::Status error);

  const SkippedRows& skipped() const { return skipped_; }
  SourceFacts& facts() { return facts_; }
  const SourceFacts& facts() const { return facts_; }
  const SourceOptions& options() const { return options_; }

 private:
  absl::Status Start(MarketSink& sink, const MarketEvent& first);
  absl::Status TimeWentBack(Time time, const std::string& where) const;
  spillway::Event Envelope(EventBody body, Time event_time, Time ingest_time) const;

  SourceOptions options_;
  InstrumentDefinition instrument_;
  FeedCapabilities capabilities_;
  SkippedRows skipped_;
  SourceFacts facts_;
  Time last_time_;
  Time last_ingest_time_;
  bool started_ = false;
};

}  // namespace spillway::ingest
