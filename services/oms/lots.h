// The lots of one position, first in, first out, and what they earned: exact in integers, so that money is conserved to
// the last unit. After every execution
//
//   cash_flow == realized_gross - signed cost of what is open - fees
//
// An execution's value is rounded once, by Notional(). Where it closes lots in parts, each part takes its share of both
// values, rounded towards zero, and the last part takes what is left: nothing is lost, nothing is made.
//
// An inverse contract is quoted in one currency and settled in the coin: its value in coin falls as the price rises, so
// who buys receives the value and who sells pays it. Everything else is the same.
#pragma once

#include <deque>
#include <optional>

#include "libs/base/money.h"
#include "libs/events/market_event.h"

namespace spillway::oms {

struct Lot {
  Quantity quantity;  // positive
  Price price;
  Money cost;  // its value at `price`
  template <class Archive>
  void Persist(Archive& a) {
    a(quantity, price, cost);
  }
};

// One execution as a position sees it.
struct Deal {
  Side side = Side::kNone;  // kBid bought
  Price price;
  Quantity quantity;  // positive
  Money value;        // Notional() of it
  Money fee;
  bool inverse = false;
};

class Lots {
 public:
  // Closes the oldest lots of the other side first; what is left opens a lot of its own. `inverse` is the same in all
  // deals of a position.
  void Apply(const Deal& deal);
  void AddFee(Money fee);

  Quantity quantity() const { return quantity_; }  // negative: short
  Money cost() const { return cost_; }             // of what is held; positive for shorts too
  Money realized_gross() const { return realized_gross_; }
  Money fees() const { return fees_; }
  Money cash_flow() const { return cash_flow_; }  // sold less bought less fees; of an inverse contract the other way
  Price average_price() const;                    // of what is held, rounded towards zero; 0 when flat
  const std::deque<Lot>& open() const { return open_; }

  template <class Archive>
  void Persist(Archive& a) {
    a(quantity_, cost_, realized_gross_, fees_, cash_flow_, open_);
  }

 private:
  Quantity quantity_;
  Money cost_;
  Money realized_gross_;
  Money fees_;
  Money cash_flow_;
  std::deque<Lot> open_;  // oldest first, all of one side
};

// -1: who trades on `side` pays the value; +1: receives it.
constexpr int CashSign(Side side, bool inverse) {
  return (side == Side::kBid) != inverse ? -1 : 1;
}

}  // namespace spillway::oms
