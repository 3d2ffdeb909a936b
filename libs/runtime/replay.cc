#include "libs/runtime/replay.h"

#include <memory>

#include "fmt/format.h"
#include "libs/events/codec.h"
#include "libs/runtime/lane_filter.h"

namespace spillway::runtime {
namespace {

constexpr uint64_t kProgressEvery = 4096;

// The recorded outputs of one producer, event by event, still encoded.
class RecordedOutputs {
 public:
  RecordedOutputs(Producer producer, std::unique_ptr<log::LaneReader> reader)
      : producer_(producer), reader_(std::move(reader)) {}

  // False at the end of the lane.
  absl::StatusOr<bool> Next(std::string_view& encoded, std::string_view& payload) {
    while (true) {
      if (group_ && group_->Next(encoded, payload)) return true;
      if (group_ && !group_->ok())
        return absl::DataLossError(fmt::format("message {} does not parse", message_.sequence));
      absl::StatusOr<bool> more = reader_->Next(message_);
      if (!more.ok() || !*more) return more;
      absl::StatusOr<GroupView> group = GroupView::Open(message_.bytes);
      if (!group.ok()) return group.status();
      group_.reset();
      if (group->header().producer == producer_) group_ = *group;
    }
  }
  uint64_t sequence() const { return message_.sequence; }

 private:
  Producer producer_;
  std::unique_ptr<log::LaneReader> reader_;
  log::LaneMessage message_;
  std::optional<GroupView> group_;
};

// Compares what the processor emits with what is recorded, and remembers the first difference.
class ComparingSink final : public EventSink {
 public:
  ComparingSink(Producer producer, log::LaneName lane, RecordedOutputs& recorded)
      : producer_(producer), lane_(std::move(lane)), recorded_(recorded) {}

  void Emit(const Event& event) override {
    if (!status.ok() || result.divergence) return;
    ++result.outputs;
    encoder_.Begin({.producer = producer_});
    const size_t header_size = encoder_.bytes().size();
    encoder_.Add(event);
    const std::string_view regenerated = encoder_.bytes().substr(header_size);
    std::string_view encoded, payload;
    const absl::StatusOr<bool> more = recorded_.Next(encoded, payload);
    if (!more.ok()) {
      status = more.status();
    } else if (!*more) {
      Diverge(0, std::nullopt, regenerated);
    } else if (encoded != regenerated) {
      Diverge(recorded_.sequence(), std::string(payload), regenerated);
    }
  }

  // Nothing more may be recorded than was regenerated.
  void Finish() {
    if (!status.ok() || result.divergence) return;
    std::string_view encoded, payload;
    const absl::StatusOr<bool> more = recorded_.Next(encoded, payload);
    if (!more.ok()) {
      status = more.status();
    } else if (*more) {
      ++result.outputs;
      Diverge(recorded_.sequence(), std::string(payload), std::nullopt);
    }
  }

  absl::Status status;
  ProcessorReplay result;

 private:
  void Diverge(uint64_t sequence, std::optional<std::string> recorded, std::optional<std::string_view> regenerated) {
    Divergence& d = result.divergence.emplace();
    d.producer = producer_;
    d.lane = lane_;
    d.sequence = sequence;
    d.output = result.outputs;
    d.recorded = std::move(recorded);
    if (!regenerated) return;
    const absl::StatusOr<GroupView> group = GroupView::Open(encoder_.bytes());
    GroupView view = *group;
    std::string_view encoded, payload;
    if (view.Next(encoded, payload)) d.regenerated = std::string(payload);
  }

  Producer producer_;
  log::LaneName lane_;
  RecordedOutputs& recorded_;
  GroupEncoder encoder_;
};

// One input lane, read event by event; batches come in parts cut before each clock tick.
class InputLane {
 public:
  InputLane(log::LaneName name, std::unique_ptr<log::LaneReader> reader)
      : name_(std::move(name)), reader_(std::move(reader)) {}

  // Hands on events up to the next clock tick (exclusive), the tick that opened this window first. False: the lane is
  // at its end and had nothing more.
  template <class Take>
  absl::StatusOr<bool> Window(Take take) {
    bool any = false;
    if (held_) {
      TakeHeld(take);
      any = true;
    }
    while (!held_) {
      absl::StatusOr<bool> more = NextMessage();
      if (!more.ok()) return more;
      if (!*more) return any;
      any = true;
      DrainMessage(take);
      if (!status_.ok()) return status_;
    }
    return any;
  }

