// What became of one approved intent: its orders, what they traded, and how it is to end.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "libs/events/event.h"
#include "libs/events/persist_fields.h"
#include "services/oms/execution_terms.h"
#include "services/oms/liquidation.h"
#include "services/oms/order.h"

namespace spillway::oms {

inline constexpr Time kNever = Time::max();

// A stop and a target that cancel each other (OCO) and what took the stop's place, together for `quantity`.
struct Bracket {
  OrderId stop, target;
  std::optional<OrderId> next_stop;  // a replacement under way
  Quantity quantity;
  Quantity filled;                   // by any of its orders
  std::optional<Time> broken_since;  // one of the two ended unasked while the other works
  // Closed too, as what the broker left over of `untold_by` says, but by which execution of the others it did not tell.
  Quantity untold;
  OrderId untold_by;
  std::optional<Time> untold_until, untold_ask;
  template <class Archive>
  void Persist(Archive& a) {
    a(stop, target, next_stop, quantity, filled, broken_since, untold, untold_by, untold_until, untold_ask);
  }
};

// The trade is to be closed, whatever its price.
struct ExitPlan {
  std::string reason;   // "time", "exit", "flatten", "stop", "session_close"
  bool market = false;  // at once
  LiquidationPlan plan;
  template <class Archive>
  void Persist(Archive& a) {
    a(reason, market, plan);
  }
};

struct Trade {
  EventHeader header;  // of the intent
  EventId signal;
  Side side = Side::kNone;  // kBid: long
  Price entry, stop, target;
  Time expires;
  Quantity approved;
  Money risk;
  ExecutionTerms terms;  // in force when it was approved
  ContractTerms contract;
  std::deque<Order> orders;  // in the order of their placing
  std::vector<Bracket> brackets;

  Quantity entered, exited;
  Money entry_notional, exit_notional, fees;
  Money entry_value, exit_value;  // price times quantity, for averages
  Quantity resubmit;              // of a chase whose cancel is confirmed: about to be placed
  bool entry_over = false;        // no further entry is sent
  uint32_t chases = 0;
  std::array<uint32_t, 6> attempts{};  // orders placed, by role
  std::optional<Time> entered_at;
  std::optional<Time> bare_since;  // something is held that nothing protects
  std::optional<Price> best;       // of the exit's quotes since the entry
  std::optional<Time> replaced_at;
  std::optional<ExitPlan> exit;
  std::string exit_reason;  // of the last fill that closed a part of it
  bool exit_filled = false;
  bool reversed = false;
  bool closed = false, told_closed = false;  // once flat for good; AccountTrade kClosed
  Quantity told_protected;                   // in its last PositionSnapshot
  uint32_t timer_outputs = 0;
  Time wake = kNever;  // when time alone asks for something
  // Of the event at hand; never kept.
  bool tell_position = false, tell_entered = false;
  // Derived:
  Time scheduled = kNever;  // where the processor's timers have it
  mutable EventId intent_made;

  EventId intent() const {
    if (!intent_made) intent_made = header.id();
    return intent_made;
  }
  InstrumentId instrument() const { return header.instrument; }
  // What it holds: positive on its own side.
  Quantity open() const { return entered - exited; }
  Order* Find(const OrderId& id);
  const Order* Find(const OrderId& id) const { return const_cast<Trade*>(this)->Find(id); }
  Quantity intent_open() const;                          // what may yet be entered
  Quantity entered_at_most() const;                      // ... and was, by the broker's fullest account
  Quantity BracketLeaves(const Bracket& bracket) const;  // what its orders may still close, or did unheard
  Quantity exit_leaves() const;                          // ... of brackets and exits
  bool AnyWorking(OrderRole role) const;
  bool AnyBracketWorking() const;
  // Stops that the broker has: how much they protect, and the price of the one placed last.
  Quantity protected_quantity() const;
  std::optional<Price> working_stop() const;
  // Flat, and nothing can enter any more.
  bool over() const { return open() == Quantity() && intent_open() == Quantity() && exit_leaves() == Quantity(); }
  bool finished() const;  // ... and every order is final
  uint32_t NextAttempt(OrderRole role) { return attempts[static_cast<size_t>(role)]++; }

  template <class Archive>
  void Persist(Archive& a) {
    a(header, signal, side, entry, stop, target, expires, approved, risk, terms, contract, orders, brackets, entered,
      exited, entry_notional, exit_notional, fees, entry_value, exit_value, resubmit, entry_over, chases, attempts,
      entered_at, bare_since, best, replaced_at, exit, exit_reason, exit_filled, reversed, closed, told_closed,
      told_protected, timer_outputs, wake);
  }
};

// digest(intent, role, attempt): the same wherever and whenever it is computed (S3-B2.2).
OrderId OrderIdOf(const EventId& intent, OrderRole role, uint32_t attempt);
// `value` = price times quantity of plain units.
Price AveragePrice(Money value, Quantity quantity);

}  // namespace spillway::oms
