#include "services/journal/projections/rows.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "libs/calendar/new_york.h"
#include "libs/log/lane_chain.h"

namespace spillway::journal::projections {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<std::string_view, 6> kAssetClasses = {"unknown",     "equity", "crypto_perpetual",
                                                           "crypto_spot", "future", "option"};
constexpr std::array<std::string_view, 3> kRights = {"none", "call", "put"};
constexpr std::array<std::string_view, 5> kPhases = {"unknown", "closed", "pre_market", "regular", "after_hours"};
constexpr std::array<std::string_view, 6> kFeedStates = {"unknown", "up", "stale", "lagging", "down", "ended"};
constexpr std::array<std::string_view, 3> kModes = {"active", "shadow", "retired"};
constexpr std::array<std::string_view, 4> kUpdates = {"unknown", "cancelled", "expired", "outcome"};
constexpr std::array<std::string_view, 4> kRoutes = {"none", "alert", "confirm", "auto"};
constexpr std::array<std::string_view, 6> kConfigurations = {"unknown", "profile", "stage", "account", "risk", "venue"};
constexpr std::array<std::string_view, 3> kAccounts = {"unknown", "paper", "broker"};
constexpr std::array<std::string_view, 3> kTradeStates = {"unknown", "entered", "closed"};
constexpr std::array<std::string_view, 3> kScopes = {"instance", "symbol", "global"};

template <size_t N, class E>
std::string NameOf(const std::array<std::string_view, N>& names, E value) {
  const auto index = static_cast<size_t>(value);
  return index < N ? std::string(names[index]) : fmt::format("#{}", index);  // of a newer build
}

std::string SideWord(Side side) {
  return side == Side::kBid ? "buy" : side == Side::kAsk ? "sell" : "none";
}

std::string Text(std::string_view text) {
  std::string clean(text);
  clean.erase(std::remove(clean.begin(), clean.end(), '\0'), clean.end());
  return clean;
}

// Values as JSON that PostgreSQL reads exactly.
Json Value(const EventId& id) {
  return ToString(id);
}
Json Value(Time time) {
  return FormatTime(time);
}
Json Value(Price price) {
  return price.ToString();
}
Json Value(Quantity quantity) {
  return quantity.ToString();
}
Json Value(Money money) {
  return money.ToString();
}
Json Value(double number) {
  if (std::isfinite(number)) return number;
  return std::isnan(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity";  // JSON has no numbers for them
}
template <class T>
Json Value(const std::optional<T>& value) {
  return value ? Value(*value) : Json();
}
// An id that may be none.
Json OrNull(const EventId& id) {
  return id ? Value(id) : Json();
}
Json OrNull(Time time) {
  return time == Time() ? Json() : Value(time);
}
Json OrNull(const std::optional<Duration>& duration) {
  return duration ? Json(duration->count()) : Json();
}
Json Id(StrategyInstanceId instance) {
  return static_cast<int64_t>(instance);
}

std::string TradingDay(Time time) {
  const std::optional<calendar::NewYorkTime> local = calendar::ToNewYork(time);
  return calendar::FormatDate(local ? local->date : std::chrono::floor<std::chrono::days>(time));
}

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// What all tables of events have.
Json Begin(const EventHeader& header) {
  return {{"event_id", Value(header.id())},
          {"correlation_id", Value(header.correlation_id())},
          {"event_time", Value(header.event_time)},
          {"event_time_ns", ToNanos(header.event_time)}};
}

struct RowMaker {
  const EventHeader& header;
  std::vector<Row>& rows;

  void Add(std::string_view table, const Json& columns) { rows.push_back({std::string(table), Dump(columns)}); }

  Json WithInstrument() const {
    Json row = Begin(header);
    row["instrument_id"] = header.instrument;
    return row;
  }
  Json WithInstance() const {
    Json row = WithInstrument();
    row["instance_id"] = Id(header.instance);
    return row;
  }
  Json WithDay() const {
    Json row = WithInstance();
    row["trading_day"] = TradingDay(header.event_time);
    return row;
  }

  void operator()(const SessionState& b) {
    const std::optional<calendar::Date> day = calendar::DateFromNumber(b.trading_day);
    if (!day) return;
    Json row = Begin(header);
    row.update({{"trading_day", calendar::FormatDate(*day)},
                {"phase", NameOf(kPhases, b.phase)},
                {"regular_open", Value(b.regular_open)},
                {"regular_close", Value(b.regular_close)}});
    Add("sessions", row);
  }

  void operator()(const InstrumentDefinition& b) {
    Json row = Begin(header);
    row.update({{"instrument_id", b.id},
                {"symbol", Text(b.symbol)},
                {"venue", Text(b.venue)},
                {"asset_class", NameOf(kAssetClasses, b.asset_class)},
                {"currency", Text(b.currency)},
                {"tick", Value(b.tick)},
                {"lot", Value(b.lot)},
                {"multiplier", Value(b.terms.multiplier)},
                {"inverse", b.terms.inverse},
                {"security_type", SecurityTypeName(b.security_type)},
                {"float_shares", Value(b.float_shares)},
                {"sector", Text(b.sector)},
                {"underlying", Text(b.underlying)},
                {"expiry", Value(b.expiry)},
                {"strike", Value(b.strike)},
                {"option_right", NameOf(kRights, b.right)},
                {"effective_from", Value(b.effective_from)},
                {"effective_to", Value(b.effective_to)}});
    Add("instruments", row);
  }

  void operator()(const ConfigurationVersion& b) {
    Json row = Begin(header);
    row.update({{"instance_id", Id(header.instance)},
                {"kind", NameOf(kConfigurations, b.kind)},
                {"name", Text(b.name)},
                {"mode", NameOf(kModes, b.mode)},
                {"effective_time", Value(b.effective_time)},
                {"document_sha256", log::ToHex(log::Sha256(b.document))}});
    Add("strategy_instances", row);
  }

  void operator()(const Signal& b) {
    Json row = WithDay();
    row.update({{"side", SideWord(b.side)},
                {"accepted", b.accepted},
                {"preview", b.preview},
                {"score", Value(b.score)},
                {"threshold", Value(b.threshold)},
                {"bid", Value(b.quote.bid)},
                {"bid_size", Value(b.quote.bid_size)},
                {"ask", Value(b.quote.ask)},
                {"ask_size", Value(b.quote.ask_size)},
                {"inputs", Json::array()}});
    for (const EventId& input : b.inputs) row["inputs"].push_back(Value(input));
    if (b.entry > Price()) {
      row.update({{"entry", Value(b.entry)},
                  {"stop", Value(b.stop)},
                  {"target", Value(b.target)},
                  {"expires", Value(b.expires)}});
    }
    Add("signals", row);
    for (size_t i = 0; i < b.rules.size(); ++i) AddRule(i + 1, b.rules[i]);
  }

  void AddRule(size_t ordinal, const RuleResult& rule) {
    Add("signal_rules", {{"event_id", Value(header.id())},
                         {"ordinal", ordinal},
                         {"rule", Text(rule.rule)},
                         {"feature", Text(rule.feature)},
                         {"gate", rule.gate},
                         {"passed", rule.passed},
                         {"value", Value(rule.value)},
                         {"not_ready", Text(rule.not_ready)},
                         {"comparison", ComparisonSymbol(rule.comparison)},
                         {"limit_value", Value(rule.limit)},
                         {"points", Value(rule.points)},
                         {"points_max", Value(rule.points_max)}});
  }

  void operator()(const SignalCancelled& b) {
    Json row = WithDay();
    row.update({{"signal_id", Value(b.signal)},
                {"rule", CancelRuleName(b.rule)},
                {"condition", Text(b.condition)},
                {"seen", Value(b.seen)},
                {"limit_value", Value(b.limit)}});
    Add("signal_cancellations", row);
  }

  void operator()(const TradeIntent& b) {
    Json row = WithInstance();
    row.update({{"signal_id", Value(b.signal)},
                {"side", SideWord(b.side)},
                {"entry", Value(b.entry)},
                {"stop", Value(b.stop)},
                {"target", Value(b.target)},
                {"spread", Value(b.spread)},
                {"quantity_max", Value(b.quantity_max)},
                {"expires", Value(b.expires)},
                {"score", Value(b.score)},
                {"threshold", Value(b.threshold)},
                {"shadow", b.shadow},
                {"minute_volume", Value(b.minute_volume)},
                {"parent_id", OrNull(b.parent)}});
    Add("intents", row);
  }

  void operator()(const RiskDecision& b) {
    Json row = WithDay();
    row.update({{"intent_id", Value(b.intent)},
                {"approved", b.approved},
                {"low_confidence", b.low_confidence},
                {"detail", Text(b.detail)},
                {"stage", Text(b.stage)},
                {"stop", Value(b.stop)},
                {"caps", Json::array()}});
    for (const CapRoom& room : b.caps) {
      row["caps"].push_back({{"cap", SizeCapName(room.cap)},
                             {"quantity", Value(room.quantity)},
                             {"used", Value(room.used)},
                             {"limit", Value(room.limit)},
                             {"unit", Text(room.unit)}});
    }
    if (b.approved) {
      row.update({{"quantity", Value(b.quantity)},
                  {"binding_cap", SizeCapName(b.binding_cap)},
                  {"risk", Value(b.risk)},
                  {"route", NameOf(kRoutes, b.route)}});
    } else {
      row.update({{"rule", RefusalRuleName(b.rule)},
                  {"seen", Value(b.seen)},
                  {"limit_value", Value(b.limit)},
                  {"unit", Text(b.unit)}});
    }
    Add("decisions", row);
  }

  void operator()(const Alert& b) {
    Json row = WithDay();
    row.update({{"intent_id", Value(b.intent)},
                {"signal_id", Value(b.signal)},
                {"side", SideWord(b.side)},
                {"entry", Value(b.entry)},
                {"stop", Value(b.stop)},
                {"target", Value(b.target)},
                {"spread", Value(b.spread)},
                {"quantity", Value(b.quantity)},
                {"binding_cap", SizeCapName(b.binding_cap)},
                {"risk", Value(b.risk)},
                {"reward_net", Value(b.reward_net)},
                {"reward_to_risk_net", Value(b.reward_to_risk_net)},
                {"score", Value(b.score)},
                {"threshold", Value(b.threshold)},
                {"triggered", Value(b.triggered)},
                {"expires", Value(b.expires)},
                {"low_confidence", b.low_confidence},
                {"shadow", b.shadow}});
    Add("alerts", row);
  }

  void operator()(const AlertUpdate& b) {
    Json row = Begin(header);
    row.update({{"alert_id", Value(b.alert)}, {"kind", NameOf(kUpdates, b.kind)}, {"reason", Text(b.reason)}});
    Add("alert_updates", row);
  }

  void operator()(const AlertReceipt& b) {
    Json row = Begin(header);
    row.update({{"alert_id", Value(b.alert)},
                {"channel", Text(b.channel)},
                {"state", ReceiptStateName(b.state)},
                {"update_kind", NameOf(kUpdates, b.update)},
                {"attempt", b.attempt},
                {"delivery", Text(b.delivery)},
                {"message_id", Text(b.message_id)},
                {"latency_ns", b.latency.count()},
                {"possibly_repeated", b.possibly_repeated},
                {"detail", Text(b.detail)}});
    Add("receipts", row);
  }

  void operator()(const OutcomeLabelled& b) {
    Json row = WithDay();
    row.update({{"intent_id", Value(b.intent)},
                {"label", OutcomeLabelName(b.label)},
                {"entered", Value(b.entered)},
                {"exited", Value(b.exited)},
                {"entry_price", Value(b.entry_price)},
                {"exit_price", Value(b.exit_price)},
                {"quantity", Value(b.quantity)},
                {"profit_net", Value(b.profit_net)},
                {"r_multiple", Value(b.r_multiple)},
                {"return_net_percent", Value(b.return_net_percent)},
                {"mae", Value(b.mae)},
                {"mfe", Value(b.mfe)},
                {"score", Value(b.score)},
                {"shadow", b.shadow},
                {"near_miss", b.near_miss},
                {"side", SideWord(b.side)},
                {"profit_gross", Value(b.profit_gross)}});
    Add("outcomes", row);
  }

  void operator()(const AccountSnapshot& b) {
    Json row = WithInstance();
    const std::optional<calendar::Date> day = calendar::DateFromNumber(b.trading_day);
    row.update({{"trading_day", day ? Json(calendar::FormatDate(*day)) : Json()},
                {"kind", NameOf(kAccounts, b.kind)},
                {"equity", Value(b.equity)},
                {"cash", Value(b.cash)},
                {"settled_cash", Value(b.settled_cash)},
                {"day_profit", Value(b.day_profit)},
                {"day_drawdown", Value(b.day_drawdown)},
                {"week_profit", Value(b.week_profit)},
                {"month_drawdown", Value(b.month_drawdown)},
                {"open_positions", b.open_positions},
                {"trades_today", b.trades_today},
                {"risk_percent", Value(b.risk_percent)},
                {"stage", Text(b.stage)},
                {"warnings", Json::array()},
                {"trades", b.record.trades},
                {"wins", b.record.wins},
                {"sum_r", Value(b.record.sum_r)}});
    for (const std::string& warning : b.warnings) row["warnings"].push_back(Text(warning));
    AddTrade(b.trade, row);
    Add("account_snapshots", row);
  }
  static void AddTrade(const std::optional<AccountTrade>& trade, Json& row) {
    if (!trade) return;
    row.update({{"trade_intent_id", Value(trade->intent)},
                {"trade_state", NameOf(kTradeStates, trade->state)},
                {"trade_side", SideWord(trade->side)},
                {"trade_price", Value(trade->price)},
                {"trade_quantity", Value(trade->quantity)},
                {"trade_profit_gross", Value(trade->profit_gross)},
                {"trade_profit_net", Value(trade->profit_net)},
                {"trade_r_multiple", Value(trade->r_multiple)},
                {"trade_reason", Text(trade->reason)}});
  }

  void operator()(const OrderEvent& b) {
    Json row = WithDay();
    row.update({{"order_id", Value(b.order)},
                {"client_order_id", ClientOrderId(b.order)},
                {"broker_order_id", Text(b.broker_order_id)},
                {"intent_id", OrNull(b.intent)},
                {"role", OrderRoleName(b.role)},
                {"previous", OrderStateName(b.previous)},
                {"state", OrderStateName(b.state)},
                {"step", OrderTriggerName(b.trigger)},
                {"side", SideWord(b.side)},
                {"type", OrderTypeName(b.type)},
                {"time_in_force", TimeInForceName(b.time_in_force)},
                {"quantity", Value(b.quantity)},
                {"filled", Value(b.filled)},
                {"filled_notional", Value(b.filled_notional)},
                {"fees", Value(b.fees)},
                {"limit_price", Value(b.limit)},
                {"stop_price", Value(b.stop)},
                {"intent_open", Value(b.intent_open)},
                {"parent_id", OrNull(b.parent)},
                {"attempt", b.attempt},
                {"latency_ns", OrNull(b.latency)},
                {"slippage_decision_bps", Value(b.slippage_decision_bps)},
                {"slippage_arrival_bps", Value(b.slippage_arrival_bps)},
                {"rule", Text(b.rule)},
                {"reason", Text(b.reason)}});
    Add("order_events", row);
    if (!b.execution_id.empty()) AddExecution(b);
  }
  void AddExecution(const OrderEvent& b) {
    Json row = WithDay();
    row.update({{"execution_id", Text(b.execution_id)},
                {"order_id", Value(b.order)},
                {"intent_id", OrNull(b.intent)},
                {"role", OrderRoleName(b.role)},
                {"side", SideWord(b.side)},
                {"price", Value(b.last_price)},
                {"quantity", Value(b.last_quantity)},
                {"fee", Value(b.last_fee)},
                {"maker", b.maker},
                {"broker_time", OrNull(b.broker_time)},
                {"slippage_decision_bps", Value(b.slippage_decision_bps)},
                {"slippage_arrival_bps", Value(b.slippage_arrival_bps)}});
    Add("executions", row);
  }

  void operator()(const PositionSnapshot& b) {
    Json row = WithDay();
    row.update({{"kind", NameOf(kAccounts, b.kind)},
                {"quantity", Value(b.quantity)},
                {"cost", Value(b.cost)},
                {"realized_gross", Value(b.realized_gross)},
                {"fees", Value(b.fees)},
                {"cash_flow", Value(b.cash_flow)},
                {"account_quantity", Value(b.account_quantity)},
                {"account_cash_flow", Value(b.account_cash_flow)},
                {"stop_price", Value(b.stop)},
                {"protected_quantity", Value(b.protected_quantity)}});
    AddTrade(b.trade, row);
    Add("positions", row);
  }

  void operator()(const OrderCommand& b) {
    const auto row_of = [&](size_t ordinal) {
      Json row = WithInstance();
      row.update({{"ordinal", ordinal},
                  {"kind", OrderCommandKindName(b.kind)},
                  {"intent_id", OrNull(b.intent)},
                  {"order_id", OrNull(b.order)},
                  {"reason", Text(b.reason)}});
      return row;
    };
    if (b.tickets.empty()) Add("order_commands", row_of(1));
    for (size_t i = 0; i < b.tickets.size(); ++i) {
      const OrderTicket& ticket = b.tickets[i];
      Json row = row_of(i + 1);
      row.update({{"order_id", Value(ticket.order)},
                  {"role", OrderRoleName(ticket.role)},
                  {"side", SideWord(ticket.side)},
                  {"type", OrderTypeName(ticket.type)},
                  {"quantity", Value(ticket.quantity)},
                  {"limit_price", Value(ticket.limit)},
                  {"stop_price", Value(ticket.stop)}});
      Add("order_commands", row);
    }
  }

  void operator()(const BrokerReport& b) {
    Json row = WithInstance();
    row.update({{"kind", BrokerReportKindName(b.kind)},
                {"client_order_id", Text(b.client_order_id)},
                {"broker_order_id", Text(b.broker_order_id)},
                {"execution_id", Text(b.execution_id)},
                {"side", SideWord(b.side)},
                {"price", Value(b.price)},
                {"quantity", Value(b.quantity)},
                {"cumulative", Value(b.cumulative)},
                {"leaves", Value(b.leaves)},
                {"fee", Value(b.fee)},
                {"broker_time", OrNull(b.broker_time)},
                {"latency_ns", OrNull(b.latency)},
                {"code", Text(b.code)},
                {"reason", Text(b.reason)}});
    Add("broker_reports", row);
  }

  void operator()(const Reconciliation& b) {
    Json row = WithInstance();
    row.update({{"kind", DifferenceKindName(b.kind)},
                {"repair", RepairName(b.repair)},
                {"resolved", b.resolved},
                {"client_order_id", Text(b.client_order_id)},
                {"execution_id", Text(b.execution_id)},
                {"symbol", Text(b.symbol)},
                {"ours", Value(b.ours)},
                {"brokers", Value(b.brokers)},
                {"differences", b.differences},
                {"unresolved", b.unresolved},
                {"detail", Text(b.detail)}});
    Add("reconciliations", row);
  }

  // What keeps trading in hand: one table for all of it, for it is read as one story.
  Json Control(std::string_view kind, std::string_view what) const {
    Json row = WithInstance();
    row.update({{"kind", kind}, {"what", what}, {"cause", ""}, {"by_whom", ""}, {"reason", ""}, {"unit", ""}});
    return row;
  }
  void operator()(const KillSwitchChanged& b) {
    Json row = Control("kill_switch", !b.active ? "enabled" : b.flatten ? "active_flatten" : "active");
    row.update({{"cause", Text(b.cause)},
                {"by_whom", Text(b.by)},
                {"reason", Text(b.reason)},
                {"seen", Value(b.seen)},
                {"limit_value", Value(b.limit)},
                {"unit", Text(b.unit)}});
    Add("trading_controls", row);
  }
  void operator()(const AdminCommand& b) {
    Json row = Control("admin", AdminCommandKindName(b.kind));
    row.update({{"cause", b.flatten ? "flatten" : Text(b.account)},
                {"by_whom", Text(b.by)},
                {"reason", Text(b.reason)},
                {"intent_id", OrNull(b.intent)}});
    Add("trading_controls", row);
  }
  void operator()(const FlattenProgress& b) {
    Json row = Control("flatten", FlattenStageName(b.stage));
    row.update({{"cause", Text(b.cause)}, {"orders_open", b.orders_open}, {"positions", Json::array()}});
    for (const FlattenProgress::Row& position : b.positions) {
      row["positions"].push_back({{"instrument_id", position.instrument},
                                  {"quantity", Value(position.quantity)},
                                  {"halted", position.halted}});
    }
    Add("trading_controls", row);
  }
  void operator()(const OrderIncident& b) {
    Json row = Control("incident", IncidentKindName(b.kind));
    row.update({{"cause", OrderTriggerName(b.trigger)}, {"reason", Text(b.detail)}, {"order_id", OrNull(b.order)}});
    Add("trading_controls", row);
  }

  void operator()(const RejectionSummary& b) {
    for (size_t i = 0; i < b.rows.size(); ++i) {
      Json row = Begin(header);
      row.update({{"ordinal", i + 1},
                  {"from_time", Value(b.from)},
                  {"instance_id", Id(header.instance)},
                  {"instrument_id", b.rows[i].instrument},
                  {"rule", Text(b.rows[i].rule)},
                  {"rejections", b.rows[i].count},
                  {"best_score", Value(b.rows[i].best_score)}});
      Add("rejection_counts", row);
    }
  }

  void operator()(const SubscriptionChanged& b) {
    for (const Subscription& subscription : b.subscriptions) {
      Json row = Begin(header);
      row.update({{"effective_time", Value(b.effective_time)},
                  {"feed", b.feed},
                  {"instrument_id", subscription.instrument},
                  {"line", subscription.line},
                  {"depth", subscription.depth},
                  {"tick_stream", subscription.tick_stream},
                  {"reason", Text(subscription.reason)}});
      Add("subscriptions", row);
    }
  }

  void operator()(const TradingState& b) {
    Json row = WithInstance();
    row.update({{"paused", b.paused},
                {"scope", NameOf(kScopes, b.scope)},
                {"cause", Text(b.cause)},
                {"until", Value(b.until)}});
    Add("trading_states", row);
  }

  void operator()(const UniverseChanged& b) {
    for (const UniverseMember& member : b.members) {
      Json row = Begin(header);
      Json exclusions = Json::array();
      for (const Exclusion& e : member.exclusions) {
        exclusions.push_back({{"rule", Text(e.rule)}, {"seen", Text(e.seen)}, {"limit", Text(e.limit)}});
      }
      row.update({{"effective_time", Value(b.effective_time)},
                  {"instance_id", Id(header.instance)},
                  {"instrument_id", member.instrument},
                  {"included", member.included},
                  {"cause", Text(b.cause)}});
      if (!exclusions.empty()) {
        row.update({{"rule", exclusions[0]["rule"]},
                    {"seen", exclusions[0]["seen"]},
                    {"limit_value", exclusions[0]["limit"]}});
      }
      row["exclusions"] = std::move(exclusions);
      Add("universe_membership", row);
    }
  }

  void operator()(const FeedStatus& b) {
    if (b.state == FeedState::kUp) return;
    Json row = WithInstrument();
    row.update({{"kind", "feed_status"},
                {"feed", b.feed},
                {"state", NameOf(kFeedStates, b.state)},
                {"lag_ns", b.lag ? Json(b.lag->count()) : Json()},
                {"reason", Text(b.reason)}});
    Add("feed_incidents", row);
  }

  void operator()(const FeedGap& b) {
    Json row = WithInstrument();
    row.update({{"kind", "feed_gap"}, {"feed", b.feed}, {"expected", b.expected}, {"seen", b.seen}});
    Add("feed_incidents", row);
  }

  template <class Body>
  void operator()(const Body&) {}  // not projected
};

}  // namespace

std::span<const std::string_view> ProjectedTables() {
  static constexpr std::string_view kTables[] = {
      "account_snapshots",  "alert_updates",  "alerts",           "broker_reports", "decisions",
      "executions",         "feed_incidents", "instruments",      "intents",        "order_commands",
      "order_events",       "outcomes",       "positions",        "receipts",       "reconciliations",
      "rejection_counts",   "sessions",       "signals",          "signal_rules",   "signal_cancellations",
      "strategy_instances", "subscriptions",  "trading_controls", "trading_states", "universe_membership"};
  return kTables;
}

void AppendRows(const Event& event, std::vector<Row>& rows) {
  std::visit(RowMaker{event.header, rows}, event.body);
}

Row GapRow(const log::RecordGap& gap) {
  EventHeader header;
  header.producer = Producer::kJournal;
  header.instance = StrategyInstanceIdOf(gap.lane);  // only for the id
  header.event_time = gap.noticed;
  header.cause.event = EventId{gap.from, gap.to};
  Json row = Begin(header);
  row.update({{"instrument_id", 0},
              {"kind", "record_gap"},
              {"lane", gap.lane},
              {"first_sequence", gap.from},
              {"last_sequence", gap.to}});
  return {"feed_incidents", Dump(row)};
}

}  // namespace spillway::journal::projections
