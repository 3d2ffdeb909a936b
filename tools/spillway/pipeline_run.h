// The product over a recorded market lane: the same for `run`, `replay --diff` and `demo`.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/runtime/embedded_pipeline.h"
#include "services/universe/adapters/reference_csv.h"
#include "spillway/v1/profile.pb.h"
#include "spillway/v1/risk.pb.h"

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

// What the account may do, and who works its orders. Absent: nothing becomes an order, nobody works them.
struct TradingSetup {
  std::optional<v1::RiskProfile> risk;
  std::optional<v1::SimulatedVenue> venue;
};
struct TradingOptions {
  std::string execution;     // of the first instance; empty: its profile's
  std::string broker;        // "sim", "none"; empty: sim where the first instance trades
  std::string risk_profile;  // empty: paper@1 with broker sim
  std::string venue;         // empty: simulated with broker sim
};
// Loads what the options name, and sets the first instance's execution mode. A venue that does not say what its account
// begins with begins with the risk profile's equity.
absl::StatusOr<TradingSetup> LoadTrading(const TradingOptions& options, std::vector<StrategyInstance>& instances);

// What the gateway writes to a market lane for them to be in force: which build says so, each profile, what its account
// begins with, and what orders need.
std::vector<Event> ConfigurationEvents(Time time, const std::vector<StrategyInstance>& instances,
                                       const TradingSetup& trading = {});

// Feeds a pipeline without a universe of its own the lane as it was recorded, whoever wrote it.
absl::Status RunRecorded(runtime::EmbeddedPipeline& pipeline, log::LaneReader& market,
                         const std::function<void(uint64_t rows)>& progress);

// Feeds the pipeline: the configuration first, then what ingest wrote to the lane (what others wrote there belongs to
// the run that recorded it), with reference data behind the definitions that it completes. Without reference data those
// completed when the session was recorded are kept.
absl::Status RunPipeline(runtime::EmbeddedPipeline& pipeline, log::LaneReader& market,
                         const std::vector<StrategyInstance>& instances, const universe::ReferenceData& reference,
                         const std::function<void(uint64_t rows)>& progress, const TradingSetup& trading = {});

}  // namespace spillway::cli
