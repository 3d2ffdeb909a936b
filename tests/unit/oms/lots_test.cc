#include "services/oms/lots.h"

#include "libs/base/random.h"
#include "tests/catch.h"

namespace spillway::oms {
namespace {

Price Usd(std::string_view text) {
  return *Price::Parse(text);
}
Money Dollars(std::string_view text) {
  return *Money::Parse(text);
}

struct Trade {
  Side side;
  std::string_view price;
  std::string_view quantity;
  std::string_view fee = "0";
};
void Apply(Lots& lots, const Trade& trade, const ContractTerms& terms = {}) {
  const Price price = Usd(trade.price);
  const Quantity quantity = *Quantity::Parse(trade.quantity);
  lots.Apply({.side = trade.side,
              .price = price,
              .quantity = quantity,
              .value = Notional(terms, price, quantity),
              .fee = Dollars(trade.fee),
              .inverse = terms.inverse});
}

Money SignedCost(const Lots& lots, bool inverse) {
  const bool pays = (lots.quantity() > Quantity()) != inverse;
  return pays ? lots.cost() : -lots.cost();
}
void CheckConserved(const Lots& lots, bool inverse) {
  REQUIRE(lots.cash_flow() == lots.realized_gross() - SignedCost(lots, inverse) - lots.fees());
  Quantity held;
  Money cost;
  for (const Lot& lot : lots.open()) {
    REQUIRE(lot.quantity > Quantity());
    held += lot.quantity;
    cost = cost + lot.cost;
  }
  REQUIRE(held.e8() == std::abs(lots.quantity().e8()));
  REQUIRE(cost == lots.cost());
}

}  // namespace

// Worked by hand: bought 100 at 10.00 and 50 at 12.00; 120 sold at 13.00 close the first lot (300) and 20 of the second
// (20); 30 at 12.00 are left.
TEST_CASE("S3-B2.3: the oldest lot is closed first", "[oms]") {
  Lots lots;
  Apply(lots, {Side::kBid, "10.00", "100", "0.35"});
  Apply(lots, {Side::kBid, "12.00", "50", "0.35"});
  CHECK(lots.cost() == Dollars("1600"));
  CHECK(lots.average_price() == Usd("10.666666666"));

  Apply(lots, {Side::kAsk, "13.00", "120", "0.42"});
  CHECK(lots.quantity() == Quantity::Units(30));
  CHECK(lots.realized_gross() == Dollars("320"));
  CHECK(lots.cost() == Dollars("360"));
  CHECK(lots.fees() == Dollars("1.12"));
  CHECK(lots.cash_flow() == Dollars("-41.12"));  // 1560 - 1600 - 1.12
  CHECK(lots.average_price() == Usd("12"));
}

TEST_CASE("S3-B2.3: what goes through zero closes all and opens the other side", "[oms]") {
  Lots lots;
  Apply(lots, {Side::kBid, "10.00", "100"});
  Apply(lots, {Side::kAsk, "11.00", "150"});
  CHECK(lots.quantity() == Quantity::Units(-50));
  CHECK(lots.realized_gross() == Dollars("100"));
  CHECK(lots.cost() == Dollars("550"));  // of the short
  CHECK(lots.cash_flow() == Dollars("650"));

  Apply(lots, {Side::kBid, "9.00", "50"});
  CHECK(lots.quantity() == Quantity());
  CHECK(lots.realized_gross() == Dollars("200"));
  CHECK(lots.cost() == Money());
  CHECK(lots.cash_flow() == Dollars("200"));
  CHECK(lots.average_price() == Price());
}

// Three thirds of a lot that cost 1.00000000: 0.33333333, 0.33333333 and what is left, 0.33333334.
TEST_CASE("money is conserved to the last unit: the last part of a lot takes the rest of its cost", "[oms]") {
  Lots lots;
  Apply(lots, {Side::kBid, "0.333333333", "3"});  // rounded once: 1.00000000
  REQUIRE(lots.cost() == Dollars("1"));
  Apply(lots, {Side::kAsk, "1", "1"});
  CHECK(lots.realized_gross() == Dollars("0.66666667"));
  Apply(lots, {Side::kAsk, "1", "1"});
  CHECK(lots.realized_gross() == Dollars("1.33333334"));
  Apply(lots, {Side::kAsk, "1", "1"});
  CHECK(lots.realized_gross() == Dollars("2"));
  CHECK(lots.cash_flow() == Dollars("2"));
}

// An inverse perpetual of 100 USD a contract: 50 contracts at 50,000 are 0.1 BTC, at 40,000 0.125: the buyer lost
// 0.025.
TEST_CASE("C-30: an inverse contract earns the difference of its values in the coin, less its fees", "[oms]") {
  const ContractTerms terms{.multiplier = Quantity::Units(100), .inverse = true};
  Lots lots;
  Apply(lots, {Side::kBid, "50000", "50", "0.00005"}, terms);
  CHECK(lots.cost() == Dollars("0.1"));
  CheckConserved(lots, true);
  Apply(lots, {Side::kAsk, "40000", "50", "0.00006"}, terms);
  CHECK(lots.realized_gross() == Dollars("-0.025"));
  CHECK(lots.fees() == Dollars("0.00011"));
  CHECK(lots.cash_flow() == Dollars("-0.02511"));
}

TEST_CASE("C-30, money is conserved to the last unit: any sequence of deals, both sides, any contract", "[oms]") {
  const ContractTerms all_terms[] = {{},
                                     {.multiplier = Quantity::Units(50)},
                                     {.multiplier = Quantity::FromE8(12'345'678)},
                                     {.multiplier = Quantity::Units(100), .inverse = true}};
  for (uint64_t seed = 1; seed <= 400; ++seed) {
    INFO("seed " << seed);
    Random random(seed);
    const ContractTerms terms = all_terms[seed % 4];
    const int64_t step = seed % 3 == 0 ? 1 : seed % 3 == 1 ? 12'345 : Quantity::kUnit;  // fractions, whole units
    Lots lots;
    Money cash;
    for (int i = 0; i < 200; ++i) {
      const Side side = random.Chance(0.5) ? Side::kBid : Side::kAsk;
      const Price price = Price::FromNanos(random.Between(1, 90'000'000'000));
      Quantity quantity = Quantity::FromE8(random.Between(1, 1000) * step);
      if (random.Chance(0.2) && lots.quantity() != Quantity()) {
        quantity = Quantity::FromE8(std::abs(lots.quantity().e8()));  // often exactly flat
      }
      const Money value = Notional(terms, price, quantity);
      const Money fee = Money::FromE8(random.Between(-1000, 5'000'000));  // rebates too
      lots.Apply({side, price, quantity, value, fee, terms.inverse});
      const bool pays = (side == Side::kBid) != terms.inverse;
      cash = cash + (pays ? -value : value) - fee;
      REQUIRE(lots.cash_flow() == cash);
      CheckConserved(lots, terms.inverse);
    }
  }
}

}  // namespace spillway::oms
