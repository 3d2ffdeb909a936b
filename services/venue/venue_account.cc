#include "services/venue/venue_account.h"

#include <algorithm>

#include "libs/base/int128.h"

namespace spillway::venue {
namespace {

Quantity Size(Quantity signed_quantity) {
  return std::max(signed_quantity, Quantity() - signed_quantity);
}

}  // namespace

Money OrderFee(const costs::CostSchedule& fees, Quantity quantity) {
  const int64_t both = costs::RoundTripCost(fees, quantity).e8();
  return Money::FromE8(both - both / 2);
}

Money MakerRebate(Money per_unit, Quantity quantity) {
  const Int128 product = static_cast<Int128>(per_unit.e8()) * quantity.e8();
  return Money::FromE8(static_cast<int64_t>(product / Quantity::kUnit));
}

Price Holding::AveragePrice() const {
  const Int128 units = static_cast<Int128>(Size(quantity).e8()) * terms.multiplier.e8();
  if (units == 0) return Price();
  const Int128 scaled = static_cast<Int128>(cost.e8()) * 100'000'000 * 1'000'000'000;
  return Price::FromNanos(static_cast<int64_t>(scaled / units));
}

std::string Execution::id() const {
  return "sim-" + ToString(DeriveEventId(Producer::kBroker, 1, order, number));
}

void VenueAccount::Apply(const Execution& execution, const ContractTerms& terms) {
  const bool buys = execution.side == Side::kBid;
  const Money notional = Notional(terms, execution.price, execution.quantity);
  cash_ = (buys ? cash_ - notional : cash_ + notional) - execution.fee;
  if (!buys) unsettled_ = unsettled_ + notional;

  Holding& holding = holdings_[execution.instrument];
  holding.terms = terms;
  const Quantity change = buys ? execution.quantity : Quantity() - execution.quantity;
  const bool adds = holding.quantity == Quantity() || (holding.quantity > Quantity()) == buys;
  if (adds) {
    holding.cost = holding.cost + notional;
  } else {
    const Quantity held = Size(holding.quantity);
    const Quantity closed = std::min(held, execution.quantity);
    const Int128 part = static_cast<Int128>(holding.cost.e8()) * closed.e8() / held.e8();
    holding.cost = holding.cost - Money::FromE8(static_cast<int64_t>(part));
    const Quantity turned = execution.quantity - closed;
    if (turned > Quantity()) holding.cost = Notional(terms, execution.price, turned);
  }
  holding.quantity += change;
  if (holding.quantity == Quantity()) holdings_.erase(execution.instrument);
  executions_.push_back(execution);
}

void VenueAccount::BeginDay(int32_t trading_day) {
  if (trading_day == trading_day_) return;
  trading_day_ = trading_day;
  unsettled_ = Money();
}

void VenueAccount::Forget(Time before) {
  std::erase_if(executions_, [&](const Execution& execution) { return execution.time < before; });
  complete_from_ = before;
}

Quantity VenueAccount::position(InstrumentId instrument) const {
  const auto found = holdings_.find(instrument);
  return found == holdings_.end() ? Quantity() : found->second.quantity;
}

}  // namespace spillway::venue
