#include "libs/runtime/lane_merge.h"

#include <optional>
#include <utility>

#include "fmt/format.h"
#include "libs/events/codec.h"

namespace spillway::runtime {

// One lane, event by event. It stops before each tick if asked to: the tick is held until its window is opened.
class LaneMerge::Input {
 public:
  Input(log::LaneName name, std::unique_ptr<log::LaneReader> reader)
      : name_(std::move(name)), reader_(std::move(reader)) {}

  absl::StatusOr<bool> NextMessage(Duration wait, bool merged) {
    absl::StatusOr<bool> more = wait > Duration::zero() ? reader_->NextWithin(message_, wait) : reader_->Next(message_);
    if (!more.ok() || !*more) return more;
    ++messages_;
    side_.assign(message_.side);
    sequence_before_ = message_.sequence - 1;
    if (merged) filter_before_ = filter_;  // a single lane is never left in the middle of a message
    parts_ = 0;
    in_message_ = true;
    group_.reset();
    absl::StatusOr<GroupView> group = GroupView::Open(message_.bytes);
    if (!group.ok()) {
      in_message_ = false;
      status_ = group.status();
    } else if (filter_.Accept(name_, group->header())) {
      group_ = *group;
    }
    return true;
  }

  // Hands on the rest of the message, or, with `stop_at_ticks`, its part up to the next tick (exclusive).
  void Drain(Take take, bool stop_at_ticks) {
    stop_at_ticks_ = stop_at_ticks;
    if (!rest_.events.empty()) {
      DrainBatch(take);
    } else if (tick_event_) {
      const Event tick = *std::exchange(tick_event_, std::nullopt);
      opening_ = false;
      Hand(take, tick);
    }
    std::string_view encoded, payload;
    while (!held_ && group_ && status_.ok() && group_->Next(encoded, payload)) {
      const absl::Status decoded =
          decoder_.DecodeEvent(payload, group_->header().producer, [&](const Event& event) { OnEvent(event, take); });
      if (!decoded.ok()) status_ = decoded;
    }
    if (group_ && status_.ok() && !group_->ok()) status_ = absl::DataLossError("an event group does not parse");
    if (!held_) in_message_ = false;
  }

  // The window of the held tick begins.
  void Open() {
    started_ = true;
    opening_ = held_;
    held_ = false;
  }

  // Goes on behind `position`; a lane of a merge is left with the tick held that it was stopped at.
  absl::Status Restore(const LanePosition& position, bool merged) {
    filter_ = position.filter;
    const uint64_t next = position.sequence + 1;
    if (absl::Status status = reader_->SeekToSequence(next); !status.ok()) return status;
    message_.sequence = sequence_before_ = position.sequence;
    if (!merged || (position.sequence == 0 && position.parts == 0)) return absl::OkStatus();
    started_ = true;
    skip_ = position.parts;
    while (!held_) {
      absl::StatusOr<bool> more = NextMessage(std::chrono::seconds(5), merged);
      if (!more.ok()) return more.status();
      if (!*more) {
        return absl::DataLossError(
            fmt::format("lane {} ends at message {}: expected message {} behind it, which a "
                        "checkpoint has seen",
                        name_, message_.sequence, next));
      }
      if (!status_.ok()) status_ = absl::OkStatus();  // it was reported when it was read first
      bool other = false;
      Drain([&](const Event&) { other = true; }, /*stop_at_ticks=*/true);
      if (other) {
        return absl::DataLossError(
            fmt::format("lane {} message {} is not what a checkpoint has seen of it", name_, message_.sequence));
      }
    }
    return absl::OkStatus();
  }

  LanePosition position() const {
    if (in_message_) return {sequence_before_, parts_, filter_before_};
    return {message_.sequence, 0, filter_};
  }
  // When its next window begins, as far as is known.
  Time next_window() const { return ended_ ? Time::max() : started_ ? held_time_ : Time::min(); }

  const log::LaneName& name() const { return name_; }
  const log::LaneMessage& message() const { return message_; }
  const std::string& side() const { return side_; }
  uint64_t messages() const { return messages_; }
  bool in_message() const { return in_message_; }
  bool held() const { return held_; }
  bool ended() const { return ended_; }
  void End() { ended_ = true; }
  absl::Status TakeStatus() { return std::exchange(status_, absl::OkStatus()); }

 private:
  void OnEvent(const Event& event, Take take) {
    if (const auto* batch = std::get_if<MarketBatch>(&event.body)) {
      part_.header = event.header;
      rest_ = filter_.Trim(*batch);
      DrainBatch(take);
    } else if (std::holds_alternative<ClockTick>(event.body) && MustHold(event.header.event_time)) {
      tick_event_ = event;
    } else {
      Hand(take, event);
    }
  }

