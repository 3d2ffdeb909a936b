#include "services/journal/report/orders_json.h"

#include <array>
#include <chrono>
#include <cmath>

namespace spillway::journal::report {
namespace {

using Json = nlohmann::ordered_json;

template <class T>
Json Text(const T& value) {
  return value.ToString();
}
Json Text(Time time) {
  return FormatTime(time);
}
template <class T>
Json Text(const std::optional<T>& value) {
  return value ? Text(*value) : Json(nullptr);
}
Json Text(const EventId& id) {
  return id ? Json(ToString(id)) : Json(nullptr);
}
Json Number(double value) {
  return std::isfinite(value) ? Json(value) : Json(nullptr);
}
Json Number(const std::optional<double>& value) {
  return value ? Number(*value) : Json(nullptr);
}
Json SideJson(Side side) {
  return side == Side::kBid ? "buy" : side == Side::kAsk ? "sell" : "none";
}
std::string_view EndName(TradeEnd end) {
  constexpr std::array<std::string_view, 5> kNames = {"waiting", "open", "closed", "unfilled", "refused"};
  return kNames[static_cast<size_t>(end)];
}

// ---------------------------------------------------------------- one trade

Json OrderJson(const OrderStory& story) {
  const OrderEvent& last = story.last;
  return {{"id", Text(last.order)},
          {"role", std::string(OrderRoleName(last.role))},
          {"side", SideJson(last.side)},
          {"type", std::string(OrderTypeName(last.type))},
          {"time_in_force", std::string(TimeInForceName(last.time_in_force))},
          {"quantity", Text(story.quantity)},
          {"filled", Text(last.filled)},
          {"limit", Text(last.limit)},
          {"stop", Text(last.stop)},
          {"state", std::string(OrderStateName(last.state))},
          {"final", IsFinal(last.state)},
          {"placed", Text(story.placed)},
          {"last", Text(story.last_time)},
          {"fees", Text(last.fees)},
          {"attempt", last.attempt},
          {"replaces", Text(last.parent)},
          {"broker_order_id", last.broker_order_id}};
}

// Short, because there are many: a key that says nothing is left out.
Json StepJson(const OrderEvent& order, size_t place) {
  Json step = {{"o", place},
               {"from", std::string(OrderStateName(order.previous))},
               {"to", std::string(OrderStateName(order.state))},
               {"trigger", std::string(OrderTriggerName(order.trigger))}};
  if (!order.execution_id.empty()) {
    step.update({{"execution_id", order.execution_id},
                 {"price", Text(order.last_price)},
                 {"quantity", Text(order.last_quantity)},
                 {"fee", Text(order.last_fee)},
                 {"maker", order.maker}});
  }
  if (order.slippage_decision_bps) step["bps"] = Number(order.slippage_decision_bps);
  if (order.slippage_arrival_bps) step["arrival_bps"] = Number(order.slippage_arrival_bps);
  if (order.latency) step["latency_ms"] = Number(std::chrono::duration<double, std::milli>(*order.latency).count());
  if (!order.rule.empty()) step["rule"] = order.rule;
  if (!order.reason.empty()) step["reason"] = order.reason;
  return step;
}

Json StepJson(const PositionSnapshot& position) {
  Json step = {{"position", Text(position.quantity)}, {"protected", Text(position.protected_quantity)}};
  if (position.stop) step["stop"] = Text(position.stop);
  return step;
}

Json StepsJson(const TradeStory& story) {
  Json steps = Json::array();
  for (const TradeStep& step : story.steps) {
    Json json = {{"time", Text(step.time)}};
    if (step.position) json.update(StepJson(*step.position));
    if (step.order) {
      size_t place = 0;
      while (place < story.orders.size() && story.orders[place].last.order != step.order->order) ++place;
      json.update(StepJson(*step.order, place));
    }
    steps.push_back(std::move(json));
  }
  return steps;
}

Json DecidedJson(const TradeStory::Decided& decided) {
  const RiskDecision& decision = decided.decision;
  return {{"id", Text(decided.id)},
          {"time", Text(decided.time)},
          {"quantity", Text(decision.quantity)},
          {"binding_cap", std::string(SizeCapName(decision.binding_cap))},
          {"risk", Text(decision.risk)},
          {"risk_percent", Number(decision.risk_percent)},
          {"stop", Text(decision.stop)},
          {"stage", decision.stage},
          {"warnings", decision.warnings},
          {"caps", CapsJson(decision)}};
}

Json TradeJson(const TradeStory& story, const NameTable& names) {
  Json json = {{"symbol", names.Symbol(story.instrument)},
               {"instance", names.Instance(story.instance)},
               {"intent_id", Text(story.intent)},
               {"parent_id", story.plan ? Text(story.plan->parent) : Json(nullptr)},
               {"signal_id", story.plan ? Text(story.plan->signal) : Json(nullptr)},
               {"correlation_id", Text(story.correlation)},
               {"end", std::string(EndName(story.end))}};
  json["side"] = story.plan ? SideJson(story.plan->side) : Json(nullptr);
  json["plan"] = nullptr;
  if (story.plan) {
    json["plan"] = {{"entry", Text(story.plan->entry)},
                    {"stop", Text(story.plan->stop)},
                    {"target", Text(story.plan->target)},
                    {"expires", Text(story.plan->expires)}};
  }
  json["decision"] = story.decided ? DecidedJson(*story.decided) : Json(nullptr);
  json["confirmed"] = nullptr;
  if (story.confirmed) json["confirmed"] = {{"time", Text(story.confirmed->time)}, {"by", story.confirmed->by}};
  const std::optional<AccountTrade>& held = story.entered ? story.entered : story.closed;
  if (json["side"].is_null() && held) json["side"] = SideJson(held->side);
  json["quantity"] = held ? Text(held->quantity) : Json(nullptr);
  json["entered"] = Text(story.entered_at);
  json["entry_average"] = story.entered ? Text(story.entered->price) : Json(nullptr);
  json["closed"] = Text(story.closed_at);
  json["exit_average"] = story.closed ? Text(story.closed->price) : Json(nullptr);
  json["profit_net"] = story.closed ? Text(story.closed->profit_net) : Json(nullptr);
  json["profit_gross"] = story.closed ? Text(story.closed->profit_gross) : Json(nullptr);
  json["r_multiple"] = story.closed ? Number(story.closed->r_multiple) : Json(nullptr);
  json["reason"] = story.closed ? Json(story.closed->reason) : Json(nullptr);
  json["fees"] = Text(story.fees);
  json["slippage_bps"] = Number(story.slippage_bps);
  json["orders"] = Json::array();
  for (const OrderStory& order : story.orders) json["orders"].push_back(OrderJson(order));
  json["steps"] = StepsJson(story);
  json["orders_left_out"] = story.orders_left_out;
  json["steps_left_out"] = story.steps_left_out;
  return json;
}

// ---------------------------------------------------------------- the account and what interrupted

Json AccountJson(const OrdersReport& orders) {
  if (!orders.account_last) return nullptr;
  const AccountSnapshot& last = *orders.account_last;
  Json points = {
      {"t", Json::array()}, {"equity", Json::array()}, {"day_profit", Json::array()}, {"day_drawdown", Json::array()}};
  for (const BrokerPoint& point : orders.account) {
    points["t"].push_back(std::chrono::floor<std::chrono::milliseconds>(point.time.time_since_epoch()).count());
    points["equity"].push_back(point.equity.ToDouble());
    points["day_profit"].push_back(point.day_profit.ToDouble());
    points["day_drawdown"].push_back(point.day_drawdown.ToDouble());
  }
  return {{"time", Text(orders.account_last_time)},
          {"equity", Text(last.equity)},
          {"cash", Text(last.cash)},
          {"day_profit", Text(last.day_profit)},
          {"day_drawdown", Text(last.day_drawdown)},
          {"month_drawdown", Text(last.month_drawdown)},
          {"open_positions", last.open_positions},
          {"snapshots", orders.account_snapshots},
          {"points", points}};
}

Json NoticesJson(const OrdersReport& orders, const NameTable& names) {
  Json notices = Json::array();
  for (const OrderNotice& notice : orders.notices) {
    notices.push_back({{"time", Text(notice.time)},
                       {"kind", notice.kind},
                       {"grave", notice.grave},
                       {"symbol", notice.instrument == 0 ? Json(nullptr) : Json(names.Symbol(notice.instrument))},
                       {"instance", notice.instance == 0 ? Json(nullptr) : Json(names.Instance(notice.instance))},
                       {"text", notice.text}});
  }
  return notices;
}

}  // namespace

Json CapsJson(const RiskDecision& decision) {
  Json caps = Json::array();
  for (const CapRoom& room : decision.caps) {
    caps.push_back({{"cap", std::string(SizeCapName(room.cap))},
                    {"quantity", Text(room.quantity)},
                    {"used", Number(room.used)},
                    {"limit", Number(room.limit)},
                    {"unit", room.unit},
                    {"binding", room.cap == decision.binding_cap}});
  }
  return caps;
}

Json OrdersJson(const SessionReport& report) {
  const OrdersReport& orders = *report.orders;
  Json json;
  json["totals"] = {{"intents", orders.intents},
                    {"closed", orders.closed},
                    {"wins", orders.wins},
                    {"open", orders.open},
                    {"waiting", orders.waiting},
                    {"unfilled", orders.unfilled},
                    {"refused", orders.refused},
                    {"orders", orders.orders},
                    {"fills", orders.fills},
                    {"profit_net", Text(orders.profit_net)},
                    {"profit_gross", Text(orders.profit_gross)},
                    {"fees", Text(orders.fees)},
                    {"trades_left_out", orders.trades_left_out},
                    {"closed_left_out", orders.closed_left_out},
                    {"profit_net_left_out", Text(orders.profit_net_left_out)}};
  json["account"] = AccountJson(orders);
  json["settings"] = Json::array();
  for (const TradingSettings& settings : orders.settings) {
    json["settings"].push_back({{"kind", settings.kind},
                                {"name", settings.name},
                                {"effective", Text(settings.effective)},
                                {"yaml", settings.yaml}});
  }
  json["notices"] = NoticesJson(orders, report.names);
  json["notices_left_out"] = orders.notices_left_out;
  json["reconciliation"] = {
      {"comparisons", orders.comparisons}, {"differences", orders.differences}, {"unresolved", orders.unresolved}};
  json["trades"] = Json::array();
  for (const TradeStory& story : orders.trades) json["trades"].push_back(TradeJson(story, report.names));
  return json;
}

}  // namespace spillway::journal::report
