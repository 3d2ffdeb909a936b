#include "services/ingest/feed_writer.h"

#include <utility>

#include "fmt/format.h"

namespace spillway::ingest {

Event FeedWriter::Envelope(EventBody body, Time event_time, Time ingest_time) const {
  spillway::Event event;
  event.header.event_time = event_time;
  event.header.ingest_time = ingest_time;
  event.header.instrument = options_.instrument;
  event.body = std::move(body);
  return event;
}

absl::Status FeedWriter::Start(MarketSink& sink, const MarketEvent& first) {
  instrument_.id = options_.instrument;
  capabilities_.feed = options_.feed;
  started_ = true;
  last_time_ = first.event_time;
  FeedStatus up{.feed = options_.feed, .state = FeedState::kUp, .lag = std::nullopt, .reason = ""};
  for (EventBody body : {EventBody(instrument_), EventBody(capabilities_), EventBody(std::move(up))}) {
    absl::Status status = sink.OnEvent(Envelope(std::move(body), first.event_time, first.ingest_time));
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status FeedWriter::Event(MarketSink& sink, EventBody body, Time event_time, Time ingest_time) {
  if (!started_) {
    MarketEvent first;
    first.event_time = event_time;
    first.ingest_time = ingest_time;
    if (absl::Status status = Start(sink, first); !status.ok()) return status;
  }
  last_time_ = event_time;
  last_ingest_time_ = ingest_time;
  return sink.OnEvent(Envelope(std::move(body), event_time, ingest_time));
}

absl::Status FeedWriter::End(MarketSink& sink, const std::string& what) {
  if (!started_) {
    return absl::InvalidArgumentError(skipped_.count > 0
                                          ? fmt::format("{}: no row could be read, {} skipped; the first: {}", what,
                                                        skipped_.count, skipped_.listed[0])
                                          : fmt::format("{}: holds no rows, expected at least one", what));
  }
  FeedStatus ended{.feed = options_.feed, .state = FeedState::kEnded, .lag = std::nullopt, .reason = "end of file"};
  return sink.OnEvent(Envelope(std::move(ended), last_time_, last_ingest_time_));
}

absl::Status FeedWriter::TimeWentBack(Time time, const std::string& where) const {
  return absl::InvalidArgumentError(
      fmt::format("{}: time goes back: {} after {}", where, FormatTime(time), FormatTime(last_time_)));
}

absl::Status FeedWriter::Reject(absl::Status error) {
  if (options_.on_error == OnError::kStop) return error;
  ++skipped_.count;
  if (skipped_.listed.size() < SkippedRows::kListedMax) skipped_.listed.emplace_back(error.message());
  return absl::OkStatus();
}

}  // namespace spillway::ingest
