// Bodies of the trading lane.
#include "libs/events/body_codec.h"
#include "libs/events/body_codec_common.h"

namespace spillway::body_codec {
namespace {

void ToProto(const std::vector<RuleResult>& rules, google::protobuf::RepeatedPtrField<v1::RuleResult>& out) {
  for (const RuleResult& rule : rules) {
    v1::RuleResult& r = *out.Add();
    r.set_rule(rule.rule);
    r.set_feature(rule.feature);
    r.set_gate(rule.gate);
    r.set_passed(rule.passed);
    Set(rule.value, [&](double v) { r.set_value(v); });
    r.set_not_ready(rule.not_ready);
    r.set_comparison(static_cast<v1::Comparison>(rule.comparison));
    r.set_limit(rule.limit);
    r.set_points(rule.points);
    r.set_points_max(rule.points_max);
  }
}
void FromProto(const google::protobuf::RepeatedPtrField<v1::RuleResult>& in, std::vector<RuleResult>& rules) {
  rules.clear();
  for (const v1::RuleResult& r : in) {
    RuleResult& rule = rules.emplace_back();
    rule.rule = r.rule();
    rule.feature = r.feature();
    rule.gate = r.gate();
    rule.passed = r.passed();
    if (r.has_value()) rule.value = r.value();
    rule.not_ready = r.not_ready();
    rule.comparison = static_cast<Comparison>(r.comparison());
    rule.limit = r.limit();
    rule.points = r.points();
    rule.points_max = r.points_max();
  }
}

void ToProto(const SetupRecord& in, v1::SetupRecord& out) {
  out.set_trades(in.trades);
  out.set_wins(in.wins);
  out.set_sum_r(in.sum_r);
}
SetupRecord FromProto(const v1::SetupRecord& in) {
  return {.trades = in.trades(), .wins = in.wins(), .sum_r = in.sum_r()};
}

}  // namespace

void ToProto(const MarketContext& in, v1::MarketContext& out) {
  std::string& book = *out.mutable_book();
  std::string& has_last = *out.mutable_has_last();
  for (const MarketContext::Row& row : in.rows) {
    out.add_instrument_id(row.instrument);
    book.push_back(static_cast<char>(row.book));
    out.add_bid_e9(row.quote.bid.nanos());
    out.add_ask_minus_bid_e9((row.quote.ask - row.quote.bid).nanos());
    out.add_bid_size_e8(row.quote.bid_size.e8());
    out.add_ask_size_e8(row.quote.ask_size.e8());
    has_last.push_back(row.last_price ? 1 : 0);
    if (row.last_price) out.add_last_minus_bid_e9((*row.last_price - row.quote.bid).nanos());
  }
}
bool FromProto(const v1::MarketContext& in, MarketContext& out) {
  const int rows = in.instrument_id_size();
  const auto count = static_cast<size_t>(rows);
  if (in.book().size() != count || in.has_last().size() != count || in.bid_e9_size() != rows ||
      in.ask_minus_bid_e9_size() != rows || in.bid_size_e8_size() != rows || in.ask_size_e8_size() != rows) {
    return false;
  }
  out.rows.resize(count);
  int last = 0;
  for (int i = 0; i < rows; ++i) {
    MarketContext::Row& row = out.rows[static_cast<size_t>(i)];
    row.instrument = in.instrument_id(i);
    row.book = static_cast<uint8_t>(in.book()[static_cast<size_t>(i)]);
    row.quote.bid = Price::FromNanos(in.bid_e9(i));
    row.quote.ask = row.quote.bid + Price::FromNanos(in.ask_minus_bid_e9(i));
    row.quote.bid_size = Quantity::FromE8(in.bid_size_e8(i));
    row.quote.ask_size = Quantity::FromE8(in.ask_size_e8(i));
    row.last_price.reset();
    if (in.has_last()[static_cast<size_t>(i)] != 0) {
      if (last == in.last_minus_bid_e9_size()) return false;
      row.last_price = row.quote.bid + Price::FromNanos(in.last_minus_bid_e9(last++));
    }
  }
  return last == in.last_minus_bid_e9_size();
}

void ToProto(const Signal& in, v1::Signal& out) {
  out.set_side(static_cast<v1::Side>(in.side));
  out.set_accepted(in.accepted);
  out.set_score(in.score);
  out.set_threshold(in.threshold);
  ToProto(in.rules, *out.mutable_rules());
  for (const EventId& id : in.inputs) SetIdBytes(id, *out.add_inputs());
  ToProto(in.quote, *out.mutable_quote());
  out.set_preview(in.preview);
  out.set_entry_e9(in.entry.nanos());
  out.set_stop_e9(in.stop.nanos());
  out.set_target_e9(in.target.nanos());
  out.set_expires_ns(ToNanos(in.expires));
}
bool FromProto(const v1::Signal& in, Signal& out) {
  out.side = static_cast<Side>(in.side());
  out.accepted = in.accepted();
  out.score = in.score();
  out.threshold = in.threshold();
  FromProto(in.rules(), out.rules);
  out.inputs.clear();
  for (const std::string& bytes : in.inputs()) {
    if (!IdFromBytes(bytes, out.inputs.emplace_back())) return false;
  }
  out.quote = FromProto(in.quote());
  out.preview = in.preview();
  out.entry = Price::FromNanos(in.entry_e9());
  out.stop = Price::FromNanos(in.stop_e9());
  out.target = Price::FromNanos(in.target_e9());
  out.expires = TimeFromNanos(in.expires_ns());
  return true;
}

void ToProto(const RejectionSummary& in, v1::RejectionSummary& out) {
  out.set_from_ns(ToNanos(in.from));
  for (const RejectionSummary::Row& row : in.rows) {
    v1::RejectionCount& r = *out.add_rows();
    r.set_instrument_id(row.instrument);
    r.set_rule(row.rule);
    r.set_count(row.count);
    r.set_best_score(row.best_score);
  }
}
bool FromProto(const v1::RejectionSummary& in, RejectionSummary& out) {
  out = {};
  out.from = TimeFromNanos(in.from_ns());
  for (const v1::RejectionCount& r : in.rows())
    out.rows.push_back({r.instrument_id(), r.rule(), r.count(), r.best_score()});
  return true;
}

void ToProto(const SignalCancelled& in, v1::SignalCancelled& out) {
  SetIdBytes(in.signal, *out.mutable_signal());
  out.set_rule(static_cast<v1::CancelRule>(in.rule));
  out.set_seen(in.seen);
  out.set_limit(in.limit);
  out.set_condition(in.condition);
}
bool FromProto(const v1::SignalCancelled& in, SignalCancelled& out) {
  out.condition = in.condition();
  out.rule = static_cast<CancelRule>(in.rule());
  out.seen = in.seen();
  out.limit = in.limit();
  return IdFromBytes(in.signal(), out.signal);
}

void ToProto(const TradeIntent& in, v1::TradeIntent& out) {
  SetIdBytes(in.signal, *out.mutable_signal());
  out.set_side(static_cast<v1::Side>(in.side));
  out.set_entry_e9(in.entry.nanos());
  out.set_stop_e9(in.stop.nanos());
  out.set_target_e9(in.target.nanos());
  out.set_spread_e9(in.spread.nanos());
  Set(in.quantity_max, [&](int64_t v) { out.set_quantity_max_e8(v); });
  out.set_expires_ns(ToNanos(in.expires));
  out.set_score(in.score);
  out.set_threshold(in.threshold);
  out.set_shadow(in.shadow);
  Set(in.minute_volume, [&](int64_t v) { out.set_minute_volume_e8(v); });
  if (in.parent) SetIdBytes(in.parent, *out.mutable_parent());
}
bool FromProto(const v1::TradeIntent& in, TradeIntent& out) {
  out = {};
  out.side = static_cast<Side>(in.side());
  out.entry = Price::FromNanos(in.entry_e9());
  out.stop = Price::FromNanos(in.stop_e9());
  out.target = Price::FromNanos(in.target_e9());
  out.spread = Price::FromNanos(in.spread_e9());
  if (in.has_quantity_max_e8()) out.quantity_max = Quantity::FromE8(in.quantity_max_e8());
  out.expires = TimeFromNanos(in.expires_ns());
  out.score = in.score();
  out.threshold = in.threshold();
  out.shadow = in.shadow();
  if (in.has_minute_volume_e8()) out.minute_volume = Quantity::FromE8(in.minute_volume_e8());
  return IdFromBytes(in.signal(), out.signal) && IdFromBytes(in.parent(), out.parent);
}

void ToProto(const RiskDecision& in, v1::RiskDecision& out) {
  SetIdBytes(in.intent, *out.mutable_intent());
  out.set_approved(in.approved);
  out.set_rule(static_cast<v1::RefusalRule>(in.rule));
  out.set_seen(in.seen);
  out.set_limit(in.limit);
  out.set_unit(in.unit);
  out.set_quantity_e8(in.quantity.e8());
  out.set_binding_cap(static_cast<v1::SizeCap>(in.binding_cap));
  out.set_risk_e8(in.risk.e8());
  out.set_route(static_cast<v1::Route>(in.route));
  out.set_low_confidence(in.low_confidence);
  out.set_detail(in.detail);
  out.set_stage(in.stage);
  if (in.record != SetupRecord()) ToProto(in.record, *out.mutable_record());
  out.set_risk_percent(in.risk_percent);
  for (const std::string& warning : in.warnings) out.add_warnings(warning);
  for (const CapRoom& room : in.caps) {
    v1::CapRoom& cap = *out.add_caps();
    cap.set_cap(static_cast<v1::SizeCap>(room.cap));
    cap.set_quantity_e8(room.quantity.e8());
    cap.set_used(room.used);
    cap.set_limit(room.limit);
    cap.set_unit(room.unit);
  }
  Set(in.stop, [&](int64_t v) { out.set_stop_e9(v); });
}
bool FromProto(const v1::RiskDecision& in, RiskDecision& out) {
  out = {};
  out.approved = in.approved();
  out.rule = static_cast<RefusalRule>(in.rule());
  out.seen = in.seen();
  out.limit = in.limit();
  out.unit = in.unit();
  out.quantity = Quantity::FromE8(in.quantity_e8());
  out.binding_cap = static_cast<SizeCap>(in.binding_cap());
  out.risk = Money::FromE8(in.risk_e8());
  out.route = static_cast<Route>(in.route());
  out.low_confidence = in.low_confidence();
  out.detail = in.detail();
  out.stage = in.stage();
  out.record = FromProto(in.record());
  out.risk_percent = in.risk_percent();
  out.warnings.assign(in.warnings().begin(), in.warnings().end());
  for (const v1::CapRoom& cap : in.caps()) {
    out.caps.push_back({.cap = static_cast<SizeCap>(cap.cap()),
                        .quantity = Quantity::FromE8(cap.quantity_e8()),
                        .used = cap.used(),
                        .limit = cap.limit(),
                        .unit = cap.unit()});
  }
  if (in.has_stop_e9()) out.stop = Price::FromNanos(in.stop_e9());
  return IdFromBytes(in.intent(), out.intent);
}

void ToProto(const AccountTrade& in, v1::AccountTrade& out) {
  SetIdBytes(in.intent, *out.mutable_intent());
  out.set_state(static_cast<v1::AccountTradeState>(in.state));
  out.set_side(static_cast<v1::Side>(in.side));
  out.set_price_e9(in.price.nanos());
  out.set_quantity_e8(in.quantity.e8());
  out.set_profit_gross_e8(in.profit_gross.e8());
  out.set_profit_net_e8(in.profit_net.e8());
  out.set_r_multiple(in.r_multiple);
  out.set_reason(in.reason);
}
bool FromProto(const v1::AccountTrade& in, AccountTrade& out) {
  out.state = static_cast<AccountTradeState>(in.state());
  out.side = static_cast<Side>(in.side());
  out.price = Price::FromNanos(in.price_e9());
  out.quantity = Quantity::FromE8(in.quantity_e8());
  out.profit_gross = Money::FromE8(in.profit_gross_e8());
  out.profit_net = Money::FromE8(in.profit_net_e8());
  out.r_multiple = in.r_multiple();
  out.reason = in.reason();
  return IdFromBytes(in.intent(), out.intent);
}

void ToProto(const AccountSnapshot& in, v1::AccountSnapshot& out) {
  out.set_kind(static_cast<v1::AccountKind>(in.kind));
  out.set_trading_day(in.trading_day);
  out.set_equity_e8(in.equity.e8());
  out.set_cash_e8(in.cash.e8());
  out.set_settled_cash_e8(in.settled_cash.e8());
  out.set_day_profit_e8(in.day_profit.e8());
  out.set_day_drawdown_e8(in.day_drawdown.e8());
  out.set_week_profit_e8(in.week_profit.e8());
  out.set_month_drawdown_e8(in.month_drawdown.e8());
  out.set_open_positions(in.open_positions);
  out.set_trades_today(in.trades_today);
  out.set_risk_percent(in.risk_percent);
  out.set_stage(in.stage);
  for (const std::string& warning : in.warnings) out.add_warnings(warning);
  if (in.trade) ToProto(*in.trade, *out.mutable_trade());
  if (in.record != SetupRecord()) ToProto(in.record, *out.mutable_record());
  for (const UnsettledCash& cash : in.unsettled) {
    v1::UnsettledCash& unsettled = *out.add_unsettled();
    unsettled.set_amount_e8(cash.amount.e8());
    unsettled.set_settles_on(cash.settles_on);
  }
  out.set_month_peak_e8(in.month_peak.e8());
  for (const int32_t day : in.day_trades) out.add_day_trades(day);
  if (in.stage_record != SetupRecord()) ToProto(in.stage_record, *out.mutable_stage_record());
  out.set_stage_aborted(in.stage_aborted);
}
bool FromProto(const v1::AccountSnapshot& in, AccountSnapshot& out) {
  out = {};
  out.kind = static_cast<AccountKind>(in.kind());
  out.trading_day = in.trading_day();
  out.equity = Money::FromE8(in.equity_e8());
  out.cash = Money::FromE8(in.cash_e8());
  out.settled_cash = Money::FromE8(in.settled_cash_e8());
  out.day_profit = Money::FromE8(in.day_profit_e8());
  out.day_drawdown = Money::FromE8(in.day_drawdown_e8());
  out.week_profit = Money::FromE8(in.week_profit_e8());
  out.month_drawdown = Money::FromE8(in.month_drawdown_e8());
  out.open_positions = in.open_positions();
  out.trades_today = in.trades_today();
  out.risk_percent = in.risk_percent();
  out.stage = in.stage();
  out.warnings.assign(in.warnings().begin(), in.warnings().end());
  out.record = FromProto(in.record());
  for (const v1::UnsettledCash& cash : in.unsettled()) {
    out.unsettled.push_back({Money::FromE8(cash.amount_e8()), cash.settles_on()});
  }
  out.month_peak = Money::FromE8(in.month_peak_e8());
  out.day_trades.assign(in.day_trades().begin(), in.day_trades().end());
  out.stage_record = FromProto(in.stage_record());
  out.stage_aborted = in.stage_aborted();
  return !in.has_trade() || FromProto(in.trade(), out.trade.emplace());
}

void ToProto(const TradingState& in, v1::TradingState& out) {
  out.set_paused(in.paused);
  out.set_scope(static_cast<v1::PauseScope>(in.scope));
  out.set_cause(in.cause);
  Set(in.until, [&](int64_t v) { out.set_until_ns(v); });
}
bool FromProto(const v1::TradingState& in, TradingState& out) {
  out = {};
  out.paused = in.paused();
  out.scope = static_cast<PauseScope>(in.scope());
  out.cause = in.cause();
  if (in.has_until_ns()) out.until = TimeFromNanos(in.until_ns());
  return true;
}

void ToProto(const Alert& in, v1::Alert& out) {
  SetIdBytes(in.intent, *out.mutable_intent());
  SetIdBytes(in.signal, *out.mutable_signal());
  out.set_side(static_cast<v1::Side>(in.side));
  out.set_entry_e9(in.entry.nanos());
  out.set_stop_e9(in.stop.nanos());
  out.set_target_e9(in.target.nanos());
  out.set_spread_e9(in.spread.nanos());
  out.set_quantity_e8(in.quantity.e8());
  out.set_binding_cap(static_cast<v1::SizeCap>(in.binding_cap));
  out.set_risk_e8(in.risk.e8());
  out.set_reward_net_e8(in.reward_net.e8());
  out.set_reward_to_risk_net(in.reward_to_risk_net);
  out.set_score(in.score);
  out.set_threshold(in.threshold);
  ToProto(in.rules, *out.mutable_rules());
  out.set_triggered_ns(ToNanos(in.triggered));
  out.set_expires_ns(ToNanos(in.expires));
  out.set_low_confidence(in.low_confidence);
  out.set_shadow(in.shadow);
  if (in.record != SetupRecord()) ToProto(in.record, *out.mutable_record());
  out.set_stage(in.stage);
  out.set_route(static_cast<v1::Route>(in.route));
  out.set_risk_percent(in.risk_percent);
  for (const std::string& warning : in.warnings) out.add_warnings(warning);
}
bool FromProto(const v1::Alert& in, Alert& out) {
  out.record = FromProto(in.record());
  out.stage = in.stage();
  out.route = static_cast<Route>(in.route());
  out.risk_percent = in.risk_percent();
  out.warnings.assign(in.warnings().begin(), in.warnings().end());
  out.side = static_cast<Side>(in.side());
  out.entry = Price::FromNanos(in.entry_e9());
  out.stop = Price::FromNanos(in.stop_e9());
  out.target = Price::FromNanos(in.target_e9());
  out.spread = Price::FromNanos(in.spread_e9());
  out.quantity = Quantity::FromE8(in.quantity_e8());
  out.binding_cap = static_cast<SizeCap>(in.binding_cap());
  out.risk = Money::FromE8(in.risk_e8());
  out.reward_net = Money::FromE8(in.reward_net_e8());
  out.reward_to_risk_net = in.reward_to_risk_net();
  out.score = in.score();
  out.threshold = in.threshold();
  FromProto(in.rules(), out.rules);
  out.triggered = TimeFromNanos(in.triggered_ns());
  out.expires = TimeFromNanos(in.expires_ns());
  out.low_confidence = in.low_confidence();
  out.shadow = in.shadow();
  return IdFromBytes(in.intent(), out.intent) && IdFromBytes(in.signal(), out.signal);
}

void ToProto(const AlertUpdate& in, v1::AlertUpdate& out) {
  SetIdBytes(in.alert, *out.mutable_alert());
  out.set_kind(static_cast<v1::AlertUpdateKind>(in.kind));
  out.set_reason(in.reason);
}
bool FromProto(const v1::AlertUpdate& in, AlertUpdate& out) {
  out.kind = static_cast<AlertUpdateKind>(in.kind());
  out.reason = in.reason();
  return IdFromBytes(in.alert(), out.alert);
}

void ToProto(const AlertReceipt& in, v1::AlertReceipt& out) {
  SetIdBytes(in.alert, *out.mutable_alert());
  out.set_channel(in.channel);
  out.set_state(static_cast<v1::ReceiptState>(in.state));
  out.set_detail(in.detail);
  out.set_delivery(in.delivery);
  out.set_update(static_cast<v1::AlertUpdateKind>(in.update));
  out.set_attempt(in.attempt);
  out.set_message_id(in.message_id);
  out.set_latency_ns(in.latency.count());
  out.set_possibly_repeated(in.possibly_repeated);
}
bool FromProto(const v1::AlertReceipt& in, AlertReceipt& out) {
  out.channel = in.channel();
  out.state = static_cast<ReceiptState>(in.state());
  out.detail = in.detail();
  out.delivery = in.delivery();
  out.update = static_cast<AlertUpdateKind>(in.update());
  out.attempt = in.attempt();
  out.message_id = in.message_id();
  out.latency = Duration(in.latency_ns());
  out.possibly_repeated = in.possibly_repeated();
  return IdFromBytes(in.alert(), out.alert);
}

void ToProto(const OutcomeLabelled& in, v1::OutcomeLabelled& out) {
  SetIdBytes(in.intent, *out.mutable_intent());
  out.set_label(static_cast<v1::OutcomeLabel>(in.label));
  Set(in.entered, [&](int64_t v) { out.set_entered_ns(v); });
  Set(in.exited, [&](int64_t v) { out.set_exited_ns(v); });
  Set(in.entry_price, [&](int64_t v) { out.set_entry_price_e9(v); });
  Set(in.exit_price, [&](int64_t v) { out.set_exit_price_e9(v); });
  out.set_quantity_e8(in.quantity.e8());
  out.set_profit_net_e8(in.profit_net.e8());
  out.set_r_multiple(in.r_multiple);
  out.set_return_net_percent(in.return_net_percent);
  Set(in.mae, [&](int64_t v) { out.set_mae_e9(v); });
  Set(in.mfe, [&](int64_t v) { out.set_mfe_e9(v); });
  out.set_score(in.score);
  out.set_shadow(in.shadow);
  out.set_near_miss(in.near_miss);
  out.set_side(static_cast<v1::Side>(in.side));
  out.set_profit_gross_e8(in.profit_gross.e8());
}
bool FromProto(const v1::OutcomeLabelled& in, OutcomeLabelled& out) {
  out = {};
  out.label = static_cast<OutcomeLabel>(in.label());
  if (in.has_entered_ns()) out.entered = TimeFromNanos(in.entered_ns());
  if (in.has_exited_ns()) out.exited = TimeFromNanos(in.exited_ns());
  if (in.has_entry_price_e9()) out.entry_price = Price::FromNanos(in.entry_price_e9());
  if (in.has_exit_price_e9()) out.exit_price = Price::FromNanos(in.exit_price_e9());
  out.quantity = Quantity::FromE8(in.quantity_e8());
  out.profit_net = Money::FromE8(in.profit_net_e8());
  out.r_multiple = in.r_multiple();
  out.return_net_percent = in.return_net_percent();
  if (in.has_mae_e9()) out.mae = Price::FromNanos(in.mae_e9());
  if (in.has_mfe_e9()) out.mfe = Price::FromNanos(in.mfe_e9());
  out.score = in.score();
  out.shadow = in.shadow();
  out.near_miss = in.near_miss();
  out.side = static_cast<Side>(in.side());
  out.profit_gross = Money::FromE8(in.profit_gross_e8());
  return IdFromBytes(in.intent(), out.intent);
}

}  // namespace spillway::body_codec
