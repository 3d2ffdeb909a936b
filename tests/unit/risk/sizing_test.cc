#include "services/risk/sizing.h"

#include <random>

#include "tests/catch.h"

namespace spillway::risk {
namespace {

Price Usd(double price) {
  return Price::FromNanos(std::llround(price * 1e9));
}
Money Dollars(int64_t dollars) {
  return Money::FromE8(dollars * 100'000'000);
}

SizingLimits Account() {
  return {.equity = Dollars(40'000), .risk = MillionthsOf(0.0025)};
}

TEST_CASE("EX-05, FX-13: 100 USD of risk over 0.12 are 833 shares", "[risk]") {
  const Size size = SizeOf(Account(), {.entry = Usd(20.00), .stop = Usd(19.88)});
  CHECK(size.quantity == Quantity::Units(833));
  CHECK(size.binding_cap == SizeCap::kRisk);
  CHECK(size.risk.ToString() == "99.96");
}

TEST_CASE("FX-13, C-31: the smallest cap binds and is named", "[risk]") {
  SizingLimits limits = Account();
  SizingQuestion question{.entry = Usd(20.00), .stop = Usd(19.88), .displayed = Quantity::Units(1000)};
  limits.shares_max = Quantity::Units(833);
  CHECK(SizeOf(limits, question).binding_cap == SizeCap::kRisk);  // of equals the first
  limits.shares_max = Quantity::Units(700);
  CHECK(SizeOf(limits, question).binding_cap == SizeCap::kShares);
  limits.notional_max = Dollars(12'019);  // 600.95 shares
  CHECK(SizeOf(limits, question).quantity == Quantity::Units(600));
  CHECK(SizeOf(limits, question).binding_cap == SizeCap::kNotional);
  limits.liquidity = MillionthsOf(0.5);
  CHECK(SizeOf(limits, question).quantity == Quantity::Units(500));
  CHECK(SizeOf(limits, question).binding_cap == SizeCap::kLiquidity);
  question.quantity_max = Quantity::Units(400);
  CHECK(SizeOf(limits, question).binding_cap == SizeCap::kIntent);
  question.scale = MillionthsOf(0.5);
  CHECK(SizeOf(limits, question).quantity == Quantity::Units(200));
  CHECK(SizeOf(limits, question).risk.ToString() == "24.00");
}

TEST_CASE("sizing: a liquidity cap without a displayed size allows nothing", "[risk]") {
  SizingLimits limits = Account();
  limits.liquidity = MillionthsOf(1);
  CHECK(SizeOf(limits, {.entry = Usd(20.00), .stop = Usd(19.88)}).quantity == Quantity());
}

TEST_CASE("sizing: a multiplier makes each contract worth more, an inverse one is settled in the coin", "[risk]") {
  const ContractTerms future{.multiplier = Quantity::Units(50)};
  CHECK(SizeOf(Account(), {.terms = future, .entry = Usd(5000), .stop = Usd(4999)}).quantity == Quantity::Units(2));

  // 100 USD a contract; equity 1 coin, 0.25% of it at risk. At 50,000 and 49,500 a contract is worth 0.002 and
  // 0.0020202 coins: 0.0025 / 0.0000202 = 123.75.
  const ContractTerms inverse{.multiplier = Quantity::Units(100), .inverse = true};
  const SizingLimits coin{.equity = Dollars(1), .risk = MillionthsOf(0.0025)};
  const Size size = SizeOf(coin, {.terms = inverse, .entry = Usd(50'000), .stop = Usd(49'500)});
  CHECK(size.quantity == Quantity::Units(123));
  CHECK(size.risk <= Money::FromE8(250'000));
  CHECK(size.risk >= Money::FromE8(248'000));
}

TEST_CASE("sizing: never above a cap, and one unit more would be above it", "[risk]") {
  const uint64_t seed = 20250502;
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  const auto draw = [&](int64_t low, int64_t high) {
    return low + static_cast<int64_t>(random() % static_cast<uint64_t>(high - low + 1));
  };
  for (int i = 0; i < 20'000; ++i) {
    const SizingLimits limits{.equity = Money::FromE8(draw(1'00000000, 10'000'000'00000000)),
                              .risk = {draw(1, 20'000)},
                              .shares_max = Quantity::Units(draw(0, 5'000)),
                              .notional_max = Money::FromE8(draw(0, 1'000'000'00000000))};
    const Price entry = Price::FromNanos(draw(2'000'000, 900'000'000'000));
    const Price stop = entry - Price::FromNanos(draw(1, entry.nanos() - 1));
    const Size size = SizeOf(limits, {.entry = entry, .stop = stop});
    const int64_t units = size.quantity.e8() / Quantity::kUnit;
    const auto within = [&](int64_t n) {
      const Quantity q = Quantity::Units(n);
      const Int128 risk_e17 = static_cast<Int128>((entry - stop).nanos()) * q.e8();
      const Int128 notional_e17 = static_cast<Int128>(entry.nanos()) * q.e8();
      constexpr Int128 kBillion = 1'000'000'000;
      return q <= *limits.shares_max && notional_e17 <= limits.notional_max->e8() * kBillion &&
             risk_e17 <= static_cast<Int128>(limits.equity.e8()) * limits.risk.value / 1'000'000 * kBillion;
    };
    REQUIRE(size.quantity == Quantity::Units(units));
    REQUIRE(within(units));
    REQUIRE_FALSE(within(units + 1));
  }
}

}  // namespace
}  // namespace spillway::risk