  uint64_t messages() const { return messages_; }

 private:
  absl::StatusOr<bool> NextMessage() {
    absl::StatusOr<bool> more = reader_->Next(message_);
    if (!more.ok() || !*more) return more;
    ++messages_;
    // Everything up to the next message is decoded into `events_` lazily: a held tick keeps its place in the message.
    absl::StatusOr<GroupView> group = GroupView::Open(message_.bytes);
    if (!group.ok()) return group.status();
    group_ = *group;
    if (!filter_.Accept(name_, group_->header())) group_.reset();
    return true;
  }

  template <class Take>
  void DrainMessage(Take& take) {
    std::string_view encoded, payload;
    while (!held_ && group_ && status_.ok() && group_->Next(encoded, payload)) {
      const absl::Status decoded = decoder_.DecodeEvent(payload, group_->header().producer, [&](const Event& event) {
        if (const auto* batch = std::get_if<MarketBatch>(&event.body)) {
          part_ = event;
          rest_ = filter_.Trim(*batch);
          DrainBatch(take, /*window_open=*/false);
        } else if (std::holds_alternative<ClockTick>(event.body)) {
          part_ = event;
          held_ = true;
        } else {
          take(event);
        }
      });
      if (!decoded.ok()) status_ = decoded;
    }
  }

  // Parts of the open batch, up to a tick that opens the next window.
  template <class Take>
  void DrainBatch(Take& take, bool window_open) {
    while (!rest_.events.empty()) {
      if (rest_.events.front().kind == MarketEventKind::kTick && !window_open) {
        held_ = true;
        return;
      }
      window_open = false;
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
      take(static_cast<const Event&>(part_));
    }
  }

  template <class Take>
  void TakeHeld(Take& take) {
    held_ = false;
    if (!rest_.events.empty()) {
      DrainBatch(take, /*window_open=*/true);
    } else {
      const Event tick = part_;
      take(tick);
    }
    if (!held_) DrainMessage(take);
  }

  log::LaneName name_;
  std::unique_ptr<log::LaneReader> reader_;
  log::LaneMessage message_;
  std::optional<GroupView> group_;
  GroupDecoder decoder_;
  LaneFilter filter_;
  Event part_;
  MarketBatch rest_;
  bool held_ = false;  // a tick that opens the next window waits (in `part_`, or at the front of `rest_`)
  absl::Status status_;
  uint64_t messages_ = 0;
};

}  // namespace

absl::StatusOr<ProcessorReplay> ReplayProcessor(Processor& processor, log::EventLog& log, const ReplayPlan& plan,
                                                const ReplayProgress& progress) {
  const Producer producer = processor.producer();
  absl::StatusOr<std::unique_ptr<log::LaneReader>> output = log.OpenReader(plan.output);
  if (!output.ok()) return output.status();
  RecordedOutputs recorded(producer, std::move(*output));
  ComparingSink sink(producer, plan.output, recorded);
  sink.result.producer = producer;

  std::vector<std::unique_ptr<InputLane>> lanes;
  for (const log::LaneName& name : plan.inputs) {
    absl::StatusOr<std::unique_ptr<log::LaneReader>> reader = log.OpenReader(name);
    if (!reader.ok()) return reader.status();
    lanes.push_back(std::make_unique<InputLane>(name, std::move(*reader)));
  }
  const auto take = [&](const Event& event) {
    if (event.header.producer != producer && !sink.result.divergence) processor.Process(event, sink);
  };
  uint64_t reported = 0;
  for (bool more = true; more && sink.status.ok() && !sink.result.divergence;) {
    more = false;
    uint64_t messages = 0;
    for (const std::unique_ptr<InputLane>& lane : lanes) {
      absl::StatusOr<bool> window = lane->Window(take);
      if (!window.ok()) return window.status();
      more |= *window;
      messages += lane->messages();
    }
    sink.result.inputs = messages;
    if (progress && messages >= reported + kProgressEvery) progress(reported = messages);
  }
  sink.Finish();
  if (!sink.status.ok()) return sink.status;
  return sink.result;
}

}  // namespace spillway::runtime
