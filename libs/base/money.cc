#include "libs/base/money.h"

#include <limits>

#include "libs/base/check.h"

namespace spillway {
namespace {

Int128 DivideHalfToEven(Int128 numerator, Int128 denominator) {
  SPILLWAY_CHECK(denominator > 0);
  Int128 quotient = numerator / denominator;
  Int128 rest = numerator % denominator;
  const bool negative = rest < 0;
  if (negative) rest = -rest;
  if (2 * rest > denominator || (2 * rest == denominator && quotient % 2 != 0)) quotient += negative ? -1 : 1;
  return quotient;
}

Money ToMoney(Int128 e8) {
  SPILLWAY_CHECK(e8 <= std::numeric_limits<int64_t>::max() && e8 >= std::numeric_limits<int64_t>::min());
  return Money::FromE8(static_cast<int64_t>(e8));
}

}  // namespace

Money Notional(const ContractTerms& terms, Price price, Quantity quantity) {
  constexpr Int128 kNano = 1'000'000'000;
  // quantity * multiplier in 1e-8: exact for whole multipliers, else rounded once here.
  const Int128 size = DivideHalfToEven(static_cast<Int128>(quantity.e8()) * terms.multiplier.e8(), Quantity::kUnit);
  if (terms.inverse) return ToMoney(DivideHalfToEven(size * kNano, price.nanos()));
  return ToMoney(DivideHalfToEven(size * price.nanos(), kNano));
}

}  // namespace spillway
