#include "services/ingest/live/session_source.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "libs/calendar/date.h"
#include "libs/events/wire.h"

namespace spillway::ingest {
namespace {

// A trading day number, moved by whole days; one that is none stays.
int32_t MovedDay(int32_t day, Duration shift) {
  const std::optional<calendar::Date> date = calendar::DateFromNumber(day);
  return date ? calendar::DateNumber(*date + std::chrono::floor<std::chrono::days>(shift)) : day;
}

}  // namespace

absl::StatusOr<std::unique_ptr<SessionSource>> SessionSource::Open(log::EventLog& session, log::LaneName lane) {
  std::unique_ptr<SessionSource> source(new SessionSource(session, std::move(lane)));
  if (absl::Status status = source->Reopen(); !status.ok()) return status;
  return source;
}

absl::Status SessionSource::Reopen() {
  absl::StatusOr<std::unique_ptr<log::LaneReader>> reader = session_.OpenReader(lane_);
  if (!reader.ok()) return reader.status();
  reader_ = *std::move(reader);
  group_.reset();
  batch_.clear();
  next_row_ = 0;
  has_item_ = false;
  return absl::OkStatus();
}

absl::Status SessionSource::Start(const SessionPass& pass) {
  pass_ = pass;
  return Reopen();
}

absl::StatusOr<bool> SessionSource::NextGroup() {
  while (true) {
    const absl::StatusOr<bool> more = reader_->Next(message_);
    if (!more.ok()) return more.status();
    if (!*more) return false;
    absl::StatusOr<GroupView> group = GroupView::Open(message_.bytes);
    if (!group.ok()) return At(group.status());
    if (group->header().producer != Producer::kIngest) continue;
    group_ = *std::move(group);
    return true;
  }
}

absl::StatusOr<const SessionItem*> SessionSource::Peek() {
  while (true) {
    if (has_item_ || TakeRow()) return &item_;
    std::string_view encoded, payload;
    if (group_ && group_->Next(encoded, payload)) {
      if (absl::Status status = DecodeNext(payload); !status.ok()) return status;
      continue;
    }
    if (group_ && !group_->ok()) return At(absl::DataLossError("the event group does not parse"));
    const absl::StatusOr<bool> more = NextGroup();
    if (!more.ok()) return more.status();
    if (!*more) return nullptr;
  }
}

absl::Status SessionSource::DecodeNext(std::string_view payload) {
  return At(decoder_.DecodeEvent(payload, Producer::kIngest, [&](const Event& event) { Take(event); }));
}

void SessionSource::Take(const Event& event) {
  const auto* batch = std::get_if<MarketBatch>(&event.body);
  if (batch == nullptr) {
    if (event.header.cause.ordinal >= kAddedOrdinals) return;
    item_.event = Moved(event);
    item_.time = item_.event.header.event_time;
    item_.source = item_.event.header.cause.market;
    item_.row = {};
    has_item_ = true;
    return;
  }
  feed_ = batch->feed;
  epoch_ = batch->epoch + pass_.epochs;
  batch_.clear();
  next_row_ = 0;
  for (const MarketEvent& row_event : batch->events) {
    if (row_event.kind == MarketEventKind::kTick) continue;  // implied again by the rows' times
    MarketEvent& moved = batch_.emplace_back(row_event);
    moved.event_time += pass_.shift;
    moved.ingest_time += pass_.shift;
  }
}

bool SessionSource::TakeRow() {
  if (next_row_ == batch_.size()) return false;
  const size_t begin = next_row_++;
  while (next_row_ < batch_.size() && !batch_[next_row_].row_start()) ++next_row_;
  item_.row = std::span<const MarketEvent>(batch_).subspan(begin, next_row_ - begin);
  item_.time = item_.row.front().event_time;
  item_.source = {feed_, epoch_, item_.row.front().position};
  return has_item_ = true;
}

Event SessionSource::Moved(const Event& event) const {
  Event moved = event;
  moved.header.event_time += pass_.shift;
  moved.header.ingest_time += pass_.shift;
  SourcePosition& market = moved.header.cause.market;
  market.epoch += pass_.epochs;
  // What precedes the first row has no row to be named by; in a repetition its id must be another one all the same.
  if (market.position == 0 && pass_.epochs != 0) moved.header.cause.event = MarketEventId(market);
  if (auto* state = std::get_if<SessionState>(&moved.body)) {
    state->trading_day = MovedDay(state->trading_day, pass_.shift);
    if (state->regular_open) *state->regular_open += pass_.shift;
    if (state->regular_close) *state->regular_close += pass_.shift;
  }
  return moved;
}

absl::Status SessionSource::SeekBefore(const SessionPass& pass, const SourcePosition& source, Time time,
                                       Duration before, absl::FunctionRef<void(const Event&)> seen) {
  if (absl::Status status = Start(pass); !status.ok()) return status;
  uint64_t found = 0;  // the message to go on with; 0: the first
  std::vector<Event> since_found;
  bool beyond = false;
  while (!beyond) {
    const absl::StatusOr<bool> more = NextGroup();
    if (!more.ok()) return more.status();
    if (!*more) break;
    std::string_view encoded, payload;
    while (group_->Next(encoded, payload)) {
      if (const std::optional<BatchStart> row = FirstRowOf(payload)) {
        const std::pair here(row->epoch + pass.epochs, row->position);
        beyond = here > std::pair(source.epoch, source.position);
        if (beyond || message_.time + pass.shift > time - before) continue;
        found = message_.sequence;
        for (const Event& event : since_found) seen(event);
        since_found.clear();
      } else {
        const absl::Status decoded = decoder_.DecodeEvent(
            payload, Producer::kIngest, [&](const Event& event) { since_found.push_back(Moved(event)); });
        if (!decoded.ok()) return At(decoded);
      }
    }
    if (!group_->ok()) return At(absl::DataLossError("the event group does not parse"));
  }
  if (absl::Status status = Reopen(); !status.ok()) return status;
  return found == 0 ? absl::OkStatus() : reader_->SeekToSequence(found);
}

absl::StatusOr<SessionBounds> SessionSource::Bounds() {
  if (absl::Status status = Reopen(); !status.ok()) return status;
  std::optional<SessionBounds> bounds;
  std::string last_batch;
  while (true) {
    const absl::StatusOr<bool> more = NextGroup();
    if (!more.ok()) return more.status();
    if (!*more) break;
    if (!bounds) bounds = {.first_time = message_.time};
    bounds->last_time = message_.time;
    std::string_view encoded, payload;
    while (group_->Next(encoded, payload)) {
      const std::optional<BatchStart> row = FirstRowOf(payload);
      if (!row) continue;
      if (bounds->first_epoch == 0) bounds->first_epoch = row->epoch;
      bounds->last_epoch = row->epoch;
      last_batch = payload;
    }
  }
  if (absl::Status status = Reopen(); !status.ok()) return status;
  if (!bounds || bounds->first_epoch == 0) {
    return absl::FailedPreconditionError(fmt::format(
        "lane {} of the session holds no row that ingest wrote; play a recorded or simulated session", lane_));
  }
  const absl::Status decoded = decoder_.DecodeEvent(last_batch, Producer::kIngest, [&](const Event& event) {
    bounds->last_time = std::max(bounds->last_time, std::get<MarketBatch>(event.body).events.back().event_time);
  });
  if (!decoded.ok()) return At(decoded);
  return *bounds;
}

// Epoch and position of a batch's first row, without decoding its columns; nullopt: it is no batch.
std::optional<SessionSource::BatchStart> SessionSource::FirstRowOf(std::string_view payload) {
  wire::Reader event(payload);
  for (wire::Field field; event.Next(field);) {
    if (field.number != kMarketBatchField || field.type != wire::kBytes) continue;
    BatchStart start;
    wire::Reader batch(field.bytes);
    for (wire::Field column; batch.Next(column) && column.number <= 6;) {
      if (column.number == 2) start.epoch = static_cast<uint32_t>(column.value);
      if (column.number == 6) start.position = column.value;
    }
    return start;
  }
  return std::nullopt;
}

absl::Status SessionSource::At(const absl::Status& status) const {
  if (status.ok()) return status;
  return absl::Status(status.code(),
                      fmt::format("lane {}, message {}: {}", lane_, message_.sequence, std::string(status.message())));
}

}  // namespace spillway::ingest
