// Turns approved intents into orders and orders into positions. docs/orders.md tells the story.
//
// Reads   trading lane, all of it. Time is the latest event time seen; what time alone asks for is done at ticks.
// Emits   OrderCommand, each on the lane before the broker hears of it; OrderEvent, each step of an order;
//         PositionSnapshot, where a position or its protection changed; OrderIncident; Reconciliation; FlattenProgress.
//
// An intent becomes orders when its RiskDecision says approved, route AUTO, and it is no shadow. Everything is one
// trade's: its entry, what protects what was entered, what closes it.
//
//   entry       by the profile's ExecutionPolicy: limit, marketable limit, market. Cancelled at the intent's expiry, or
//               chased (FX-106): cancelled, the cancel confirmed, what is left sent again at the mid, chases_max times.
//   protection  what was entered and nothing protects gets a stop and a target that cancel each other: at once where
//               nothing more can come, else at the next tick. With CANCEL_REST the rest of the entry is cancelled after
//               partial_wait and then all is protected.
//   exit        where the quote is through the stop before it is placed, the stop is rejected, it was lost three times,
//               the time stop, kCloseLead before the close, an ExitSignal, a flatten: entry and protection are
//               cancelled, then what is left is sold across the spread (liquidation.h). A flatten goes by the risk
//               profile's terms, the others all at once and by the profile's exit_cross_bps.
//   ids         digest(intent, role, attempt), so that the broker knows a repetition (S3-B2.2).
//
// Refused by oms itself, each an OrderEvent REJECTED with its rule: KILL_SWITCH, PROFILE_UNKNOWN, INSTRUMENT_UNKNOWN,
// INTENT_EXPIRED, SESSION_CLOSE, FLATTENING, SIGNAL_CANCELLED, NO_QUANTITY.
//
// The broker may be late, repeat itself, contradict itself or be silent.
//   fills       count once by execution id, whenever they come. Of an order that had ended, or more than was ordered:
//               applied all the same, as positions are the sum of executions, and an OrderIncident pauses the symbol.
//   no answer   within stuck_after (FX-77): UNKNOWN, asked for, and again each stuck_after. Given up only when the
//               broker said twice, kGiveUpAfter apart or more, that it does not know it.
//   cancels     refused ones are sent again each kCancelAgain while they are wanted.
//
// A pause that is about money or trust (losses, the day, incidents; not halts, news or alerts' throttles): the entries
// of its scope that are not filled are taken back, as risk would refuse them now.
//
// Active kill switch: entries are cancelled, none is sent; protection stays. A person's kill is obeyed before risk has
// answered it, so that it works where risk does not. While a risk profile is in force the
// broker's books are compared with ours (reconciliation.h).
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "libs/base/id_hash.h"
#include "libs/events/tick_table.h"
#include "libs/runtime/processor.h"
#include "services/oms/command_rate.h"
#include "services/oms/execution_terms.h"
#include "services/oms/liquidation.h"
#include "services/oms/output.h"
#include "services/oms/position_book.h"
#include "services/oms/reconciliation.h"
#include "services/oms/trade.h"

namespace spillway::oms {

inline constexpr Duration kCloseLead = std::chrono::seconds(60);
inline constexpr Duration kGiveUpAfter = std::chrono::seconds(10);
inline constexpr Duration kCancelAgain = std::chrono::seconds(2);
inline constexpr Duration kLateAfter = std::chrono::seconds(2);   // what the broker announced and did not say yet
inline constexpr Duration kUntoldMax = std::chrono::seconds(60);  // that a counted execution is waited for
inline constexpr uint32_t kBracketsLostMax = 3;
inline constexpr size_t kUndecidedMax = 4096;  // intents without a decision
inline constexpr size_t kFinishedMax = 1024;   // trades that are over, kept for late reports
inline constexpr size_t kBracketsMax = 128;    // of one trade
inline constexpr size_t kUnknownToldMax = 256;
inline constexpr size_t kTradeOrdersMax = 64;  // of one trade; replaced ones beyond are forgotten

class OmsProcessor final : public runtime::Processor {
 public:
  Producer producer() const override { return Producer::kOms; }
  uint32_t state_version() const override { return 2; }
  void Process(const Event& event, runtime::EventSink& out) override;
  void Save(runtime::StateWriter& state) const override;
  absl::Status Restore(runtime::StateReader& state) override;

  size_t orders_open() const;  // those that are not final

