#include "libs/runtime/replay.h"

#include <memory>

#include "fmt/format.h"
#include "libs/events/codec.h"
#include "libs/runtime/lane_merge.h"
#include "libs/runtime/producer_events.h"

namespace spillway::runtime {
namespace {

constexpr uint64_t kProgressEvery = 4096;

// Compares what the processor emits with what is recorded, and remembers the first difference.
class ComparingSink final : public EventSink {
 public:
  ComparingSink(Producer producer, log::LaneName lane, bool open_ended, ProducerEvents& recorded)
      : producer_(producer), lane_(std::move(lane)), open_ended_(open_ended), recorded_(recorded) {}

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
    } else if (!*more && open_ended_) {
      ++result.unrecorded;
      --result.outputs;
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
  const bool open_ended_;
  ProducerEvents& recorded_;
  GroupEncoder encoder_;
};

}  // namespace

absl::StatusOr<ProcessorReplay> ReplayProcessor(Processor& processor, log::EventLog& log, const ReplayPlan& plan,
                                                const ReplayProgress& progress) {
  const Producer producer = processor.producer();
  absl::StatusOr<std::unique_ptr<log::LaneReader>> output = log.OpenReader(plan.output);
  if (!output.ok()) return output.status();
  ProducerEvents recorded(producer, std::move(*output));
  ComparingSink sink(producer, plan.output, plan.open_ended, recorded);
  sink.result.producer = producer;

  LaneMerge inputs(
      [&](const log::LaneName&, const log::LaneMessage&, const absl::Status&) { ++sink.result.bad_messages; });
  for (const log::LaneName& name : plan.inputs) {
    absl::StatusOr<std::unique_ptr<log::LaneReader>> reader = log.OpenReader(name);
    if (!reader.ok()) return reader.status();
    inputs.Add(name, std::move(*reader));
  }
  const auto take = [&](const Event& event) {
    if (event.header.producer != producer && !sink.result.divergence) processor.Process(event, sink);
  };
  uint64_t reported = 0;
  while (sink.status.ok() && !sink.result.divergence) {
    const absl::StatusOr<LaneMerge::Progress> progress_made = inputs.Read(take, Duration::zero());
    if (!progress_made.ok()) return progress_made.status();
    if (*progress_made == LaneMerge::Progress::kNothing && !inputs.EndLane()) break;
    sink.result.inputs = inputs.messages();
    if (progress && sink.result.inputs >= reported + kProgressEvery) progress(reported = sink.result.inputs);
  }
  sink.Finish();
  if (!sink.status.ok()) return sink.status;
  return sink.result;
}

}  // namespace spillway::runtime
