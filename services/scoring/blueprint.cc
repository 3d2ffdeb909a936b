#include "services/scoring/blueprint.h"

#include <algorithm>
#include <cmath>

#include "libs/base/int128.h"
#include "spillway/v1/profile.pb.h"

namespace spillway::scoring {
namespace {

// Distances are kept in units of 1e-8 nanos, in which both a spread's multiple and a percentage are whole numbers.
constexpr Int128 kScale = 100'000'000;
constexpr Int128 kMillion = 1'000'000;

Multiple MultipleOf(double value) {
  return {std::llround(value * 1e6)};
}

Int128 Spreads(Price spread, Multiple multiple) {
  return Int128{spread.nanos()} * multiple.millionths * (kScale / kMillion);
}
Int128 Percent(Price of, Multiple percent) {
  return Int128{of.nanos()} * percent.millionths;
}

// A rest below a nano is pushed outwards, so that rounding to the tick goes the same way as the exact distance.
Price Outwards(Int128 distance, Int128 scale) {
  return Price::FromNanos(static_cast<int64_t>(distance / scale + (distance % scale != 0 ? 1 : 0)));
}

}  // namespace

Blueprint BlueprintOf(const v1::Profile& profile) {
  const v1::Blueprint& from = profile.blueprint();
  Blueprint blueprint{.entry_offset = Price::FromNanos(from.entry_offset_e9()),
                      .stop = MultipleOf(from.stop_spreads()),
                      .target = MultipleOf(from.target_spreads())};
  if (from.has_life_ns()) blueprint.life = Duration(from.life_ns());
  if (from.has_stop_percent()) blueprint.stop_percent = MultipleOf(from.stop_percent());
  if (from.has_target_stops()) blueprint.target_stops = MultipleOf(from.target_stops());
  return blueprint;
}

SetupPrices PricesFor(const Blueprint& blueprint, const TopOfBook& top, const TickTable& ticks, Side side) {
  const bool is_long = side != Side::kAsk;
  SetupPrices prices;
  prices.spread = top.ask - top.bid;
  prices.entry = is_long ? ticks.Ceil(top.ask + blueprint.entry_offset) : ticks.Floor(top.bid - blueprint.entry_offset);

  Int128 stop = Spreads(prices.spread, blueprint.stop);
  if (blueprint.stop_percent) stop = std::max(stop, Percent(prices.entry, *blueprint.stop_percent));
  const Price stop_distance = Outwards(stop, kScale);
  const Price target_distance = blueprint.target_stops
                                    ? Outwards(stop * blueprint.target_stops->millionths, kScale * kMillion)
                                    : Outwards(Spreads(prices.spread, blueprint.target), kScale);
  prices.stop = is_long ? ticks.Floor(prices.entry - stop_distance) : ticks.Ceil(prices.entry + stop_distance);
  prices.target = is_long ? ticks.Ceil(prices.entry + target_distance) : ticks.Floor(prices.entry - target_distance);
  return prices;
}

}  // namespace spillway::scoring
