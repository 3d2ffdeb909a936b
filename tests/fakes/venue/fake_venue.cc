#include "tests/fakes/venue/fake_venue.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "fmt/format.h"

namespace spillway::fake {
namespace {

int64_t NowNs() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}
int64_t SteadyNs() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

template <class T>
T Parse(const Json& json, const char* key) {
  const absl::StatusOr<T> value = T::Parse(json.at(key).get<std::string>());
  if (!value.ok()) throw std::runtime_error(fmt::format("{}: {}", key, std::string(value.status().message())));
  return *value;
}
template <class T>
std::optional<T> ParseIf(const Json& json, const char* key) {
  if (!json.contains(key) || json[key].is_null()) return std::nullopt;
  return Parse<T>(json, key);
}

Money Worth(Price price, Quantity quantity) {
  return Notional(ContractTerms(), price, quantity);
}
Quantity Least(Quantity a, Quantity b) {
  return std::min(a, b);
}

}  // namespace

FakeVenue::FakeVenue(VenueOptions options) : options_(std::move(options)), cash_(options_.cash) {
  Load();
}

void FakeVenue::OnAction(Act act) {
  const std::lock_guard lock(mutex_);
  act_ = std::move(act);
}

// ---------------------------------------------------------------- requests

Json FakeVenue::Hello(const Json& hello) {
  const std::lock_guard lock(mutex_);
  ++hellos_;
  const auto refused = [&](const char* code, const std::string& reason) {
    return Json{{"type", "refused"}, {"id", hello.value("id", 0)}, {"code", code}, {"reason", reason}};
  };
  if (hello.value("key", "") != options_.key || hello.value("secret", "") != options_.secret) {
    return refused("BAD_KEY", "the key is not known, or the secret is not its own");
  }
  if (hello.value("account", "") != options_.account) {
    return refused("WRONG_ACCOUNT", fmt::format("this key is for account {}", options_.account));
  }
  return {{"type", "welcome"},
          {"id", hello.value("id", 0)},
          {"account", options_.account},
          {"live", options_.live},
          {"time", NowNs()},
          {"requests_per_second", options_.requests_per_second},
          {"capabilities", {"oco", "replace", "fractional", "extended_hours", "trailing_stop"}}};
}

void FakeVenue::Handle(const Json& request) {
  const std::lock_guard lock(mutex_);
  ++requests_;
  const std::string type = request.value("type", "");
  ++by_type_[type];
  try {
    std::optional<Json> behaviour = TakeBehaviour(type);
    if (!behaviour) behaviour = DrawBehaviour(type, true);
    if (behaviour && behaviour->value("close", "") == "before") return act_({.kind = VenueAction::Kind::kClose});
    if (behaviour && behaviour->contains("ignore")) return;
    if (type == "ping") return Say({{"type", "pong"}, {"id", request["id"]}, {"time", NowNs()}});
    if (OverLimit(request, behaviour)) return;
    if (type == "place") {
      Place(request, behaviour);
    } else if (type == "cancel") {
      Cancel(request);
    } else if (type == "replace") {
      Replace(request);
    } else if (type == "query") {
      Query(request);
    } else if (type == "snapshot") {
      Snapshot(request);
    } else {
      Say({{"type", "error"}, {"id", request.value("id", 0)}, {"code", "BAD_REQUEST"}, {"reason", "type"}});
    }
    if (behaviour && behaviour->value("close", "") == "after") act_({.kind = VenueAction::Kind::kClose});
  } catch (const std::exception& error) {
    Say({{"type", "error"}, {"id", request.value("id", 0)}, {"code", "BAD_REQUEST"}, {"reason", error.what()}});
  }
  Store();
}

