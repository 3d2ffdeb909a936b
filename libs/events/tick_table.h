// The steps that an instrument's prices move in. They may depend on the price: a US equity's is 0.01 at and above 1.00
// and 0.0001 below (rule 612 of Regulation NMS).
#pragma once

#include <span>
#include <vector>

#include "libs/base/price.h"

namespace spillway {

// From `from_price` on, up to the next band's, prices are multiples of `tick`.
struct TickBand {
  Price from_price;
  Price tick;
  friend bool operator==(const TickBand&, const TickBand&) = default;
  template <class Archive>
  void Persist(Archive& a) {
    a(from_price, tick);
  }
};

// The tick of the last of the ascending `bands` that begins at or below `price`; `tick` if none does.
constexpr Price TickAt(Price tick, std::span<const TickBand> bands, Price price) {
  for (const TickBand& band : bands) {
    if (price < band.from_price) break;
    tick = band.tick;
  }
  return tick;
}

// What a processor keeps of a definition to put prices on the tick.
struct TickTable {
  Price tick;
  std::vector<TickBand> bands;

  Price At(Price price) const { return TickAt(tick, bands, price); }
  Price Floor(Price price) const { return FloorToTick(price, At(price)); }
  Price Ceil(Price price) const { return CeilToTick(price, At(price)); }
  template <class Archive>
  void Persist(Archive& a) {
    a(tick, bands);
  }
};

}  // namespace spillway