 private:
  struct Instrument {
    TickTable ticks;
    ContractTerms contract;
    Quantity lot;
    template <class Archive>
    void Persist(Archive& a) {
      a(ticks, contract, lot);
    }
  };
  struct Undecided {
    EventHeader header;
    TradeIntent intent;
    std::string over;  // the rule by which it will be refused, whatever risk says; empty: none
    template <class Archive>
    void Persist(Archive& a) {
      a(header, intent, over);
    }
  };
  struct Kill {
    bool active = false;
    bool flatten = false;
    bool told_done = true;
    uint32_t told_open = 0;
    template <class Archive>
    void Persist(Archive& a) {
      a(active, flatten, told_done, told_open);
    }
  };
  struct TicketTerms {
    OrderRole role = OrderRole::kUnknown;
    Side side = Side::kNone;
    OrderType type = OrderType::kUnknown;
    Quantity quantity;
    std::optional<Price> limit = std::nullopt;
    std::optional<Price> stop = std::nullopt;
    std::optional<Price> wanted = std::nullopt;
    OrderId parent = {};
    std::optional<uint32_t> bracket = std::nullopt;
  };

  // ---- what the lane says (oms.cc)
  void OnConfiguration(const Event& event, const ConfigurationVersion& version);
  void OnIntent(const Event& event, const TradeIntent& intent);
  void OnDecision(const RiskDecision& decision, Output& out);
  void OnContext(const MarketContext& context, Output& out);
  void OnHalt(InstrumentId instrument, const HaltChanged& halt, Output& out);
  void OnSession(const SessionState& session, Output& out);
  void OnCancelled(const SignalCancelled& cancelled, Output& out);
  void OnPause(const EventHeader& header, const TradingState& state, Output& out);
  void EndEntry(Trade& trade, const std::string& reason, Output& out);
  void OnExitSignal(const EventHeader& header, const ExitSignal& signal, Output& out);
  void OnKill(const KillSwitchChanged& kill, Output& out);
  void OnAdmin(const EventHeader& header, const AdminCommand& command, Output& out);
  void OnTick(const EventHeader& header, runtime::EventSink& sink);
  std::string_view RefusalOf(const Undecided& candidate, const RiskDecision& decision) const;  // empty: none
  void Refuse(const Undecided& candidate, const RiskDecision& decision, std::string_view rule, Output& out);
  void Open(const Undecided& candidate, const RiskDecision& decision, Output& out);
  // Of the live trades; 0: all. Good until one is forgotten.
  std::vector<Trade*> Live(InstrumentId instrument, StrategyInstanceId instance = 0);
  void TellKill(Output& out);
  void TellFlattening(Output& out);

  // ---- what the broker says (oms_reports.cc)
  void OnReport(const About& about, const BrokerReport& report, Output& out);
  void OnOrderReport(Trade& trade, Order& order, const BrokerReport& report, Output& out);
  void OnFill(Trade& trade, Order& order, const BrokerReport& report, Output& out);
  void OnCanceled(Trade& trade, Order& order, const BrokerReport& report, Output& out);
  void OnRejected(Trade& trade, Order& order, const BrokerReport& report, Output& out);
  void OnReplaced(Trade& trade, Order& order, const BrokerReport& report, Output& out);
  void OnReplaceRejected(Trade& trade, Order& order, const BrokerReport& report, Output& out);
  void OnStatus(Trade& trade, Order& order, const BrokerReport& report, Output& out);
  void OnNotFound(Trade& trade, Order& order, const BrokerReport& report, Output& out);
  void OnBust(Trade& trade, Order& order, const BrokerReport& report, Output& out);
  void OnFee(Trade& trade, Order& order, const BrokerReport& report);
  void OnUnknownOrder(const About& about, const BrokerReport& report, Output& out);
  void OnConnected(Output& out);
  void OnSnapshot(const BrokerSnapshot& snapshot, Output& out);
  void Repair(Difference difference, Output& out);
  void Miss(Trade& trade, const Order& order, Quantity left);
  void Book(Trade& trade, Order& order, const BrokerReport& report);
  void Shrink(Trade& trade, const Order& filled);
  void CancelLost(Trade& trade, Order& order, Output& out);

  // ---- steps of orders (oms_orders.cc)
  Order& Place(Trade& trade, const TicketTerms& terms, Output& out);  // tells; the command is the caller's
  void SendPlace(const Trade& trade, std::vector<OrderTicket> tickets, std::optional<Time> expires, std::string reason,
                 Output& out);
  void RequestCancel(Trade& trade, Order& order, std::string_view reason, Output& out);
  void Ask(Trade& trade, Order& order, Output& out);
  void AskForSnapshot();
  // False: the order's state does not allow it; told as an incident.
  bool Step(Trade& trade, Order& order, OrderTrigger trigger, const BrokerReport* report, std::string_view reason,
            Output& out);
  void Tell(const Trade& trade, const Order& order, OrderState previous, OrderTrigger trigger,
            const BrokerReport* report, std::string_view reason, Output& out) const;
  void TellIncident(const Trade& trade, const Order& order, IncidentKind kind, OrderTrigger trigger,
                    const BrokerReport& report, std::string detail, Output& out) const;
  void TellPosition(Trade& trade, Output& out);

