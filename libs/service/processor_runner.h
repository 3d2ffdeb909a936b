// Runs processors over JetStream lanes: a shell (libs/runtime/lane_shell.h) each, on a thread of its own, with what a
// process adds: checkpoints, positions, dead letters, series, latency stamps, and an orderly end.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "libs/events/event.h"
#include "libs/runtime/lane_shell.h"
#include "libs/service/service_main.h"

namespace spillway::service {

struct ProcessorJob {
  std::string name;  // of its checkpoint and its positions: "metrics.market.0"
  Producer producer = Producer::kNone;
  runtime::LaneShell::MakeProcessor make;
  std::vector<log::LaneName> inputs;
  log::LaneName output;

  // For adapters; called by the job's thread. `caught_up`: the processor had seen all there was once.
  std::function<void(const Event&)> on_input = [](const Event&) {};
  // `is_new`: the lane has it not yet; else it was computed again after a restart.
  std::function<void(const Event&, bool is_new)> on_output = [](const Event&, bool) {};
  std::function<void(runtime::LaneShell&)> after_step = [](runtime::LaneShell&) {};
  // The lane is folded from its beginning: what an adapter folded is void.
  std::function<void()> reset = [] {};
  // What an adapter keeps beside the processor, in the same checkpoint file, from the same moment.
  std::function<void(runtime::StateWriter&)> save = {};
  std::function<absl::Status(runtime::StateReader&)> restore = {};
};

// Runs until the service is asked to stop and what was on the lanes by then is done (2 s at most), or a job fails.
// `more`: what the service adds to /status, asked by other threads.
absl::Status RunProcessors(Context& context, std::vector<ProcessorJob> jobs,
                           std::function<void(StatusReport&)> more = {});

}  // namespace spillway::service
