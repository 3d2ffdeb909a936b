#include <iostream>

#include "fmt/format.h"
#include "libs/profile/risk_profile_loader.h"
#include "nlohmann/json.hpp"
#include "tools/spillway/account_carry.h"
#include "tools/spillway/commands.h"
#include "tools/spillway/console.h"
#include "tools/spillway/session_run.h"

namespace spillway::cli {

int Run(const RunArguments& arguments) {
  absl::StatusOr<std::vector<StrategyInstance>> instances = LoadInstances(arguments.profiles);
  if (!instances.ok()) {
    Fail(instances.status());
    return kExitUsage;
  }
  const absl::StatusOr<TradingSetup> trading = LoadTrading({.execution = arguments.execution,
                                                            .broker = arguments.broker,
                                                            .risk_profile = arguments.risk_profile,
                                                            .venue = arguments.venue},
                                                           *instances);
  if (!trading.ok()) {
    Fail(trading.status());
    return kExitUsage;
  }
  if (!trading->venue && (arguments.execution == "auto" || arguments.execution == "confirm")) {
    Fail(absl::InvalidArgumentError(
        fmt::format("no broker: with --execution {} every trade would be refused and nothing told; nothing becomes an "
                    "order without one. Take --broker sim, or --execution alert_only for the alerts",
                    arguments.execution)));
    return kExitUsage;
  }
  universe::ReferenceData reference;
  if (!arguments.reference.empty()) {
    absl::StatusOr<universe::ReferenceData> read = universe::ReadReferenceCsv(arguments.reference);
    if (!read.ok()) return Fail(read.status());
    reference = *std::move(read);
  }
  if (!arguments.account_from.empty()) {
    if (const absl::Status status = CarryAccounts(arguments.account_from, arguments.session, *instances);
        !status.ok()) {
      return Fail(status);
    }
  }
  const bool cards = !arguments.json && !arguments.quiet;
  const absl::StatusOr<SessionRunResult> result = RunSession({.session = arguments.session,
                                                              .out = arguments.out,
                                                              .replace = arguments.replace,
                                                              .show_shadow = arguments.show_shadow,
                                                              .cards = cards ? &std::cout : nullptr,
                                                              .colour = StdoutIsTerminal()},
                                                             *instances, reference, *trading);
  if (!result.ok()) return Fail(result.status());
  if (arguments.json) {
    nlohmann::ordered_json json = {{"session", arguments.out},
                                   {"digest", result->digest},
                                   {"market_events", result->rows},
                                   {"signals_accepted", result->signals_accepted},
                                   {"signals_rejected", result->signals_rejected},
                                   {"signals_previewed", result->signals_previewed},
                                   {"approved", result->approved},
                                   {"refused", result->refused},
                                   {"alerts", result->alerts},
                                   {"shadow_alerts", result->shadow_alerts},
                                   {"signals_cancelled", result->cancelled}};
    if (trading->risk) {
      const TradingTotals& t = result->trading;
      json["trading"] = {{"risk_profile", profile::RiskProfileName(*trading->risk)},
                         {"broker", trading->venue ? "simulated" : "none"},
                         {"orders", t.orders},
                         {"orders_rejected", t.orders_rejected},
                         {"fills", t.fills},
                         {"positions_closed", t.positions_closed},
                         {"positions_open", t.positions_open},
                         {"realized_net", t.realized_net.ToString()},
                         {"fees", t.fees.ToString()},
                         {"incidents", t.incidents}};
    }
    for (const StrategyInstance& instance : *instances) {
      json["instances"].push_back({{"name", instance.name}, {"mode", instance.shadow ? "shadow" : "active"}});
    }
    fmt::print("{}\n", json.dump(2));
    return kExitOk;
  }
  const std::string previews =
      result->signals_previewed > 0 ? fmt::format(" {} previews,", result->signals_previewed) : "";
  fmt::print(
      "{}: {} market events, {} signals accepted, {} rejected,{} {} approved, {} refused, {} alerts ({} shadow), "
      "{} cancelled\ndigest {}\n",
      arguments.out, result->rows, result->signals_accepted, result->signals_rejected, previews, result->approved,
      result->refused, result->alerts, result->shadow_alerts, result->cancelled, result->digest);
  if (trading->risk) fmt::print("{}\n", ToText(result->trading));
  fmt::print("next: spillway report {} --html report.html    spillway replay {} --verify\n", arguments.out,
             arguments.out);
  return kExitOk;
}

}  // namespace spillway::cli
