#include "libs/runtime/lane_shell.h"

#include <utility>
#include <vector>

#include "fmt/format.h"

namespace spillway::runtime {
namespace {

// How often a writer is told that it is behind before the shell gives up: each time somebody else appended in between.
constexpr int kAbortedMax = 16;

// The events of a group but ProcessorVersion, which each process announces for itself.
std::string EventsToCompare(std::string_view bytes) {
  std::string events;
  absl::StatusOr<GroupView> group = GroupView::Open(bytes);
  if (!group.ok()) return events;
  std::string_view encoded, payload;
  while (group->Next(encoded, payload)) {
    if (BodyField(payload) != kProcessorVersionField) events.append(encoded);
  }
  return events;
}

}  // namespace

class LaneShell::Sink final : public EventSink {
 public:
  explicit Sink(LaneShell& shell) : shell_(shell) {}
  void Emit(const Event& event) override {
    ++shell_.events_out_;
    shell_.observer_.OnOutput(event, shell_.next_sequence_ > shell_.recorded_sequence_);
    if (shell_.output_ == nullptr) return;
    if (!shell_.open_) {
      shell_.open_ = true;
      shell_.group_time_ = event.header.event_time;
      shell_.encoder_.Begin(
          {.producer = shell_.processor_->producer(), .lane_epoch = 1, .producer_sequence = shell_.next_sequence_});
      if (shell_.announce_ && shell_.next_sequence_ > shell_.recorded_sequence_) shell_.Announce(event);
    }
    shell_.encoder_.Add(event);
  }

