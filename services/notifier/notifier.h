// Says what a person is told, once: an alert for each approved intent, and what became of it.
//
// Reads   trading lane: in scoring's order ConfigurationVersion, InstrumentDefinition, Signal, SignalCancelled,
// TradeIntent
//         and every event's time; besides, RiskDecision.
// Emits   Alert          for each approved intent, at the intent's time, following from its RiskDecision. Shadow
// instances'
//                        alerts are emitted too, marked; no channel shows them unasked (channel.h).
//         AlertReceipt   kSuppressed instead of the Alert, where the instance's alerts_per_minute_hard is used up
//         (S0-9.3).
//                        Risk holds the same limit: this one holds if risk is wrong.
//         AlertUpdate    kCancelled when the alert's signal is cancelled before it expires (S0-4.5), with rule, seen
//         and
//                        limit; kExpired at the first event at or after its expiry: one of no instance or its own's.
//                        An alert gets one of the two, or none if the lane ends before.
//
// Outcomes are the journal's; a channel shows its OutcomeLabelled as an edit of the alert without the notifier's help.
//
// Order. How risk's messages interleave with scoring's differs from run to run, what is told must not. So everything
// that can make the notifier speak (intents, cancellations, time) stands in one queue in scoring's order, and the queue
// stops at an intent until its decision has come. What an item needs of the configuration it takes when it is queued.
// The queue holds what scoring wrote while risk was behind: at kQueuedMax items (an hour of ticks and more) the process
// ends, since going on could only mean to reorder or to forget.
//
// Money of an alert: reward_net = GrossProfit(entry to target) - RoundTripCost (C-30); what is lost at the stop is the
// decision's risk and the same costs, so reward_to_risk_net = reward_net / (risk + costs), 0 without either.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "libs/costs/costs.h"
#include "libs/events/persist_fields.h"
#include "libs/profile/pending_configurations.h"
#include "libs/runtime/processor.h"

namespace spillway::notifier {

class NotifierProcessor final : public runtime::Processor {
 public:
  static constexpr size_t kQueuedMax = 1'000'000;
  // Accepted signals whose intent has not come; scoring writes it right behind, so more than a few are a fault.
  static constexpr size_t kSignalsMax = 1024;

  Producer producer() const override { return Producer::kNotifier; }
  uint32_t state_version() const override { return 2; }
  void Process(const Event& event, runtime::EventSink& out) override;
  void Save(runtime::StateWriter& state) const override;
  absl::Status Restore(runtime::StateReader& state) override;

  // Observed by the shell; they steer nothing.
  uint64_t suppressed() const { return suppressed_; }
  uint64_t configurations_refused() const { return configurations_refused_; }

 private:
  // What the notifier takes from a profile.
  struct Terms {
    InstanceMode mode = InstanceMode::kActive;
    costs::CostSchedule costs;
    std::optional<uint32_t> alerts_per_minute_hard;
    template <class Archive>
    void Persist(Archive& a) {
      a(mode, costs, alerts_per_minute_hard);
    }
  };
  struct AcceptedSignal {
    EventId id;
    std::vector<RuleResult> rules;
    template <class Archive>
    void Persist(Archive& a) {
      a(id, rules);
    }
  };
  struct Decided {
    EventId id;  // of the decision's event
    RiskDecision decision;
    template <class Archive>
    void Persist(Archive& a) {
      a(id, decision);
    }
  };
  enum class ItemKind : uint8_t { kTime, kIntent, kCancel };
  struct Item {
    ItemKind kind = ItemKind::kTime;
    EventHeader header;
    TradeIntent intent;  // kIntent
    std::vector<RuleResult> rules;
    Terms terms;
    ContractTerms contract;
    Decided decided;            // its id is none until it has come
    SignalCancelled cancelled;  // kCancel
    template <class Archive>
    void Persist(Archive& a) {
      a(kind, header, intent, rules, terms, contract, decided, cancelled);
    }
  };
  struct LiveAlert {
    EventHeader header;
    EventId signal;
    Time expires;
    template <class Archive>
    void Persist(Archive& a) {
      a(header, signal, expires);
    }
  };

  void Activate(const profile::PendingConfiguration& version);
  void OnDecision(const Event& event, const RiskDecision& decision, runtime::EventSink& out);
  void OnSignal(const Event& event, const Signal& signal);
  void OnIntent(const Event& event, const TradeIntent& intent, runtime::EventSink& out);
  void OnCancelled(const Event& event, const SignalCancelled& cancelled, runtime::EventSink& out);
  void Queue(Item item, runtime::EventSink& out);
  void OnTime(const EventHeader& header, runtime::EventSink& out);
  void Release(runtime::EventSink& out);

  void Expire(const EventHeader& mark, runtime::EventSink& out);
  void Cancel(const Item& item, runtime::EventSink& out);
  void Tell(const Item& item, runtime::EventSink& out);
  bool OverHardLimit(const Item& item);

  template <class Archive>
  void Persist(Archive& a) {
    a(contracts_, instances_, pending_, signals_, queue_, live_, told_, suppressed_, configurations_refused_);
  }

  std::map<InstrumentId, ContractTerms> contracts_;
  std::map<StrategyInstanceId, Terms> instances_;
  profile::PendingConfigurations pending_;
  std::deque<AcceptedSignal> signals_;                   // oldest first
  std::deque<Item> queue_;                               // empty or headed by an intent without its decision
  std::vector<LiveAlert> live_;                          // in the order they were told
  std::map<StrategyInstanceId, std::deque<Time>> told_;  // of the last minute
  uint64_t suppressed_ = 0;
  uint64_t configurations_refused_ = 0;
};

}  // namespace spillway::notifier
