#include "services/oms/adapters/venue/venue_protocol.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include "fmt/format.h"
#include "nlohmann/json.hpp"

namespace spillway::oms {
namespace {

using Json = nlohmann::json;

constexpr int64_t kRetryAfterMaxMs = 60'000;

std::string Line(const Json& json) {
  return json.dump() + "\n";
}

std::string_view SideName(Side side) {
  return side == Side::kBid ? "buy" : "sell";
}

Json TicketJson(const OrderTicket& ticket) {
  Json json = {{"client_order_id", ClientOrderId(ticket.order)},
               {"side", SideName(ticket.side)},
               {"order_type", OrderTypeName(ticket.type)},
               {"time_in_force", TimeInForceName(ticket.time_in_force)},
               {"quantity", ticket.quantity.ToString()}};
  if (ticket.limit) json["limit"] = ticket.limit->ToString();
  if (ticket.stop) json["stop"] = ticket.stop->ToString();
  if (ticket.trail) json["trail"] = ticket.trail->ToString();
  if (ticket.reduce_only) json["reduce_only"] = true;
  if (ticket.extended_hours) json["extended_hours"] = true;
  return json;
}

// What does not read, on its way out of the parser.
class Unreadable : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

const Json* Find(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found == json.end() || found->is_null() ? nullptr : &*found;
}
const Json& Need(const Json& json, const char* key) {
  const Json* found = Find(json, key);
  if (found == nullptr) throw Unreadable(fmt::format("no '{}'", key));
  return *found;
}
std::string Text(const Json& json, const char* key) {
  const Json& value = Need(json, key);
  if (!value.is_string()) throw Unreadable(fmt::format("'{}' is no text", key));
  return value.get<std::string>();
}
std::string TextOr(const Json& json, const char* key) {
  return Find(json, key) == nullptr ? "" : Text(json, key);
}
bool Flag(const Json& json, const char* key) {
  const Json& value = Need(json, key);
  if (!value.is_boolean()) throw Unreadable(fmt::format("'{}' is neither true nor false", key));
  return value.get<bool>();
}
int64_t Number(const Json& json, const char* key) {
  const Json& value = Need(json, key);
  if (!value.is_number_integer()) throw Unreadable(fmt::format("'{}' is no whole number", key));
  return value.get<int64_t>();
}
Time TimeOf(const Json& json, const char* key) {
  return TimeFromNanos(Number(json, key));
}
// Price, Quantity or Money.
template <class T>
T Decimal(const Json& json, const char* key) {
  const absl::StatusOr<T> value = T::Parse(Text(json, key));
  if (!value.ok()) throw Unreadable(fmt::format("'{}': {}", key, std::string(value.status().message())));
  return *value;
}
template <class T>
std::optional<T> DecimalIf(const Json& json, const char* key) {
  if (Find(json, key) == nullptr) return std::nullopt;
  return Decimal<T>(json, key);
}

template <class T, size_t N>
T Word(const Json& json, const char* key, const std::array<std::pair<std::string_view, T>, N>& words) {
  const std::string text = Text(json, key);
  for (const auto& [word, value] : words) {
    if (word == text) return value;
  }
  throw Unreadable(fmt::format("'{}': '{}' is not known", key, text));
}

Side SideOf(const Json& json) {
  static constexpr std::array<std::pair<std::string_view, Side>, 2> kWords = {
      {{"buy", Side::kBid}, {"sell", Side::kAsk}}};
  return Word(json, "side", kWords);
}
OrderType TypeOf(const Json& json) {
  static constexpr std::array<std::pair<std::string_view, OrderType>, 5> kWords = {
      {{"market", OrderType::kMarket},
       {"limit", OrderType::kLimit},
       {"stop", OrderType::kStop},
       {"stop_limit", OrderType::kStopLimit},
       {"trailing_stop", OrderType::kTrailingStop}}};
  return Word(json, "order_type", kWords);
}
OrderState StateOf(const Json& json) {
  static constexpr std::array<std::pair<std::string_view, OrderState>, 7> kWords = {
      {{"accepted", OrderState::kAccepted},
       {"partial", OrderState::kPartial},
       {"filled", OrderState::kFilled},
       {"canceled", OrderState::kCanceled},
       {"rejected", OrderState::kRejected},
       {"expired", OrderState::kExpired},
       {"replaced", OrderState::kReplaced}}};
  return Word(json, "state", kWords);
}
BrokerReportKind KindOf(const Json& json) {
  using enum BrokerReportKind;
  static constexpr std::array<std::pair<std::string_view, BrokerReportKind>, 12> kWords = {
      {{"accepted", kAccepted},
       {"rejected", kRejected},
       {"fill", kFill},
       {"canceled", kCanceled},
       {"expired", kExpired},
       {"replaced", kReplaced},
       {"cancel_rejected", kCancelRejected},
       {"replace_rejected", kReplaceRejected},
       {"status", kStatus},
       {"not_found", kNotFound},
       {"fee", kFee},
       {"bust", kBust}}};
  return Word(json, "event", kWords);
}

VenueReport ReadReport(const Json& json) {
  VenueReport read;
  read.symbol = TextOr(json, "symbol");
  BrokerReport& report = read.report;
  report.kind = KindOf(json);
  report.client_order_id = TextOr(json, "client_order_id");
  report.broker_order_id = TextOr(json, "broker_order_id");
  report.replaces = TextOr(json, "replaces");
  report.execution_id = TextOr(json, "execution_id");
  const bool execution = report.kind == BrokerReportKind::kFill;
  if (execution) {
    Text(json, "execution_id");
    report.price = Decimal<Price>(json, "price");
    report.quantity = Decimal<Quantity>(json, "quantity");
  }
  if (execution || Find(json, "side") != nullptr) report.side = SideOf(json);
  report.cumulative = DecimalIf<Quantity>(json, "cumulative");
  report.leaves = DecimalIf<Quantity>(json, "leaves");
  report.fee = DecimalIf<Money>(json, "fee").value_or(Money());
  if (Find(json, "maker") != nullptr) report.maker = Flag(json, "maker");
  if (report.kind == BrokerReportKind::kStatus) report.state = StateOf(json);
  report.broker_time = TimeOf(json, "time");
  report.code = TextOr(json, "code");
  report.reason = TextOr(json, "reason");
  return read;
}

const Json& Rows(const Json& json, const char* key) {
  const Json& rows = Need(json, key);
  if (!rows.is_array()) throw Unreadable(fmt::format("'{}' is no list", key));
  for (const Json& row : rows) {
    if (!row.is_object()) throw Unreadable(fmt::format("'{}' has a row that is no object", key));
  }
  return rows;
}

BrokerSnapshot ReadSnapshot(const Json& json) {
  BrokerSnapshot snapshot;
  snapshot.broker = "venue";
  snapshot.account = Text(json, "account");
  snapshot.live = Flag(json, "live");
  snapshot.as_of = TimeOf(json, "as_of");
  snapshot.cash = Decimal<Money>(json, "cash");
  snapshot.equity = Decimal<Money>(json, "equity");
  snapshot.buying_power = Decimal<Money>(json, "buying_power");
  snapshot.settled_cash = DecimalIf<Money>(json, "settled_cash");
  if (Find(json, "executions_since") != nullptr) snapshot.executions_since = TimeOf(json, "executions_since");
  for (const Json& row : Rows(json, "orders")) {
    snapshot.orders.push_back({.client_order_id = Text(row, "client_order_id"),
                               .broker_order_id = Text(row, "broker_order_id"),
                               .instrument = 0,
                               .symbol = Text(row, "symbol"),
                               .side = SideOf(row),
                               .type = TypeOf(row),
                               .quantity = Decimal<Quantity>(row, "quantity"),
                               .filled = Decimal<Quantity>(row, "filled"),
                               .limit = DecimalIf<Price>(row, "limit"),
                               .stop = DecimalIf<Price>(row, "stop"),
                               .state = StateOf(row)});
  }
  for (const Json& row : Rows(json, "positions")) {
    snapshot.positions.push_back({.instrument = 0,
                                  .symbol = Text(row, "symbol"),
                                  .quantity = Decimal<Quantity>(row, "quantity"),
                                  .average_price = Decimal<Price>(row, "average_price")});
  }
  for (const Json& row : Rows(json, "executions")) {
    snapshot.executions.push_back({.execution_id = Text(row, "execution_id"),
                                   .client_order_id = Text(row, "client_order_id"),
                                   .broker_order_id = Text(row, "broker_order_id"),
                                   .instrument = 0,
                                   .symbol = Text(row, "symbol"),
                                   .side = SideOf(row),
                                   .price = Decimal<Price>(row, "price"),
                                   .quantity = Decimal<Quantity>(row, "quantity"),
                                   .fee = Decimal<Money>(row, "fee"),
                                   .time = TimeOf(row, "time")});
  }
  return snapshot;
}

VenueMessage Read(const Json& json) {
  if (!json.is_object()) throw Unreadable("no object");
  VenueMessage message;
  message.sequence = static_cast<uint64_t>(Number(json, "seq"));
  if (Find(json, "id") != nullptr) message.id = static_cast<uint64_t>(Number(json, "id"));
  const std::string type = Text(json, "type");
  if (type == "report") {
    message.body = ReadReport(json);
  } else if (type == "pong") {
    message.body = VenuePong{.time = TimeOf(json, "time")};
  } else if (type == "snapshot") {
    message.body = ReadSnapshot(json);
  } else if (type == "error") {
    VenueError error{.code = Text(json, "code"), .reason = TextOr(json, "reason"), .retry_after = {}};
    if (Find(json, "retry_after_ms") != nullptr) {
      error.retry_after =
          std::chrono::milliseconds(std::clamp<int64_t>(Number(json, "retry_after_ms"), 0, kRetryAfterMaxMs));
    }
    message.body = error;
  } else if (type == "welcome") {
    VenueWelcome welcome{.account = Text(json, "account"),
                         .live = Flag(json, "live"),
                         .time = TimeOf(json, "time"),
                         .requests_per_second = {}};
    if (Find(json, "requests_per_second") != nullptr) {
      welcome.requests_per_second = static_cast<uint32_t>(Number(json, "requests_per_second"));
    }
    message.body = welcome;
  } else if (type == "refused") {
    message.body = VenueRefused{.code = Text(json, "code"), .reason = TextOr(json, "reason")};
  } else {
    throw Unreadable(fmt::format("'type': '{}' is not known", type));
  }
  return message;
}

}  // namespace

std::string EncodeHello(uint64_t id, const VenueHello& hello) {
  Json json = {{"type", "hello"},        {"id", id},
               {"version", 1},           {"key", hello.key},
               {"secret", hello.secret}, {"account", hello.account},
               {"client", "spillway"}};
  if (hello.check) json["check"] = true;
  return Line(json);
}
std::string EncodePlace(uint64_t id, std::string_view symbol, const std::vector<OrderTicket>& tickets) {
  Json json = {{"type", "place"}, {"id", id}, {"symbol", symbol}, {"orders", Json::array()}};
  for (const OrderTicket& ticket : tickets) json["orders"].push_back(TicketJson(ticket));
  return Line(json);
}
std::string EncodeCancel(uint64_t id, const OrderId& order) {
  return Line({{"type", "cancel"}, {"id", id}, {"client_order_id", ClientOrderId(order)}});
}
std::string EncodeReplace(uint64_t id, const OrderId& order, const OrderTicket& ticket) {
  Json json = {{"type", "replace"},
               {"id", id},
               {"replaces", ClientOrderId(order)},
               {"client_order_id", ClientOrderId(ticket.order)}};
  if (ticket.limit) json["limit"] = ticket.limit->ToString();
  if (ticket.stop) json["stop"] = ticket.stop->ToString();
  if (ticket.trail) json["trail"] = ticket.trail->ToString();
  return Line(json);
}
std::string EncodeQuery(uint64_t id, const OrderId& order) {
  return Line({{"type", "query"}, {"id", id}, {"client_order_id", ClientOrderId(order)}});
}
std::string EncodeSnapshot(uint64_t id, std::optional<Time> since) {
  Json json = {{"type", "snapshot"}, {"id", id}};
  if (since) json["since"] = ToNanos(*since);
  return Line(json);
}
std::string EncodePing(uint64_t id) {
  return Line({{"type", "ping"}, {"id", id}});
}

absl::StatusOr<VenueMessage> ParseVenueMessage(std::string_view line) {
  const Json json = Json::parse(line, nullptr, false);
  if (json.is_discarded()) return absl::InvalidArgumentError("no JSON");
  try {
    return Read(json);
  } catch (const std::exception& error) {
    return absl::InvalidArgumentError(error.what());
  }
}

}  // namespace spillway::oms
