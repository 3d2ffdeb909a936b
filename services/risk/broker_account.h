// The account at the broker, as risk sees it: what is held, what may yet be filled, what it is worth. Folds what oms
// and the broker write; knows no clock and no limit.
//
//   positions    by instance and instrument, from PositionSnapshot; instance 0 is what nobody of ours traded.
//   reservations by intent: from its approval on what may be filled to enter it, then OrderEvent.intent_open. They end
//                when oms says 0, not with time: an order in doubt stays reserved (FX-77).
//   equity       what the risk profile says until the broker's first snapshot of the account, then that; since then
//                what was bought, sold and paid, and what is held at its exit side. Exact. Without a quote a position
//                is worth what it cost.
//   up           a snapshot was seen since the session to the broker last began or ended.
//
// One currency. A position so big that its worth does not fit into Money counts as kWorthMax.
#pragma once

#include <algorithm>
#include <compare>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "libs/base/id_hash.h"
#include "libs/events/event.h"
#include "libs/events/persist_fields.h"
#include "services/risk/account_profile.h"
#include "services/risk/paper_account.h"

namespace spillway::risk {

inline constexpr Money kWorthMax = Money::FromE8(10'000'000'000 * 100'000'000);
// |quantity| at `price`, at most kWorthMax.
Money WorthOf(const ContractTerms& terms, Price price, Quantity quantity);

// What is risked of the account: held, and what may yet be.
struct Exposure {
  Money symbol;            // |position| and reservations of the instrument
  Money sector;            // ... of all instruments of its sector
  Money gross;             // ... of all
  Money net_long;          // positions (shorts taken off) and reservations that buy
  Money net_short;         // ... the mirror image
  Money reserved;          // reservations alone
  uint32_t positions = 0;  // symbols held or being entered
  bool in_symbol = false;  // one of them is the instrument
  bool buys = false;       // somebody is long of the instrument, or may become
  bool sells = false;
};

class BrokerAccount {
 public:
  struct Key {
    InstrumentId instrument = 0;
    StrategyInstanceId instance = 0;
    friend auto operator<=>(const Key&, const Key&) = default;
    template <class Archive>
    void Persist(Archive& a) {
      a(instrument, instance);
    }
  };
  struct Position {
    Quantity quantity;  // negative: short
    Money cost;
    Money cash_flow;
    std::optional<Price> stop;  // of the working stop
    Quantity protected_quantity;
    template <class Archive>
    void Persist(Archive& a) {
      a(quantity, cost, cash_flow, stop, protected_quantity);
    }
  };
  struct Reservation {
    StrategyInstanceId instance = 0;
    InstrumentId instrument = 0;
    Side side = Side::kBid;
    Quantity quantity;
    Price entry;  // the worst that it may be filled at, as far as known
    template <class Archive>
    void Persist(Archive& a) {
      a(instance, instrument, side, quantity, entry);
    }
  };
  // What the broker said of the account last.
  struct Word {
    std::string account;
    bool live = false;
    Money equity, cash, buying_power;
    template <class Archive>
    void Persist(Archive& a) {
      a(account, live, equity, cash, buying_power);
    }
  };

  // ---- facts
  void Configure(const AccountTerms& terms);
  void Define(InstrumentId instrument, const ContractTerms& terms, std::string_view sector);
  void See(InstrumentId instrument, const Quote& quote);  // of a valid book
  // An AUTO approval at `now`: reserved at once, and an order of the minute.
  void Reserve(const EventId& intent, const Reservation& reservation, Time now);
  void Apply(const EventHeader& header, const OrderEvent& order);
  void Apply(const EventHeader& header, const PositionSnapshot& position);
  void Apply(const BrokerReport& report);
  void Apply(const BrokerSnapshot& snapshot);
  void BeginDay(int32_t day);
  // Lets the day's and the month's highest equity see that of now.
  void Mark();

  // ---- what is known
  // Since it was last asked: its equity begins anew, which is neither a profit nor a loss.
  bool TakeRebased() { return std::exchange(rebased_, false); }
  bool up() const { return up_; }
  const std::optional<Word>& word() const { return word_; }  // nullopt: the broker never spoke
  // Why the account is not the one that the profile names: "account", "live", "equity"; empty: it is.
  std::string_view Unknown(const AccountTerms& terms) const;
  bool known(const AccountTerms& terms) const { return Unknown(terms).empty(); }
  bool InDoubt(InstrumentId instrument) const;  // an order of it is UNKNOWN
  bool WasApproved(const EventId& intent) const;
  bool Holds(const EventId& intent) const { return reservations_.contains(intent); }
  uint32_t OrdersWithin(Duration span, Time now) const;  // in (now - span, now]

  // ---- money
  std::optional<Money> Equity() const;  // nullopt: nobody said it
  Money DayProfit() const { return Equity().value_or(Money()) - day_horizon_.start; }
  Money DayDrawdown() const { return std::max(day_horizon_.peak - Equity().value_or(Money()), Money()); }
  Money MonthDrawdown() const { return std::max(month_horizon_.peak - Equity().value_or(Money()), Money()); }
  Money day_start() const { return day_horizon_.start; }
  int32_t day() const { return day_; }
  // What may still be bought by the broker's word: less what was bought since, less what is reserved. nullopt: the
  // broker never spoke.
  std::optional<Money> BuyingPowerLeft() const;

  // ---- risk
  Exposure ExposureBefore(InstrumentId instrument) const;
  // Symbols held or being entered, with the side; one that is both has two entries.
  struct Line {
    InstrumentId instrument = 0;
    Side side = Side::kBid;
    friend auto operator<=>(const Line&, const Line&) = default;
  };
  std::vector<Line> Lines() const;
  Quantity QuantityOf(InstrumentId instrument) const;                      // of all instances
  const std::map<Key, Position>& positions() const { return positions_; }  // those that were ever held
  const std::map<EventId, Reservation>& reservations() const { return reservations_; }
  std::optional<Quote> QuoteOf(InstrumentId instrument) const;
  ContractTerms TermsOf(InstrumentId instrument) const;

  // Kind kBroker. Its week, trades and record are not kept here.
  AccountSnapshot Snapshot() const;
  // Something changed that Snapshot() tells, since it was asked last.
  bool TakeChanged() { return std::exchange(changed_, false); }

  template <class Archive>
  void Persist(Archive& a) {
    a(symbols_, positions_, reservations_, in_doubt_, approved_, placed_, word_, profile_equity_, base_, worth_,
      cash_flow_, cost_, cost_at_word_, up_, changed_, day_, day_horizon_, month_horizon_);
    if constexpr (Archive::kReading) Derive();
  }

 private:
  static constexpr size_t kApprovedMax = 1024;

  struct Symbol {
    ContractTerms terms;
    std::string sector;
    std::optional<Quote> quote;
    template <class Archive>
    void Persist(Archive& a) {
      a(terms, sector, quote);
    }
  };

  const Symbol& SymbolOf(InstrumentId instrument) const;
  static Money WorthOf(const Symbol& symbol, const Position& position);  // |.| at the exit side
  static Money WorthOf(const Symbol& symbol, const Reservation& reservation);
  Money WorthOf(InstrumentId instrument) const;  // of its positions, shorts negative
  void Rebase(Money equity);

  // What is held and reserved in a symbol, so that an intent needs no walk over all of it.
  struct Tally {
    std::string sector;
    Money held, net;        // worth of its positions; net: shorts negative
    Money buying, selling;  // ... of its reservations
    bool longs = false, shorts = false;
    uint32_t buys = 0, sells = 0;   // reservations
    std::vector<EventId> entering;  // its reservations
    bool any() const { return longs || shorts || buys + sells != 0; }
  };
  struct Totals {
    Money gross, net, buying, selling;
    uint32_t symbols = 0;
    absl::flat_hash_map<std::string, Money> sectors;  // gross
  };
  void SetReservation(const EventId& intent, const Reservation& reservation);
  void DropReservation(std::map<EventId, Reservation>::iterator reservation);
  void Recount(InstrumentId instrument);       // after any change of what its tally is made of
  void Count(const Tally& tally, bool added);  // in the totals
  void Derive();

  std::map<InstrumentId, Symbol> symbols_;
  std::map<Key, Position> positions_;
  std::map<EventId, Reservation> reservations_;
  std::map<OrderId, InstrumentId> in_doubt_;
  std::deque<EventId> approved_;  // the latest, oldest first
  std::deque<Time> placed_;       // within the last minute, ascending
  std::optional<Word> word_;
  std::optional<Money> profile_equity_;
  std::optional<Money> base_;  // equity = base + cash flow + worth
  Money worth_;                // of all positions, shorts negative
  Money cash_flow_;            // of all positions
  Money cost_;                 // of all positions
  Money cost_at_word_;
  bool up_ = false;
  bool rebased_ = false;  // by the event that is being processed
  bool changed_ = false;
  int32_t day_ = 0;
  Horizon day_horizon_, month_horizon_;
  // Derived; never walked where order reaches an output:
  absl::flat_hash_map<EventId, uint32_t, IdHash, IdEqual> approvals_;  // how often in approved_
  absl::flat_hash_map<InstrumentId, Tally> tallies_;                   // of what was ever held or reserved
  Totals totals_;
};

}  // namespace spillway::risk
