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
  a(v.signal, v.side, v.entry, v.stop, v.target, v.spread, v.quantity_max, v.expires, v.score, v.threshold, v.shadow);
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
void PersistFields(Archive& a, RiskDecision& v) {
  a(v.intent, v.approved, v.rule, v.seen, v.limit, v.unit, v.quantity, v.binding_cap, v.risk, v.route, v.low_confidence,
    v.detail, v.stage, v.record, v.risk_percent, v.warnings);
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

}  // namespace spillway
