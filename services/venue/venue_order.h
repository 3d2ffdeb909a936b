// An order as the simulated venue keeps it.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/ids.h"
#include "libs/base/time.h"
#include "libs/events/order_events.h"
#include "libs/events/persist_fields.h"

namespace spillway::venue {

// Whose words an answer follows from.
struct Origin {
  EventId command;
  InstrumentId instrument = 0;
  StrategyInstanceId instance = 0;
  EventId correlation;
  template <class Archive>
  void Persist(Archive& a) {
    a(command, instrument, instance, correlation);
  }
};

// An OrderCommand on its way to the venue.
struct QueuedCommand {
  OrderCommandKind kind = OrderCommandKind::kUnknown;
  Origin origin;
  OrderId order;
  std::vector<OrderTicket> tickets;
  std::optional<Time> expires;
  std::optional<Time> since;
  Time sent;
  Time arrival;
  template <class Archive>
  void Persist(Archive& a) {
    a(kind, origin, order, tickets, expires, since, sent, arrival);
  }
};

struct VenueOrder {
  OrderTicket ticket;  // its quantity is what the other order of an OCO pair left of it
  Origin origin;
  uint8_t leg = 0;  // of its command's tickets
  OrderId sibling;  // OCO; none: it stands alone
  OrderState state = OrderState::kAccepted;
  Quantity filled;
  uint32_t fills = 0;
  uint32_t reports = 0;
  bool triggered = false;     // a stop that has become a market or limit order
  bool resting = false;       // a limit that has its place in the queue
  Quantity ahead;             // displayed at its price before it came, and not yet gone
  std::optional<Price> stop;  // in force: a trailing one moves
  Time arrived;
  Time bar_from;  // bars only: nothing before it fills

  Quantity leaves() const { return ticket.quantity - filled; }
  bool working() const { return !IsFinal(state); }
  bool buys() const { return ticket.side == Side::kBid; }
  // The side of the book that it takes from.
  Side takes() const { return Opposite(ticket.side); }
  bool is_stop() const {
    return ticket.type == OrderType::kStop || ticket.type == OrderType::kStopLimit ||
           ticket.type == OrderType::kTrailingStop;
  }
  bool waits_for_stop() const { return is_stop() && !triggered; }
  bool immediate() const {
    return ticket.time_in_force == TimeInForce::kIoc || ticket.time_in_force == TimeInForce::kFok;
  }
  std::optional<Price> limit() const {
    return ticket.type == OrderType::kLimit || ticket.type == OrderType::kStopLimit ? ticket.limit : std::nullopt;
  }
  // `price` is at or beyond the stop.
  bool StopReached(Price price) const { return stop && (buys() ? price >= *stop : price <= *stop); }

  template <class Archive>
  void Persist(Archive& a) {
    a(ticket, origin, leg, sibling, state, filled, fills, reports, triggered, resting, ahead, stop, arrived, bar_from);
  }
};

}  // namespace spillway::venue
