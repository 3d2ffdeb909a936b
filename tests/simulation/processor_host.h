// A processor on the lane, as a service's shell runs it: filter in front, outputs as numbered groups behind,
// checkpoints. A crash loses what it had in memory; it comes back from a checkpoint, or from nothing, reads the lane
// again and says nothing twice. What it says again differs by no byte, or the day has failed.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libs/base/random.h"
#include "libs/runtime/lane_filter.h"
#include "libs/runtime/processor.h"
#include "tests/simulation/lane_record.h"

namespace spillway::simulation {

using ProcessorFactory = std::function<std::unique_ptr<runtime::Processor>()>;

class ProcessorHost {
 public:
  ProcessorHost(ProcessorFactory make, LaneRecord& lane)
      : make_(std::move(make)), lane_(&lane), processor_(make_()), producer_(processor_->producer()) {}

  bool behind() const { return cursor_ < lane_->group_count(); }
  size_t backlog() const { return lane_->group_count() - cursor_; }
  size_t cursor() const { return cursor_; }  // groups that it has read
  const runtime::Processor& processor() const { return *processor_; }

  // Reads one group. What it makes of it is handed out, unless the lane has it.
  std::optional<std::vector<Event>> Read() {
    const LaneRecord::Group& group = lane_->group(cursor_++);
    if (group.header.producer == producer_ || !filter_.Accept(lane_name_, group.header)) return std::nullopt;
    Sink sink;
    for (const Event& event : lane_->events(group)) processor_->Process(event, sink);
    if (sink.events.empty()) return std::nullopt;
    const uint64_t sequence = next_sequence_++;
    if (sequence > lane_->last_sequence(producer_)) return std::move(sink.events);
    const std::span<const Event> said = lane_->events(lane_->OwnGroup(producer_, sequence));
    if (!std::equal(said.begin(), said.end(), sink.events.begin(), sink.events.end())) differs_ = true;
    return std::nullopt;
  }
  // What it said after a crash is not what it had said before.
  bool differs() const { return differs_; }

  // The bus delivers the last group once more.
  void Repeat() {
    if (cursor_ > 0) --cursor_;
  }
  void Checkpoint() {
    runtime::StateWriter state;
    processor_->Save(state);
    saved_.push_back({state.Take(), filter_, cursor_, next_sequence_});
    if (saved_.size() > 4) saved_.erase(saved_.begin());
  }
  // Comes back from one of its checkpoints, or from the lane alone. False: the checkpoint does not read.
  bool Crash(Random& random) {
    const size_t until = cursor_;
    processor_ = make_();
    const size_t which = random.Below(saved_.size() + 1);
    filter_ = {};
    cursor_ = 0;
    next_sequence_ = 1;
    if (which < saved_.size()) {
      const Saved& saved = saved_[which];
      runtime::StateReader reader(saved.state);
      if (!processor_->Restore(reader).ok() || !reader.Finish().ok()) return false;
      filter_ = saved.filter;
      cursor_ = saved.cursor;
      next_sequence_ = saved.next_sequence;
    }
    // It is at work again once it has read what it had read; the last of it may still be unanswered on the lane.
    while (cursor_ + 1 < until) Read();
    return true;
  }

 private:
  struct Sink final : runtime::EventSink {
    void Emit(const Event& event) override { events.push_back(event); }
    std::vector<Event> events;
  };
  struct Saved {
    std::string state;
    runtime::LaneFilter filter;
    size_t cursor = 0;
    uint64_t next_sequence = 1;
  };

  ProcessorFactory make_;
  LaneRecord* lane_;
  std::unique_ptr<runtime::Processor> processor_;
  Producer producer_;
  runtime::LaneFilter filter_;
  const std::string lane_name_ = "trading";
  size_t cursor_ = 0;
  uint64_t next_sequence_ = 1;
  std::vector<Saved> saved_;
  bool differs_ = false;
};

}  // namespace spillway::simulation
