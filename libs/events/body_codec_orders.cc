// Bodies of orders: what oms commands, what the broker says, what people command.
#include "libs/events/body_codec.h"
#include "libs/events/body_codec_common.h"

namespace spillway::body_codec {
namespace {

void ToProto(const OrderTicket& in, v1::OrderTicket& out) {
  if (in.order) SetIdBytes(in.order, *out.mutable_order());
  out.set_role(static_cast<v1::OrderRole>(in.role));
  out.set_side(static_cast<v1::Side>(in.side));
  out.set_type(static_cast<v1::OrderType>(in.type));
  out.set_time_in_force(static_cast<v1::TimeInForce>(in.time_in_force));
  out.set_quantity_e8(Scalar(in.quantity));
  Set(in.limit, [&](auto v) { out.set_limit_e9(v); });
  Set(in.stop, [&](auto v) { out.set_stop_e9(v); });
  Set(in.trail, [&](auto v) { out.set_trail_e9(v); });
  out.set_reduce_only(in.reduce_only);
  out.set_extended_hours(in.extended_hours);
}
bool FromProto(const v1::OrderTicket& in, OrderTicket& out) {
  out.role = static_cast<OrderRole>(in.role());
  out.side = static_cast<Side>(in.side());
  out.type = static_cast<OrderType>(in.type());
  out.time_in_force = static_cast<TimeInForce>(in.time_in_force());
  out.quantity = Quantity::FromE8(in.quantity_e8());
  out.limit.reset();
  if (in.has_limit_e9()) out.limit = Price::FromNanos(in.limit_e9());
  out.stop.reset();
  if (in.has_stop_e9()) out.stop = Price::FromNanos(in.stop_e9());
  out.trail.reset();
  if (in.has_trail_e9()) out.trail = Price::FromNanos(in.trail_e9());
  out.reduce_only = in.reduce_only();
  out.extended_hours = in.extended_hours();
  return IdFromBytes(in.order(), out.order);
}
void ToProto(const BrokerSnapshot::Order& in, v1::BrokerOrder& out) {
  out.set_client_order_id(in.client_order_id);
  out.set_broker_order_id(in.broker_order_id);
  out.set_instrument_id(in.instrument);
  out.set_symbol(in.symbol);
  out.set_side(static_cast<v1::Side>(in.side));
  out.set_type(static_cast<v1::OrderType>(in.type));
  out.set_quantity_e8(Scalar(in.quantity));
  out.set_filled_e8(Scalar(in.filled));
  Set(in.limit, [&](auto v) { out.set_limit_e9(v); });
  Set(in.stop, [&](auto v) { out.set_stop_e9(v); });
  out.set_state(static_cast<v1::OrderState>(in.state));
}
bool FromProto(const v1::BrokerOrder& in, BrokerSnapshot::Order& out) {
  out.client_order_id = in.client_order_id();
  out.broker_order_id = in.broker_order_id();
  out.instrument = in.instrument_id();
  out.symbol = in.symbol();
  out.side = static_cast<Side>(in.side());
  out.type = static_cast<OrderType>(in.type());
  out.quantity = Quantity::FromE8(in.quantity_e8());
  out.filled = Quantity::FromE8(in.filled_e8());
  out.limit.reset();
  if (in.has_limit_e9()) out.limit = Price::FromNanos(in.limit_e9());
  out.stop.reset();
  if (in.has_stop_e9()) out.stop = Price::FromNanos(in.stop_e9());
  out.state = static_cast<OrderState>(in.state());
  return true;
}
void ToProto(const BrokerSnapshot::Position& in, v1::BrokerPosition& out) {
  out.set_instrument_id(in.instrument);
  out.set_symbol(in.symbol);
  out.set_quantity_e8(Scalar(in.quantity));
  out.set_average_price_e9(Scalar(in.average_price));
}
bool FromProto(const v1::BrokerPosition& in, BrokerSnapshot::Position& out) {
  out.instrument = in.instrument_id();
  out.symbol = in.symbol();
  out.quantity = Quantity::FromE8(in.quantity_e8());
  out.average_price = Price::FromNanos(in.average_price_e9());
  return true;
}
void ToProto(const BrokerSnapshot::Execution& in, v1::BrokerExecution& out) {
  out.set_execution_id(in.execution_id);
  out.set_client_order_id(in.client_order_id);
  out.set_broker_order_id(in.broker_order_id);
  out.set_instrument_id(in.instrument);
  out.set_symbol(in.symbol);
  out.set_side(static_cast<v1::Side>(in.side));
  out.set_price_e9(Scalar(in.price));
  out.set_quantity_e8(Scalar(in.quantity));
  out.set_fee_e8(Scalar(in.fee));
  out.set_time_ns(Scalar(in.time));
}
bool FromProto(const v1::BrokerExecution& in, BrokerSnapshot::Execution& out) {
  out.execution_id = in.execution_id();
  out.client_order_id = in.client_order_id();
  out.broker_order_id = in.broker_order_id();
  out.instrument = in.instrument_id();
  out.symbol = in.symbol();
  out.side = static_cast<Side>(in.side());
  out.price = Price::FromNanos(in.price_e9());
  out.quantity = Quantity::FromE8(in.quantity_e8());
  out.fee = Money::FromE8(in.fee_e8());
  out.time = TimeFromNanos(in.time_ns());
  return true;
}
void ToProto(const FlattenProgress::Row& in, v1::FlattenRow& out) {
  out.set_instrument_id(in.instrument);
  out.set_quantity_e8(Scalar(in.quantity));
  out.set_halted(in.halted);
}
bool FromProto(const v1::FlattenRow& in, FlattenProgress::Row& out) {
  out.instrument = in.instrument_id();
  out.quantity = Quantity::FromE8(in.quantity_e8());
  out.halted = in.halted();
  return true;
}

}  // namespace

void ToProto(const OrderCommand& in, v1::OrderCommand& out) {
  out.set_kind(static_cast<v1::OrderCommandKind>(in.kind));
  if (in.intent) SetIdBytes(in.intent, *out.mutable_intent());
  if (in.order) SetIdBytes(in.order, *out.mutable_order());
  for (const OrderTicket& item : in.tickets) ToProto(item, *out.add_tickets());
  Set(in.expires, [&](auto v) { out.set_expires_ns(v); });
  Set(in.since, [&](auto v) { out.set_since_ns(v); });
  out.set_reason(in.reason);
}
bool FromProto(const v1::OrderCommand& in, OrderCommand& out) {
  out.kind = static_cast<OrderCommandKind>(in.kind());
  out.tickets.clear();
  for (const v1::OrderTicket& item : in.tickets()) {
    if (!FromProto(item, out.tickets.emplace_back())) return false;
  }
  out.expires.reset();
  if (in.has_expires_ns()) out.expires = TimeFromNanos(in.expires_ns());
  out.since.reset();
  if (in.has_since_ns()) out.since = TimeFromNanos(in.since_ns());
  out.reason = in.reason();
  return IdFromBytes(in.intent(), out.intent) && IdFromBytes(in.order(), out.order);
}

void ToProto(const BrokerReport& in, v1::BrokerReport& out) {
  out.set_kind(static_cast<v1::BrokerReportKind>(in.kind));
  out.set_client_order_id(in.client_order_id);
  out.set_broker_order_id(in.broker_order_id);
  out.set_replaces(in.replaces);
  out.set_execution_id(in.execution_id);
  out.set_side(static_cast<v1::Side>(in.side));
  out.set_price_e9(Scalar(in.price));
  out.set_quantity_e8(Scalar(in.quantity));
  Set(in.cumulative, [&](auto v) { out.set_cumulative_e8(v); });
  Set(in.leaves, [&](auto v) { out.set_leaves_e8(v); });
  out.set_fee_e8(Scalar(in.fee));
  out.set_maker(in.maker);
  out.set_state(static_cast<v1::OrderState>(in.state));
  out.set_broker_time_ns(Scalar(in.broker_time));
  Set(in.latency, [&](auto v) { out.set_latency_ns(v); });
  Set(in.clock_skew, [&](auto v) { out.set_clock_skew_ns(v); });
  out.set_code(in.code);
  out.set_reason(in.reason);
}
bool FromProto(const v1::BrokerReport& in, BrokerReport& out) {
  out.kind = static_cast<BrokerReportKind>(in.kind());
  out.client_order_id = in.client_order_id();
  out.broker_order_id = in.broker_order_id();
  out.replaces = in.replaces();
  out.execution_id = in.execution_id();
  out.side = static_cast<Side>(in.side());
  out.price = Price::FromNanos(in.price_e9());
  out.quantity = Quantity::FromE8(in.quantity_e8());
  out.cumulative.reset();
  if (in.has_cumulative_e8()) out.cumulative = Quantity::FromE8(in.cumulative_e8());
  out.leaves.reset();
  if (in.has_leaves_e8()) out.leaves = Quantity::FromE8(in.leaves_e8());
  out.fee = Money::FromE8(in.fee_e8());
  out.maker = in.maker();
  out.state = static_cast<OrderState>(in.state());
  out.broker_time = TimeFromNanos(in.broker_time_ns());
  out.latency.reset();
  if (in.has_latency_ns()) out.latency = Duration(in.latency_ns());
  out.clock_skew.reset();
  if (in.has_clock_skew_ns()) out.clock_skew = Duration(in.clock_skew_ns());
  out.code = in.code();
  out.reason = in.reason();
  return true;
}

void ToProto(const BrokerSnapshot& in, v1::BrokerSnapshot& out) {
  out.set_broker(in.broker);
  out.set_account(in.account);
  out.set_live(in.live);
  out.set_as_of_ns(Scalar(in.as_of));
  out.set_cash_e8(Scalar(in.cash));
  out.set_equity_e8(Scalar(in.equity));
  out.set_buying_power_e8(Scalar(in.buying_power));
  Set(in.settled_cash, [&](auto v) { out.set_settled_cash_e8(v); });
  Set(in.executions_since, [&](auto v) { out.set_executions_since_ns(v); });
  for (const BrokerSnapshot::Order& item : in.orders) ToProto(item, *out.add_orders());
  for (const BrokerSnapshot::Position& item : in.positions) ToProto(item, *out.add_positions());
  for (const BrokerSnapshot::Execution& item : in.executions) ToProto(item, *out.add_executions());
}
bool FromProto(const v1::BrokerSnapshot& in, BrokerSnapshot& out) {
  out.broker = in.broker();
  out.account = in.account();
  out.live = in.live();
  out.as_of = TimeFromNanos(in.as_of_ns());
  out.cash = Money::FromE8(in.cash_e8());
  out.equity = Money::FromE8(in.equity_e8());
  out.buying_power = Money::FromE8(in.buying_power_e8());
  out.settled_cash.reset();
  if (in.has_settled_cash_e8()) out.settled_cash = Money::FromE8(in.settled_cash_e8());
  out.executions_since.reset();
  if (in.has_executions_since_ns()) out.executions_since = TimeFromNanos(in.executions_since_ns());
  out.orders.clear();
  for (const v1::BrokerOrder& item : in.orders()) {
    if (!FromProto(item, out.orders.emplace_back())) return false;
  }
  out.positions.clear();
  for (const v1::BrokerPosition& item : in.positions()) {
    if (!FromProto(item, out.positions.emplace_back())) return false;
  }
  out.executions.clear();
  for (const v1::BrokerExecution& item : in.executions()) {
    if (!FromProto(item, out.executions.emplace_back())) return false;
  }
  return true;
}

void ToProto(const OrderEvent& in, v1::OrderEvent& out) {
  if (in.order) SetIdBytes(in.order, *out.mutable_order());
  if (in.intent) SetIdBytes(in.intent, *out.mutable_intent());
  out.set_role(static_cast<v1::OrderRole>(in.role));
  out.set_previous(static_cast<v1::OrderState>(in.previous));
  out.set_state(static_cast<v1::OrderState>(in.state));
  out.set_trigger(static_cast<v1::OrderTrigger>(in.trigger));
  out.set_side(static_cast<v1::Side>(in.side));
  out.set_type(static_cast<v1::OrderType>(in.type));
  out.set_time_in_force(static_cast<v1::TimeInForce>(in.time_in_force));
  out.set_quantity_e8(Scalar(in.quantity));
  out.set_filled_e8(Scalar(in.filled));
  out.set_filled_notional_e8(Scalar(in.filled_notional));
  out.set_fees_e8(Scalar(in.fees));
  Set(in.limit, [&](auto v) { out.set_limit_e9(v); });
  Set(in.stop, [&](auto v) { out.set_stop_e9(v); });
  out.set_execution_id(in.execution_id);
  out.set_last_price_e9(Scalar(in.last_price));
  out.set_last_quantity_e8(Scalar(in.last_quantity));
  out.set_last_fee_e8(Scalar(in.last_fee));
  out.set_maker(in.maker);
  out.set_broker_time_ns(Scalar(in.broker_time));
  Set(in.latency, [&](auto v) { out.set_latency_ns(v); });
  Set(in.slippage_decision_bps, [&](auto v) { out.set_slippage_decision_bps(v); });
  Set(in.slippage_arrival_bps, [&](auto v) { out.set_slippage_arrival_bps(v); });
  out.set_intent_open_e8(Scalar(in.intent_open));
  if (in.parent) SetIdBytes(in.parent, *out.mutable_parent());
  out.set_attempt(in.attempt);
  out.set_reason(in.reason);
  out.set_rule(in.rule);
  out.set_broker_order_id(in.broker_order_id);
}
bool FromProto(const v1::OrderEvent& in, OrderEvent& out) {
  out.role = static_cast<OrderRole>(in.role());
  out.previous = static_cast<OrderState>(in.previous());
  out.state = static_cast<OrderState>(in.state());
  out.trigger = static_cast<OrderTrigger>(in.trigger());
  out.side = static_cast<Side>(in.side());
  out.type = static_cast<OrderType>(in.type());
  out.time_in_force = static_cast<TimeInForce>(in.time_in_force());
  out.quantity = Quantity::FromE8(in.quantity_e8());
  out.filled = Quantity::FromE8(in.filled_e8());
  out.filled_notional = Money::FromE8(in.filled_notional_e8());
  out.fees = Money::FromE8(in.fees_e8());
  out.limit.reset();
  if (in.has_limit_e9()) out.limit = Price::FromNanos(in.limit_e9());
  out.stop.reset();
  if (in.has_stop_e9()) out.stop = Price::FromNanos(in.stop_e9());
  out.execution_id = in.execution_id();
  out.last_price = Price::FromNanos(in.last_price_e9());
  out.last_quantity = Quantity::FromE8(in.last_quantity_e8());
  out.last_fee = Money::FromE8(in.last_fee_e8());
  out.maker = in.maker();
  out.broker_time = TimeFromNanos(in.broker_time_ns());
  out.latency.reset();
  if (in.has_latency_ns()) out.latency = Duration(in.latency_ns());
  out.slippage_decision_bps.reset();
  if (in.has_slippage_decision_bps()) out.slippage_decision_bps = in.slippage_decision_bps();
  out.slippage_arrival_bps.reset();
  if (in.has_slippage_arrival_bps()) out.slippage_arrival_bps = in.slippage_arrival_bps();
  out.intent_open = Quantity::FromE8(in.intent_open_e8());
  out.attempt = in.attempt();
  out.reason = in.reason();
  out.rule = in.rule();
  out.broker_order_id = in.broker_order_id();
  return IdFromBytes(in.order(), out.order) && IdFromBytes(in.intent(), out.intent) &&
         IdFromBytes(in.parent(), out.parent);
}

void ToProto(const OrderIncident& in, v1::OrderIncident& out) {
  out.set_kind(static_cast<v1::IncidentKind>(in.kind));
  if (in.order) SetIdBytes(in.order, *out.mutable_order());
  out.set_client_order_id(in.client_order_id);
  out.set_state(static_cast<v1::OrderState>(in.state));
  out.set_trigger(static_cast<v1::OrderTrigger>(in.trigger));
  out.set_execution_id(in.execution_id);
  out.set_detail(in.detail);
  out.set_pauses(in.pauses);
}
bool FromProto(const v1::OrderIncident& in, OrderIncident& out) {
  out.kind = static_cast<IncidentKind>(in.kind());
  out.client_order_id = in.client_order_id();
  out.state = static_cast<OrderState>(in.state());
  out.trigger = static_cast<OrderTrigger>(in.trigger());
  out.execution_id = in.execution_id();
  out.detail = in.detail();
  out.pauses = in.pauses();
  return IdFromBytes(in.order(), out.order);
}

void ToProto(const PositionSnapshot& in, v1::PositionSnapshot& out) {
  out.set_kind(static_cast<v1::AccountKind>(in.kind));
  out.set_quantity_e8(Scalar(in.quantity));
  out.set_cost_e8(Scalar(in.cost));
  out.set_realized_gross_e8(Scalar(in.realized_gross));
  out.set_fees_e8(Scalar(in.fees));
  out.set_cash_flow_e8(Scalar(in.cash_flow));
  if (in.trade) ToProto(*in.trade, *out.mutable_trade());
  out.set_account_quantity_e8(Scalar(in.account_quantity));
  out.set_account_cash_flow_e8(Scalar(in.account_cash_flow));
  Set(in.stop, [&](auto v) { out.set_stop_e9(v); });
  out.set_protected_e8(Scalar(in.protected_quantity));
}
bool FromProto(const v1::PositionSnapshot& in, PositionSnapshot& out) {
  out.kind = static_cast<AccountKind>(in.kind());
  out.quantity = Quantity::FromE8(in.quantity_e8());
  out.cost = Money::FromE8(in.cost_e8());
  out.realized_gross = Money::FromE8(in.realized_gross_e8());
  out.fees = Money::FromE8(in.fees_e8());
  out.cash_flow = Money::FromE8(in.cash_flow_e8());
  out.trade.reset();
  if (in.has_trade() && !FromProto(in.trade(), out.trade.emplace())) return false;
  out.account_quantity = Quantity::FromE8(in.account_quantity_e8());
  out.account_cash_flow = Money::FromE8(in.account_cash_flow_e8());
  out.stop.reset();
  if (in.has_stop_e9()) out.stop = Price::FromNanos(in.stop_e9());
  out.protected_quantity = Quantity::FromE8(in.protected_e8());
  return true;
}

void ToProto(const AdminCommand& in, v1::AdminCommand& out) {
  out.set_kind(static_cast<v1::AdminCommandKind>(in.kind));
  if (in.intent) SetIdBytes(in.intent, *out.mutable_intent());
  out.set_flatten(in.flatten);
  out.set_account(in.account);
  out.set_by(in.by);
  out.set_reason(in.reason);
}
bool FromProto(const v1::AdminCommand& in, AdminCommand& out) {
  out.kind = static_cast<AdminCommandKind>(in.kind());
  out.flatten = in.flatten();
  out.account = in.account();
  out.by = in.by();
  out.reason = in.reason();
  return IdFromBytes(in.intent(), out.intent);
}

void ToProto(const KillSwitchChanged& in, v1::KillSwitchChanged& out) {
  out.set_active(in.active);
  out.set_flatten(in.flatten);
  out.set_cause(in.cause);
  out.set_seen(in.seen);
  out.set_limit(in.limit);
  out.set_unit(in.unit);
  out.set_by(in.by);
  out.set_reason(in.reason);
}
bool FromProto(const v1::KillSwitchChanged& in, KillSwitchChanged& out) {
  out.active = in.active();
  out.flatten = in.flatten();
  out.cause = in.cause();
  out.seen = in.seen();
  out.limit = in.limit();
  out.unit = in.unit();
  out.by = in.by();
  out.reason = in.reason();
  return true;
}

void ToProto(const FlattenProgress& in, v1::FlattenProgress& out) {
  out.set_stage(static_cast<v1::FlattenStage>(in.stage));
  out.set_cause(in.cause);
  out.set_orders_open(in.orders_open);
  for (const FlattenProgress::Row& item : in.positions) ToProto(item, *out.add_positions());
  out.set_cancels_only(in.cancels_only);
}
bool FromProto(const v1::FlattenProgress& in, FlattenProgress& out) {
  out.stage = static_cast<FlattenStage>(in.stage());
  out.cause = in.cause();
  out.orders_open = in.orders_open();
  out.positions.clear();
  for (const v1::FlattenRow& item : in.positions()) {
    if (!FromProto(item, out.positions.emplace_back())) return false;
  }
  out.cancels_only = in.cancels_only();
  return true;
}

void ToProto(const Reconciliation& in, v1::Reconciliation& out) {
  out.set_kind(static_cast<v1::DifferenceKind>(in.kind));
  out.set_repair(static_cast<v1::Repair>(in.repair));
  out.set_resolved(in.resolved);
  if (in.order) SetIdBytes(in.order, *out.mutable_order());
  out.set_client_order_id(in.client_order_id);
  out.set_execution_id(in.execution_id);
  out.set_symbol(in.symbol);
  out.set_ours_e8(Scalar(in.ours));
  out.set_brokers_e8(Scalar(in.brokers));
  out.set_price_e9(Scalar(in.price));
  out.set_differences(in.differences);
  out.set_unresolved(in.unresolved);
  out.set_detail(in.detail);
}
bool FromProto(const v1::Reconciliation& in, Reconciliation& out) {
  out.kind = static_cast<DifferenceKind>(in.kind());
  out.repair = static_cast<Repair>(in.repair());
  out.resolved = in.resolved();
  out.client_order_id = in.client_order_id();
  out.execution_id = in.execution_id();
  out.symbol = in.symbol();
  out.ours = Quantity::FromE8(in.ours_e8());
  out.brokers = Quantity::FromE8(in.brokers_e8());
  out.price = Price::FromNanos(in.price_e9());
  out.differences = in.differences();
  out.unresolved = in.unresolved();
  out.detail = in.detail();
  return IdFromBytes(in.order(), out.order);
}

void ToProto(const ExitSignal& in, v1::ExitSignal& out) {
  if (in.intent) SetIdBytes(in.intent, *out.mutable_intent());
  out.set_reason(in.reason);
}
bool FromProto(const v1::ExitSignal& in, ExitSignal& out) {
  out.reason = in.reason();
  return IdFromBytes(in.intent(), out.intent);
}

}  // namespace spillway::body_codec
