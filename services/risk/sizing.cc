#include "services/risk/sizing.h"

#include <algorithm>
#include <cstdlib>
#include <limits>

#include "libs/base/int128.h"

namespace spillway::risk {
namespace {

constexpr Int128 kMillion = 1'000'000;
constexpr Int128 kBillion = 1'000'000'000;
// A position's worth fits into Money with room for a move.
constexpr Money kNotionalCeiling = Money::FromE8(20'000'000'000 * 100'000'000);
// So many whole units that a Quantity still holds them.
constexpr Int128 kUnitsMax = std::numeric_limits<int64_t>::max() / Quantity::kUnit;

// What one unit is worth at a price, in 1e-17 of the settlement currency.
Int128 UnitValueE17(const ContractTerms& terms, Price price) {
  if (terms.inverse) return static_cast<Int128>(terms.multiplier.e8()) * kBillion * kBillion / price.nanos();
  return static_cast<Int128>(terms.multiplier.e8()) * price.nanos();
}

Int128 UnitsFor(Money money, Int128 unit_value_e17) {
  if (unit_value_e17 <= 0) return kUnitsMax;
  return static_cast<Int128>(money.e8()) * kBillion / unit_value_e17;
}

Int128 WholeUnits(Quantity quantity) {
  return quantity.e8() / Quantity::kUnit;
}

// At most `units`, such that the entry and the round trip's costs fit into the money.
Int128 UnitsWithCosts(const SizingQuestion& question, Money money, Int128 units) {
  const Int128 unit_value = UnitValueE17(question.terms, question.entry);
  units = std::min(units, UnitsFor(money, unit_value));
  if (units <= 0) return 0;
  const Money cost = costs::RoundTripCost(question.costs, Quantity::Units(static_cast<int64_t>(units)));
  return std::min(units, UnitsFor(money - cost, unit_value));  // of fewer units the costs are not higher
}

}  // namespace

Size SizeOf(const SizingLimits& limits, const SizingQuestion& question) {
  const Int128 at_entry = UnitValueE17(question.terms, question.entry);
  const Int128 at_stop = UnitValueE17(question.terms, question.stop);
  const Int128 unit_risk = at_entry > at_stop ? at_entry - at_stop : at_stop - at_entry;
  const Money risk_money =
      Money::FromE8(static_cast<int64_t>(static_cast<Int128>(limits.equity.e8()) * limits.risk.value / kMillion));

  Int128 units = kUnitsMax;
  Size size;
  const auto cap = [&](SizeCap name, Int128 at_most) {
    if (at_most >= units) return;
    units = at_most;
    size.binding_cap = name;
  };
  cap(SizeCap::kRisk, UnitsFor(risk_money, unit_risk));
  if (limits.shares_max) cap(SizeCap::kShares, WholeUnits(*limits.shares_max));
  if (limits.notional_max) cap(SizeCap::kNotional, UnitsFor(*limits.notional_max, at_entry));
  if (limits.liquidity) {
    const Int128 shown = question.displayed.value_or(Quantity()).e8();
    cap(SizeCap::kLiquidity, shown * limits.liquidity->value / kMillion / Quantity::kUnit);
  }
  if (question.quantity_max) cap(SizeCap::kIntent, WholeUnits(*question.quantity_max));
  if (question.stage_max) cap(SizeCap::kStage, WholeUnits(*question.stage_max));
  if (question.cash) cap(SizeCap::kSettledCash, UnitsWithCosts(question, *question.cash, std::max<Int128>(units, 0)));
  cap(SizeCap::kNotional, UnitsFor(kNotionalCeiling, at_entry));

  units = std::max<Int128>(units * question.scale.value / kMillion, 0);
  size.quantity = Quantity::Units(static_cast<int64_t>(units));
  if (question.terms.inverse) {  // not above the risk money, so it fits
    size.risk = Money::FromE8(static_cast<int64_t>((units * unit_risk + kBillion - 1) / kBillion));
  } else {
    const Price distance = Price::FromNanos(std::abs(question.entry.nanos() - question.stop.nanos()));
    size.risk = Notional(question.terms, distance, size.quantity);
  }
  return size;
}

}  // namespace spillway::risk
