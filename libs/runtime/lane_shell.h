// Moves events between lanes and one processor, live: reads a unit of input, appends what the processor says of it as
// one group, remembers where it is. What runs a processor over NATS, and nothing else does; it knows no clock, thread
// or configuration (libs/service has those).
//
// Exactly once in effect. Every group has a producer sequence, counted by the processor's outputs alone, so that
// folding the input again numbers them again: what the lane has already is not appended a second time. This one
// mechanism serves restarts (fold what came behind the checkpoint), lost answers, and replicas: two processes of one
// producer write the same groups, and whichever is first wins.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/events/codec.h"
#include "libs/log/event_log.h"
#include "libs/runtime/checkpoint.h"
#include "libs/runtime/lane_merge.h"
#include "libs/runtime/processor.h"

namespace spillway::runtime {

// Watches a shell: counters, latency stamps, adapters. Nothing of it reaches the processor.
class ShellObserver {
 public:
  virtual ~ShellObserver() = default;
  // About to be handed to the processor.
  virtual void OnInput(const Event&) {}
  // Emitted by it. `is_new`: the lane has it not yet, as far as we know (else it was computed again).
  virtual void OnOutput(const Event&, bool /*is_new*/) {}
  // The side record of the group that is about to be appended; `input_side` came with the input behind it.
  virtual std::string_view Side(std::string_view /*input_side*/) { return {}; }
  // The group that Side was asked for is on the lane.
  virtual void OnAppended() {}
  // A message was read, before its events are handed on.
  virtual void OnMessage(const log::LaneName&, const log::LaneMessage&) {}
  virtual void OnBadMessage(const log::LaneName&, const log::LaneMessage&, const absl::Status&) {}
};

struct LaneShellOptions {
  std::vector<log::LaneName> inputs;  // in the order of their merge
  log::LaneName output;               // empty: the processor emits nothing, and sees what was written in its name
  std::string build;                  // announced by a ProcessorVersion where another one wrote before
};

class LaneShell {
 public:
  using MakeProcessor = std::function<std::unique_ptr<Processor>()>;

  // `log` and `observer` outlive the shell.
  LaneShell(MakeProcessor make, log::EventLog& log, LaneShellOptions options, ShellObserver* observer = nullptr);

  // Opens the lanes and goes on from the checkpoint, or from the lanes' beginning where there is none, this build
  // cannot read it, or the lane lacks outputs that it counts (`note` says so). OutOfRange: the input's beginning was
  // removed.
  absl::Status Start(const std::optional<std::string>& checkpoint, std::string& note);

  // Reads one message, or goes on with a window, and commits when a unit is complete. False: nothing came within
  // `wait`. Unavailable: the group could not be appended yet; the next Step tries again before it reads on. DataLoss:
  // the lane lost groups of ours; the shell must be started again. Internal: a replica wrote something else.
  absl::StatusOr<bool> Step(Duration wait);

  // Whether the processor has seen, once, all there was when it was started: nothing was left to read, or the host saw
  // it pass where the lanes ended then (a busy lane always has something left).
  bool caught_up() const { return caught_up_; }
  void SetCaughtUp() { caught_up_ = true; }
  // At the end of a unit: a checkpoint may be taken.
  bool at_rest() const { return !open_ && !pending_ && at_unit_end_; }
  std::string Checkpoint() const;
  LanePositions positions() const { return merge_.positions(); }
  // Of the message read last.
  uint64_t last_sequence() const { return merge_.last().sequence; }

  Processor& processor() { return *processor_; }
  uint64_t messages() const { return merge_.messages(); }
  uint64_t events_in() const { return events_in_; }
  uint64_t events_out() const { return events_out_; }
  uint64_t groups_appended() const { return groups_appended_; }
  uint64_t groups_suppressed() const { return groups_suppressed_; }  // the lane had them
  uint64_t bad_messages() const { return bad_messages_; }

 private:
  class Sink;
  absl::Status OpenInputs(const LanePositions& positions);
  absl::Status LoadRecorded();
  void Announce(const Event& cause);
  absl::Status Commit();
  absl::Status CheckReplica(std::string_view recorded) const;

  MakeProcessor make_;
  log::EventLog& log_;
  const LaneShellOptions options_;
  ShellObserver no_observer_;
  ShellObserver& observer_;

  std::unique_ptr<Processor> processor_;
  LaneMerge merge_;
  std::unique_ptr<log::LaneWriter> output_;
  GroupEncoder encoder_;
  bool open_ = false;     // the group at hand has events
  bool pending_ = false;  // it is complete, and not on the lane yet
  bool at_unit_end_ = true;
  bool announce_ = false;
  Time group_time_;
  uint64_t next_sequence_ = 1;      // of the group at hand
  uint64_t recorded_sequence_ = 0;  // of our last group on the lane
  bool caught_up_ = false;
  uint64_t events_in_ = 0, events_out_ = 0;
  uint64_t groups_appended_ = 0, groups_suppressed_ = 0, bad_messages_ = 0;
};

}  // namespace spillway::runtime
