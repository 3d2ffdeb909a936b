// What a trade earns, and what it costs in commissions (C-30): a schedule that a profile carries.
#pragma once

#include <optional>

#include "libs/base/money.h"
#include "libs/base/quantity.h"
#include "libs/events/market_event.h"

namespace spillway::v1 {
class Costs;
}

namespace spillway::costs {

// All absent: trading is free.
struct CostSchedule {
  std::optional<Money> per_unit;       // each side, a share or contract
  std::optional<Money> per_order_min;  // each side, at least this
  std::optional<Money> round_trip;     // a fixed sum for both sides instead of the above

  template <class Archive>
  void Persist(Archive& a) {
    a(per_unit, per_order_min, round_trip);
  }
  friend bool operator==(const CostSchedule&, const CostSchedule&) = default;
};

CostSchedule CostScheduleOf(const v1::Costs& costs);

// Both sides of a trade of `quantity`: round_trip if given, else 2 * max(quantity * per_unit, per_order_min). The part
// of 1e-8 is rounded up. 0 for no quantity.
Money RoundTripCost(const CostSchedule& costs, Quantity quantity);

// What a position of `quantity` earned from entry to exit before costs, in the contract's settlement currency; kBid is
// long. An inverse contract earns the difference of its values in the coin.
struct RoundTrip {
  Side side = Side::kBid;
  Price entry;
  Price exit;
  Quantity quantity;
};
Money GrossProfit(const ContractTerms& terms, const RoundTrip& trade);
// ... after costs.
Money NetProfit(const ContractTerms& terms, const CostSchedule& costs, const RoundTrip& trade);

}  // namespace spillway::costs
