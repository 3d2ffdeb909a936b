// The paper account of a strategy instance: it takes every approved blueprint at bid and ask, with the profile's costs,
// so that rules on profit act before any broker is connected (C-30, C-14, C-15). Exact integers. A long, a short is its
// mirror image:
//
//   entry   a limit at the intent's entry: filled at the first quote strictly after the intent, and before the earlier
//           of its expiry, its signal's cancellation and the regular close, whose ask is at or below it; at that ask.
//   stop    the first quote from the entry on with bid <= stop; at that bid, through a gap as well.
//   target  ... with bid >= target; at the target.
//   time    time_stop after the entry, the regular close, or the end of all feeds: at the last valid bid before.
//   flatten when the day's drawdown closes everything: at the last valid bid.
//
// Trades that oms makes real (route AUTO) are entered and closed by what it says of them, with real prices and fees;
// quotes only tell what they are worth meanwhile. Such a trade waits until oms says that nothing of it may be filled
// any more.
//
// The account sees a symbol's quotes as they stood at the 250 ms boundaries (MarketContext at the tick behind each, and
// a quote that still stands), and only those of a valid book: a person is not faster. The journal's OutcomeLabelled
// sees every quote and is the finer measure; the two differ where a price was there for less. What moves the account is
// in scoring's order, so that every run repeats it.
//
// Money. Costs of the round trip are charged at the entry. equity = cash + open positions at their exit side. A sale's
// cash settles `settlement_days` trading days later (C-34). Day, week and month turn with the trading day.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "libs/costs/costs.h"
#include "libs/events/event.h"
#include "libs/events/persist_fields.h"

namespace spillway::risk {

// Equity over a day or a month: where it began and its highest.
struct Horizon {
  Money start;
  Money peak;
  void Begin(Money equity) { start = peak = equity; }
  void See(Money equity) { peak = equity > peak ? equity : peak; }
  template <class Archive>
  void Persist(Archive& a) {
    a(start, peak);
  }
};

struct PaperTrade {
  EventHeader header;  // of the intent
  EventId signal;
  Side side = Side::kBid;
  Price entry;  // the limit, then the fill
  Price stop, target;
  Quantity quantity;
  Money risk;
  Money cost;  // of the round trip
  ContractTerms contract;
  Time taken;                 // when it was approved
  int32_t day = 0;            // trading day of the entry
  Time deadline;              // of the entry, then of the exit
  std::optional<Time> close;  // the session's, if it is still to come
  Duration time_stop{0};
  std::optional<uint32_t> window;  // of the schedule, when it was approved
  Price exit_quote;                // entered: the last valid one
  bool by_broker = false;          // oms says when it is entered and closed
  bool exit_asked = false;         // by risk, of oms
  Quantity approved;               // by_broker: what may be filled, and its risk
  Money approved_risk;

  bool is_long() const { return side != Side::kAsk; }
  // What it takes of the account's cash: the notional of a long, less than nothing for a short.
  Money Outlay() const;
  Money GrossAt(Price exit) const;

  template <class Archive>
  void Persist(Archive& a) {
    a(header, signal, side, entry, stop, target, quantity, risk, cost, contract, taken, day, deadline, close, time_stop,
      window, exit_quote, by_broker, exit_asked, approved, approved_risk);
  }
};

// One thing that happened to the account.
struct AccountChange {
  PaperTrade trade;
  AccountTradeState state = AccountTradeState::kEntered;
  Price price = {};
  Money profit_gross = {}, profit_net = {};  // closed
  double r_multiple = 0;
  std::string_view reason = {};
};

// How days follow each other: those of the exchange, or of markets that never close.
struct DayRules {
  uint32_t settlement_days = 1;
  bool always_open = false;
};
// The trading day `count` after (before) `day`; `day` itself for 0. Plain days where the calendar does not reach.
int32_t TradingDayAfter(int32_t day, uint32_t count, bool always_open);
int32_t TradingDayBefore(int32_t day, uint32_t count, bool always_open);

class PaperAccount {
 public:
  // Begins, or begins anew, with so much cash and nothing else.
  void Open(Money equity);
  // Goes on where an earlier session ended, as its snapshot says. What was open there counts as sold at its exit side.
  void Carry(const AccountSnapshot& state);
  void BeginDay(int32_t day, const DayRules& rules);
  void BeginStage(std::string_view stage);
  void AbortStage() { stage_aborted_ = true; }