  void DrainBatch(Take take) {
    while (!rest_.events.empty()) {
      if (rest_.events.front().kind == MarketEventKind::kTick && MustHold(rest_.events.front().event_time)) return;
      size_t end = 1;
      while (end < rest_.events.size() && rest_.events[end].kind != MarketEventKind::kTick) ++end;
      MarketBatch slice = rest_;
      slice.events = rest_.events.first(end);
      part_.header.event_time = slice.events.front().event_time;
      part_.header.ingest_time = slice.events.front().ingest_time;
      part_.header.cause.market = {slice.feed, slice.epoch, slice.events.front().position};
      part_.body = slice;
      rest_.previous_row_time = slice.events.back().event_time;
      rest_.events = rest_.events.subspan(end);
      Hand(take, part_);
    }
  }

  // At a tick: true if it waits for its window to be opened.
  bool MustHold(Time tick) {
    if (!stop_at_ticks_ || std::exchange(opening_, false)) return false;
    if (skip_ > 0) return false;  // its window was opened before the checkpoint
    held_ = true;
    held_time_ = std::max(held_time_, tick);
    return true;
  }

  void Hand(Take take, const Event& event) {
    ++parts_;
    if (skip_ > 0) {
      --skip_;
    } else {
      take(event);
    }
  }

  const log::LaneName name_;
  std::unique_ptr<log::LaneReader> reader_;
  log::LaneMessage message_;
  std::string side_;
  std::optional<GroupView> group_;
  GroupDecoder decoder_;
  LaneFilter filter_;

  // Of the message at hand.
  bool in_message_ = false;  // something of it has not been handed on
  uint64_t sequence_before_ = 0;
  LaneFilter filter_before_;
  uint64_t parts_ = 0;
  uint64_t skip_ = 0;  // parts that a checkpoint has seen already
  Event part_;
  MarketBatch rest_;
  std::optional<Event> tick_event_;  // a held tick that is an event of its own

  bool stop_at_ticks_ = false;
  bool started_ = false;
  bool opening_ = false;  // the tick at the front may pass
  bool held_ = false;
  bool ended_ = false;
  Time held_time_ = Time::min();
  absl::Status status_;
  uint64_t messages_ = 0;
};

LaneMerge::LaneMerge(BadMessage bad_message, Message message)
    : bad_message_(std::move(bad_message)), on_message_(std::move(message)) {}
LaneMerge::~LaneMerge() = default;
LaneMerge::LaneMerge(LaneMerge&&) noexcept = default;
LaneMerge& LaneMerge::operator=(LaneMerge&&) noexcept = default;

void LaneMerge::Add(log::LaneName name, std::unique_ptr<log::LaneReader> reader) {
  inputs_.push_back(std::make_unique<Input>(std::move(name), std::move(reader)));
  if (inputs_.size() > 1) window_closed_ = true;  // the first lane's first window is opened by the first Read
}

absl::Status LaneMerge::Restore(const LanePositions& positions) {
  for (const std::unique_ptr<Input>& input : inputs_) {
    const auto found = positions.find(input->name());
    if (found == positions.end()) continue;
    if (absl::Status status = input->Restore(found->second, inputs_.size() > 1); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::StatusOr<LaneMerge::Progress> LaneMerge::Read(Take take, Duration wait) {
  const bool merged = inputs_.size() > 1;
  if (window_closed_) NextWindow();
  Input& input = *inputs_[current_];
  if (input.ended()) return Progress::kNothing;
  if (!input.in_message()) {
    absl::StatusOr<bool> more = input.NextMessage(wait, merged);
    if (!more.ok()) return more.status();
    if (!*more) return Progress::kNothing;
    if (on_message_) on_message_(input.name(), input.message());
  }
  input.Drain(take, merged);
  if (const absl::Status status = input.TakeStatus(); !status.ok()) Report(input, status);
  if (!merged) return Progress::kUnit;
  if (!input.held()) return Progress::kPart;
  window_closed_ = true;
  return Progress::kUnit;
}

bool LaneMerge::EndLane() {
  if (window_closed_) NextWindow();
  inputs_[current_]->End();
  window_closed_ = inputs_.size() > 1;
  for (const std::unique_ptr<Input>& input : inputs_) {
    if (!input->ended()) return true;
  }
  return false;
}

void LaneMerge::NextWindow() {
  window_closed_ = false;
  size_t next = 0;
  for (size_t i = 1; i < inputs_.size(); ++i) {
    if (inputs_[i]->next_window() < inputs_[next]->next_window()) next = i;
  }
  current_ = next;
  inputs_[current_]->Open();
}

void LaneMerge::Report(Input& input, const absl::Status& status) {
  if (bad_message_) bad_message_(input.name(), input.message(), status);
}

LanePositions LaneMerge::positions() const {
  LanePositions positions;
  for (const std::unique_ptr<Input>& input : inputs_) positions[input->name()] = input->position();
  return positions;
}

uint64_t LaneMerge::messages() const {
  uint64_t messages = 0;
  for (const std::unique_ptr<Input>& input : inputs_) messages += input->messages();
  return messages;
}

const log::LaneMessage& LaneMerge::last() const {
  return inputs_[current_]->message();
}
const std::string& LaneMerge::last_side() const {
  return inputs_[current_]->side();
}

}  // namespace spillway::runtime
