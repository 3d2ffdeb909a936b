#include "services/notifier/notice.h"

#include "fmt/format.h"

namespace spillway::notifier {
namespace {

std::string Because(std::string_view reason) {
  return reason.empty() ? "" : fmt::format(" ({})", reason);
}

std::optional<Notice> Of(const KillSwitchChanged& kill) {
  if (!kill.active) {
    return Notice{NoticeSeverity::kWarning, "kill_switch", fmt::format("Trading enabled by {}", kill.by), kill.reason};
  }
  std::string text =
      fmt::format("seen {:g}, limit {:g} {}{}. ", kill.seen, kill.limit, kill.unit, Because(kill.reason));
  if (kill.cause == "manual") text = fmt::format("by {}{}. ", kill.by, Because(kill.reason));
  text +=
      "Orders that add risk are cancelled, new ones refused, until a person says: "
      "spillway admin enable --by NAME --reason WHY";
  return Notice{NoticeSeverity::kCritical, "kill_switch",
                fmt::format("KILL SWITCH: {}{}", kill.cause, kill.flatten ? ", closing all positions" : ""),
                std::move(text)};
}

std::optional<Notice> Of(const OrderIncident& incident, std::string_view symbol) {
  std::string text =
      fmt::format("{} in {}: {}", incident.client_order_id, OrderStateName(incident.state), incident.detail);
  if (incident.pauses) {
    text += fmt::format(". New trades in {} wait for: spillway admin resume {} --by NAME --reason WHY", symbol, symbol);
  }
  return Notice{NoticeSeverity::kCritical, "incident",
                fmt::format("{} order incident: {}", symbol, IncidentKindName(incident.kind)), std::move(text)};
}

std::optional<Notice> Of(const OrderEvent& order, std::string_view symbol) {
  if (order.state == OrderState::kUnknown && order.previous != OrderState::kUnknown) {
    return Notice{NoticeSeverity::kWarning, "order_in_doubt",
                  fmt::format("{} {} order in doubt", symbol, OrderRoleName(order.role)),
                  fmt::format("{}: no answer from the broker after {}. It is asked for; its risk stays reserved.",
                              ClientOrderId(order.order), OrderStateName(order.previous)),
                  true};
  }
  const bool exit = order.role != OrderRole::kEntry;
  if (exit && order.trigger == OrderTrigger::kRejected) {
    return Notice{NoticeSeverity::kCritical, "exit_rejected",
                  fmt::format("{} {} order rejected", symbol, OrderRoleName(order.role)), order.reason};
  }
  return std::nullopt;
}

std::optional<Notice> Of(const Reconciliation& difference, std::string_view symbol) {
  if (difference.kind == DifferenceKind::kNone) return std::nullopt;
  const std::string name = difference.symbol.empty() ? std::string(symbol) : difference.symbol;
  return Notice{difference.resolved ? NoticeSeverity::kWarning : NoticeSeverity::kCritical,
                fmt::format("reconciliation.{}", DifferenceKindName(difference.kind)),
                fmt::format("{} differs from the broker: {}{}", name, DifferenceKindName(difference.kind),
                            difference.resolved ? "" : ", NOT resolved"),
                fmt::format("ours {}, the broker's {}; {}. {}", difference.ours.ToString(),
                            difference.brokers.ToString(), RepairName(difference.repair), difference.detail),
                difference.resolved};
}

std::optional<Notice> Of(const BrokerReport& report) {
  switch (report.kind) {
    case BrokerReportKind::kDisconnected:
      return Notice{NoticeSeverity::kWarning, "broker_disconnected", "Broker disconnected",
                    report.reason + ". Nothing new is sent until it is back and its books were compared.", true};
    case BrokerReportKind::kRateLimited:
      return Notice{NoticeSeverity::kWarning, "broker_rate_limited", "Broker limits our requests", report.reason, true};
    case BrokerReportKind::kMalformed:
      return Notice{NoticeSeverity::kWarning, "broker_malformed", "Broker sent what does not read", report.reason,
                    true};
    default:
      return std::nullopt;
  }
}

std::optional<Notice> Of(const FlattenProgress& flatten, std::string_view symbol) {
  if (flatten.cancels_only) return std::nullopt;  // the kill switch was told
  std::string held;
  for (const FlattenProgress::Row& row : flatten.positions) {
    held += fmt::format(" {}{}", row.quantity.ToString(), row.halted ? " (halted)" : "");
  }
  const std::string what = symbol.empty() ? "all" : std::string(symbol);
  if (flatten.stage == FlattenStage::kDone) {
    return Notice{NoticeSeverity::kWarning, "flatten", fmt::format("Flattened {}", what), flatten.cause};
  }
  if (flatten.stage == FlattenStage::kQueued) {
    return Notice{NoticeSeverity::kCritical, "flatten", fmt::format("Flatten of {} waits for a halt", what),
                  fmt::format("{}; still held:{}", flatten.cause, held)};
  }
  if (flatten.stage == FlattenStage::kCanceling) {
    return Notice{NoticeSeverity::kCritical, "flatten", fmt::format("Flattening {}", what), flatten.cause};
  }
  return std::nullopt;
}

std::optional<Notice> Of(const PositionSnapshot& position, std::string_view symbol) {
  if (!position.trade || position.trade->state != AccountTradeState::kClosed) return std::nullopt;
  const AccountTrade& trade = *position.trade;
  return Notice{NoticeSeverity::kInfo, "trade",
                fmt::format("{} closed: {} {}", symbol, trade.reason, trade.profit_net.ToString()),
                fmt::format("{} {} at {}, gross {}, net {} ({:+.2f} R)", trade.side == Side::kAsk ? "short" : "long",
                            trade.quantity.ToString(), trade.price.ToString(), trade.profit_gross.ToString(),
                            trade.profit_net.ToString(), trade.r_multiple)};
}

// Account-wide pauses; those of one strategy are in its alerts' cards.
std::optional<Notice> Of(const EventHeader& header, const TradingState& state) {
  if (header.instance != 0 || header.instrument != 0 || !state.paused || state.cause.starts_with("kill")) {
    return std::nullopt;
  }
  std::string text = state.until ? "until " + FormatTime(*state.until) : "until its cause ends";
  return Notice{NoticeSeverity::kWarning, "paused." + state.cause, "New trades paused: " + state.cause, std::move(text),
                true};
}

}  // namespace

std::string_view SeverityName(NoticeSeverity severity) {
  switch (severity) {
    case NoticeSeverity::kCritical:
      return "critical";
    case NoticeSeverity::kWarning:
      return "warning";
    case NoticeSeverity::kInfo:
      break;
  }
  return "info";
}

std::optional<Notice> NoticeOf(const Event& event, std::string_view symbol) {
  return std::visit(Overloaded{
                        [&](const KillSwitchChanged& b) { return Of(b); },
                        [&](const OrderIncident& b) { return Of(b, symbol); },
                        [&](const OrderEvent& b) { return Of(b, symbol); },
                        [&](const Reconciliation& b) { return Of(b, symbol); },
                        [&](const BrokerReport& b) { return Of(b); },
                        [&](const FlattenProgress& b) { return Of(b, symbol); },
                        [&](const PositionSnapshot& b) { return Of(b, symbol); },
                        [&](const TradingState& b) { return Of(event.header, b); },
                        [](const auto&) -> std::optional<Notice> { return std::nullopt; },
                    },
                    event.body);
}

}  // namespace spillway::notifier
