// The prices of orders, in integers and on the tick. Of a buy; a sell is its mirror image.
#pragma once

#include <optional>

#include "libs/base/price.h"
#include "libs/events/event.h"
#include "libs/events/tick_table.h"
#include "services/oms/execution_terms.h"

namespace spillway::oms {

// `price` on the tick: a buy is rounded down, a sell up, so that rounding costs nothing.
Price RoundToTick(const TickTable& ticks, Side side, Price price);
// `price` made worse by `cross`, so that the order meets what is there: a buy dearer, a sell cheaper. On the tick, and
// one tick at least.
Price Crossed(const TickTable& ticks, Side side, Price price, PriceFraction cross);
// FX-106: the mid, rounded inside the spread.
Price ChasePrice(const TickTable& ticks, Side side, const Quote& quote);

// Of a position: kBid is long. A stop is rounded away from the price, never nearer than what was asked.
Price StopOnTick(const TickTable& ticks, Side position, Price stop);
Price TargetOnTick(const TickTable& ticks, Side position, Price target);
// Whether `quote` is at or through the stop.
bool ThroughStop(Side position, const Quote& quote, Price stop);
// The quote that the position leaves at.
Price ExitQuote(Side position, const Quote& quote);
Price Mid(const Quote& quote);
Price DistanceTimes(Price distance, int64_t millionths);

// Signed so that more is worse for the side.
double SlippageBps(Side side, Price wanted, Price got);

}  // namespace spillway::oms
