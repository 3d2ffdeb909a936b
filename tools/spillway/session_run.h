// One run of the product over a recorded session into a new one: what `run` and `demo` share.
#pragma once

#include <ostream>
#include <string>

#include "absl/status/statusor.h"
#include "tools/spillway/pipeline_run.h"

namespace spillway::cli {

struct SessionRunOptions {
  std::string session, out;
  bool replace = false;
  bool show_shadow = false;
  std::ostream* cards = nullptr;  // where alerts are shown; nullptr: nowhere
  bool colour = false;
};
struct SessionRunResult {
  uint64_t rows = 0;
  uint64_t signals_accepted = 0, signals_rejected = 0, signals_previewed = 0, approved = 0, refused = 0, alerts = 0,
           shadow_alerts = 0, cancelled = 0;
  std::string digest;
};

absl::StatusOr<SessionRunResult> RunSession(const SessionRunOptions& options,
                                            const std::vector<StrategyInstance>& instances,
                                            const universe::ReferenceData& reference);

}  // namespace spillway::cli
