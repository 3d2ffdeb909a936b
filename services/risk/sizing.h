// How big a trade may be (FX-13):
//   floor(min(equity * risk / |entry - stop|, share cap, notional cap / entry, liquidity cap, intent's own maximum,
//             the stage's shares, cash that may be used / entry))
// in whole units; half of it (low_confidence_size) in a low-confidence window. All in integers.
#pragma once

#include <optional>

#include "libs/costs/costs.h"
#include "libs/events/event.h"
#include "services/risk/limits.h"

namespace spillway::risk {

struct SizingQuestion {
  ContractTerms terms = {};
  Price entry;                                          // above 0, not equal to stop
  Price stop;                                           // above 0
  std::optional<Quantity> displayed = std::nullopt;     // on the side that the entry takes; needed with a liquidity cap
  std::optional<Quantity> quantity_max = std::nullopt;  // the intent's own
  std::optional<Quantity> stage_max = std::nullopt;     // S1-B7.*
  std::optional<Money> cash = std::nullopt;             // C-34: what may be spent, costs included
  costs::CostSchedule costs = {};                       // needed with `cash`
  Millionths scale{1'000'000};                          // of the result: low_confidence_size, else all
};

struct Size {
  Quantity quantity;                     // whole units, 0 if not even one is allowed
  SizeCap binding_cap = SizeCap::kRisk;  // the smallest; of equals the first in SizeCap order
  Money risk;                            // quantity * |entry - stop|, in the contract's own terms
};

// Cannot fail; a liquidity cap without a displayed size gives 0.
Size SizeOf(const SizingLimits& limits, const SizingQuestion& question);

}  // namespace spillway::risk
