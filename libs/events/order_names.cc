// The names of orders' enums in text, and of orders themselves.
#include <array>
#include <string>

#include "fmt/format.h"
#include "libs/events/order_events.h"

namespace spillway {
namespace {

template <class E, size_t N>
std::string_view NameOf(const std::array<std::string_view, N>& names, E value) {
  const auto index = static_cast<size_t>(value);
  return index < N ? names[index] : "?";
}

constexpr std::array<std::string_view, 6> kOrderRoleNames = {"unspecified", "entry", "stop",
                                                             "target",      "exit",  "flatten"};
constexpr std::array<std::string_view, 6> kOrderTypeNames = {"unspecified", "market",     "limit",
                                                             "stop",        "stop_limit", "trailing_stop"};
constexpr std::array<std::string_view, 5> kTimeInForceNames = {"unspecified", "day", "gtc", "ioc", "fok"};
constexpr std::array<std::string_view, 13> kOrderStateNames = {
    "UNSPECIFIED", "NEW",     "SUBMITTED", "ACCEPTED",       "PARTIAL",         "FILLED", "CANCELED",
    "REJECTED",    "EXPIRED", "REPLACED",  "PENDING_CANCEL", "PENDING_REPLACE", "UNKNOWN"};
constexpr std::array<std::string_view, 17> kOrderTriggerNames = {
    "unspecified", "placed",           "sent",     "accepted",        "partial_fill",
    "fill",        "cancel_requested", "canceled", "cancel_rejected", "replace_requested",
    "replaced",    "replace_rejected", "rejected", "expired",         "no_answer",
    "not_found",   "refused"};
constexpr std::array<std::string_view, 6> kOrderCommandKindNames = {"unspecified", "place", "cancel",
                                                                    "replace",     "query", "snapshot"};
constexpr std::array<std::string_view, 20> kBrokerReportKindNames = {
    "unspecified", "sent",      "not_sent",        "accepted",         "rejected",  "fill",      "canceled",
    "expired",     "replaced",  "cancel_rejected", "replace_rejected", "status",    "not_found", "fee",
    "bust",        "connected", "disconnected",    "rate_limited",     "malformed", "clock"};
constexpr std::array<std::string_view, 8> kIncidentKindNames = {
    "unspecified", "illegal_transition", "fill_after_final", "overfill", "unknown_order",
    "bust",        "position_reversed",  "repeated_differs"};
constexpr std::array<std::string_view, 9> kAdminCommandKindNames = {
    "unspecified", "confirm", "reject", "kill", "enable", "arm", "disarm", "flatten", "resume"};
constexpr std::array<std::string_view, 6> kFlattenStageNames = {"unspecified", "canceling", "limits",
                                                                "market",      "done",      "queued"};
constexpr std::array<std::string_view, 9> kDifferenceKindNames = {"unspecified",   "missing_fill",  "missing_order",
                                                                  "unknown_order", "foreign_order", "quantity_drift",
                                                                  "manual_trade",  "order_state",   "cash"};
constexpr std::array<std::string_view, 7> kRepairNames = {"unspecified", "applied", "asked", "canceled",
                                                          "adopted",     "shown",   "paused"};
constexpr std::string_view kOrderPrefix = "sw-";

}  // namespace

std::string ClientOrderId(const OrderId& order) {
  return fmt::format("{}{:016x}{:016x}", kOrderPrefix, order.high, order.low);
}
std::optional<OrderId> ParseClientOrderId(std::string_view text) {
  if (!text.starts_with(kOrderPrefix)) return std::nullopt;
  return ParseEventId(text.substr(kOrderPrefix.size()));
}

std::string_view OrderRoleName(OrderRole value) {
  return NameOf(kOrderRoleNames, value);
}
std::string_view OrderTypeName(OrderType value) {
  return NameOf(kOrderTypeNames, value);
}
std::string_view TimeInForceName(TimeInForce value) {
  return NameOf(kTimeInForceNames, value);
}
std::string_view OrderStateName(OrderState value) {
  return NameOf(kOrderStateNames, value);
}
std::string_view OrderTriggerName(OrderTrigger value) {
  return NameOf(kOrderTriggerNames, value);
}
std::string_view OrderCommandKindName(OrderCommandKind value) {
  return NameOf(kOrderCommandKindNames, value);
}
std::string_view BrokerReportKindName(BrokerReportKind value) {
  return NameOf(kBrokerReportKindNames, value);
}
std::string_view IncidentKindName(IncidentKind value) {
  return NameOf(kIncidentKindNames, value);
}
std::string_view AdminCommandKindName(AdminCommandKind value) {
  return NameOf(kAdminCommandKindNames, value);
}
std::string_view FlattenStageName(FlattenStage value) {
  return NameOf(kFlattenStageNames, value);
}
std::string_view DifferenceKindName(DifferenceKind value) {
  return NameOf(kDifferenceKindNames, value);
}
std::string_view RepairName(Repair value) {
  return NameOf(kRepairNames, value);
}

}  // namespace spillway
