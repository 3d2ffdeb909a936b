#include "libs/costs/costs.h"

#include <algorithm>

#include "libs/base/int128.h"
#include "spillway/v1/profile.pb.h"

namespace spillway::costs {

CostSchedule CostScheduleOf(const v1::Costs& costs) {
  CostSchedule schedule;
  if (costs.has_per_share_e8()) schedule.per_unit = Money::FromE8(costs.per_share_e8());
  if (costs.has_per_order_min_e8()) schedule.per_order_min = Money::FromE8(costs.per_order_min_e8());
  if (costs.has_round_trip_e8()) schedule.round_trip = Money::FromE8(costs.round_trip_e8());
  return schedule;
}

Money RoundTripCost(const CostSchedule& costs, Quantity quantity) {
  if (quantity.e8() == 0) return Money();
  if (costs.round_trip) return *costs.round_trip;
  Money side;
  if (costs.per_unit) {
    const Int128 product = static_cast<Int128>(costs.per_unit->e8()) * quantity.e8();
    side = Money::FromE8(static_cast<int64_t>((product + Quantity::kUnit - 1) / Quantity::kUnit));
  }
  if (costs.per_order_min) side = std::max(side, *costs.per_order_min);
  return side + side;
}

Money GrossProfit(const ContractTerms& terms, const RoundTrip& trade) {
  const Money bought = Notional(terms, trade.entry, trade.quantity);
  const Money sold = Notional(terms, trade.exit, trade.quantity);
  const Money gain = terms.inverse ? bought - sold : sold - bought;
  return trade.side == Side::kAsk ? -gain : gain;
}

Money NetProfit(const ContractTerms& terms, const CostSchedule& costs, const RoundTrip& trade) {
  return GrossProfit(terms, trade) - RoundTripCost(costs, trade.quantity);
}

}  // namespace spillway::costs
