// OmsProcessor: what the broker says.
#include <algorithm>

#include "fmt/format.h"
#include "services/oms/oms.h"

namespace spillway::oms {

void OmsProcessor::OnReport(const About& about, const BrokerReport& report, Output& out) {
  if (report.kind == BrokerReportKind::kConnected) return OnConnected(out);
  if (report.kind == BrokerReportKind::kDisconnected) {
    disconnected_ = true;
    return reconciler_.Disconnected();
  }
  if (!ParseClientOrderId(report.client_order_id)) return;  // of the session, or somebody else's order
  const auto [trade, order] = FindOrder(report.client_order_id);
  if (order == nullptr) return OnUnknownOrder(about, report, out);
  order->heard = now_;
  if (!report.broker_order_id.empty()) order->broker_order_id = report.broker_order_id;
  OnOrderReport(*trade, *order, report, out);
  Advance(*trade, out);
}

void OmsProcessor::OnOrderReport(Trade& trade, Order& order, const BrokerReport& report, Output& out) {
  if (report.kind != BrokerReportKind::kNotFound && report.kind != BrokerReportKind::kSent &&
      report.kind != BrokerReportKind::kCancelRejected) {  // these do not say that the broker has it
    order.asked = order.not_found = 0;
    order.asked_since.reset();
  }
  if (report.cumulative && report.kind != BrokerReportKind::kFill) {
    order.cumulative = std::max(order.cumulative, *report.cumulative);
  }
  switch (report.kind) {
    case BrokerReportKind::kSent:
      order.sent = true;
      Step(trade, order, OrderTrigger::kSent, &report, {}, out);
      return;
    case BrokerReportKind::kAccepted:
      if (!Step(trade, order, OrderTrigger::kAccepted, &report, {}, out) && order.lost) CancelLost(trade, order, out);
      order.acknowledged = true;
      return;
    case BrokerReportKind::kFill:
      return OnFill(trade, order, report, out);
    case BrokerReportKind::kCanceled:
      return OnCanceled(trade, order, report, out);
    case BrokerReportKind::kNotSent:
    case BrokerReportKind::kRejected:
      return OnRejected(trade, order, report, out);
    case BrokerReportKind::kExpired:
      Step(trade, order, OrderTrigger::kExpired, &report, {}, out);
      if (order.ticket.role == OrderRole::kEntry) trade.entry_over = true;
      return;
    case BrokerReportKind::kReplaced:
      return OnReplaced(trade, order, report, out);
    case BrokerReportKind::kReplaceRejected:
      return OnReplaceRejected(trade, order, report, out);
    case BrokerReportKind::kCancelRejected:
      Step(trade, order, OrderTrigger::kCancelRejected, &report, {}, out);
      if (order.working()) {
        order.cancel_again = now_ + kCancelAgain;
        Ask(trade, order, out);  // it may have ended
      }
      return;
    case BrokerReportKind::kStatus:
      return OnStatus(trade, order, report, out);
    case BrokerReportKind::kNotFound:
      return OnNotFound(trade, order, report, out);
    case BrokerReportKind::kFee:
      return OnFee(trade, order, report);
    case BrokerReportKind::kBust:
      return OnBust(trade, order, report, out);
    default:
      return;  // of the session
  }
}

void OmsProcessor::OnFill(Trade& trade, Order& order, const BrokerReport& report, Output& out) {
  const Execution execution{.execution_id = report.execution_id,
                            .instance = trade.header.instance,
                            .instrument = trade.instrument(),
                            .side = order.ticket.side,
                            .price = report.price,
                            .quantity = report.quantity,
                            .fee = report.fee,
                            .terms = trade.contract,
                            .time = report.broker_time};
  switch (positions_.Apply(execution, now_)) {
    case Applied::kApplied:
      break;
    case Applied::kRepeated:
    case Applied::kForgotten:
    case Applied::kUnknown:
      return;
    case Applied::kDiffers:
      return TellIncident(trade, order, IncidentKind::kRepeatedDiffers, OrderTrigger::kFill, report,
                          fmt::format("execution {} came again as {} at {}; the first stands", report.execution_id,
                                      report.quantity.ToString(), report.price.ToString()),
                          out);
    case Applied::kInvalid:
      return TellIncident(trade, order, IncidentKind::kIllegalTransition, OrderTrigger::kFill, report,
                          fmt::format("a fill of {} at {} is none; nothing was booked", report.quantity.ToString(),
                                      report.price.ToString()),
                          out);
  }
  const bool awaited = order.awaits(report.quantity);
  const bool was_final = order.final();
  Book(trade, order, report);
  if (report.cumulative) order.cumulative = std::max(order.cumulative, *report.cumulative);
  order.acknowledged = true;

  const bool all = order.filled >= order.quantity() ||
                   (report.leaves && *report.leaves == Quantity() && order.filled >= order.cumulative);
  if (report.leaves == Quantity() && order.filled >= order.cumulative) Miss(trade, order, order.filled);
  if (!was_final) {
    Step(trade, order, all ? OrderTrigger::kFill : OrderTrigger::kPartialFill, &report, {}, out);
  } else {
    Tell(trade, order, order.state, all ? OrderTrigger::kFill : OrderTrigger::kPartialFill, &report, {}, out);
  }
  if (order.filled > order.ticket.quantity) {
    TellIncident(trade, order, IncidentKind::kOverfill, OrderTrigger::kFill, report,
                 fmt::format("{} filled of {} ordered", order.filled.ToString(), order.ticket.quantity.ToString()),
                 out);
  } else if (was_final && !awaited) {
    TellIncident(trade, order, IncidentKind::kFillAfterFinal, OrderTrigger::kFill, report,
                 fmt::format("{} at {} after {}", report.quantity.ToString(), report.price.ToString(),
                             OrderStateName(order.state)),
                 out);
  }
  if (trade.open() < Quantity() && !trade.reversed) {
    trade.reversed = true;
    TellIncident(trade, order, IncidentKind::kPositionReversed, OrderTrigger::kFill, report,
                 fmt::format("{} entered and {} closed: the rest is closed at the market", trade.entered.ToString(),
                             trade.exited.ToString()),
                 out);
  }
}

// Into the order, its trade and the other order of its pair. The position book has it already.
void OmsProcessor::Book(Trade& trade, Order& order, const BrokerReport& report) {
  const Quantity quantity = report.quantity;
  const Money notional = Notional(trade.contract, report.price, quantity);
  const Money value = Notional(ContractTerms{}, report.price, quantity);
  const Money fee = positions_.Find(report.execution_id)->fee;
  order.filled += quantity;
  order.notional = order.notional + notional;
  order.fees = order.fees + fee;
  trade.fees = trade.fees + fee;
  trade.tell_position = true;
  if (order.ticket.role == OrderRole::kEntry) {
    trade.entered += quantity;
    trade.entry_notional = trade.entry_notional + notional;
    trade.entry_value = trade.entry_value + value;
    trade.tell_entered = true;
    if (!trade.entered_at) trade.entered_at = now_;
  } else if (order.ticket.side != trade.side) {
    trade.exited += quantity;
    trade.exit_notional = trade.exit_notional + notional;
    trade.exit_value = trade.exit_value + value;
    trade.exit_filled = true;
    const bool by_plan = order.ticket.role == OrderRole::kExit || order.ticket.role == OrderRole::kFlatten;
    trade.exit_reason = by_plan && trade.exit ? trade.exit->reason : std::string(OrderRoleName(order.ticket.role));
  } else {  // back from a reversed position
    trade.exited -= quantity;
    trade.exit_notional = trade.exit_notional - notional;
    trade.exit_value = trade.exit_value - value;
  }
  if (!order.bracket) return;
  Bracket& bracket = trade.brackets[*order.bracket];
  bracket.filled += quantity;
  if (bracket.untold_by != order.ticket.order) bracket.untold -= std::min(bracket.untold, quantity);
  bracket.untold = std::min(bracket.untold, std::max(bracket.quantity - bracket.filled, Quantity()));
  Shrink(trade, order);
}

// As one order of a pair fills, the others are left with what is left of the pair.
void OmsProcessor::Shrink(Trade& trade, const Order& filled) {
  const Bracket& bracket = trade.brackets[*filled.bracket];
  const Quantity rest = std::max(bracket.quantity - bracket.filled, Quantity());
  for (Order& other : trade.orders) {
    if (other.bracket != filled.bracket || &other == &filled || other.final()) continue;
    other.shrunk = std::max(other.ticket.quantity - other.filled - rest, Quantity());
    if (rest == Quantity() && !other.answer_due) other.answer_due = now_ + StuckAfter();  // its end
  }
}

// The broker says of an order of a pair how much was left to it: less than the pair has by the executions that we know
// of. What is missing was closed by the others, or by the order that it replaced.
void OmsProcessor::Miss(Trade& trade, const Order& order, Quantity left) {
  if (!order.bracket) return;
  Bracket& bracket = trade.brackets[*order.bracket];
  const Quantity untold = bracket.quantity - (bracket.filled - order.filled) - left;
  if (untold <= Quantity()) return;
  bracket.untold = untold;
  bracket.untold_by = order.ticket.order;
  bracket.untold_ask = now_ + kLateAfter;
  if (!bracket.untold_until) bracket.untold_until = now_ + kUntoldMax;
}

void OmsProcessor::OnCanceled(Trade& trade, Order& order, const BrokerReport& report, Output& out) {
  const bool was_working = order.working();
  const bool entry = order.ticket.role == OrderRole::kEntry;
  const bool chasing = was_working && entry && order.cancel_wanted && !trade.entry_over;
  // What is about to be sent again stays reserved in the event of the old order's end.
  std::string abandoned;
  if (chasing) {
    Order ended = order;
    ended.state = OrderState::kCanceled;
    abandoned = ChaseRefusal(trade, ended);
    if (abandoned.empty()) trade.resubmit = trade.approved - trade.entered_at_most();
  }
  if (entry && was_working && (!chasing || !abandoned.empty())) trade.entry_over = true;
  const std::string reason = abandoned.empty() ? order.cancel_reason : "abandoned: " + abandoned;
  Step(trade, order, OrderTrigger::kCanceled, &report, report.reason.empty() ? reason : report.reason, out);
  if (chasing && abandoned.empty()) Chase(trade, order.ticket.order, out);
}

void OmsProcessor::OnRejected(Trade& trade, Order& order, const BrokerReport& report, Output& out) {
  const bool was_working = order.working();
  const std::string why = report.reason.empty() ? report.code : report.reason;
  // It had it, or says that it has it already: what was rejected may be a repetition, so it is asked for.
  const bool repeated = order.acknowledged || report.code.find("DUPLICATE") != std::string::npos;
  if (was_working && repeated && report.kind == BrokerReportKind::kRejected) return Ask(trade, order, out);
  Step(trade, order, OrderTrigger::kRejected, &report, why, out);
  if (!was_working || order.working()) return;
  switch (order.ticket.role) {
    case OrderRole::kEntry:
      trade.entry_over = true;
      return;
    case OrderRole::kStop:                                    // never unprotected: out at the market
      if (report.kind == BrokerReportKind::kNotSent) return;  // another pair is tried
      if (trade.brackets[*order.bracket].stop == order.ticket.order) {
        StartExit(trade, "stop rejected: " + why, true);
      }
      return;
    default:
      return;
  }
}

void OmsProcessor::OnReplaced(Trade& trade, Order& order, const BrokerReport& report, Output& out) {
  const auto [old_trade, old] = FindOrder(report.replaces);
  if (old != nullptr && old_trade == &trade) Step(trade, *old, OrderTrigger::kReplaced, &report, {}, out);
  if (report.leaves) Miss(trade, order, *report.leaves);
  Step(trade, order, OrderTrigger::kAccepted, &report, {}, out);
  order.acknowledged = true;
}

void OmsProcessor::OnReplaceRejected(Trade& trade, Order& order, const BrokerReport& report, Output& out) {
  if (!order.working()) return;  // said before
  Step(trade, order, OrderTrigger::kRejected, &report, {}, out);
  const auto [old_trade, old] = FindOrder(report.replaces);
  if (old != nullptr && old_trade == &trade) Step(trade, *old, OrderTrigger::kReplaceRejected, &report, {}, out);
}

void OmsProcessor::OnStatus(Trade& trade, Order& order, const BrokerReport& report, Output& out) {
  switch (report.state) {
    case OrderState::kCanceled:
      return OnCanceled(trade, order, report, out);
    case OrderState::kRejected:
      return OnRejected(trade, order, report, out);
    case OrderState::kExpired:
      Step(trade, order, OrderTrigger::kExpired, &report, {}, out);
      if (order.ticket.role == OrderRole::kEntry) trade.entry_over = true;
      return;
    case OrderState::kReplaced:
      Step(trade, order, OrderTrigger::kReplaced, &report, {}, out);
      return;
    case OrderState::kFilled:
      if (!order.working()) return;
      if (order.cumulative > order.filled) {
        AskForSnapshot();  // its fills are still to come, or were lost
      } else if (order.filled > Quantity()) {
        Step(trade, order, OrderTrigger::kFill, &report, {}, out);
      }
      return;
    case OrderState::kNone:
    case OrderState::kUnknown:
      return;
    default:
      order.acknowledged = true;
      if (order.final()) {
        // The answer may be older than the end that we know of; reconciliation sees what stays.
        if (order.lost) CancelLost(trade, order, out);
        return;
      }
      Step(trade, order, OrderTrigger::kAccepted, &report, {}, out);
      return;
  }
}

void OmsProcessor::OnNotFound(Trade& trade, Order& order, const BrokerReport& report, Output& out) {
  if (order.final()) return;
  ++order.not_found;
  const bool sure =
      order.asked >= 2 && order.not_found >= 2 && order.asked_since && now_ - *order.asked_since >= kGiveUpAfter;
  if (!sure) {
    if (!order.answer_due) order.answer_due = now_ + StuckAfter();
    return;
  }
  order.lost = true;
  const std::string reason = order.acknowledged ? "the broker does not have it any more" : "never reached the broker";
  const bool entry = order.ticket.role == OrderRole::kEntry;
  if (entry) trade.entry_over = true;
  Step(trade, order, OrderTrigger::kNotFound, &report, reason, out);
}

// Given up, and there it is.
void OmsProcessor::CancelLost(Trade& trade, Order& order, Output& out) {
  OrderCommand command;
  command.kind = OrderCommandKind::kCancel;
  command.intent = trade.intent();
  command.order = order.ticket.order;
  command.reason = "it had been given up";
  out.Emit(Of(trade), std::move(command));
}

void OmsProcessor::OnFee(Trade& trade, Order& order, const BrokerReport& report) {
  const Execution* execution = positions_.Find(report.execution_id);
  const Money before = execution != nullptr ? execution->fee : report.fee;
  positions_.SetFee(report.execution_id, report.fee, now_);
  order.fees = order.fees + (report.fee - before);
  trade.fees = trade.fees + (report.fee - before);
  if (report.fee != before) trade.tell_position = true;
}

void OmsProcessor::OnBust(Trade& trade, Order& order, const BrokerReport& report, Output& out) {
  const Execution* found = positions_.Find(report.execution_id);
  const std::optional<Execution> execution = found != nullptr ? std::optional(*found) : std::nullopt;
  if (positions_.Bust(report.execution_id, now_) != Applied::kApplied) return;
  const Money notional = Notional(trade.contract, execution->price, execution->quantity);
  const Money value = Notional(ContractTerms{}, execution->price, execution->quantity);
  const bool entry = order.ticket.role == OrderRole::kEntry;
  order.filled -= execution->quantity;
  order.cumulative = std::max(order.cumulative - execution->quantity, Quantity());
  order.notional = order.notional - notional;
  order.fees = order.fees - execution->fee;
  trade.fees = trade.fees - execution->fee;
  if (entry) {
    trade.entered -= execution->quantity;
    trade.entry_notional = trade.entry_notional - notional;
    trade.entry_value = trade.entry_value - value;
  } else {
    const bool closing = order.ticket.side != trade.side;
    trade.exited -= closing ? execution->quantity : Quantity() - execution->quantity;
    trade.exit_notional = closing ? trade.exit_notional - notional : trade.exit_notional + notional;
    trade.exit_value = closing ? trade.exit_value - value : trade.exit_value + value;
  }
  if (order.bracket) {
    trade.brackets[*order.bracket].filled -= execution->quantity;
    Shrink(trade, order);
  }
  trade.tell_position = true;
  TellIncident(trade, order, IncidentKind::kBust, OrderTrigger::kNone, report,
               fmt::format("execution {} of {} at {} was undone", execution->execution_id,
                           execution->quantity.ToString(), execution->price.ToString()),
               out);
}

// Ours by its id. What it traded counts; that it exists does not fit what we know.
void OmsProcessor::OnUnknownOrder(const About& about, const BrokerReport& report, Output& out) {
  if (report.kind == BrokerReportKind::kFill) {
    const auto instrument = instruments_.find(about.instrument);
    const Execution execution{.execution_id = report.execution_id,
                              .instance = about.instance,
                              .instrument = about.instrument,
                              .side = report.side,
                              .price = report.price,
                              .quantity = report.quantity,
                              .fee = report.fee,
                              .terms = instrument != instruments_.end() ? instrument->second.contract : ContractTerms{},
                              .time = report.broker_time};
    if (positions_.Apply(execution, now_) == Applied::kApplied) {
      out.Emit(about, positions_.Snapshot({.instrument = about.instrument, .instance = about.instance}));
    }
  }
  if (report.kind == BrokerReportKind::kNotFound) return;
  if (std::find(unknown_told_.begin(), unknown_told_.end(), report.client_order_id) != unknown_told_.end()) return;
  unknown_told_.push_back(report.client_order_id);
  if (unknown_told_.size() > kUnknownToldMax) unknown_told_.pop_front();
  OrderIncident incident;
  incident.kind = IncidentKind::kUnknownOrder;
  incident.order = *ParseClientOrderId(report.client_order_id);
  incident.client_order_id = report.client_order_id;
  incident.execution_id = report.execution_id;
  incident.detail = fmt::format("{} of an order that is not in our books", BrokerReportKindName(report.kind));
  out.Emit(about, incident);
  OrderCommand command;
  command.kind = OrderCommandKind::kCancel;
  command.order = incident.order;
  command.reason = "not in our books";
  out.Emit(about, std::move(command));
}

// Whatever was in doubt while nobody could be asked.
void OmsProcessor::OnConnected(Output& out) {
  disconnected_ = false;
  reconciler_.Connected();
  for (Trade* trade : Live(0)) {
    for (Order& order : trade->orders) {
      if (order.state == OrderState::kUnknown) Ask(*trade, order, out);
    }
    Advance(*trade, out);
  }
}

// ---- reconciliation

void OmsProcessor::OnSnapshot(const BrokerSnapshot& snapshot, Output& out) {
  if (!care_) return;  // nothing is ours to compare with
  if (snapshot.live != care_->live || (!care_->account.empty() && snapshot.account != care_->account)) return;
  std::vector<OrderView> orders;
  for (const auto& [intent, trade] : trades_) {
    for (const Order& order : trade.orders) {
      orders.push_back({.order = order.ticket.order,
                        .instance = trade.header.instance,
                        .instrument = trade.instrument(),
                        .side = order.ticket.side,
                        .state = order.state,
                        .quantity = order.quantity(),
                        .filled = order.filled,
                        .last_activity = order.heard});
    }
  }
  for (Difference& difference : reconciler_.Compare(snapshot, orders, positions_, now_)) {
    Repair(std::move(difference), out);
  }
}

void OmsProcessor::Repair(Difference difference, Output& out) {
  const OrderId& order = difference.event.order;
  const auto intent = intent_of_.find(order);
  Trade* trade = intent != intent_of_.end() ? FindTrade(intent->second) : nullptr;
  const About about =
      trade != nullptr ? Of(*trade) : About{.instrument = difference.instrument, .instance = difference.instance};
  if (difference.emit) out.Emit(about, difference.event);
  if (difference.incident) out.Emit(about, *std::move(difference.incident));
  if (difference.report) OnReport(about, *difference.report, out);
  if (difference.command) {
    Order* asked = trade != nullptr ? trade->Find(difference.command->order) : nullptr;
    if (asked != nullptr && difference.command->kind == OrderCommandKind::kQuery) {
      Ask(*trade, *asked, out);
      Advance(*trade, out);
    } else {
      out.Emit(about, *std::move(difference.command));
    }
  }
  if (difference.adopted) {
    Execution& adopted = *difference.adopted;
    const auto instrument = instruments_.find(adopted.instrument);
    if (instrument != instruments_.end()) adopted.terms = instrument->second.contract;
    if (positions_.Apply(adopted, now_) != Applied::kApplied) return;
    out.Emit({.instrument = adopted.instrument, .instance = adopted.instance},
             positions_.Snapshot({.instrument = adopted.instrument, .instance = adopted.instance}));
  }
}

}  // namespace spillway::oms
