// One order: what it asks for, what is known to have become of it, and what is still awaited.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

#include "libs/base/time.h"
#include "libs/events/event.h"
#include "libs/events/persist_fields.h"
#include "services/oms/order_state.h"

namespace spillway::oms {

struct Order {
  OrderTicket ticket;  // as placed
  OrderState state = OrderState::kNone;
  OrderId parent;  // that it replaces or chases
  uint32_t attempt = 0;
  std::optional<uint32_t> bracket;  // of its trade, by number
  Quantity shrunk;                  // by fills of the other order of its pair
  Quantity filled;
  Money notional;
  Money fees;
  Quantity cumulative;  // filled, by the broker's highest count
  std::string broker_order_id;
  bool sent = false;
  bool acknowledged = false;  // the broker was heard to have it
  bool cancel_wanted = false;
  std::string cancel_reason;
  bool lost = false;  // given up because the broker did not know it
  uint32_t not_found = 0;
  uint32_t asked = 0;  // queries since it was last heard of
  std::optional<Time> asked_since;
  std::optional<Time> answer_due;  // FX-77
  std::optional<Time> cancel_again;
  Time placed;
  Time heard;                        // lane time of the last command or report about it
  std::optional<Price> wanted;       // what slippage is measured from
  std::optional<Price> arrival_mid;  // ... and the mid when it was placed

  bool final() const { return IsFinal(state); }
  bool working() const { return IsWorking(state); }
  Quantity quantity() const { return ticket.quantity - shrunk; }
  // By the fullest account that anybody gave.
  Quantity filled_at_most() const { return std::max(filled, cumulative); }
  // What may still be filled, or was filled and is not heard of yet.
  Quantity leaves() const {
    const Quantity until = final() ? filled_at_most() : std::max(quantity(), cumulative);
    return std::max(until - filled, Quantity());
  }
  // A fill that the broker's own count announced before the order ended.
  bool awaits(Quantity fill) const { return filled + fill <= cumulative; }

  template <class Archive>
  void Persist(Archive& a) {
    a(ticket, state, parent, attempt, bracket, shrunk, filled, notional, fees, cumulative, broker_order_id, sent,
      acknowledged, cancel_wanted, cancel_reason, lost, not_found, asked, asked_since, answer_due, cancel_again, placed,
      heard, wanted, arrival_mid);
  }
};

}  // namespace spillway::oms
