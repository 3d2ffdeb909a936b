#include "services/oms/lots.h"

#include <algorithm>

#include "libs/base/check.h"
#include "libs/base/int128.h"

namespace spillway::oms {
namespace {

// Takes the share of `part` of `whole` out of `rest`; all of it for the last part.
Money TakeShare(Money& rest, Quantity part, Quantity whole) {
  const Money share =
      part == whole ? rest
                    : Money::FromE8(static_cast<int64_t>(static_cast<Int128>(rest.e8()) * part.e8() / whole.e8()));
  rest = rest - share;
  return share;
}

Money Signed(Money money, int sign) {
  return sign < 0 ? -money : money;
}

}  // namespace

void Lots::Apply(const Deal& deal) {
  SPILLWAY_CHECK(deal.quantity > Quantity() && deal.side != Side::kNone);
  cash_flow_ = cash_flow_ + Signed(deal.value, CashSign(deal.side, deal.inverse)) - deal.fee;
  fees_ = fees_ + deal.fee;

  const bool closes = deal.side == Side::kBid ? quantity_ < Quantity() : quantity_ > Quantity();
  Quantity left = deal.quantity;
  Money value = deal.value;
  while (closes && left > Quantity() && !open_.empty()) {
    Lot& lot = open_.front();
    const Quantity part = std::min(left, lot.quantity);
    const Money received = TakeShare(value, part, left);
    const Money paid = TakeShare(lot.cost, part, lot.quantity);
    realized_gross_ = realized_gross_ + Signed(received - paid, CashSign(deal.side, deal.inverse));
    cost_ = cost_ - paid;
    left -= part;
    lot.quantity -= part;
    if (lot.quantity == Quantity()) open_.pop_front();
  }
  if (left > Quantity()) {
    open_.push_back({left, deal.price, value});
    cost_ = cost_ + value;
  }
  quantity_ += deal.side == Side::kBid ? deal.quantity : Quantity() - deal.quantity;
}

void Lots::AddFee(Money fee) {
  fees_ = fees_ + fee;
  cash_flow_ = cash_flow_ - fee;
}

Price Lots::average_price() const {
  if (open_.empty()) return Price();
  Int128 sum = 0;
  for (const Lot& lot : open_) sum += static_cast<Int128>(lot.price.nanos()) * lot.quantity.e8();
  const int64_t held = quantity_.e8() < 0 ? -quantity_.e8() : quantity_.e8();
  return Price::FromNanos(static_cast<int64_t>(sum / held));
}

}  // namespace spillway::oms
