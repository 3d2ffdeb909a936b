// Says of every trade intent whether it may become an alert or an order, and how big. Keeps the accounts that tell.
//
// Reads   trading lane, in scoring's order: ConfigurationVersion, InstrumentDefinition, SessionState, FeedStatus,
//         HaltChanged, NewsHeadline, MarketContext, ClockTick, TradeIntent, SignalCancelled. Time is the latest event
//         time seen there, among events of no instance and the instance's own. Of what oms and the broker write
//         OrderEvent, PositionSnapshot, BrokerReport, BrokerSnapshot, OrderIncident, Reconciliation: they move no clock
//         and touch no alert. AdminCommand: nor does it.
// Emits   RiskDecision: exactly one for each TradeIntent, at the intent's time, following from it.
//         TradingState: each begin, change and end of a pause, for the instance that pauses.
//         AccountSnapshot: each entry and close of the instance's paper account, following from its intent; and where a
//         day or a stage begins or a carried account arrives. Of kind kBroker, instance 0: at the tick behind a change.
//         TradeIntent: risk's own, of a card that a person answered or nobody did, with its decision behind it (C-19;
//         confirmations.h). What is answered without a card has a decision on the command's own id.
//         KillSwitchChanged, and TradingState of instance 0: what stops the account (account_watch.h).
//         ExitSignal: a trade of oms that the instance's day closes, following from its intent.
// Refuses when it does not know. The first rule that refuses is named, with what was seen, the limit and the unit:
//
//   PROFILE_UNKNOWN          no profile is in force for the instance, or it was retired
//   INSTRUMENT_UNKNOWN       the symbol was not defined
//   SIDE_UNSPECIFIED         neither a long nor a short
//   SHORT_SIDE_OFF           a short, and the profile is long only (IR-1) or its account has no margin
//   STOP_INVALID             the stop is not behind the entry, or a price is not above 0
//   NO_SESSION               no session of this day is known (not with always_open)
//   SCHEDULE_CLOSED          outside every window of the day, or in a closed one (S0-10.*, C-17; see schedule.h)
//   SCHEDULE_MONITOR         in a window that only measures
//   WINDOW_NEEDS_PROFIT      trades closed this day before the window began earned nothing, after costs (S1-B9.5)
//   ACCOUNT_RANGE            the day began with an equity outside equity_min .. equity_max (S1-B0.3); detail: which
//   COMPLIANCE               a dated rule of others (C-33); detail: its id. A day on which it does not hold passes
//   STAGE_ABORTED            the stage's abort condition was met (S1-B7.5), until a stage begins
//   DAY_DRAWDOWN             the day lost day_drawdown_max from its peak: all was closed (S1-B0.7, C-14)
//   DAY_LOSS                 the day lost more than day_loss_stop, realised and not (S1-B6.3)
//   LOSSES                   more than losses_max losses within losses_window (S1-B6.2)
//   WEEK_TARGET              the week's closed trades earned week_target, gross (S1-B0.5)
//   FEED_SUSPENDED           a feed is not up, or none has reported (S0-9.2)
//   GLOBAL_HALT              a halt, news or a price move stops every symbol (S0-5.3, FX-12)
//   SYMBOL_HALT              ... stops this symbol
//   NO_FRESH_MARK            no quote of the symbol was seen, or its book is not valid
//   LOW_CONFIDENCE_SCORE     in a strict window the threshold is low_confidence_points higher (FX-18)
//   SETTLED_CASH             the cash that may be spent does not buy one unit (C-34)
//   SIZE_ZERO                not even one unit is allowed; binding_cap says by what (FX-13, see sizing.h)
//   TRADES_PER_DAY           trades_per_day of the account, those that may still be entered included (C-16)
//   TRADES_PER_WINDOW        the schedule window's own trades_max (S1-B9.2); a trade is of the window of its intent
//   AFTER_CANCEL             less than after_cancel since an approved signal was cancelled (IR-8)
//   COOLDOWN                 less than cooldown since the last alert of any symbol (IR-8)
//   SAME_TICKER_COOLDOWN     less than same_ticker since the symbol's last alert (S0-5.1; exactly that long is allowed)
//   ALERTS_PER_SYMBOL_DAY    the symbol's alerts of this day (IR-8)
//   ALERT_RATE_HARD          alerts_per_minute_hard in the last minute (S0-9.3)
//   ALERTS_PER_DAY           alerts of this day (IR-8)
//   ALERTS_PER_WINDOW        the schedule window's own alerts_max on this day
//   ALERTS_PER_HOUR          alerts_per_hour in the last hour, cancelled ones included (S0-5.2, S0-9.4, FX-11)
//   LOW_CONFIDENCE_LAST_SLOT in a strict window an alert never takes the hour's last slot (FX-18)
//
// Of an intent that would become an order (route CONFIRM, AUTO) the rules of the account follow: account_rules.cc has
// them in their order, docs/risk.md tells of each.
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
//               from the moment no symbol is halted any more.
//   news        auto_resume_after, from the last headline.
//   price move  while the price is more than price_move_percent from another of the last price_move_window, and
//               auto_resume_after longer. The price is the last trade's, else the mid. Follows halt_scope.
//
// The account (paper_account.h) begins with sizing.equity, or with what a ConfigurationVersion of kind kAccount says as
// long as it has not traded. Its pauses (losses, day_loss, day_drawdown) hold until the day ends; losses_pause ends the
// first earlier. Exactly -day_loss_stop still trades; a drawdown of exactly its limit is one. A day is the session's
// trading day; with always_open that of UTC. A week begins on Monday. Sizes are made for the account's equity where the
// profile has an account section, else for sizing.equity (account_limits.h).
//
// Stages (S1-B7.*). A ConfigurationVersion of kind kStage sets the instance's stage; without one the profile's first is
// in force. What is refused - a stage that the profile does not have, an account that has traded, a document that does
// not read - is counted, and what was in force stays.
//
// All state is the instance's own. Halts, news and marks are facts that every instance sees alike, so an instance alone
// does what it does beside others. Shadow instances are judged by the same rules with their own counts and account, and
// are never routed beyond ALERT. A profile that does not read leaves its instance unknown.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "libs/runtime/processor.h"
#include "services/risk/account_profile.h"
#include "services/risk/account_watch.h"
#include "services/risk/broker_account.h"
#include "services/risk/confirmations.h"
#include "services/risk/instance.h"
#include "services/risk/price_history.h"
#include "services/risk/rules.h"

