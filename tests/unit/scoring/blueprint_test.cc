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

TEST_CASE("blueprint: EX-06 ask 12.03, spread .03: entry 12.04, stop 11.95, target 12.22", "[scoring]") {
  v1::Profile small;
  small.mutable_blueprint()->set_entry_offset_e9(10'000'000);
  small.mutable_blueprint()->set_stop_spreads(3);
  small.mutable_blueprint()->set_target_spreads(6);
  const SetupPrices prices = PricesFor(BlueprintOf(small), {.bid = Text("12.00"), .ask = Text("12.03")}, Ticks("0.01"));
  CHECK(prices.entry == Text("12.04"));
  CHECK(prices.stop == Text("11.95"));
  CHECK(prices.target == Text("12.22"));
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
    const auto exact = [&](SpreadMultiple multiple) { return Int128{(ask - bid).nanos()} * multiple.millionths; };
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
