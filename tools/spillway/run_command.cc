#include <iostream>

#include "fmt/format.h"
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
                                                             *instances, reference);
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
  fmt::print("next: spillway report {} --html report.html    spillway replay {} --verify\n", arguments.out,
             arguments.out);
  return kExitOk;
}

}  // namespace spillway::cli
