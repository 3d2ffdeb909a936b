// Turns market events into what profiles score: features, detectors, and the inputs of the universe's rules.
//
// Reads   market lane: MarketBatch (with its clock ticks) and everything else of that lane.
// Emits   features lane:
//         - in its place and unchanged, whatever is not a MarketBatch (ProcessorVersion excepted); each clock tick of a
//           batch as a ClockTick of ingest;
//         - FeatureSetDefined when the union of declared features changed, before a snapshot that uses it;
//         - FeatureSnapshot of each symbol that changed: at 250 ms boundaries of event time, with the first event at or
//           after the boundary and before that event is applied (of several that passed, at the first and the last);
//           and at once when an instance is triggered: its rubric's satisfied points come to the threshold at the end
//           of an event, or a detector changes state whose feature it declares;
//         - DetectorFired at the start and the end of a condition; FeedStatus kLagging and kUp of feeds with receive
//         times;
//         - UniverseInputs of all symbols on the grid of the universe's refresh, of one at a halt and at its first
//         quote.
// SubscriptionChanged: from its effective time what is not asked of the feed for a symbol is not carried.
// Features are evaluated where an event of the book ends (kEndOfEvent). Time is event time; a boundary's values contain
// what happened before it. No allocation per market event in steady state.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "libs/profile/pending_configurations.h"
#include "libs/runtime/processor.h"
#include "services/metrics/feature_set.h"
#include "services/metrics/feed_lag.h"
#include "services/metrics/output.h"
#include "services/metrics/symbol_metrics.h"

namespace spillway::metrics {

class MetricsProcessor final : public runtime::Processor {
 public:
  MetricsProcessor();
  ~MetricsProcessor() override;

  Producer producer() const override { return Producer::kMetrics; }
  uint32_t state_version() const override { return 4; }
  void Process(const Event& event, runtime::EventSink& out) override;
  void Save(runtime::StateWriter& state) const override;
  absl::Status Restore(runtime::StateReader& state) override;

  // Counted, never guessed.
  uint64_t events_without_instrument() const { return events_without_instrument_; }
  // nullptr if nothing of the instrument was seen.
  const SymbolMetrics* Find(InstrumentId instrument) const {
    return instrument < symbols_.size() ? symbols_[instrument].get() : nullptr;
  }

 private:
  struct Feed {
    Carried carried;
    bool known = false;  // its capabilities are
    bool receive_times = false;
    bool stale = false;
    FeedLag lag;
    template <class Archive>
    void Persist(Archive& a) {
      a(carried, known, receive_times, stale, lag);
    }
  };

  // A change of what is asked of a feed that waits for its effective time.
  struct PendingSubscription {
    InstrumentId instrument = 0;
    Time effective_time;
    Subscribed subscribed;
    template <class Archive>
    void Persist(Archive& a) {
      a(instrument, effective_time, subscribed);
    }
  };

  // Market events.
  void OnBatch(const MarketBatch& batch, runtime::EventSink& out);
  void OnTick(const MarketEvent& tick, runtime::EventSink& out);
  void OnRowEnd(SymbolMetrics& symbol, InstrumentId instrument, Time now, runtime::EventSink& out);
  // All other events of the lane, after they were passed on.
  void OnOther(const Event& event, runtime::EventSink& out);
  void OnHalt(const EventHeader& header, const HaltChanged& halt, runtime::EventSink& out);
  void OnFeedStatus(const EventHeader& header, const FeedStatus& status, runtime::EventSink& out);
  void OnFeedGap(const EventHeader& header, const FeedGap& gap, runtime::EventSink& out);
  void OnCapabilities(const FeedCapabilities& capabilities);
  void OnSession(const EventHeader& header, const SessionState& state);
  void OnTradeFix(const Event& event, runtime::EventSink& out);
  void TakeDueSubscriptions(Time now);
  void TakeDueConfigurations(Time now, runtime::EventSink& out);
  void Reconfigure(Time now, runtime::EventSink& out);

  // Time.
  void Advance(Time now, runtime::EventSink& out) {
    if (now >= next_due_) AdvanceTo(now, out);
    if (now > now_) now_ = now;
  }
  void AdvanceTo(Time now, runtime::EventSink& out);
  void FindNextDue();
  void RunFeedLag(Time now, runtime::EventSink& out);

  // Outputs (outputs.cc).
  void EmitBoundary(Time boundary, OutputKind kind, runtime::EventSink& out);
  void EmitBoundarySnapshot(SymbolMetrics& symbol, InstrumentId instrument, Time boundary, OutputKind kind,
                            runtime::EventSink& out);
  void EmitTriggeredSnapshot(SymbolMetrics& symbol, InstrumentId instrument, Time now, OutputKind kind,
                             runtime::EventSink& out);
  void FillSnapshot(SymbolMetrics& symbol, Time time, FeatureSnapshot& snapshot);
  bool Changed(SymbolMetrics& symbol, const FeatureSnapshot& snapshot);
  void EmitDetectors(SymbolMetrics& symbol, InstrumentId instrument, Time now, runtime::EventSink& out);
  void Trigger(SymbolMetrics& symbol, Time now);
  void EmitUniverseRefresh(Time time, runtime::EventSink& out);
  void EmitUniverseInputs(const SymbolMetrics& symbol, InstrumentId instrument, Time time, const char* cause, bool last,
                          runtime::EventSink& out);

  SymbolMetrics& SymbolOf(InstrumentId instrument);
  Feed& FeedOf(uint32_t feed);
  int64_t GridOf(Time time) const { return ToNanos(time) / SymbolMetrics::kGrid.count(); }

  template <class Archive>
  void PersistAll(Archive& a);

  StrategyInstances instances_;
  profile::PendingConfigurations pending_;
  std::vector<PendingSubscription> subscriptions_;  // in the order of their arrival
  FeatureSet set_;
  std::vector<StrategyTrigger> triggers_;

  std::vector<std::unique_ptr<SymbolMetrics>> symbols_;  // by instrument id; nullptr: never seen
  std::map<uint32_t, Feed> feeds_;
  std::vector<SessionState> session_;  // of the whole market, the last one; empty: none was seen

  Time now_;
  int64_t grid_ = 0;    // the last 250 ms boundary that time has reached, in periods since the epoch
  Time next_boundary_;  // unset (epoch): no event yet
  Time next_refresh_;
  Time next_due_;  // the earliest of both and of a configuration that waits
  Duration refresh_ = std::chrono::minutes(5);
  uint64_t events_without_instrument_ = 0;
  Output output_;

  // Reused for every output of their kind.
  Event snapshot_event_, detector_event_, tick_event_, inputs_event_, status_event_;
  std::vector<StrategyInstanceId> triggered_;
};

}  // namespace spillway::metrics
