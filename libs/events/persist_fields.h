// The fields of the events that processors keep in their state, for libs/runtime/persist.h: found there by argument-
// dependent lookup. One list serves saving and restoring. A field added to a struct here changes the saved form of
// every processor that keeps it: raise their state_version().
#pragma once

#include "libs/events/event.h"

namespace spillway {

template <class Archive>
void PersistFields(Archive& a, EventId& v) {
  a(v.high, v.low);
}
template <class Archive>
void PersistFields(Archive& a, SourcePosition& v) {
  a(v.feed, v.epoch, v.position);
}
template <class Archive>
void PersistFields(Archive& a, Causation& v) {
  a(v.market, v.event, v.ordinal);
}
template <class Archive>
void PersistFields(Archive& a, EventHeader& v) {
  a(v.producer, v.event_time, v.ingest_time, v.instrument, v.instance, v.correlation, v.cause);
}
template <class Archive>
void PersistFields(Archive& a, ContractTerms& v) {
  a(v.multiplier, v.inverse);
}
template <class Archive>
void PersistFields(Archive& a, Quote& v) {
  a(v.bid, v.ask, v.bid_size, v.ask_size);
}
template <class Archive>
void PersistFields(Archive& a, SessionState& v) {
  a(v.trading_day, v.phase, v.regular_open, v.regular_close);
}
template <class Archive>
void PersistFields(Archive& a, ConfigurationVersion& v) {
  a(v.kind, v.name, v.mode, v.effective_time, v.document);
}
template <class Archive>
void PersistFields(Archive& a, MarketContext::Row& v) {
  a(v.instrument, v.book, v.quote, v.last_price);
}
template <class Archive>
void PersistFields(Archive& a, RuleResult& v) {
  a(v.rule, v.feature, v.gate, v.passed, v.value, v.not_ready, v.comparison, v.limit, v.points, v.points_max);
}
template <class Archive>
void PersistFields(Archive& a, SignalCancelled& v) {
  a(v.signal, v.rule, v.seen, v.limit, v.condition);
}
template <class Archive>
void PersistFields(Archive& a, TradeIntent& v) {
  a(v.signal, v.side, v.entry, v.stop, v.target, v.spread, v.quantity_max, v.expires, v.score, v.threshold, v.shadow,
    v.minute_volume, v.parent);
}
template <class Archive>
void PersistFields(Archive& a, SetupRecord& v) {
  a(v.trades, v.wins, v.sum_r);
}
template <class Archive>
void PersistFields(Archive& a, UnsettledCash& v) {
  a(v.amount, v.settles_on);
}
template <class Archive>
void PersistFields(Archive& a, CapRoom& v) {
  a(v.cap, v.quantity, v.used, v.limit, v.unit);
}
template <class Archive>
void PersistFields(Archive& a, RiskDecision& v) {
  a(v.intent, v.approved, v.rule, v.seen, v.limit, v.unit, v.quantity, v.binding_cap, v.risk, v.route, v.low_confidence,
    v.detail, v.stage, v.record, v.risk_percent, v.warnings, v.caps, v.stop);
}
template <class Archive>
void PersistFields(Archive& a, Alert& v) {
  a(v.intent, v.signal, v.side, v.entry, v.stop, v.target, v.spread, v.quantity, v.binding_cap, v.risk, v.reward_net,
    v.reward_to_risk_net, v.score, v.threshold, v.rules, v.triggered, v.expires, v.low_confidence, v.shadow, v.record,
    v.stage, v.route, v.risk_percent, v.warnings);
}
template <class Archive>
void PersistFields(Archive& a, OutcomeLabelled& v) {
  a(v.intent, v.label, v.entered, v.exited, v.entry_price, v.exit_price, v.quantity, v.profit_net, v.r_multiple,
    v.return_net_percent, v.mae, v.mfe, v.score, v.shadow, v.near_miss, v.side, v.profit_gross);
}
template <class Archive>
void PersistFields(Archive& a, AccountTrade& v) {
  a(v.intent, v.state, v.side, v.price, v.quantity, v.profit_gross, v.profit_net, v.r_multiple, v.reason);
}
template <class Archive>
void PersistFields(Archive& a, OrderTicket& v) {
  a(v.order, v.role, v.side, v.type, v.time_in_force, v.quantity, v.limit, v.stop, v.trail, v.reduce_only,
    v.extended_hours);
}
template <class Archive>
void PersistFields(Archive& a, OrderCommand& v) {
  a(v.kind, v.intent, v.order, v.tickets, v.expires, v.since, v.reason);
}
template <class Archive>
void PersistFields(Archive& a, BrokerReport& v) {
  a(v.kind, v.client_order_id, v.broker_order_id, v.replaces, v.execution_id, v.side, v.price, v.quantity, v.cumulative,
    v.leaves, v.fee, v.maker, v.state, v.broker_time, v.latency, v.clock_skew, v.code, v.reason);
}
template <class Archive>
void PersistFields(Archive& a, BrokerSnapshot::Order& v) {
  a(v.client_order_id, v.broker_order_id, v.instrument, v.symbol, v.side, v.type, v.quantity, v.filled, v.limit, v.stop,
    v.state);
}
template <class Archive>
void PersistFields(Archive& a, BrokerSnapshot::Position& v) {
  a(v.instrument, v.symbol, v.quantity, v.average_price);
}
template <class Archive>
void PersistFields(Archive& a, BrokerSnapshot::Execution& v) {
  a(v.execution_id, v.client_order_id, v.broker_order_id, v.instrument, v.symbol, v.side, v.price, v.quantity, v.fee,
    v.time);
}
template <class Archive>
void PersistFields(Archive& a, BrokerSnapshot& v) {
  a(v.broker, v.account, v.live, v.as_of, v.cash, v.equity, v.buying_power, v.settled_cash, v.executions_since,
    v.orders, v.positions, v.executions);
}
template <class Archive>
void PersistFields(Archive& a, OrderEvent& v) {
  a(v.order, v.intent, v.role, v.previous, v.state, v.trigger, v.side, v.type, v.time_in_force, v.quantity, v.filled,
    v.filled_notional, v.fees, v.limit, v.stop, v.execution_id, v.last_price, v.last_quantity, v.last_fee, v.maker,
    v.broker_time, v.latency, v.slippage_decision_bps, v.slippage_arrival_bps, v.intent_open, v.parent, v.attempt,
    v.reason, v.rule, v.broker_order_id);
}
template <class Archive>
void PersistFields(Archive& a, OrderIncident& v) {
  a(v.kind, v.order, v.client_order_id, v.state, v.trigger, v.execution_id, v.detail, v.pauses);
}
template <class Archive>
void PersistFields(Archive& a, PositionSnapshot& v) {
  a(v.kind, v.quantity, v.cost, v.realized_gross, v.fees, v.cash_flow, v.trade, v.account_quantity, v.account_cash_flow,
    v.stop, v.protected_quantity);
}
template <class Archive>
void PersistFields(Archive& a, AdminCommand& v) {
  a(v.kind, v.intent, v.flatten, v.account, v.by, v.reason);
}
template <class Archive>
void PersistFields(Archive& a, KillSwitchChanged& v) {
  a(v.active, v.flatten, v.cause, v.seen, v.limit, v.unit, v.by, v.reason);
}
template <class Archive>
void PersistFields(Archive& a, FlattenProgress::Row& v) {
  a(v.instrument, v.quantity, v.halted);
}
template <class Archive>
void PersistFields(Archive& a, FlattenProgress& v) {
  a(v.stage, v.cause, v.orders_open, v.positions, v.cancels_only);
}
template <class Archive>
void PersistFields(Archive& a, Reconciliation& v) {
  a(v.kind, v.repair, v.resolved, v.order, v.client_order_id, v.execution_id, v.symbol, v.ours, v.brokers, v.price,
    v.differences, v.unresolved, v.detail);
}
template <class Archive>
void PersistFields(Archive& a, ExitSignal& v) {
  a(v.intent, v.reason);
}

}  // namespace spillway
