#include "services/oms/order_prices.h"

#include <algorithm>

#include "libs/base/int128.h"

namespace spillway::oms {

Price RoundToTick(const TickTable& ticks, Side side, Price price) {
  return side == Side::kBid ? ticks.Floor(price) : ticks.Ceil(price);
}

Price Crossed(const TickTable& ticks, Side side, Price price, PriceFraction cross) {
  const Price by = DistanceTimes(price, cross);
  if (side == Side::kBid) return ticks.Floor(price + by);
  const Price limit = ticks.Ceil(price - by);
  return std::max(limit, ticks.tick);
}

Price ChasePrice(const TickTable& ticks, Side side, const Quote& quote) {
  const Price price = RoundToTick(ticks, side, Mid(quote));
  return side == Side::kBid ? std::max(price, quote.bid) : std::min(price, quote.ask);
}

Price StopOnTick(const TickTable& ticks, Side position, Price stop) {
  return position == Side::kBid ? ticks.Floor(stop) : ticks.Ceil(stop);
}
Price TargetOnTick(const TickTable& ticks, Side position, Price target) {
  return RoundToTick(ticks, Opposite(position), target);
}
bool ThroughStop(Side position, const Quote& quote, Price stop) {
  return position == Side::kBid ? quote.bid <= stop : quote.ask >= stop;
}
Price ExitQuote(Side position, const Quote& quote) {
  return position == Side::kBid ? quote.bid : quote.ask;
}
Price Mid(const Quote& quote) {
  return Price::FromNanos(quote.bid.nanos() + (quote.ask - quote.bid).nanos() / 2);
}
Price DistanceTimes(Price distance, int64_t millionths) {
  return Price::FromNanos(static_cast<int64_t>(static_cast<Int128>(distance.nanos()) * millionths / 1'000'000));
}

double SlippageBps(Side side, Price wanted, Price got) {
  if (wanted == Price()) return 0;
  const Price worse = side == Side::kBid ? got - wanted : wanted - got;
  return worse.ToDouble() / wanted.ToDouble() * 1e4;
}

}  // namespace spillway::oms
