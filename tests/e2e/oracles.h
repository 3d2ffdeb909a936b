// Sessions imported by the program, and what others found in the same recordings.
#pragma once

#include <string>
#include <vector>

#include "nlohmann/json.hpp"
#include "tests/e2e/raw_market.h"
#include "tests/support/recorded_data.h"

namespace spillway::e2e {

// The expected values of a file below data/; null where oracles.json is not there.
nlohmann::json Oracle(const std::string& file);

// Imports with these arguments; the one symbol that `log info --json` then gives.
nlohmann::json ImportedSymbol(const std::vector<std::string>& arguments);

// Equal to six decimals, and said with six or more.
void CheckVwap(const nlohmann::json& symbol, double oracle);
void CheckFigures(const nlohmann::json& symbol, const Figures& figures);

}  // namespace spillway::e2e
