// The product over a recorded market lane: the same for `run`, `replay --diff` and `demo`.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/runtime/embedded_pipeline.h"
#include "services/universe/adapters/reference_csv.h"
#include "spillway/v1/profile.pb.h"

namespace spillway::cli {

// One processor of every kind, fresh.
runtime::PipelineProcessors MakeProcessors();
std::unique_ptr<runtime::Processor> MakeProcessor(Producer producer);

// A profile that runs: its instance name ("ofi-classic@1#1") and whether it may reach a person.
struct StrategyInstance {
  std::string name;
  v1::Profile profile;
  bool shadow = false;
  std::string account = {};  // v1::AccountState, serialized: what its account begins with; empty: the profile's equity
};
// Loads the profiles; the first is active, the others run in shadow. The same profile twice gets #1 and #2.
absl::StatusOr<std::vector<StrategyInstance>> LoadInstances(const std::vector<std::string>& profiles);

// What the gateway writes to a market lane for them to be in force: which build says so, each profile, and what its
// account begins with.
std::vector<Event> ConfigurationEvents(Time time, const std::vector<StrategyInstance>& instances);

// Feeds a pipeline without a universe of its own the lane as it was recorded, whoever wrote it.
absl::Status RunRecorded(runtime::EmbeddedPipeline& pipeline, log::LaneReader& market,
                         const std::function<void(uint64_t rows)>& progress);

// Feeds the pipeline: the configuration first, then what ingest wrote to the lane (what others wrote there belongs to
// the run that recorded it), with reference data behind the definitions that it completes. Without reference data those
// completed when the session was recorded are kept.
absl::Status RunPipeline(runtime::EmbeddedPipeline& pipeline, log::LaneReader& market,
                         const std::vector<StrategyInstance>& instances, const universe::ReferenceData& reference,
                         const std::function<void(uint64_t rows)>& progress);

}  // namespace spillway::cli
