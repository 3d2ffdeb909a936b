#include "services/scoring/blueprint.h"

#include <random>

#include "spillway/v1/profile.pb.h"
#include "tests/catch.h"
#include "tests/support/features_lane.h"

namespace spillway::scoring {
namespace {

using test::Px;

Price Text(const std::string& decimal) {
  return *Price::Parse(decimal);
}
TickTable Ticks(const std::string& tick) {
  return {.tick = Text(tick), .bands = {}};
}

}  // namespace

TEST_CASE("blueprint: EX-05 bid 19.97, ask 20.00: entry 20.00, stop 19.88, target 20.24", "[scoring]") {
  const Blueprint classic = BlueprintOf(test::Classic());
  const SetupPrices prices = PricesFor(classic, {.bid = Text("19.97"), .ask = Text("20.00")}, Ticks("0.01"));
  CHECK(prices.entry == Text("20.00"));
  CHECK(prices.stop == Text("19.88"));
  CHECK(prices.target == Text("20.24"));
  CHECK(prices.spread == Text("0.03"));
  CHECK(classic.life == std::chrono::seconds(60));
}

TEST_CASE("EX-06, S1-B5.1, S1-B5.2, S1-B5.3: ask 12.03, spread .03: entry 12.04, stop 11.95, target 12.22",
          "[scoring]") {
  const v1::Profile small = test::Shipped("small-account@1");
  CHECK(small.blueprint().entry_offset_e9() == 10'000'000);
  CHECK(small.blueprint().stop_spreads() == 3);
  CHECK(small.blueprint().target_spreads() == 6);
  const SetupPrices prices = PricesFor(BlueprintOf(small), {.bid = Text("12.00"), .ask = Text("12.03")}, Ticks("0.01"));
  CHECK(prices.entry == Text("12.04"));
  CHECK(prices.stop == Text("11.95"));
  CHECK(prices.target == Text("12.22"));
}

TEST_CASE("S1-A6.1, S1-A6.2, S1-A6.3, S1-I3.1: entry at the ask, stop 4 spreads below, target 8 above", "[scoring]") {
  const std::string name = GENERATE("ofi-ram@1", "ofi-quant@1");
  CAPTURE(name);
  const SetupPrices prices =
      PricesFor(BlueprintOf(test::Shipped(name)), {.bid = Text("7.48"), .ask = Text("7.50")}, Ticks("0.01"));
  CHECK(prices.entry == Text("7.50"));
  CHECK(prices.stop == Text("7.42"));
  CHECK(prices.target == Text("7.66"));
}

TEST_CASE("blueprint: IR-12 the stop is at least a percentage of the entry away, the target a multiple of the stop",
          "[scoring]") {
  const Blueprint a = BlueprintOf(test::Shipped("ram-observed@1"));  // 0.3%, 6 spreads, 1.2
  const SetupPrices wide = PricesFor(a, {.bid = Text("9.98"), .ask = Text("10.00")}, Ticks("0.01"));
  CHECK(wide.stop == Text("9.88"));     // 6 x 0.02 > 0.03
  CHECK(wide.target == Text("10.15"));  // 1.2 x 0.12 = 0.144
  const SetupPrices narrow = PricesFor(a, {.bid = Text("99.99"), .ask = Text("100.00")}, Ticks("0.01"));
  CHECK(narrow.stop == Text("99.70"));  // 0.3% = 0.30 > 0.06
  CHECK(narrow.target == Text("100.36"));
  CHECK(a.life == std::chrono::seconds(300));  // IR-7

  Blueprint b = a;  // template B: 0.6%, 10 spreads, 1.8
  b.stop = {10'000'000};
  b.stop_percent = Multiple{600'000};
  b.target_stops = Multiple{1'800'000};
  const SetupPrices exact = PricesFor(b, {.bid = Text("33.32"), .ask = Text("33.33")}, Ticks("0.0001"));
  CHECK(exact.stop == Text("33.1300"));    // 0.6% of 33.33 = 0.19998
  CHECK(exact.target == Text("33.6900"));  // 1.8 x 0.19998 = 0.359964
  const SetupPrices below = PricesFor(b, {.bid = Text("33.32"), .ask = Text("33.33")}, Ticks("0.00001"));
  CHECK(below.stop == Text("33.13002"));
  CHECK(below.target == Text("33.68997"));
}

TEST_CASE("blueprint: IR-1 a short setup is the long one's mirror image", "[scoring]") {
  const Blueprint small = BlueprintOf(test::Shipped("small-account@1"));
  const SetupPrices prices = PricesFor(small, {.bid = Text("12.00"), .ask = Text("12.03")}, Ticks("0.01"), Side::kAsk);
  CHECK(prices.entry == Text("11.99"));
  CHECK(prices.stop == Text("12.08"));
  CHECK(prices.target == Text("11.81"));
  CHECK(prices.spread == Text("0.03"));

  const uint32_t seed = 7;
  CAPTURE(seed);
  std::mt19937 random(seed);
  Blueprint blueprint{.entry_offset = Px(0.013), .stop = {3'333'333}, .target = {6'666'667}};
  for (int i = 0; i < 10'000; ++i) {
    if (i == 5'000) blueprint.target_stops = Multiple{1'234'567};
    const Price tick = Price::FromNanos(std::vector<int64_t>{1, 100'000, 10'000'000}[random() % 3]);
    const Price sum = tick * 400'000;  // the mirror: a price p becomes sum - p
    const Price bid = tick * static_cast<int64_t>(200'000 + random() % 100'000);
    const Price ask = bid + tick * static_cast<int64_t>(1 + random() % 500);
    const TickTable ticks{.tick = tick, .bands = {}};
    const SetupPrices up = PricesFor(blueprint, {bid, ask}, ticks);
    const SetupPrices down = PricesFor(blueprint, {sum - ask, sum - bid}, ticks, Side::kAsk);
    REQUIRE(down.entry == sum - up.entry);
    REQUIRE(down.stop == sum - up.stop);
    REQUIRE(down.target == sum - up.target);
  }
}

TEST_CASE("blueprint: the stop is rounded down and the target up to the tick", "[scoring]") {
  v1::Profile profile;
  profile.mutable_blueprint()->set_stop_spreads(1.5);
  profile.mutable_blueprint()->set_target_spreads(2.5);
  const SetupPrices prices =
      PricesFor(BlueprintOf(profile), {.bid = Text("19.99"), .ask = Text("20.00")}, Ticks("0.01"));
  CHECK(prices.stop == Text("19.98"));    // 19.985
  CHECK(prices.target == Text("20.03"));  // 20.025
  const SetupPrices fine =
      PricesFor(BlueprintOf(profile), {.bid = Text("19.99"), .ask = Text("20.00")}, Ticks("0.0001"));
  CHECK(fine.stop == Text("19.985"));
  CHECK(fine.target == Text("20.025"));
}

TEST_CASE("blueprint: each price is on the tick of its own band", "[scoring]") {
  // A US equity: 0.0001 below one dollar, 0.01 from there on (rule 612).
  const TickTable ticks{.tick = Text("0.0001"), .bands = {{.from_price = Text("1.00"), .tick = Text("0.01")}}};
  const Blueprint blueprint{.entry_offset = Price(), .stop = {2'500'000}, .target = {2'500'000}};
  const SetupPrices prices = PricesFor(blueprint, {.bid = Text("1.0000"), .ask = Text("1.0100")}, ticks);
  CHECK(prices.entry == Text("1.01"));
  CHECK(prices.stop == Text("0.9850"));  // 1.01 - 0.025: in the fine band it stays as it is
  CHECK(prices.target == Text("1.04"));  // 1.035
  const SetupPrices below = PricesFor(blueprint, {.bid = Text("0.9898"), .ask = Text("0.9899")}, ticks);
  CHECK(below.stop == Text("0.9896"));    // 0.98965
  CHECK(below.target == Text("0.9902"));  // 0.99015
}

TEST_CASE("blueprint: prices are on the tick, never nearer than the exact distance, and less than a tick beyond it",
          "[scoring]") {
  const uint32_t seed = 20250502;
  CAPTURE(seed);
  std::mt19937 random(seed);
  const Blueprint blueprint{.entry_offset = Px(0.01), .stop = {3'333'333}, .target = {6'666'667}};
  for (int i = 0; i < 10'000; ++i) {
    const Price tick = Price::FromNanos(std::vector<int64_t>{1, 100'000, 10'000'000, 250'000'000}[random() % 4]);
    const Price bid = tick * static_cast<int64_t>(1 + random() % 100'000);
    const Price ask = bid + tick * static_cast<int64_t>(1 + random() % 500);
    const SetupPrices prices = PricesFor(blueprint, {bid, ask}, {.tick = tick, .bands = {}});
    const auto exact = [&](Multiple multiple) { return Int128{(ask - bid).nanos()} * multiple.millionths; };
    const Int128 stop = Int128{(prices.entry - prices.stop).nanos()} * 1'000'000;
    const Int128 target = Int128{(prices.target - prices.entry).nanos()} * 1'000'000;
    const Int128 one_tick = Int128{tick.nanos()} * 1'000'000;
    REQUIRE(prices.entry.nanos() % tick.nanos() == 0);
    REQUIRE(prices.stop.nanos() % tick.nanos() == 0);
    REQUIRE(prices.target.nanos() % tick.nanos() == 0);
    REQUIRE(prices.entry >= ask + Px(0.01));
    REQUIRE((stop >= exact(blueprint.stop) && stop < exact(blueprint.stop) + one_tick));
    REQUIRE((target >= exact(blueprint.target) && target < exact(blueprint.target) + one_tick));
  }
}

}  // namespace spillway::scoring
