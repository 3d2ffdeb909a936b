#include "libs/costs/costs.h"

#include "tests/support/profiles.h"

namespace spillway::costs {
namespace {

Price Usd(int64_t cents) {
  return Price::FromNanos(cents * 10'000'000);
}

TEST_CASE("costs: the shipped schedule is 3.50 USD for a round trip of 500 shares (C-30, EX-06)", "[costs]") {
  const CostSchedule schedule = CostScheduleOf(test::ClassicProfile().costs());
  CHECK(RoundTripCost(schedule, Quantity::Units(500)).ToString() == "3.50");
  CHECK(RoundTripCost(schedule, Quantity::Units(100)).ToString() == "0.70");
  CHECK(RoundTripCost(schedule, Quantity::Units(99)).ToString() == "0.70");  // the order minimum
  CHECK(RoundTripCost(schedule, Quantity::Units(101)).ToString() == "0.707");
  CHECK(RoundTripCost(schedule, Quantity()).ToString() == "0.00");
}

TEST_CASE("costs: a fixed sum replaces the rest; none of it is free", "[costs]") {
  CostSchedule schedule{.per_unit = Money::FromE8(1), .per_order_min = Money::FromE8(2), .round_trip = std::nullopt};
  CHECK(RoundTripCost(schedule, Quantity::FromE8(1)) == Money::FromE8(4));
  schedule.round_trip = Money::FromE8(7);
  CHECK(RoundTripCost(schedule, Quantity::Units(1)) == Money::FromE8(7));
  CHECK(RoundTripCost(CostSchedule{}, Quantity::Units(1)) == Money());
}

TEST_CASE("costs: a fraction of the last decimal is rounded up, against the trader", "[costs]") {
  const CostSchedule schedule{.per_unit = Money::FromE8(3), .per_order_min = std::nullopt, .round_trip = std::nullopt};
  CHECK(RoundTripCost(schedule, Quantity::FromE8(50'000'000)) == Money::FromE8(4));  // 1.5 becomes 2 a side
}

TEST_CASE("profit: long, short, multiplied and inverse contracts", "[costs]") {
  const RoundTrip up{Side::kBid, Usd(1204), Usd(1222), Quantity::Units(500)};
  CHECK(GrossProfit({}, up).ToString() == "90.00");
  CHECK(GrossProfit({}, {Side::kAsk, Usd(1204), Usd(1222), Quantity::Units(500)}).ToString() == "-90.00");
  const ContractTerms future{.multiplier = Quantity::Units(50), .inverse = false};
  CHECK(GrossProfit(future, {Side::kBid, Usd(500'000), Usd(500'025), Quantity::Units(2)}).ToString() == "25.00");
  // 100 USD a contract: bought at 50,000, sold at 62,500, ten contracts earn 1000/50000 - 1000/62500 coins.
  const ContractTerms inverse{.multiplier = Quantity::Units(100), .inverse = true};
  CHECK(GrossProfit(inverse, {Side::kBid, Usd(5'000'000), Usd(6'250'000), Quantity::Units(10)}).ToString() == "0.004");
  const CostSchedule schedule = CostScheduleOf(test::ClassicProfile().costs());
  CHECK(NetProfit({}, schedule, up).ToString() == "86.50");
}

}  // namespace
}  // namespace spillway::costs