  // ---- what is to be done next (oms_trades.cc)
  void Advance(Trade& trade, Output& out);
  void AskAfterOrders(Trade& trade, Output& out);
  void AskAfterPairs(Trade& trade);
  void TendEntry(Trade& trade, Output& out);
  std::string EntryEnd(Trade& trade);  // why no more is to be entered; empty: it may be
  std::string ChaseRefusal(const Trade& trade, const Order& ended) const;  // empty: none
  void Chase(Trade& trade, const OrderId& old, Output& out);
  std::optional<Time> ClosingAt(const Trade& trade) const;
  void PlanExit(Trade& trade);
  void StartExit(Trade& trade, std::string_view reason, bool market);
  void WorkExit(Trade& trade, Output& out);
  LiquidationTerms ExitTerms(const Trade& trade) const;
  LiquidationLeg ExitLeg(const Trade& trade) const;
  void PlaceExit(Trade& trade, const LiquidationStep& step, Side side, Output& out);
  bool InRegularHours() const;
  Time ProtectAt(const Trade& trade) const;
  void Protect(Trade& trade, Output& out);
  static uint32_t BracketsLost(const Trade& trade);
  void Trail(Trade& trade, Output& out);
  void ReplaceStop(Trade& trade, uint32_t number, Order& old, Price stop, Output& out);
  static void SettleReplacements(Trade& trade);
  void TendBrackets(Trade& trade, Output& out);
  void Settle(Trade& trade, Output& out);  // tells what changed, forgets what is over
  void Forget(const EventId& intent);
  void ForgetReplaced(Trade& trade);
  bool Due(Trade& trade, Time time);  // if not yet, the trade wakes then
  const Quote* ValidQuote(InstrumentId instrument) const;
  bool Halted(InstrumentId instrument) const { return halted_.contains(0) || halted_.contains(instrument); }  // 0: all
  const TickTable& Ticks(const Trade& trade) const;

  Duration StuckAfter() const { return care_ ? care_->stuck_after : CareTerms{}.stuck_after; }
  std::optional<uint32_t> CommandsPerMinute() const { return care_ ? care_->commands_per_minute : std::nullopt; }

  About Of(const Trade& trade) const {
    return {.instrument = trade.header.instrument,
            .instance = trade.header.instance,
            .correlation = trade.header.correlation_id()};
  }
  Trade* FindTrade(const EventId& intent);
  std::pair<Trade*, Order*> FindOrder(std::string_view client_order_id);
  void Schedule(Trade& trade);  // in wakes_, when it is to wake
  void Derive();

  template <class Archive>
  void Persist(Archive& a) {
    a(now_, instruments_, terms_, care_, session_, quotes_, halted_, undecided_, undecided_order_, trades_, live_,
      finished_, kill_, flattening_, rate_, positions_, reconciler_, disconnected_, unknown_told_);
    if constexpr (Archive::kReading) Derive();
  }

  Time now_;
  std::map<InstrumentId, Instrument> instruments_;
  std::map<StrategyInstanceId, ExecutionTerms> terms_;
  std::optional<CareTerms> care_;  // none: no risk profile is in force
  std::optional<SessionState> session_;
  std::map<InstrumentId, MarketContext::Row> quotes_;
  std::set<InstrumentId> halted_;
  std::map<EventId, Undecided> undecided_;
  std::deque<EventId> undecided_order_;  // oldest first; decided ones stay until they come up
  std::map<EventId, Trade> trades_;      // by intent
  std::set<EventId> live_;
  std::deque<EventId> finished_;  // oldest first
  Kill kill_;
  Flattening flattening_;
  CommandRate rate_;
  PositionBook positions_;
  Reconciler reconciler_;
  bool disconnected_ = false;
  std::deque<std::string> unknown_told_;  // client order ids, at most 256
  // Derived:
  absl::flat_hash_map<OrderId, EventId, IdHash, IdEqual> intent_of_;  // never walked
  std::set<std::pair<InstrumentId, EventId>> by_instrument_;          // live
  std::set<std::pair<Time, EventId>> wakes_;                          // live
};

}  // namespace spillway::oms
