// The prices of a long setup, from the quote at the trigger (S0-6.1 to S0-6.3, C-10). Exact: no price goes through a
// double. Entry and target are rounded up to the instrument's tick at that price, the stop down (EX-05).
//
//   entry = ask + entry_offset,  stop = entry - stop_spreads x spread,  target = entry + target_spreads x spread
#pragma once

#include <cstdint>

#include "libs/base/price.h"
#include "libs/base/time.h"
#include "libs/events/tick_table.h"

namespace spillway::v1 {
class Profile;
}

namespace spillway::scoring {

// A multiple of a spread, in millionths: what a profile's decimal says, exactly.
struct SpreadMultiple {
  int64_t millionths = 0;
};

struct Blueprint {
  Price entry_offset;
  SpreadMultiple stop;
  SpreadMultiple target;
  Duration life = std::chrono::seconds(60);  // the entry must trade within it
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
SetupPrices PricesFor(const Blueprint& blueprint, const TopOfBook& top, const TickTable& ticks);

}  // namespace spillway::scoring