bool FakeVenue::OverLimit(const Json& request, const std::optional<Json>& behaviour) {
  std::optional<int64_t> wait;
  if (behaviour && behaviour->contains("rate_limit_ms")) wait = (*behaviour)["rate_limit_ms"].get<int64_t>();
  const int64_t now = NowNs();
  while (!requests_ns_.empty() && now - requests_ns_.front() >= 1'000'000'000) requests_ns_.pop_front();
  if (!wait && options_.requests_per_second > 0 && requests_ns_.size() >= options_.requests_per_second) wait = 200;
  if (!wait) {
    requests_ns_.push_back(now);
    return false;
  }
  ++rate_limited_;
  Say({{"type", "error"},
       {"id", request["id"]},
       {"code", "RATE_LIMITED"},
       {"reason", "too many requests"},
       {"retry_after_ms", *wait}});
  return true;
}

void FakeVenue::Place(const Json& request, const std::optional<Json>& behaviour) {
  std::vector<std::string> ids;
  for (const Json& row : request.at("orders")) {
    Order order;
    order.id = row.at("client_order_id").get<std::string>();
    if (const auto known = orders_.find(order.id); known != orders_.end()) {
      ++known->second.copies;
      ++duplicates_;
      Json report = Report("rejected", known->second);
      report["id"] = request["id"];
      report["code"] = "DUPLICATE_ORDER";
      report["reason"] = "client_order_id was used before";
      Say(std::move(report));
      continue;
    }
    order.symbol = request.at("symbol").get<std::string>();
    order.side = row.at("side").get<std::string>();
    order.type = row.at("order_type").get<std::string>();
    order.time_in_force = row.at("time_in_force").get<std::string>();
    order.quantity = Parse<Quantity>(row, "quantity");
    order.limit = ParseIf<Price>(row, "limit");
    order.stop = ParseIf<Price>(row, "stop");
    order.trail = ParseIf<Price>(row, "trail");
    order.received_ns = NowNs();
    order.received_steady_ns = SteadyNs();
    order.broker_id = fmt::format("B-{}", next_id_++);
    order.silent = behaviour && behaviour->contains("silence");
    const std::string why = RejectReason(order, behaviour);
    order.state = why.empty() ? "accepted" : "rejected";
    Json report = Report(order.state, order);
    report["id"] = request["id"];
    if (!why.empty()) {
      report["code"] =
          behaviour && behaviour->contains("reject") ? (*behaviour)["reject"].get<std::string>() : "REJECTED";
      report["reason"] = why;
    }
    sequence_.push_back(order.id);
    const Order& kept = orders_.emplace(order.id, std::move(order)).first->second;
    Say(std::move(report), &kept);
    if (kept.open()) ids.push_back(kept.id);
  }
  if (ids.size() == 2) {
    orders_[ids[0]].oco = ids[1];
    orders_[ids[1]].oco = ids[0];
  }
  for (const std::string& id : ids) Match(orders_[id]);
}

std::string FakeVenue::RejectReason(const Order& order, const std::optional<Json>& behaviour) const {
  if (behaviour && behaviour->contains("reject")) return behaviour->value("reason", "rejected on request");
  if (order.quantity <= Quantity()) return "quantity is not above 0";
  if (order.limit && *order.limit <= Price()) return "limit is not above 0";
  const bool needs_limit = order.type == "limit" || order.type == "stop_limit";
  const bool needs_stop = order.type == "stop" || order.type == "stop_limit";
  if (needs_limit != order.limit.has_value()) return "limit does not fit the order's type";
  if (needs_stop && !order.stop) return "stop is missing";
  if (order.type == "trailing_stop" && !order.trail) return "trail is missing";
  const auto quote = quotes_.find(order.symbol);
  const bool known = quote != quotes_.end();
  if (order.type == "market" && (!known || !(order.buys() ? quote->second.ask : quote->second.bid))) {
    return "no quote for a market order";
  }
  if (!order.buys()) return "";
  const std::optional<Price> price = order.limit ? order.limit : known ? quote->second.ask : std::nullopt;
  const auto position = positions_.find(order.symbol);
  const bool covers = position != positions_.end() && position->second.quantity < Quantity();
  if (price && !covers && Worth(*price, order.quantity) > cash_) return "insufficient buying power";
  return "";
}

void FakeVenue::Cancel(const Json& request) {
  const std::string id = request.at("client_order_id").get<std::string>();
  const auto found = orders_.find(id);
  if (found != orders_.end() && found->second.open()) return End(found->second, "canceled", "asked", request["id"]);
  Json report = {{"type", "report"}, {"event", "cancel_rejected"}, {"client_order_id", id}, {"time", NowNs()}};
  if (found != orders_.end()) report = Report("cancel_rejected", found->second);
  report["id"] = request["id"];
  report["code"] = found == orders_.end() ? "UNKNOWN_ORDER" : "NOT_OPEN";
  report["reason"] = found == orders_.end() ? "no such order" : "the order is " + found->second.state;
  Say(std::move(report), found == orders_.end() ? nullptr : &found->second);
}

void FakeVenue::Replace(const Json& request) {
  const std::string old_id = request.at("replaces").get<std::string>();
  const std::string id = request.at("client_order_id").get<std::string>();
  const auto found = orders_.find(old_id);
  const bool used = orders_.contains(id);
  if (found == orders_.end() || !found->second.open() || used) {
    if (used) {
      ++orders_[id].copies;
      ++duplicates_;
    }
    return Say({{"type", "report"},
                {"event", "replace_rejected"},
                {"id", request["id"]},
                {"client_order_id", id},
                {"replaces", old_id},
                {"code", found == orders_.end() ? "UNKNOWN_ORDER"
                         : used                 ? "DUPLICATE_ORDER"
                                                : "NOT_OPEN"},
                {"reason", "cannot be replaced"},
                {"time", NowNs()}});
  }
  Order order = found->second;
  order.id = id;
  order.broker_id = fmt::format("B-{}", next_id_++);
  order.quantity = found->second.leaves();
  order.filled = Quantity();
  order.state = "accepted";
  order.copies = 1;
  order.received_ns = NowNs();
  order.received_steady_ns = SteadyNs();
  if (const auto limit = ParseIf<Price>(request, "limit")) order.limit = limit;
  if (const auto stop = ParseIf<Price>(request, "stop")) order.stop = stop;
  if (const auto trail = ParseIf<Price>(request, "trail")) order.trail = trail;
  found->second.state = "replaced";
  if (!order.oco.empty()) orders_[order.oco].oco = id;
  sequence_.push_back(id);
  Order& kept = orders_[id] = order;
  Json report = Report("replaced", kept);
  report["id"] = request["id"];
  report["replaces"] = old_id;
  Say(std::move(report), &kept);
  Match(kept);
}

void FakeVenue::Query(const Json& request) {
  const std::string id = request.at("client_order_id").get<std::string>();
  const auto found = orders_.find(id);
  if (found == orders_.end()) {
    return Say({{"type", "report"},
                {"event", "not_found"},
                {"id", request["id"]},
                {"client_order_id", id},
                {"time", NowNs()}});
  }
  found->second.silent = false;
  Json report = Report("status", found->second);
  report["id"] = request["id"];
  report["state"] = found->second.state;
  Say(std::move(report));
}

void FakeVenue::Snapshot(const Json& request) {
  Json message = SnapshotMessage(request.value("since", int64_t{0}));
  message["id"] = request["id"];
  Say(std::move(message));
}

// ---------------------------------------------------------------- matching

void FakeVenue::Quote(const std::string& symbol, const VenueQuote& quote) {
  const std::lock_guard lock(mutex_);
  quotes_[symbol] = quote;
  const uint64_t said = said_;
  for (size_t i = 0; i < sequence_.size(); ++i) {
    Order& order = orders_[sequence_[i]];
    if (order.symbol != symbol || !order.open()) continue;
    Match(order);
  }
  if (said_ != said) Store();  // not for each quote
}

bool FakeVenue::Triggered(Order& order, const VenueQuote& quote) const {
  const bool waits = order.type == "stop" || order.type == "stop_limit" || order.type == "trailing_stop";
  if (!waits || order.triggered) return true;
  const std::optional<Price>& at = order.buys() ? quote.ask : quote.bid;
  if (!at) return false;
  if (order.type == "trailing_stop") {
    const Price level = order.buys() ? *at + *order.trail : *at - *order.trail;
    if (!order.stop || (order.buys() ? level < *order.stop : level > *order.stop)) order.stop = level;
  }
  order.triggered = order.buys() ? *at >= *order.stop : *at <= *order.stop;
  return order.triggered;
}

void FakeVenue::Match(Order& order) {
  const auto found = quotes_.find(order.symbol);
  if (found == quotes_.end() || !order.open()) return;
  VenueQuote& quote = found->second;
  const std::optional<Price>& price = order.buys() ? quote.ask : quote.bid;
  Quantity& size = order.buys() ? quote.ask_size : quote.bid_size;
  const bool limited = order.type == "limit" || order.type == "stop_limit";
  const bool trades = Triggered(order, quote) && price && size >= Quantity() &&
                      (!limited || (order.buys() ? *price <= *order.limit : *price >= *order.limit));
  const bool any = size == Quantity();
  const Quantity quantity = !trades ? Quantity() : any ? order.leaves() : Least(order.leaves(), size);
  const bool all_or_none = order.time_in_force == "fok" && quantity < order.leaves();
  if (quantity > Quantity() && !all_or_none) {
    if (!any) size = size == quantity ? Quantity::FromE8(-1) : size - quantity;  // -1: taken
    Fill(order, quantity, *price, false);
  }
  const bool at_once = order.time_in_force == "ioc" || order.time_in_force == "fok";
  if (order.open() && at_once) End(order, "canceled", "nothing more at once");
}

void FakeVenue::Fill(Order& order, Quantity quantity, Price price, bool maker) {
  order.filled += quantity;
  order.state = order.leaves() == Quantity() ? "filled" : "partial";
  Execution execution;
  execution.id = fmt::format("E-{}", next_id_++);
  execution.order = order.id;
  execution.broker_order = order.broker_id;
  execution.symbol = order.symbol;
  execution.side = order.side;
  execution.price = price;
  execution.quantity = quantity;
  execution.fee = Money::FromE8(Worth(Price::FromNanos(options_.fee_per_unit.e8() * 10), quantity).e8());
  execution.time_ns = NowNs();
  Book(execution);
  Json report = Report("fill", order);
  report["execution_id"] = execution.id;
  report["price"] = price.ToString();
  report["quantity"] = quantity.ToString();
  report["fee"] = execution.fee.ToString();
  report["maker"] = maker;
  Say(std::move(report), &order);
  if (order.oco.empty()) return;
  Order& partner = orders_[order.oco];
  if (!partner.open()) return;
  partner.quantity = std::max(partner.filled, partner.quantity - quantity);
  if (!order.open() || partner.leaves() == Quantity()) End(partner, "canceled", "the other one was filled");
}

void FakeVenue::Book(const Execution& execution) {
  const bool buys = execution.side == "buy";
  const Money worth = Worth(execution.price, execution.quantity);
  cash_ = cash_ + (buys ? -worth : worth) - execution.fee;
  Position& position = positions_[execution.symbol];
  const Quantity before = position.quantity;
  position.quantity = buys ? before + execution.quantity : before - execution.quantity;
  const bool grows = before == Quantity() || (before > Quantity()) == buys;
  if (grows) {
    const double old_size = std::abs(before.ToDouble()), size = execution.quantity.ToDouble();
    position.average = Price::FromNanos(static_cast<int64_t>((static_cast<double>(position.average.nanos()) * old_size +
                                                              static_cast<double>(execution.price.nanos()) * size) /
                                                             (old_size + size)));
  } else if ((position.quantity > Quantity()) != (before > Quantity())) {
    position.average = execution.price;
  }
  executions_.push_back(execution);
}

void FakeVenue::End(Order& order, const std::string& state, const std::string& reason, const Json& answer_to) {
  order.state = state;
  Json report = Report(state, order);
  if (!answer_to.is_null()) report["id"] = answer_to;
  report["reason"] = reason;
  Say(std::move(report), &order);
  EndPartner(order);
}

void FakeVenue::EndPartner(const Order& order) {
  if (order.oco.empty()) return;
  Order& partner = orders_[order.oco];
  if (partner.open()) End(partner, "canceled", "the other one is " + order.state);
}

// ---------------------------------------------------------------- messages

Json FakeVenue::Report(const std::string& event, const Order& order) const {
  return {{"type", "report"},
          {"event", event},
          {"client_order_id", order.id},
          {"broker_order_id", order.broker_id},
          {"symbol", order.symbol},
          {"side", order.side},
          {"cumulative", order.filled.ToString()},
          {"leaves", order.open() ? order.leaves().ToString() : "0"},
          {"time", NowNs()}};
}

Money FakeVenue::Equity() const {
  Money equity = cash_;
  for (const auto& [symbol, position] : positions_) {
    const auto quote = quotes_.find(symbol);
    std::optional<Price> mark = position.average;
    if (quote != quotes_.end()) {
      const std::optional<Price>& side = position.quantity > Quantity() ? quote->second.bid : quote->second.ask;
      if (side) mark = side;
    }
    equity = equity + Worth(*mark, position.quantity);
  }
  return equity;
}

Json FakeVenue::SnapshotMessage(int64_t since) const {
  Json message = {{"type", "snapshot"},
                  {"account", options_.account},
                  {"live", options_.live},
                  {"as_of", NowNs()},
                  {"cash", cash_.ToString()},
                  {"equity", Equity().ToString()},
                  {"buying_power", std::max(cash_, Money()).ToString()},
                  {"settled_cash", cash_.ToString()},
                  {"executions_since", since},
                  {"orders", Json::array()},
                  {"positions", Json::array()},
                  {"executions", Json::array()}};
  for (const std::string& id : sequence_) {
    const Order& order = orders_.at(id);
    if (!order.open()) continue;
    Json row = {{"client_order_id", order.id},
                {"broker_order_id", order.broker_id},
                {"symbol", order.symbol},
                {"side", order.side},
                {"order_type", order.type},
                {"quantity", order.quantity.ToString()},
                {"filled", order.filled.ToString()},
                {"state", order.state}};
    if (order.limit) row["limit"] = order.limit->ToString();
    if (order.stop) row["stop"] = order.stop->ToString();
    message["orders"].push_back(std::move(row));
  }
  for (const auto& [symbol, position] : positions_) {
    if (position.quantity == Quantity()) continue;
    message["positions"].push_back({{"symbol", symbol},
                                    {"quantity", position.quantity.ToString()},
                                    {"average_price", position.average.ToString()}});
  }
  for (const Execution& execution : executions_) {
    if (execution.time_ns < since || execution.erased) continue;
    message["executions"].push_back({{"execution_id", execution.id},
                                     {"client_order_id", execution.order},
                                     {"broker_order_id", execution.broker_order},
                                     {"symbol", execution.symbol},
                                     {"side", execution.side},
                                     {"price", execution.price.ToString()},
                                     {"quantity", execution.quantity.ToString()},
                                     {"fee", execution.fee.ToString()},
                                     {"time", execution.time_ns}});
  }
  return message;
}

void FakeVenue::Say(Json message, const Order* order) {
  ++said_;
  if (order != nullptr && (order->silent || order->foreign)) return;
  const std::string on = message.value("event", message["type"].get<std::string>());
  std::optional<Json> behaviour = TakeBehaviour(on);
  if (!behaviour) behaviour = DrawBehaviour(on, false);
  Send(message, behaviour.value_or(Json::object()));
}

void FakeVenue::Send(const Json& message, const Json& behaviour) {
  using Kind = VenueAction::Kind;
  if (behaviour.contains("garbage")) {
    const Json& garbage = behaviour["garbage"];
    act_({.kind = Kind::kSendRaw,
          .message = {},
          .raw = garbage.is_string() ? garbage.get<std::string>() : "{\"half\":"});
  }
  if (behaviour.contains("half_open")) act_({.kind = Kind::kHalfOpen});
  if (behaviour.contains("drop")) return;
  if (behaviour.contains("reorder")) {
    held_.push_back(message);
    return;
  }
  VenueAction action{.kind = Kind::kSend, .message = message};
  action.delay_ms = behaviour.value("delay_ms", int64_t{0});
  action.skip_sequence = behaviour.contains("gap");
  for (int copies = 1 + behaviour.value("duplicate", 0); copies > 0; --copies) act_(action);
  for (const Json& held : std::exchange(held_, {})) act_({.kind = Kind::kSend, .message = held});
  if (behaviour.contains("close")) act_({.kind = Kind::kClose});
}

std::optional<Json> FakeVenue::TakeBehaviour(const std::string& on) {
  for (auto it = next_.begin(); it != next_.end(); ++it) {
    if (it->value("on", "") != on) continue;
    Json behaviour = *it;
    const int count = it->value("count", 1);
    if (count > 1) {
      (*it)["count"] = count - 1;
    } else {
      next_.erase(it);
    }
    return behaviour;
  }
  return std::nullopt;
}

// By the rates of PUT /fake/behaviour {"rate": ...}: orders, and what is said of them.
std::optional<Json> FakeVenue::DrawBehaviour(const std::string& on, bool request) {
  if (rate_.empty() || on == "pong" || on == "ping" || on == "snapshot" || on == "query" || on == "status") {
    return std::nullopt;
  }
  double dice = std::uniform_real_distribution<double>(0, 1)(random_);
  const auto hit = [&](const char* name) {
    const double rate = rate_.value(name, 0.0);
    const bool here = dice < rate;
    dice -= rate;
    return here && rate > 0;
  };
  if (request) {
    if (on == "place" && hit("reject")) return Json{{"reject", "RANDOM"}};
    if (on == "place" && hit("silence")) return Json{{"silence", true}};
    if (hit("rate_limit")) return Json{{"rate_limit_ms", 50}};
    if (hit("ignore")) return Json{{"ignore", true}};
    if (hit("close_before")) return Json{{"close", "before"}};
    if (hit("close_after")) return Json{{"close", "after"}};
    return std::nullopt;
  }
  if (hit("drop")) return Json{{"drop", true}};
  if (hit("delay")) return Json{{"delay_ms", rate_.value("delay_ms", 50)}};
  if (hit("duplicate")) return Json{{"duplicate", 1}};
  if (hit("reorder")) return Json{{"reorder", true}};
  if (hit("garbage")) return Json{{"garbage", true}};
  if (hit("gap")) return Json{{"gap", true}};
  if (hit("half_open")) return Json{{"half_open", true}};
  return std::nullopt;
}

// ---------------------------------------------------------------- by hand

std::pair<int, Json> FakeVenue::Control(const std::string& method, const std::string& path, const std::string& body) {
  const std::lock_guard lock(mutex_);
  try {
    const Json json = body.empty() ? Json::object() : Json::parse(body);
    Json answer = {{"ok", true}};
    if (path == "/fake/orders" && method == "GET") {
      answer = ControlOrders();
    } else if (path == "/fake/snapshot" && method == "GET") {
      answer = SnapshotMessage(0);
    } else if (path == "/fake/stats" && method == "GET") {
      answer = {{"requests", requests_},     {"hellos", hellos_},
                {"duplicates", duplicates_}, {"rate_limited", rate_limited_},
                {"orders", orders_.size()},  {"executions", executions_.size()},
                {"by_type", by_type_}};
    } else if (path == "/fake/behaviour" && method == "PUT") {
      Behave(json);
    } else if (path == "/fake/quote" && method == "PUT") {
      VenueQuote quote;
      quote.bid = ParseIf<Price>(json, "bid");
      quote.ask = ParseIf<Price>(json, "ask");
      quote.bid_size = ParseIf<Quantity>(json, "bid_size").value_or(Quantity());
      quote.ask_size = ParseIf<Quantity>(json, "ask_size").value_or(Quantity());
      const std::string symbol = json.at("symbol").get<std::string>();
      quotes_[symbol] = quote;
      for (size_t i = 0; i < sequence_.size(); ++i) {
        Order& order = orders_[sequence_[i]];
        if (order.symbol == symbol && order.open()) Match(order);
      }
    } else if (path == "/fake/trade" && method == "POST") {
      answer = ControlTrade(json, false);
    } else if (path == "/fake/order" && method == "POST") {
      answer = ControlTrade(json, true);
    } else if (path == "/fake/fill" && method == "POST") {
      answer = ControlFill(json);
    } else if (path == "/fake/erase" && method == "POST") {
      for (Execution& execution : executions_) {
        if (execution.id == json.at("execution_id").get<std::string>()) execution.erased = true;
      }
    } else if (path == "/fake/expire" && method == "POST") {
      for (const std::string& id : sequence_) {
        Order& order = orders_[id];
        if (order.open() && order.time_in_force == "day") End(order, "expired", "the session is over");
      }
    } else {
      return {404, {{"error", "no such request: see --help"}}};
    }
    Store();
    return {200, std::move(answer)};
  } catch (const std::exception& error) {
    return {400, {{"error", error.what()}}};
  }
}

Json FakeVenue::ControlOrders() const {
  Json orders = Json::array();
  for (const std::string& id : sequence_) {
    const Order& order = orders_.at(id);
    Json row = {{"client_order_id", order.id},
                {"broker_order_id", order.broker_id},
                {"symbol", order.symbol},
                {"side", order.side},
                {"order_type", order.type},
                {"quantity", order.quantity.ToString()},
                {"filled", order.filled.ToString()},
                {"state", order.state},
                {"foreign", order.foreign},
                {"copies", order.copies},
                {"oco", order.oco},
                {"received_ns", order.received_ns},
                {"received_steady_ns", order.received_steady_ns}};
    if (order.limit) row["limit"] = order.limit->ToString();
    if (order.stop) row["stop"] = order.stop->ToString();
    orders.push_back(std::move(row));
  }
  return orders;
}

// Somebody trades by hand, or leaves an order: nobody tells the session.
Json FakeVenue::ControlTrade(const Json& body, bool order) {
  Order one;
  one.id = fmt::format("manual-{}", next_id_++);
  one.broker_id = fmt::format("B-{}", next_id_++);
  one.symbol = body.at("symbol").get<std::string>();
  one.side = body.at("side").get<std::string>();
  one.quantity = Parse<Quantity>(body, "quantity");
  one.type = "limit";
  one.time_in_force = "day";
  one.limit = Parse<Price>(body, order ? "limit" : "price");
  one.state = "accepted";
  one.foreign = true;
  one.received_ns = NowNs();
  sequence_.push_back(one.id);
  Order& kept = orders_[one.id] = one;
  if (!order) Fill(kept, kept.quantity, *kept.limit, false);
  return {{"client_order_id", one.id}};
}

// Fills an open order, whatever the quotes say.
Json FakeVenue::ControlFill(const Json& body) {
  Order& order = orders_.at(body.at("client_order_id").get<std::string>());
  if (!order.open()) throw std::runtime_error("the order is " + order.state);
  const Quantity quantity = ParseIf<Quantity>(body, "quantity").value_or(order.leaves());
  const std::optional<Price> price = body.contains("price") ? ParseIf<Price>(body, "price") : order.limit;
  if (!price) throw std::runtime_error("price is missing");
  Fill(order, Least(quantity, order.leaves()), *price, true);
  return {{"execution_id", executions_.back().id}};
}

void FakeVenue::Behave(const Json& body) {
  if (body.contains("next")) {
    for (const Json& behaviour : body["next"]) next_.push_back(behaviour);
  }
  if (body.contains("rate")) {
    rate_ = body["rate"];
    random_.seed(rate_.value("seed", uint64_t{1}));
  }
  if (body.contains("forget")) next_.clear();
  if (body.contains("close")) act_({.kind = VenueAction::Kind::kClose});
  if (body.contains("half_open")) act_({.kind = VenueAction::Kind::kHalfOpen});
  if (body.contains("restart_ms")) {
    VenueAction action{.kind = VenueAction::Kind::kRestart};
    action.delay_ms = body["restart_ms"].get<int64_t>();
    act_(action);
  }
  if (body.contains("say")) act_({.kind = VenueAction::Kind::kSend, .message = body["say"]});
  if (body.contains("garbage")) {
    act_({.kind = VenueAction::Kind::kSendRaw, .message = {}, .raw = body["garbage"].get<std::string>()});
  }
}

// ---------------------------------------------------------------- books over restarts

void FakeVenue::Store() const {
  if (options_.store.empty()) return;
  Json json = {{"cash", cash_.e8()}, {"next_id", next_id_}, {"orders", Json::array()}, {"executions", Json::array()}};
  const auto price = [](const std::optional<Price>& p) { return p ? Json(p->nanos()) : Json(); };
  for (const std::string& id : sequence_) {
    const Order& o = orders_.at(id);
    json["orders"].push_back({o.id, o.broker_id, o.symbol, o.side, o.type, o.time_in_force, o.state, o.quantity.e8(),
                              o.filled.e8(), price(o.limit), price(o.stop), price(o.trail), o.oco, o.foreign, o.silent,
                              o.triggered, o.copies, o.received_ns});
  }
  for (const Execution& e : executions_) {
    json["executions"].push_back({e.id, e.order, e.broker_order, e.symbol, e.side, e.price.nanos(), e.quantity.e8(),
                                  e.fee.e8(), e.time_ns, e.erased});
  }
  const std::string fresh = options_.store + ".new";
  std::ofstream(fresh) << json.dump() << "\n";
  std::filesystem::rename(fresh, options_.store);
}

void FakeVenue::Load() {
  if (options_.store.empty() || !std::filesystem::exists(options_.store)) return;
  std::ifstream file(options_.store);
  const Json json = Json::parse(file);
  const auto price = [](const Json& j) {
    return j.is_null() ? std::optional<Price>() : Price::FromNanos(j.get<int64_t>());
  };
  for (const Json& row : json["orders"]) {
    Order o;
    o.id = row[0].get<std::string>();
    o.broker_id = row[1].get<std::string>();
    o.symbol = row[2].get<std::string>();
    o.side = row[3].get<std::string>();
    o.type = row[4].get<std::string>();
    o.time_in_force = row[5].get<std::string>();
    o.state = row[6].get<std::string>();
    o.quantity = Quantity::FromE8(row[7].get<int64_t>());
    o.filled = Quantity::FromE8(row[8].get<int64_t>());
    o.limit = price(row[9]);
    o.stop = price(row[10]);
    o.trail = price(row[11]);
    o.oco = row[12].get<std::string>();
    o.foreign = row[13].get<bool>();
    o.silent = row[14].get<bool>();
    o.triggered = row[15].get<bool>();
    o.copies = row[16].get<int>();
    o.received_ns = row[17].get<int64_t>();
    sequence_.push_back(o.id);
    orders_[o.id] = std::move(o);
  }
  for (const Json& row : json["executions"]) {
    Execution e;
    e.id = row[0].get<std::string>();
    e.order = row[1].get<std::string>();
    e.broker_order = row[2].get<std::string>();
    e.symbol = row[3].get<std::string>();
    e.side = row[4].get<std::string>();
    e.price = Price::FromNanos(row[5].get<int64_t>());
    e.quantity = Quantity::FromE8(row[6].get<int64_t>());
    e.fee = Money::FromE8(row[7].get<int64_t>());
    e.time_ns = row[8].get<int64_t>();
    e.erased = row[9].get<bool>();
    Book(e);
  }
  cash_ = Money::FromE8(json["cash"].get<int64_t>());
  next_id_ = json["next_id"].get<uint64_t>();
}

}  // namespace spillway::fake
