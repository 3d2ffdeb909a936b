// The rules that ask the account's watch: they hold for orders, whichever strategy they are of. Each needs Case::watch,
// those on losses a profile too.
#pragma once

#include <optional>

#include "services/risk/rules.h"

namespace spillway::risk {

std::optional<Refusal> KillSwitchActive(const Case& c);
std::optional<Refusal> NotArmed(const Case& c);
std::optional<Refusal> SymbolPaused(const Case& c);
std::optional<Refusal> AccountDayLoss(const Case& c);
std::optional<Refusal> AccountDrawdown(const Case& c);
std::optional<Refusal> SlippageAnomaly(const Case& c);
std::optional<Refusal> LatencyAnomaly(const Case& c);

}  // namespace spillway::risk