  // ---- what moves it. Each call does one thing that is due and says what; call again until there is none.
  void Take(PaperTrade trade);  // approved, may be entered from now on
  void Cancel(const EventId& signal);
  void DropPending();  // but for those that only oms can take back
  // A quote of a valid book.
  // `quote` stood at the last multiple of kQuoteGrid up to `now`.
  static constexpr Duration kQuoteGrid = std::chrono::milliseconds(250);
  std::optional<AccountChange> See(InstrumentId instrument, const Quote& quote, Time now);
  std::set<InstrumentId> WaitingFor() const;        // instruments of trades that may still be entered
  std::optional<AccountChange> CloseDue(Time now);  // time stops; forgets pending entries that are too late
  std::optional<AccountChange> CloseAny(Time now, std::string_view reason);
  // ---- what oms says of its trades
  // A fill: entered, or more of it (no change then); or closed.
  std::optional<AccountChange> Apply(const AccountTrade& trade, Time now);
  // Nothing of it was filled, and nothing will be. A fill that comes all the same enters it.
  void DropUnfilled(const EventId& intent);
  // Trades of oms that are open and were not asked to close yet; they count as asked from here on.
  std::vector<PaperTrade> TakeToClose();

  bool idle() const { return pending_.empty() && open_.empty(); }
  bool used() const { return used_; }        // a trade was taken since it began
  bool carried() const { return carried_; }  // it did not begin with the profile's equity

  // ---- money
  Money Equity() const;
  Money Mark();  // Equity(), and the horizons have seen it
  Money Cash() const;
  Money SettledCash() const;
  Money Reserved() const;  // of the cash, for what may still be entered
  Money DayProfit() const { return Equity() - day_horizon_.start; }
  Money day_start() const { return day_horizon_.start; }
  // >= 0: equity above the peak that was noted is a peak itself.
  Money DayDrawdown() const { return std::max(day_horizon_.peak - Equity(), Money()); }
  Money MonthDrawdown() const { return std::max(month_horizon_.peak - Equity(), Money()); }
  Money week_profit() const { return week_profit_; }
  // Net profit of trades of this day that were closed before `time`.
  Money ClosedProfitBefore(Time time) const;

  // ---- counts
  int32_t day() const { return day_; }
  uint32_t TradesToday() const { return entered_today_ + static_cast<uint32_t>(pending_.size()); }  // or still may be
  uint32_t TradesInWindow(uint32_t window) const;
  uint32_t LossesWithin(Duration span, Time now) const;
  // Day trades of trading days from `first_day` on, with those that are open or may still be entered.
  uint32_t DayTradesSince(int32_t first_day) const;
  const SetupRecord& record() const { return record_; }
  const SetupRecord& stage_record() const { return stage_record_; }
  const std::string& stage() const { return stage_; }  // empty: the profile's first
  bool stage_aborted() const { return stage_aborted_; }

  // Everything but what depends on the profile: risk, stage, warnings.
  AccountSnapshot Snapshot() const;

  template <class Archive>
  void Persist(Archive& a) {
    a(balance_, unsettled_, day_, last_day_, rules_.settlement_days, rules_.always_open, day_horizon_, month_horizon_,
      week_profit_, pending_, open_, unfilled_, entered_today_, entered_by_window_, closed_today_, losses_, day_trades_,
      record_, stage_, stage_record_, stage_aborted_, used_, carried_);
  }

 private:
  struct Closed {
    Time time;
    Money profit_net;
    template <class Archive>
    void Persist(Archive& a) {
      a(time, profit_net);
    }
  };
  AccountChange Enter(size_t index, Price ask, Price bid, Time now);
  AccountChange Close(size_t index, Price price, Time at, std::string_view reason);
  AccountChange Settle(AccountChange change, Time at);
  static constexpr size_t kUnfilledMax = 256;

  Money balance_;  // the equity without what is open
  std::vector<UnsettledCash> unsettled_;
  int32_t day_ = 0;       // 0: none has begun
  int32_t last_day_ = 0;  // the one before, whose week and month go on
  DayRules rules_;
  Horizon day_horizon_, month_horizon_;
  Money week_profit_;                       // gross, of closed trades
  std::vector<PaperTrade> pending_, open_;  // in the order of approval
  std::deque<PaperTrade> unfilled_;         // of this day, by_broker, at most kUnfilledMax
  uint32_t entered_today_ = 0;
  std::map<uint32_t, uint32_t> entered_by_window_;
  std::vector<Closed> closed_today_;
  std::deque<Time> losses_;  // of this day
  std::vector<int32_t> day_trades_;
  SetupRecord record_, stage_record_;
  std::string stage_;
  bool stage_aborted_ = false;
  bool used_ = false;
  bool carried_ = false;
};

}  // namespace spillway::risk