 private:
  LaneShell& shell_;
};

LaneShell::LaneShell(MakeProcessor make, log::EventLog& log, LaneShellOptions options, ShellObserver* observer)
    : make_(std::move(make)),
      log_(log),
      options_(std::move(options)),
      observer_(observer == nullptr ? no_observer_ : *observer) {}

absl::Status LaneShell::OpenInputs(const LanePositions& positions) {
  merge_ = LaneMerge(
      [this](const log::LaneName& lane, const log::LaneMessage& message, const absl::Status& status) {
        ++bad_messages_;
        observer_.OnBadMessage(lane, message, status);
      },
      [this](const log::LaneName& lane, const log::LaneMessage& message) { observer_.OnMessage(lane, message); });
  for (const log::LaneName& lane : options_.inputs) {
    absl::StatusOr<std::unique_ptr<log::LaneReader>> reader = log_.OpenReader(lane);
    if (!reader.ok()) return reader.status();
    merge_.Add(lane, std::move(*reader));
  }
  return merge_.Restore(positions);
}

// Where our own groups end on the output lane.
absl::Status LaneShell::LoadRecorded() {
  recorded_sequence_ = 0;
  if (output_ == nullptr) return absl::OkStatus();
  std::string bytes;
  const absl::StatusOr<bool> found = output_->LastOwn(bytes);
  if (absl::IsOutOfRange(found.status())) {
    recorded_sequence_ = next_sequence_ - 1;  // retention has removed what we know to have written
    return absl::OkStatus();
  }
  if (!found.ok() || !*found) return found.status();
  const absl::StatusOr<GroupView> group = GroupView::Open(bytes);
  if (!group.ok()) return group.status();
  recorded_sequence_ = group->header().producer_sequence;
  if (pending_ && recorded_sequence_ == next_sequence_) return CheckReplica(bytes);
  return absl::OkStatus();
}

absl::Status LaneShell::Start(const std::optional<std::string>& checkpoint, std::string& note) {
  processor_ = make_();
  ShellState state;
  if (!options_.output.empty()) {
    absl::StatusOr<std::unique_ptr<log::LaneWriter>> writer = log_.OpenWriter(options_.output);
    if (!writer.ok()) return writer.status();
    output_ = std::move(*writer);
  }
  absl::Status restored;
  if (checkpoint) restored = RestoreCheckpoint(*checkpoint, *processor_, state);
  next_sequence_ = restored.ok() ? state.next_producer_sequence : 1;
  if (absl::Status status = LoadRecorded(); !status.ok()) return status;
  if (checkpoint) {
    if (restored.ok() && state.next_producer_sequence > recorded_sequence_ + 1) {
      restored =
          absl::DataLossError(fmt::format("the checkpoint counts {} groups on {}, the lane has {}",
                                          state.next_producer_sequence - 1, options_.output, recorded_sequence_));
    }
    if (!restored.ok()) {
      note = fmt::format("{}; folding the lane from its beginning", std::string(restored.message()));
      processor_ = make_();
      state = {};
    }
  }
  announce_ = state.build != options_.build;
  next_sequence_ = state.next_producer_sequence;
  open_ = pending_ = caught_up_ = false;
  at_unit_end_ = true;
  return OpenInputs(state.positions);
}

void LaneShell::Announce(const Event& cause) {
  announce_ = false;
  Event version;
  version.header.producer = processor_->producer();
  version.header.event_time = cause.header.event_time;
  version.header.ingest_time = cause.header.ingest_time;
  version.header.cause = cause.header.cause;
  // No output has it, nor another announcement: two groups may have one cause, and a replica each to announce it.
  version.header.cause.ordinal = ~(static_cast<uint32_t>(next_sequence_) & 0x7fffffffU);
  version.body = ProcessorVersion{.build = options_.build};
  encoder_.Add(version);
}

absl::StatusOr<bool> LaneShell::Step(Duration wait) {
  if (pending_) {
    if (absl::Status status = Commit(); !status.ok()) return status;
  }
  Sink sink(*this);
  const auto take = [&](const Event& event) {
    if (output_ != nullptr && event.header.producer == processor_->producer()) return;  // its own echo
    ++events_in_;
    observer_.OnInput(event);
    processor_->Process(event, sink);
  };
  const absl::StatusOr<LaneMerge::Progress> progress = merge_.Read(take, wait);
  if (!progress.ok()) return progress.status();
  if (*progress == LaneMerge::Progress::kNothing) {
    caught_up_ = true;
    return false;
  }
  at_unit_end_ = *progress == LaneMerge::Progress::kUnit;
  if (at_unit_end_ && open_) {
    open_ = false;
    pending_ = true;
    if (absl::Status status = Commit(); !status.ok()) return status;
  }
  return true;
}

absl::Status LaneShell::Commit() {
  for (int attempt = 0; next_sequence_ > recorded_sequence_; ++attempt) {
    const absl::StatusOr<uint64_t> appended =
        output_->Append(group_time_, encoder_.bytes(), 0, observer_.Side(merge_.last_side()));
    if (appended.ok()) {
      ++groups_appended_;
      observer_.OnAppended();
      recorded_sequence_ = next_sequence_++;
      pending_ = false;
      return absl::OkStatus();
    }
    if (!absl::IsAborted(appended.status()) || attempt == kAbortedMax) return appended.status();
    if (absl::Status status = LoadRecorded(); !status.ok()) return status;
    if (recorded_sequence_ + 1 < next_sequence_) {
      return absl::DataLossError(
          fmt::format("lane {} has our groups up to {} only, expected {}: it lost what it had "
                      "acknowledged",
                      options_.output, recorded_sequence_, next_sequence_ - 1));
    }
  }
  ++groups_suppressed_;
  ++next_sequence_;
  pending_ = false;
  return absl::OkStatus();
}

absl::Status LaneShell::CheckReplica(std::string_view recorded) const {
  if (EventsToCompare(recorded) == EventsToCompare(encoder_.bytes())) return absl::OkStatus();
  return absl::InternalError(
      fmt::format("group {} of {} on lane {} is not what this process computes: its replica has "
                  "another build or another input; this one must not go on",
                  next_sequence_, ProducerName(processor_->producer()), options_.output));
}

std::string LaneShell::Checkpoint() const {
  return SaveCheckpoint(
      *processor_,
      {.positions = merge_.positions(), .next_producer_sequence = next_sequence_, .build = options_.build});
}

}  // namespace spillway::runtime
