// Compares the broker's books with ours (S3-B2.3): at the start, when the session is up again, every so often, and 2 s
// after a difference was found (10 s while a known one stands). What differs is classified, and each class has one
// repair:
//
//   difference      found where                                                        repair
//   missing_fill    an execution of our order that we have not seen                    applied, as if it were reported
//                   the broker counts more filled than it lists                        asked for
//   missing_order   ours works, the broker's list has not got it                       asked for
//   order_state     we do not know, the broker says it works                           applied, as an answer to a query
//                   ours is final, it works there                                      canceled
//   unknown_order   ours by its id, not in our books: works there                      canceled
//                   ... an execution of one                                            adopted, and an incident
//   manual_trade    an execution that is not ours; what was held before the first      adopted: instance 0
//                   comparison
//   quantity_drift  positions differ, and no execution says why                        paused; adopted when a person
//                                                                                      resumes the symbol
//   foreign_order   somebody else's                                                    shown once, never touched
//   cash            the broker's cash moved by what no execution says; a fee that      shown; applied
//                   differs
//
// A difference is told once when it is found, its repair is repeated until it is gone, and then it is told again as
// resolved, all its other fields the same. While one is not resolved, risk refuses the symbol.
//
// A snapshot is a moment of the past: what we heard of an order at or after that moment may not be in it. So such
// orders, and the positions of their instruments, are left out of that comparison and looked at in the next. The moment
// is the earlier of the command and the snapshot's own time.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "libs/events/event.h"
#include "libs/events/persist_fields.h"
#include "services/oms/position_book.h"

namespace spillway::oms {

// What a comparison needs of one of our orders, final ones too as far as they are kept.
struct OrderView {
  OrderId order;
  StrategyInstanceId instance = 0;
  InstrumentId instrument = 0;
  Side side = Side::kNone;
  OrderState state = OrderState::kNone;
  Quantity quantity;
  Quantity filled;     // by its executions
  Time last_activity;  // lane time of the last command or report about it
};

// What is to be done about one difference: all of what is there.
struct Difference {
  Reconciliation event;
  InstrumentId instrument = 0;          // for the event's header
  StrategyInstanceId instance = 0;      // ... likewise
  bool emit = true;                     // false: told before; only its repair is repeated
  std::optional<BrokerReport> report;   // to be handled as if the broker had said it now
  std::optional<OrderCommand> command;  // query or cancel
  std::optional<Execution> adopted;     // for the position book; the contract's terms are left to the caller
  std::optional<OrderIncident> incident;
};

class Reconciler {
 public:
  static constexpr Duration kAgainAfter = std::chrono::seconds(2);
  static constexpr Duration kStandingAfter = std::chrono::seconds(10);
  static constexpr Duration kOverlap = std::chrono::seconds(60);     // of the executions asked for: clocks differ
  static constexpr Duration kOverlapMax = std::chrono::minutes(10);  // while orders are left out

  // The snapshot command, when one is due. To be called only while a risk profile is in force: without one no broker is
  // asked for anything.
  std::optional<OrderCommand> Due(Time now, Duration every);
  void Connected() { connected_ = true, next_.reset(); }  // due at once
  // ... as well, with the executions from `since` on: the broker counts fills of an order that it did not tell.
  void Ask(Time since);
  void Disconnected() { connected_ = false; }
  // A person resumed trading in the symbol (0: all): a drift of its position is adopted from here on.
  void Accept(InstrumentId instrument);

  // Of the account that we trade: the caller looks at its id first. Ends with a summary of kind kNone. Orders in any
  // order; what is found comes in the order of their ids.
  std::vector<Difference> Compare(const BrokerSnapshot& snapshot, std::span<const OrderView> orders,
                                  const PositionBook& book, Time now);

  bool compared() const { return compared_; }
  size_t unresolved() const { return open_.size(); }

  template <class Archive>
  void Persist(Archive& a) {
    a(connected_, next_, asked_, since_, compared_, open_, shown_, accepted_, cash_base_, cash_shown_);
  }

 private:
  class Comparison;

  bool connected_ = true;
  std::optional<Time> next_;   // nullopt: at once
  std::optional<Time> asked_;  // the command whose answer is awaited
  std::optional<Time> since_;  // executions are known up to here
  bool compared_ = false;
  std::map<std::string, Difference> open_;  // not resolved; only event and header of each
  std::set<std::string> shown_;             // foreign orders and the like in the last snapshot
  std::set<InstrumentId> accepted_;
  std::optional<Money> cash_base_;  // the broker's cash less the cash flow of our book
  Money cash_shown_;                // the difference that was shown last
};

template <class Archive>
void PersistFields(Archive& a, Difference& v) {
  a(v.event, v.instrument, v.instance);
}

}  // namespace spillway::oms