namespace spillway::risk {

struct RuleDistance;  // rule_distances.h

class RiskProcessor final : public runtime::Processor {
 public:
  Producer producer() const override { return Producer::kRisk; }
  uint32_t state_version() const override { return 3; }
  void Process(const Event& event, runtime::EventSink& out) override;
  void Save(runtime::StateWriter& state) const override;
  absl::Status Restore(runtime::StateReader& state) override;

  // Observed by the shell; steers nothing.
  uint64_t configurations_refused() const { return configurations_refused_; }
  std::vector<InstrumentId> Quoted() const;  // symbols that have a mark
  uint64_t commands_refused() const { return watch_.commands_refused(); }
  const BrokerAccount& broker() const { return broker_; }
  const AccountWatch& watch() const { return watch_; }
  const Confirmations& confirmations() const { return confirmations_; }
  const PriceHistory& history() const { return history_; }
  std::vector<StrategyInstanceId> Instances() const;
  const RiskLimits* LimitsOfInstance(StrategyInstanceId id) const;  // nullptr: unknown
  // Of every rule what it sees now, its limit and how far that is, in RefusalRule order: for a long at the symbol's
  // ask.
  std::vector<RuleDistance> Distances(StrategyInstanceId instance, InstrumentId instrument) const;
  // nullopt: none is in force.
  const std::optional<AccountProfile>& account_profile() const { return account_profile_; }

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

  void OnScoringOrder(const Event& event, runtime::EventSink& out);
  const AccountProfile* ProfileInForce() const { return account_profile_ ? &*account_profile_ : nullptr; }

  void OnIntent(const Event& event, const TradeIntent& intent, runtime::EventSink& out);
  RiskDecision Decide(const Case& c) const;
  void Apply(const Event& event, const Case& c, RiskDecision made, runtime::EventSink& out);
  Case CaseOf(const Event& event, const TradeIntent& intent) const;
  void AddAccount(Case& c) const;

  void Advance(const EventHeader& header, runtime::EventSink& out);
  void Move(StrategyInstanceId id, Instance& instance, Time now, const EventHeader& cause, runtime::EventSink& out);
  void EndPauses(StrategyInstanceId id, Instance& instance, runtime::EventSink& out);
  void ConfigureDue(const EventHeader& header, runtime::EventSink& out);
  void Configure(const PendingConfiguration& pending, Time now, runtime::EventSink& out);
  void ConfigureStage(const PendingConfiguration& pending, runtime::EventSink& out);
  void ConfigureAccount(const PendingConfiguration& pending, runtime::EventSink& out);
  void ConfigureRisk(const PendingConfiguration& pending);

