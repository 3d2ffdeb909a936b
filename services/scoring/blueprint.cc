#include "services/scoring/blueprint.h"

#include <cmath>

#include "libs/base/int128.h"
#include "spillway/v1/profile.pb.h"

namespace spillway::scoring {
namespace {

constexpr Int128 kMillion = 1'000'000;

SpreadMultiple MultipleOf(double spreads) {
  return {std::llround(spreads * 1e6)};
}

// The distance rounded down to whole nanos; `rest` is true if something was left.
Price Distance(Price spread, SpreadMultiple multiple, bool& rest) {
  const Int128 product = Int128{spread.nanos()} * multiple.millionths;
  rest = product % kMillion != 0;
  return Price::FromNanos(static_cast<int64_t>(product / kMillion));
}

}  // namespace

Blueprint BlueprintOf(const v1::Profile& profile) {
  const v1::Blueprint& from = profile.blueprint();
  Blueprint blueprint{.entry_offset = Price::FromNanos(from.entry_offset_e9()),
                      .stop = MultipleOf(from.stop_spreads()),
                      .target = MultipleOf(from.target_spreads())};
  if (from.has_life_ns()) blueprint.life = Duration(from.life_ns());
  return blueprint;
}

SetupPrices PricesFor(const Blueprint& blueprint, const TopOfBook& top, const TickTable& ticks) {
  // A rest below a nano is pushed outwards, so that rounding to the tick goes the same way as the exact distance.
  const auto outwards = [&](SpreadMultiple multiple, Price spread) {
    bool rest = false;
    const Price distance = Distance(spread, multiple, rest);
    return rest ? distance + Price::FromNanos(1) : distance;
  };
  SetupPrices prices;
  prices.spread = top.ask - top.bid;
  prices.entry = ticks.Ceil(top.ask + blueprint.entry_offset);
  prices.stop = ticks.Floor(prices.entry - outwards(blueprint.stop, prices.spread));
  prices.target = ticks.Ceil(prices.entry + outwards(blueprint.target, prices.spread));
  return prices;
}

}  // namespace spillway::scoring
