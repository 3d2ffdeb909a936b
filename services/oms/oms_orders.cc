// OmsProcessor: single orders - placing, cancelling, asking, and each step told.
#include <algorithm>

#include "fmt/format.h"
#include "services/oms/oms.h"
#include "services/oms/order_prices.h"

namespace spillway::oms {

Order& OmsProcessor::Place(Trade& trade, const TicketTerms& terms, Output& out) {
  const uint32_t attempt = trade.NextAttempt(terms.role);
  Order& order = trade.orders.emplace_back();
  OrderTicket& ticket = order.ticket;
  ticket.order = OrderIdOf(trade.intent(), terms.role, attempt);
  ticket.role = terms.role;
  ticket.side = terms.side;
  ticket.type = terms.type;
  ticket.time_in_force = trade.terms.always_open ? TimeInForce::kGtc : TimeInForce::kDay;
  ticket.quantity = terms.quantity;
  ticket.limit = terms.limit;
  ticket.stop = terms.stop;
  ticket.reduce_only = terms.role != OrderRole::kEntry;
  ticket.extended_hours = care_ && care_->extended_hours;
  order.parent = terms.parent;
  order.attempt = attempt;
  order.bracket = terms.bracket;
  order.placed = order.heard = now_;
  order.answer_due = now_ + StuckAfter();
  order.wanted = terms.wanted;
  if (const Quote* quote = ValidQuote(trade.instrument())) order.arrival_mid = Mid(*quote);
  intent_of_[ticket.order] = trade.intent();
  Step(trade, order, OrderTrigger::kPlaced, nullptr, {}, out);
  return order;
}

void OmsProcessor::SendPlace(const Trade& trade, std::vector<OrderTicket> tickets, std::optional<Time> expires,
                             std::string reason, Output& out) {
  OrderCommand command;
  command.kind = OrderCommandKind::kPlace;
  command.intent = trade.intent();
  command.order = tickets.front().order;
  command.tickets = std::move(tickets);
  command.expires = expires;
  command.reason = std::move(reason);
  out.Emit(Of(trade), std::move(command));
}

// A replacement under way is waited for: only its answer says which of the two orders there is to cancel.
void OmsProcessor::RequestCancel(Trade& trade, Order& order, std::string_view reason, Output& out) {
  if (!order.working() || (order.cancel_wanted && order.state == OrderState::kPendingCancel)) return;
  if (order.cancel_wanted && order.cancel_again && *order.cancel_again > now_) return;
  if (order.cancel_wanted && order.state == OrderState::kUnknown) return;  // asked for as it is
  if (order.cumulative >= order.quantity()) return;                        // filled: only its fills are missing
  order.cancel_wanted = true;
  order.cancel_reason = reason;
  order.heard = now_;
  if (order.state == OrderState::kPendingReplace) return;
  Step(trade, order, OrderTrigger::kCancelRequested, nullptr, reason, out);
  order.answer_due = now_ + StuckAfter();
  order.cancel_again = now_ + kCancelAgain;
  OrderCommand command;
  command.kind = OrderCommandKind::kCancel;
  command.intent = trade.intent();
  command.order = order.ticket.order;
  command.reason = reason;
  rate_.Note(now_);
  out.Emit(Of(trade), std::move(command));
}

void OmsProcessor::Ask(Trade& trade, Order& order, Output& out) {
  ++order.asked;
  if (!order.asked_since) order.asked_since = now_;
  order.answer_due = now_ + StuckAfter();
  OrderCommand command;
  command.kind = OrderCommandKind::kQuery;
  command.intent = trade.intent();
  command.order = order.ticket.order;
  command.reason = fmt::format("question {}", order.asked);
  out.Emit(Of(trade), std::move(command));
}

// At once, with the event at hand; when the session is up again, where it is down.
void OmsProcessor::AskForSnapshot() {
  if (!disconnected_) reconciler_.Connected();
}

bool OmsProcessor::Step(Trade& trade, Order& order, OrderTrigger trigger, const BrokerReport* report,
                        std::string_view reason, Output& out) {
  std::optional<OrderState> next = NextOrderState(order.state, trigger);
  if (!next) {
    if (report != nullptr) {
      TellIncident(trade, order, IncidentKind::kIllegalTransition, trigger, *report,
                   fmt::format("{} is not possible in {}", OrderTriggerName(trigger), OrderStateName(order.state)),
                   out);
    }
    return false;
  }
  if (*next == OrderState::kAccepted && order.filled > Quantity()) next = OrderState::kPartial;
  if (*next == OrderState::kRejected && (order.acknowledged || order.filled > Quantity())) next = OrderState::kCanceled;
  const bool fill = trigger == OrderTrigger::kPartialFill || trigger == OrderTrigger::kFill;
  if (*next == order.state && !fill) return true;  // said before
  const OrderState previous = std::exchange(order.state, *next);
  if (order.final() || order.state == OrderState::kAccepted || order.state == OrderState::kPartial) {
    order.answer_due.reset();
  }
  if (order.working() && order.filled >= order.quantity()) order.answer_due = now_ + StuckAfter();  // its end
  if (order.state == OrderState::kUnknown) order.answer_due = now_ + StuckAfter();
  // What the broker announced and did not say yet.
  if (order.cumulative > order.filled && !order.answer_due) order.answer_due = now_ + kLateAfter;
  Tell(trade, order, previous, trigger, report, reason, out);
  return true;
}

void OmsProcessor::Tell(const Trade& trade, const Order& order, OrderState previous, OrderTrigger trigger,
                        const BrokerReport* report, std::string_view reason, Output& out) const {
  OrderEvent told;
  told.order = order.ticket.order;
  told.intent = trade.intent();
  told.role = order.ticket.role;
  told.previous = previous;
  told.state = order.state;
  told.trigger = trigger;
  told.side = order.ticket.side;
  told.type = order.ticket.type;
  told.time_in_force = order.ticket.time_in_force;
  told.quantity = order.quantity();
  told.filled = order.filled;
  told.filled_notional = order.notional;
  told.fees = order.fees;
  told.limit = order.ticket.limit;
  told.stop = order.ticket.stop;
  told.intent_open = trade.intent_open();
  told.parent = order.parent;
  told.attempt = order.attempt;
  told.reason = reason;
  told.broker_order_id = order.broker_order_id;
  if (report != nullptr) {
    told.broker_time = report->broker_time;
    told.latency = report->latency;
    if (told.reason.empty()) told.reason = report->reason;
    if (report->kind == BrokerReportKind::kFill) {
      told.execution_id = report->execution_id;
      told.last_price = report->price;
      told.last_quantity = report->quantity;
      told.last_fee = report->fee;
      told.maker = report->maker;
      if (order.wanted) told.slippage_decision_bps = SlippageBps(order.ticket.side, *order.wanted, report->price);
      if (order.arrival_mid) {
        told.slippage_arrival_bps = SlippageBps(order.ticket.side, *order.arrival_mid, report->price);
      }
    }
  }
  out.Emit(Of(trade), std::move(told));
}

void OmsProcessor::TellIncident(const Trade& trade, const Order& order, IncidentKind kind, OrderTrigger trigger,
                                const BrokerReport& report, std::string detail, Output& out) const {
  OrderIncident incident;
  incident.kind = kind;
  incident.order = order.ticket.order;
  incident.client_order_id = report.client_order_id;
  incident.state = order.state;
  incident.trigger = trigger;
  incident.execution_id = report.execution_id;
  incident.detail = std::move(detail);
  out.Emit(Of(trade), std::move(incident));
}

void OmsProcessor::TellPosition(Trade& trade, Output& out) {
  PositionSnapshot snapshot =
      positions_.Snapshot({.instrument = trade.instrument(), .instance = trade.header.instance});
  for (auto it = by_instrument_.lower_bound({trade.instrument(), EventId{}});
       it != by_instrument_.end() && it->first == trade.instrument(); ++it) {
    const Trade& other = trades_.at(it->second);
    if (other.header.instance != trade.header.instance) continue;
    snapshot.protected_quantity += other.protected_quantity();
    if (!snapshot.stop) snapshot.stop = other.working_stop();
  }
  AccountTrade told{.intent = trade.intent(), .side = trade.side};
  if (trade.closed && !trade.told_closed) {
    trade.told_closed = true;
    const Money gain = trade.contract.inverse ? trade.entry_notional - trade.exit_notional
                                              : trade.exit_notional - trade.entry_notional;
    told.state = AccountTradeState::kClosed;
    told.price = AveragePrice(trade.exit_value, trade.exited);
    told.quantity = trade.entered;
    told.profit_gross = trade.side == Side::kAsk ? -gain : gain;
    told.profit_net = told.profit_gross - trade.fees;
    if (trade.risk > Money()) told.r_multiple = told.profit_net.ToDouble() / trade.risk.ToDouble();
    told.reason = trade.exit_reason;
    snapshot.trade = std::move(told);
  } else if (trade.tell_entered) {
    told.state = AccountTradeState::kEntered;
    told.price = AveragePrice(trade.entry_value, trade.entered);
    told.quantity = trade.entered;
    snapshot.trade = std::move(told);
  }
  out.Emit(Of(trade), std::move(snapshot));
}

}  // namespace spillway::oms
