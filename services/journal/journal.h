// Measures how every approved intent ended on the market that followed (FX-16; outcome.h says exactly how).
//
// Reads   market lanes: MarketBatch, FeedGap. Trading lane: ConfigurationVersion, InstrumentDefinition, SessionState,
//         FeedStatus, ClockTick, Signal, TradeIntent, SignalCancelled, RiskDecision. The merge delivers a tick window's
//         market events before its trading events, and what scoring passes on from a market lane twice: there first.
// Emits   OutcomeLabelled, one for each approved intent, at the moment it resolved, following from the intent. In the
//         order of resolution (time, then the intents' order); one whose RiskDecision has not come holds those behind
//         it up, so that how risk's messages interleave with scoring's changes nothing. Refused intents are measured
//         until their refusal is known, and not told.
//         A rejected Signal that says what would have been traded is measured too: OutcomeLabelled.near_miss, following
//         from the signal. Of an instance, symbol and side none while an earlier one could still be entered: a setup
//         that is rejected again and again is one miss, not many.
//
// Quotes of a window are kept until the ClockTick behind its trading events: only then are its intents and
// cancellations known, and the window's quotes before the tick are shown to the trades that were open, in order.
//
// When every feed has ended (the second kEnded of each, the one that stands behind the trading events), what is open is
// closed at its last quote: TIME, or MISS if it was never entered.
//
// At most kOpenMax trades are measured at once; the process ends beyond that, since dropping one would falsify the
// record.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "libs/book/book_state.h"
#include "libs/profile/pending_configurations.h"
#include "libs/runtime/processor.h"
#include "services/journal/outcome.h"

namespace spillway::journal {

class JournalProcessor final : public runtime::Processor {
 public:
  static constexpr size_t kOpenMax = 1'000'000;

  Producer producer() const override { return Producer::kJournal; }
  uint32_t state_version() const override { return 2; }
  void Process(const Event& event, runtime::EventSink& out) override;
  void Save(runtime::StateWriter& state) const override;
  absl::Status Restore(runtime::StateReader& state) override;

  // Observed by the shell; it steers nothing.
  uint64_t configurations_refused() const { return configurations_refused_; }

 private:
  struct MissKey {
    StrategyInstanceId instance = 0;
    InstrumentId instrument = 0;
    Side side = Side::kNone;
    friend auto operator<=>(const MissKey&, const MissKey&) = default;
    template <class Archive>
    void Persist(Archive& a) {
      a(instance, instrument, side);
    }
  };
  struct Measured {
    MeasuredTrade trade;
    std::optional<RiskDecision> decision;
    bool near_miss = false;  // of a rejected signal: no decision will come
    bool tellable() const { return near_miss || decision; }
    template <class Archive>
    void Persist(Archive& a) {
      a(trade, decision, near_miss);
    }
  };

  void OnBatch(const MarketBatch& batch);
  void OnGap(InstrumentId instrument);
  void Activate(const profile::PendingConfiguration& version);
  void OnSignal(const Event& event, const Signal& signal);
  void OnIntent(const Event& event, const TradeIntent& intent);
  void OnCancelled(const Event& event, const SignalCancelled& cancelled);
  void OnDecision(const RiskDecision& decision, runtime::EventSink& out);
  void OnTick(Time tick, runtime::EventSink& out);
  void OnFeed(const Event& event, const FeedStatus& feed, runtime::EventSink& out);

  MeasuredTrade Measure(const EventHeader& header, const TradeIntent& intent) const;
  void ShowQuotes(Time before);
  void CollectResolved();
  void Tell(runtime::EventSink& out);
  book::BookState& BookOf(InstrumentId instrument);

  template <class Archive>
  void Persist(Archive& a) {
    a(books_, window_, contracts_, session_, instances_, pending_, feeds_, open_, resolved_, misses_until_);
    a(configurations_refused_);
  }

  std::vector<book::BookState> books_;  // by instrument
  std::vector<QuoteMoment> window_;     // not yet shown, in lane order
  std::map<InstrumentId, ContractTerms> contracts_;
  std::optional<SessionState> session_;
  std::map<StrategyInstanceId, OutcomeRules> instances_;
  profile::PendingConfigurations pending_;
  std::map<uint32_t, uint32_t> feeds_;    // how often each said it has ended
  std::deque<Measured> open_;             // in the order of their intents and signals
  std::deque<Measured> resolved_;         // in the order of their resolution; waiting to be told
  std::map<MissKey, Time> misses_until_;  // when the last measured near miss could no longer be entered
  uint64_t configurations_refused_ = 0;
  std::vector<std::vector<MeasuredTrade*>> watching_;  // by instrument, while quotes are shown; kept for its memory
};

}  // namespace spillway::journal
