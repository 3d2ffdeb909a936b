#include "services/risk/sizing.h"

#include <algorithm>
#include <cstdlib>
#include <limits>

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

int64_t AsUnits(Int128 units) {
  return static_cast<int64_t>(std::clamp<Int128>(units, 0, kUnitsMax));
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

const Room* Size::Of(SizeCap cap) const {
  for (const Room& room : rooms) {
    if (room.cap == cap) return &room;
  }
  return nullptr;
}

std::vector<CapRoom> Size::Caps() const {
  std::vector<CapRoom> caps;
  caps.reserve(rooms.size());
  for (const Room& room : rooms) {
    caps.push_back({.cap = room.cap,
                    .quantity = Quantity::Units(AsUnits(room.units)),
                    .used = room.used,
                    .limit = room.limit,
                    .unit = std::string(room.unit)});
  }
  return caps;
}

Size SizeOf(const SizingLimits& limits, const SizingQuestion& question) {
  const Int128 at_entry = UnitValueE17(question.terms, question.entry);
  const Int128 at_stop = UnitValueE17(question.terms, question.stop);
  const Int128 unit_risk = at_entry > at_stop ? at_entry - at_stop : at_stop - at_entry;
  const Int128 at_worst =
      std::max(at_entry, UnitValueE17(question.terms, question.worst_entry.value_or(question.entry)));
  const Money risk_money =
      Money::FromE8(static_cast<int64_t>(static_cast<Int128>(limits.equity.e8()) * limits.risk.value / kMillion));

  Int128 units = kUnitsMax;
  Size size;
  const auto cap = [&](const Room& room) {
    size.rooms.push_back(room);
    if (room.units >= units) return;
    units = room.units;
    size.binding_cap = room.cap;
  };
  const auto money = [](SizeCap name, Int128 at_most, Money used, Money limit) {
    return Room{name, at_most, used.ToDouble(), limit.ToDouble(), "USD"};
  };
  const auto shares = [](SizeCap name, Int128 at_most, double limit) {
    return Room{name, at_most, 0, limit, "shares"};
  };
  cap(money(SizeCap::kRisk, UnitsFor(risk_money, unit_risk), Money(), risk_money));
  if (limits.shares_max) cap(shares(SizeCap::kShares, WholeUnits(*limits.shares_max), limits.shares_max->ToDouble()));
  if (limits.notional_max) {
    cap(money(SizeCap::kNotional, UnitsFor(*limits.notional_max, at_entry), Money(), *limits.notional_max));
  }
  if (limits.liquidity) {
    const Int128 part = static_cast<Int128>(question.displayed.value_or(Quantity()).e8()) * limits.liquidity->value;
    cap(shares(SizeCap::kLiquidity, part / kMillion / Quantity::kUnit,
               Quantity::FromE8(static_cast<int64_t>(part / kMillion)).ToDouble()));
  }
  if (question.quantity_max) {
    cap(shares(SizeCap::kIntent, WholeUnits(*question.quantity_max), question.quantity_max->ToDouble()));
  }
  if (question.stage_max) {
    cap(shares(SizeCap::kStage, WholeUnits(*question.stage_max), question.stage_max->ToDouble()));
  }
  if (question.cash) {
    const Int128 left = UnitsWithCosts(question, *question.cash, std::max<Int128>(units, 0));
    cap(money(SizeCap::kSettledCash, left, Money(), *question.cash));
  }
  for (const MoneyRoom& room : question.rooms) {
    cap(money(room.cap, UnitsFor(std::max(room.limit - room.used, Money()), at_worst), room.used, room.limit));
  }
  for (const UnitRoom& part : question.parts) cap(shares(part.cap, WholeUnits(part.limit), part.limit.ToDouble()));
  if (const Int128 ceiling = UnitsFor(kNotionalCeiling, at_entry); ceiling < units) {
    units = ceiling;
    size.binding_cap = SizeCap::kNotional;
  }

  units = std::max<Int128>(units, 0);
  Int128 factor = kMillion;
  const auto apply = [&](SizeCap name, Millionths by) {
    factor = factor * by.value / kMillion;
    size.rooms.push_back({name, units * by.value / kMillion, 0, static_cast<double>(by.value) / 10'000, "%"});
  };
  for (const SizeFactor& one : question.factors) apply(one.cap, one.factor);
  if (question.scale.value != kMillion) apply(SizeCap::kLowConfidence, question.scale);
  units = units * factor / kMillion;
  size.quantity = Quantity::Units(static_cast<int64_t>(units));
  if (question.terms.inverse) {  // not above the risk money, so it fits
    size.risk = Money::FromE8(static_cast<int64_t>((units * unit_risk + kBillion - 1) / kBillion));
  } else {
    const Price distance = Price::FromNanos(std::abs(question.entry.nanos() - question.stop.nanos()));
    size.risk = Notional(question.terms, distance, size.quantity);
  }
  return size;
}

Price StopAt(const StopDistance& distance, Millionths factor) {
  const bool is_long = distance.stop < distance.entry;
  const int64_t before = std::abs(distance.entry.nanos() - distance.stop.nanos());
  const Int128 scaled = (static_cast<Int128>(before) * factor.value + kMillion - 1) / kMillion;
  const int64_t nanos = static_cast<int64_t>(std::clamp<Int128>(scaled, 1, std::numeric_limits<int64_t>::max() / 4));
  const Price offset = Price::FromNanos(nanos);
  if (!is_long) return CeilToTick(distance.entry + offset, distance.tick);
  return std::max(FloorToTick(distance.entry - offset, distance.tick), distance.tick);
}

}  // namespace spillway::risk
