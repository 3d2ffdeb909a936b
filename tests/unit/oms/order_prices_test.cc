#include "services/oms/order_prices.h"

#include "services/oms/command_rate.h"
#include "services/oms/trade.h"
#include "tests/catch.h"
#include "tests/support/trading_lane.h"

namespace spillway::oms {
namespace {

using test::Usd;

const TickTable kCents{.tick = Usd(0.01), .bands = {}};

Quote QuoteOf(double bid, double ask) {
  return {.bid = Usd(bid), .ask = Usd(ask), .bid_size = Quantity::Units(100), .ask_size = Quantity::Units(100)};
}

}  // namespace

TEST_CASE("S3-A4.2: limits are rounded so that rounding costs nothing", "[oms]") {
  CHECK(RoundToTick(kCents, Side::kBid, Usd(20.019)) == Usd(20.01));
  CHECK(RoundToTick(kCents, Side::kAsk, Usd(20.011)) == Usd(20.02));
  CHECK(Crossed(kCents, Side::kBid, Usd(20.00), 500) == Usd(20.01));
  CHECK(Crossed(kCents, Side::kAsk, Usd(20.00), 500) == Usd(19.99));
  // Below 1.00 the tick is 0.0001; a sale is never at or below 0.
  const TickTable bands{.tick = Usd(0.0001), .bands = {{Usd(1.00), Usd(0.01)}}};
  CHECK(RoundToTick(bands, Side::kBid, Usd(0.12345)) == Usd(0.1234));
  CHECK(Crossed(bands, Side::kAsk, Usd(0.0001), 1'000'000) == Usd(0.0001));
}

TEST_CASE("FX-106: the chase's price is the mid, inside the spread", "[oms]") {
  CHECK(ChasePrice(kCents, Side::kBid, QuoteOf(20.00, 20.05)) == Usd(20.02));
  CHECK(ChasePrice(kCents, Side::kAsk, QuoteOf(20.00, 20.05)) == Usd(20.03));
  CHECK(ChasePrice(kCents, Side::kBid, QuoteOf(20.00, 20.01)) == Usd(20.00));
  CHECK(ChasePrice(kCents, Side::kAsk, QuoteOf(20.00, 20.01)) == Usd(20.01));
  for (int64_t bid = 1; bid < 200; ++bid) {
    for (int64_t spread = 1; spread < 12; ++spread) {
      const Quote quote = QuoteOf(static_cast<double>(bid) / 100, static_cast<double>(bid + spread) / 100);
      for (const Side side : {Side::kBid, Side::kAsk}) {
        const Price price = ChasePrice(kCents, side, quote);
        REQUIRE(price >= quote.bid);
        REQUIRE(price <= quote.ask);
        REQUIRE(price.nanos() % Usd(0.01).nanos() == 0);
      }
    }
  }
}

TEST_CASE("IR-12: a stop is never nearer than asked, and is reached by the quote that the position leaves at",
          "[oms]") {
  CHECK(StopOnTick(kCents, Side::kBid, Usd(19.885)) == Usd(19.88));
  CHECK(StopOnTick(kCents, Side::kAsk, Usd(20.115)) == Usd(20.12));
  CHECK(ThroughStop(Side::kBid, QuoteOf(19.88, 19.90), Usd(19.88)));
  CHECK(!ThroughStop(Side::kBid, QuoteOf(19.89, 19.90), Usd(19.88)));
  CHECK(ThroughStop(Side::kAsk, QuoteOf(20.10, 20.12), Usd(20.12)));
  CHECK(!ThroughStop(Side::kAsk, QuoteOf(20.10, 20.11), Usd(20.12)));
}

TEST_CASE("S3-C2.2: slippage is worse when it is more, on both sides", "[oms]") {
  CHECK_THAT(SlippageBps(Side::kBid, Usd(20.00), Usd(20.02)), Catch::Matchers::WithinAbs(10, 1e-9));
  CHECK_THAT(SlippageBps(Side::kAsk, Usd(20.00), Usd(20.02)), Catch::Matchers::WithinAbs(-10, 1e-9));
}

TEST_CASE("S3-B2.2: an order's id is a function of intent, role and attempt, and of nothing else", "[oms]") {
  const EventId intent{1, 2};
  std::set<OrderId> ids;
  for (uint32_t role = 1; role <= 5; ++role) {
    for (uint32_t attempt = 0; attempt < 2500; ++attempt) {
      ids.insert(OrderIdOf(intent, static_cast<OrderRole>(role), attempt));
    }
  }
  CHECK(ids.size() == 12'500);
  CHECK(OrderIdOf(intent, OrderRole::kStop, 7) == OrderIdOf(intent, OrderRole::kStop, 7));
  CHECK(OrderIdOf({1, 3}, OrderRole::kStop, 7) != OrderIdOf(intent, OrderRole::kStop, 7));
  CHECK(ParseClientOrderId(ClientOrderId(OrderIdOf(intent, OrderRole::kStop, 7))) ==
        OrderIdOf(intent, OrderRole::kStop, 7));
}

TEST_CASE("S3-A4.4: commands of the last minute are counted, the oldest leaves after exactly one", "[oms]") {
  CommandRate rate;
  const Time begin = test::NewYork("10:00");
  CHECK(rate.Allows(1, begin));
  rate.Note(begin);
  CHECK(!rate.Allows(1, begin + std::chrono::seconds(59)));
  CHECK(rate.Allows(2, begin + std::chrono::seconds(59)));
  CHECK(rate.Allows(std::nullopt, begin));
  CHECK(rate.next(begin) == begin + std::chrono::seconds(60));
  CHECK(rate.Allows(1, begin + std::chrono::seconds(60)));
}

}  // namespace spillway::oms
