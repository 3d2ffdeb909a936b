#include "libs/events/market_lanes.h"

#include "libs/base/check.h"
#include "xxhash.h"

namespace spillway {

uint32_t MarketLaneOf(std::string_view symbol, uint32_t lanes) {
  SPILLWAY_CHECK(lanes > 0);
  return static_cast<uint32_t>(XXH3_64bits(symbol.data(), symbol.size()) % lanes);
}

bool IsInstrumentEvent(const Event& event) {
  const bool of_instrument =
      std::visit(Overloaded{[](const InstrumentDefinition&) { return true; }, [](const HaltChanged&) { return true; },
                            [](const NewsHeadline&) { return true; }, [](const TradeBust&) { return true; },
                            [](const TradeCorrection&) { return true; }, [](const FeedGap&) { return true; },
                            [](const MarketBatch&) { return true; }, [](const auto&) { return false; }},
                 event.body);
  return of_instrument && event.header.instrument != 0;
}

}  // namespace spillway
