#include "services/oms/trade.h"

#include <algorithm>

#include "libs/base/int128.h"

namespace spillway::oms {

namespace {

bool Protects(const Order& order) {
  return order.ticket.role == OrderRole::kStop && order.working() && order.acknowledged;
}

}  // namespace

OrderId OrderIdOf(const EventId& intent, OrderRole role, uint32_t attempt) {
  return DeriveEventId(Producer::kOms, static_cast<uint64_t>(role) * 1000 + attempt, intent, attempt);
}

Price AveragePrice(Money value, Quantity quantity) {
  if (quantity == Quantity()) return Price();
  return Price::FromNanos(static_cast<int64_t>(static_cast<Int128>(value.e8()) * 1'000'000'000 / quantity.e8()));
}

Order* Trade::Find(const OrderId& id) {
  const auto it =
      std::find_if(orders.begin(), orders.end(), [&](const Order& order) { return order.ticket.order == id; });
  return it == orders.end() ? nullptr : &*it;
}

Quantity Trade::intent_open() const {
  Quantity leaves = resubmit;
  for (const Order& order : orders) {
    if (order.ticket.role == OrderRole::kEntry) leaves += order.leaves();
  }
  return leaves;
}

Quantity Trade::entered_at_most() const {
  Quantity quantity;
  for (const Order& order : orders) {
    if (order.ticket.role == OrderRole::kEntry) quantity += order.filled_at_most();
  }
  return quantity;
}

Quantity Trade::BracketLeaves(const Bracket& bracket) const {
  Quantity most;
  for (const Order& order : orders) {
    if (order.bracket && &brackets[*order.bracket] == &bracket) most = std::max(most, order.leaves());
  }
  return std::max(most, bracket.untold);
}

Quantity Trade::exit_leaves() const {
  Quantity leaves;
  for (const Bracket& bracket : brackets) leaves += BracketLeaves(bracket);
  for (const Order& order : orders) {
    if (!order.bracket && order.ticket.role != OrderRole::kEntry) leaves += order.leaves();
  }
  return leaves;
}

bool Trade::AnyWorking(OrderRole role) const {
  return std::any_of(orders.begin(), orders.end(),
                     [&](const Order& order) { return order.ticket.role == role && order.working(); });
}

Quantity Trade::protected_quantity() const {
  Quantity quantity;
  for (const Bracket& bracket : brackets) {
    Quantity most;
    for (const Order& order : orders) {
      if (Protects(order) && &brackets[*order.bracket] == &bracket) {
        most = std::max(most, order.leaves());
      }
    }
    quantity += most;
  }
  return quantity;
}

std::optional<Price> Trade::working_stop() const {
  for (auto order = orders.rbegin(); order != orders.rend(); ++order) {
    if (Protects(*order)) return order->ticket.stop;
  }
  return std::nullopt;
}

bool Trade::finished() const {
  return over() && std::all_of(orders.begin(), orders.end(), [](const Order& order) { return order.final(); });
}

bool Trade::AnyBracketWorking() const {
  return AnyWorking(OrderRole::kStop) || AnyWorking(OrderRole::kTarget);
}

}  // namespace spillway::oms
