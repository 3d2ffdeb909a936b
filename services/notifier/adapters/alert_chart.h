// The picture of an alert: the book around the trigger as a heat map (price by time, brighter is more size), bid, ask
// and last trade as lines, trades as dots, and the plan: entry, stop, target.
#pragma once

#include <string>

#include "services/notifier/delivery_ledger.h"
#include "services/notifier/market_tape.h"

namespace spillway::notifier {

inline constexpr int kChartWidth = 800;
inline constexpr int kChartHeight = 400;

// A PNG of kChartWidth x kChartHeight; "" where there is nothing to draw (no column with a price) or drawing failed.
std::string DrawAlertChart(const AlertCard& card, const MarketPicture& picture);

}  // namespace spillway::notifier