  // ---- the account at the broker: what oms and the broker write moves no clock
  void OnTrading(const Event& event, runtime::EventSink& out);
  void OnTrade(const Event& event, const AccountTrade& trade, runtime::EventSink& out);
  void BeginBrokerDay();
  int32_t AccountDay() const;
  // After each event: what it means for breakers and the kill switch.
  void WatchAccount(const Event& event, AccountWatch::Teller& say);
  void OnCommand(const Event& event, const AdminCommand& command, runtime::EventSink& out);

  // ---- confirmations: an answer makes an intent of risk's own, with a decision of its own
  void Remember(const Event& event, const Case& c, const RiskDecision& decision, runtime::EventSink& out);
  void Answer(const Event& event, const AdminCommand& command, runtime::EventSink& out);
  std::optional<Refusal> WhyNot(const Card& card, const AdminCommand& command) const;
  // Nobody confirmed it in time.
  void TellOver(const Card& card, Time ingest_time, runtime::EventSink& out);
  void TellBroker(const EventHeader& cause, runtime::EventSink& out);

  // ---- the account
  int32_t DayOf(const Instance& instance) const;
  void EnterDay(StrategyInstanceId id, Instance& instance, const EventHeader& cause, runtime::EventSink& out);
  void CountAlert(const Case& c, Instance& instance) const;
  void Take(const Event& event, const Case& c, const RiskDecision& decision, Instance& instance) const;
  void SeeStanding(StrategyInstanceId id, Instance& instance, const Event& event, runtime::EventSink& out);
  void OnRows(StrategyInstanceId id, Instance& instance, const Event& event, const MarketContext& context,
              runtime::EventSink& out);
  void OnCancelled(const Event& event, const SignalCancelled& cancelled);
  void OnFeed(const Event& event, const FeedStatus& feed, runtime::EventSink& out);
  // One change of the account, and what follows from it.
  void Tell(Instance& instance, const AccountChange& change, const EventHeader& cause, const Announcer& say,
            runtime::EventSink& out) const;
  void JudgeDay(StrategyInstanceId id, Instance& instance, const EventHeader& cause, runtime::EventSink& out) const;
  // Of trades that only oms can close.
  void AskToClose(StrategyInstanceId id, Instance& instance, const EventHeader& cause, std::string_view reason,
                  runtime::EventSink& out) const;
  void JudgeLosses(Instance& instance, const Announcer& say) const;
  void TellAccount(StrategyInstanceId id, const Instance& instance, const EventHeader& cause, uint32_t ordinal,
                   runtime::EventSink& out) const;

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
    a(now_, terms_, session_, feeds_, marks_, halts_, news_, instances_, pending_, configurations_refused_,
      account_profile_, broker_, watch_, watched_day_, history_, listings_, confirmations_);
  }

  Time now_;  // the latest of everybody's events
  std::map<InstrumentId, ContractTerms> terms_;
  std::optional<SessionState> session_;
  struct FeedSource {
    Producer producer = Producer::kNone;
    uint32_t feed = 0;
    InstrumentId instrument = 0;  // 0: all of the feed
    friend auto operator<=>(const FeedSource&, const FeedSource&) = default;
    template <class Archive>
    void Persist(Archive& a) {
      a(producer, feed, instrument);
    }
  };
  std::map<FeedSource, FeedState> feeds_;
  std::map<InstrumentId, Mark> marks_;
  std::map<InstrumentId, Fact> halts_;
  std::map<InstrumentId, Fact> news_;
  std::map<StrategyInstanceId, Instance> instances_;
  std::vector<PendingConfiguration> pending_;  // not yet effective, in lane order
  uint64_t configurations_refused_ = 0;
  std::optional<AccountProfile> account_profile_;
  BrokerAccount broker_;
  AccountWatch watch_;
  int32_t watched_day_ = 0;
  bool profile_changed_ = false;  // by the event that is being processed
  PriceHistory history_;          // only while the risk profile asks for it
  std::map<InstrumentId, Listing> listings_;
  Confirmations confirmations_;
};

}  // namespace spillway::risk
