// An amount in 1e-8 of a named currency. Amounts of different currencies do not meet in one expression: the currency
// is known from the account or the instrument that the amount belongs to.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "libs/base/decimal.h"
#include "libs/base/price.h"
#include "libs/base/quantity.h"

namespace spillway {

class Money {
 public:
  static constexpr int kScale = 8;

  constexpr Money() = default;
  static constexpr Money FromE8(int64_t e8) { return Money(e8); }
  static absl::StatusOr<Money> Parse(std::string_view decimal) {
    absl::StatusOr<int64_t> e8 = ParseDecimal(decimal, kScale);
    if (!e8.ok()) return e8.status();
    return Money(*e8);
  }

  constexpr int64_t e8() const { return e8_; }
  constexpr double ToDouble() const { return static_cast<double>(e8_) / 1e8; }
  std::string ToString() const { return FormatDecimal(e8_, kScale, 2); }

  friend constexpr auto operator<=>(Money, Money) = default;
  friend constexpr Money operator+(Money a, Money b) { return Money(a.e8_ + b.e8_); }
  friend constexpr Money operator-(Money a, Money b) { return Money(a.e8_ - b.e8_); }
  friend constexpr Money operator-(Money a) { return Money(-a.e8_); }

 private:
  explicit constexpr Money(int64_t e8) : e8_(e8) {}
  int64_t e8_ = 0;
};

// What a position is worth depends on the contract: `multiplier` units of the underlying each; an inverse contract is
// quoted in one currency and settled in the other (notional = multiplier * quantity / price).
struct ContractTerms {
  Quantity multiplier = Quantity::Units(1);
  bool inverse = false;
  friend bool operator==(const ContractTerms&, const ContractTerms&) = default;
};

// 128-bit product, rounded half to even. Ends the process where the result does not fit (about 92 billion).
Money Notional(const ContractTerms& terms, Price price, Quantity quantity);

}  // namespace spillway
