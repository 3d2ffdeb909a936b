// The prices of a setup, from the quote at the trigger (S0-6.1 to S0-6.3, C-10). Exact: no price goes through a double.
// Of a long setup entry and target are rounded up to the instrument's tick at that price, the stop down (EX-05):
//
//   entry = ask + entry_offset,  stop = entry - stop distance,  target = entry + target distance
//   stop distance   = the larger of stop_spreads x spread and stop_percent of the entry (IR-12)
//   target distance = target_stops x stop distance if given (IR-12), else target_spreads x spread
//
// A short setup is its mirror image (IR-1): entry = bid - entry_offset, stop above, target below; entry and target are
// rounded down, the stop up.
#pragma once

#include <cstdint>
#include <optional>

#include "libs/base/price.h"
#include "libs/base/time.h"
#include "libs/events/market_event.h"
#include "libs/events/tick_table.h"

namespace spillway::v1 {
class Profile;
}

namespace spillway::scoring {

// A multiple of a spread or a distance, or a percentage, in millionths: what a profile's decimal says, exactly.
struct Multiple {
  int64_t millionths = 0;
};

struct Blueprint {
  Price entry_offset;
  Multiple stop;
  Multiple target;
  Duration life = std::chrono::seconds(60);  // the entry must trade within it
  std::optional<Multiple> stop_percent;      // of the entry
  std::optional<Multiple> target_stops;
};
Blueprint BlueprintOf(const v1::Profile& profile);

struct SetupPrices {
  Price entry;
  Price stop;
  Price target;
  Price spread;
};
// `ask` > `bid`, ticks > 0.
struct TopOfBook {
  Price bid;
  Price ask;
};
SetupPrices PricesFor(const Blueprint& blueprint, const TopOfBook& top, const TickTable& ticks, Side side = Side::kBid);

}  // namespace spillway::scoring
