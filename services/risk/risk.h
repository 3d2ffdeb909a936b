// Says of every trade intent whether it may become an alert, and how big.
//
// Reads   trading lane, in scoring's order: ConfigurationVersion, InstrumentDefinition, SessionState, FeedStatus,
//         HaltChanged, NewsHeadline, MarketContext, ClockTick, TradeIntent. Time is the latest event time seen there,
//         among events of no instance and the instance's own.
// Emits   RiskDecision: exactly one for each TradeIntent, at the intent's time, following from it.
//         TradingState: each begin, change and end of a pause, for the instance that pauses.
// Refuses when it does not know. The first rule that refuses is named, with what was seen, the limit and the unit:
//
//   PROFILE_UNKNOWN          no profile is in force for the instance, or it was retired
//   INSTRUMENT_UNKNOWN       the symbol was not defined
//   SIDE_UNSPECIFIED         neither a long nor a short
//   STOP_INVALID             the stop is not behind the entry, or a price is not above 0
//   NO_SESSION               no session of this day is known (not with always_open)
//   SCHEDULE_CLOSED          outside every window of the day, or in a closed one (S0-10.*, C-17; see schedule.h)
//   SCHEDULE_MONITOR         in a window that only measures
//   FEED_SUSPENDED           a feed is not up, or none has reported (S0-9.2)
//   GLOBAL_HALT              a halt, news or a price move stops every symbol (S0-5.3, FX-12)
//   SYMBOL_HALT              ... stops this symbol
//   NO_FRESH_MARK            no quote of the symbol was seen, or its book is not valid
//   LOW_CONFIDENCE_SCORE     in a strict window the threshold is low_confidence_points higher (FX-18)
//   SIZE_ZERO                not even one unit is allowed; binding_cap says by what (FX-13, see sizing.h)
//   SAME_TICKER_COOLDOWN     less than same_ticker since the symbol's last alert (S0-5.1; exactly that long is allowed)
//   ALERT_RATE_HARD          alerts_per_minute_hard in the last minute (S0-9.3)
//   ALERTS_PER_WINDOW        the schedule window's own alerts_max on this day
//   ALERTS_PER_HOUR          alerts_per_hour in the last hour, cancelled ones included (S0-5.2, S0-9.4, FX-11)
//   LOW_CONFIDENCE_LAST_SLOT in a strict window an alert never takes the hour's last slot (FX-18)
//
// Throttles come last: only what would otherwise have been an alert counts as one too many. Windows of time are
// half-open: what happened exactly one window ago no longer counts.
//
// on_exceed: pause. The first ALERTS_PER_HOUR refusal pauses the instance until the oldest alert leaves the hour; it
// ends at the first event at or after that. on_exceed: throttle. Beyond the cap one alert in exceed_interval (C-13), no
// pause.
//
// Halts and news (FX-12). halt_scope and news_scope say what one symbol's cause stops: the symbol, or all of the
// instance. What is market-wide (instrument 0) stops all of it under either scope.
//   halt        while the feed's status is anything but trading; under global scope auto_resume_after longer, counted
//   from
//               the moment no symbol is halted any more.
//   news        auto_resume_after, from the last headline.
//   price move  while the price is more than price_move_percent from another of the last price_move_window, and
//               auto_resume_after longer. The price is the last trade's, else the mid. Follows halt_scope.
//
// All state is the instance's own. Halts, news and marks are facts that every instance sees alike, so an instance alone
// does what it does beside others. Shadow instances are judged by the same rules with their own counts, and are never
// routed beyond ALERT. A configuration that does not read leaves its instance unknown.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "libs/runtime/processor.h"
#include "services/risk/instance.h"
#include "services/risk/rules.h"

namespace spillway::risk {

class RiskProcessor final : public runtime::Processor {
 public:
  Producer producer() const override { return Producer::kRisk; }
  uint32_t state_version() const override { return 2; }
  void Process(const Event& event, runtime::EventSink& out) override;
  void Save(runtime::StateWriter& state) const override;
  absl::Status Restore(runtime::StateReader& state) override;

 private:
  class Announcer;
  // A halt or headline of one symbol (0: market-wide), kept for instances that start after it.
  struct Fact {
    Time time;            // halt: when it began or ended; news: the last headline
    bool active = false;  // halt only
    template <class Archive>
    void Persist(Archive& a) {
      a(time, active);
    }
  };
  struct PendingConfiguration {
    EventHeader header;
    ConfigurationVersion version;
    template <class Archive>
    void Persist(Archive& a) {
      a(header, version);
    }
  };

  RiskDecision Decide(const Event& event, const TradeIntent& intent) const;
  void Apply(const Event& event, const RiskDecision& decision, runtime::EventSink& out);
  Case CaseOf(const Event& event, const TradeIntent& intent) const;

  void Advance(const EventHeader& header, runtime::EventSink& out);
  void EndPauses(StrategyInstanceId id, Instance& instance, runtime::EventSink& out);
  void ConfigureDue(const EventHeader& header, runtime::EventSink& out);
  void Configure(const PendingConfiguration& pending, Time now, runtime::EventSink& out);
  void OnHalt(const Event& event, const HaltChanged& halt, runtime::EventSink& out);
  void OnNews(const Event& event, runtime::EventSink& out);
  void OnContext(const Event& event, const MarketContext& context, runtime::EventSink& out);
  void OnTick(const Event& event, runtime::EventSink& out);
  void JudgeMove(Instance& instance, InstrumentId instrument, const Announcer& say);

  bool AnyHalted() const;
  void ApplyHalt(Instance& instance, InstrumentId instrument, const Fact& halt, const Announcer& say) const;
  void ApplyNews(Instance& instance, InstrumentId instrument, const Fact& news, const Announcer& say) const;
  void Begin(Instance& instance, const PauseKey& key, std::optional<Time> until, const Announcer& say) const;
  void End(Instance& instance, const PauseKey& key, Time until, const Announcer& say) const;

  template <class Archive>
  void Persist(Archive& a) {
    a(now_, terms_, session_, feeds_, marks_, halts_, news_, instances_, pending_);
  }

  Time now_;  // the latest of everybody's events
  std::map<InstrumentId, ContractTerms> terms_;
  std::optional<SessionState> session_;
  std::map<uint32_t, FeedState> feeds_;
  std::map<InstrumentId, Mark> marks_;
  std::map<InstrumentId, Fact> halts_;
  std::map<InstrumentId, Fact> news_;
  std::map<StrategyInstanceId, Instance> instances_;
  std::vector<PendingConfiguration> pending_;  // not yet effective, in lane order
};

}  // namespace spillway::risk
