// The account that the simulated venue keeps. Exact: cash is what it began with, less what was bought, plus what was
// sold, less fees, to the last unit; a position is the sum of its executions.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/ids.h"
#include "libs/base/money.h"
#include "libs/base/time.h"
#include "libs/costs/costs.h"
#include "libs/events/order_events.h"
#include "libs/events/persist_fields.h"

namespace spillway::venue {

// What an order that has been filled for `quantity` has cost so far: one side of the schedule's round trip, so that an
// order's minimum is charged once however many fills it takes.
Money OrderFee(const costs::CostSchedule& fees, Quantity quantity);
// What the venue pays for `quantity` that rested; the part of 1e-8 is dropped.
Money MakerRebate(Money per_unit, Quantity quantity);

struct Holding {
  Quantity quantity;  // negative: short
  Money cost;         // of what is held, >= 0
  ContractTerms terms;
  Price AveragePrice() const;
  template <class Archive>
  void Persist(Archive& a) {
    a(quantity, cost, terms);
  }
};

struct Execution {
  OrderId order;
  uint32_t number = 0;  // of the order's executions, from 0
  InstrumentId instrument = 0;
  Side side = Side::kNone;
  Price price;
  Quantity quantity;
  Money fee;
  Time time;
  std::string id() const;  // derived from the order and the number
  template <class Archive>
  void Persist(Archive& a) {
    a(order, number, instrument, side, price, quantity, fee, time);
  }
};

class VenueAccount {
 public:
  void Open(Money cash) { cash_ = cash; }
  void Apply(const Execution& execution, const ContractTerms& terms);
  // Sales settle on the next trading day (T+1).
  void BeginDay(int32_t trading_day);
  // Executions before it are forgotten.
  void Forget(Time before);

  Money cash() const { return cash_; }
  Money settled_cash() const { return std::min(cash_, cash_ - unsettled_); }
  Quantity position(InstrumentId instrument) const;
  const std::map<InstrumentId, Holding>& holdings() const { return holdings_; }  // those that are not 0
  const std::vector<Execution>& executions() const { return executions_; }
  std::optional<Time> complete_from() const { return complete_from_; }

  template <class Archive>
  void Persist(Archive& a) {
    a(cash_, unsettled_, trading_day_, holdings_, executions_, complete_from_);
  }

 private:
  Money cash_;
  Money unsettled_;
  int32_t trading_day_ = 0;
  std::map<InstrumentId, Holding> holdings_;
  std::vector<Execution> executions_;
  std::optional<Time> complete_from_;
};

}  // namespace spillway::venue
