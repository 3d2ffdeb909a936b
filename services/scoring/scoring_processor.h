// Scores every symbol for every strategy instance and says which setups are worth a trade.
//
// Reads   features lane: FeatureSetDefined, FeatureSnapshot, ConfigurationVersion, UniverseChanged, HaltChanged,
//         FeedStatus, FeedCapabilities, InstrumentDefinition, ClockTick, SessionState, NewsHeadline. Not DetectorFired:
//         the features say the same, with the profile's own parameters.
// Emits   trading lane:
//         - passed on as they are: InstrumentDefinition, FeedCapabilities, SessionState, FeedStatus, HaltChanged,
//           NewsHeadline, UniverseChanged, ConfigurationVersion, ClockTick;
//         - at each ClockTick before it one MarketContext, unless no symbol's quote changed;
//         - for each strategy instance Signal, TradeIntent, SignalCancelled and RejectionSummary: strategy_instance.h,
//           signal_monitor.h.
//
// Stages and accounts are configuration too (ConfigurationKind): passed on for risk, they change nothing here.
// A version of a profile acts from its effective time; it starts its instance anew and keeps nothing live. A document
// that this build cannot score stops the instance, and is counted. Snapshots of symbols that no definition has bound
// are dropped and counted. Allocates nothing for a snapshot of which nothing follows.
#pragma once

#include <map>
#include <vector>

#include "libs/profile/pending_configurations.h"
#include "libs/runtime/processor.h"
#include "services/scoring/market_context.h"
#include "services/scoring/market_state.h"
#include "services/scoring/strategy_instance.h"

namespace spillway::scoring {

class ScoringProcessor final : public runtime::Processor {
 public:
  Producer producer() const override { return Producer::kScoring; }
  uint32_t state_version() const override { return 3; }
  void Process(const Event& event, runtime::EventSink& out) override;
  void Save(runtime::StateWriter& state) const override;
  absl::Status Restore(runtime::StateReader& state) override;

  // Observed by the shell; they steer nothing.
  uint64_t configurations_refused() const { return configurations_refused_; }
  uint64_t snapshots_dropped() const { return snapshots_dropped_; }
  uint64_t rejections_suppressed() const;

 private:
  void Activate(const profile::PendingConfiguration& version);
  void OnConfiguration(const Event& event, const ConfigurationVersion& version);
  void OnFeatureSet(const FeatureSetDefined& features);
  void OnSnapshot(const EventHeader& header, const FeatureSnapshot& snapshot, runtime::EventSink& out);
  void OnStatusChanged(const EventHeader& header, runtime::EventSink& out);
  void OnTick(const Event& tick, runtime::EventSink& out);
  void OnUniverse(const EventHeader& header, const UniverseChanged& universe);

  MarketState market_;
  MarketContextRows rows_;
  FeatureSetDefined features_;
  std::map<StrategyInstanceId, StrategyInstance> instances_;
  profile::PendingConfigurations pending_;
  uint64_t configurations_refused_ = 0;
  uint64_t snapshots_dropped_ = 0;
  Event context_;  // kept for its memory
};

}  // namespace spillway::scoring
