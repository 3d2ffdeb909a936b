// The rules of the account, which hold for orders whichever strategy they are of: one function each, in one fixed
// order, behind those of the instance (rules.h). Each asks the risk profile and the account at the broker. What is set
// and cannot be judged refuses. docs/risk.md lists them.
#pragma once

#include <optional>
#include <vector>

#include "services/risk/rules.h"

namespace spillway::risk {

// The first rule that refuses. Needs a case with `order`, whose intent has passed the rules of rules.h.
std::optional<Refusal> FirstAccountRefusal(const Case& c);
// Each that refuses. Needs a mark and a risk profile as well.
std::vector<Refusal> AllAccountRefusals(const Case& c);

// What the account's limits mean for the size; nothing where no risk profile is in force.
void AddAccountCaps(const Case& c, SizingQuestion& question);

// The stop that the trade gets: farther in a volatility spike (FX-102), nearer in a drawdown (S4-R11.3.2); else the
// intent's own.
Price StopInForce(const Case& c);

}  // namespace spillway::risk
