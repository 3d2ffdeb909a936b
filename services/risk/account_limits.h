// What an instance's account means for its next trade, by its profile's limits.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "services/risk/instance.h"

namespace spillway::risk {

// The stage in force: the one that was set, else the profile's first; nullptr: the profile has none.
const StageLimits* StageOf(const Instance& instance);

// What sizes are made for: the account's equity up to the ceiling (S1-B10.5) where the profile has an account section,
// else sizing.equity.
Money SizingEquity(const Instance& instance);
// Of it at risk in a trade: the profile's, less while the month's drawdown is beyond its limit (S1-BS.4, C-11).
Millionths RiskInForce(const Instance& instance);
// What may be spent where the account's type limits it (C-34): settled cash, or all of it in a limited margin account;
// less what entries that may still come will need.
std::optional<Money> SpendableCash(const Instance& instance);

// From the day's peak, at which everything is closed (C-14): the tighter of amount and percent.
std::optional<Money> DayDrawdownMax(const Instance& instance);

// Sentences for a person: what is seen, the limit and what follows.
std::vector<std::string> AccountWarnings(const Instance& instance);

AccountSnapshot SnapshotOf(const Instance& instance);

}  // namespace spillway::risk
