// A price in 1e-9 of the quote currency: 185.42 is 185'420'000'000. Exact for every tick size.
// The difference of two prices (a spread, a stop distance) is a Price as well and may be negative.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "libs/base/decimal.h"

namespace spillway {

class Price {
 public:
  static constexpr int kScale = 9;

  constexpr Price() = default;
  static constexpr Price FromNanos(int64_t nanos) { return Price(nanos); }
  static absl::StatusOr<Price> Parse(std::string_view decimal) {
    absl::StatusOr<int64_t> nanos = ParseDecimal(decimal, kScale);
    if (!nanos.ok()) return nanos.status();
    return Price(*nanos);
  }

  constexpr int64_t nanos() const { return nanos_; }
  // For ratios and indicators only: never turned back into a price. Divides, because 1e-9 is no exact double: so 0.03
  // is the double nearest to 0.03, and a limit of 0.03 in a profile includes it.
  constexpr double ToDouble() const { return static_cast<double>(nanos_) / 1e9; }
  std::string ToString() const { return FormatDecimal(nanos_, kScale, 2); }

  friend constexpr auto operator<=>(Price, Price) = default;
  friend constexpr Price operator+(Price a, Price b) { return Price(a.nanos_ + b.nanos_); }
  friend constexpr Price operator-(Price a, Price b) { return Price(a.nanos_ - b.nanos_); }
  friend constexpr Price operator*(Price a, int64_t times) { return Price(a.nanos_ * times); }
  friend constexpr Price operator*(int64_t times, Price a) { return Price(a.nanos_ * times); }

 private:
  explicit constexpr Price(int64_t nanos) : nanos_(nanos) {}
  int64_t nanos_ = 0;
};

// The nearest multiple of `tick` at or below / at or above the price. The tick is positive.
constexpr Price FloorToTick(Price price, Price tick) {
  const int64_t rest = price.nanos() % tick.nanos();
  return Price::FromNanos(price.nanos() - (rest < 0 ? rest + tick.nanos() : rest));
}
constexpr Price CeilToTick(Price price, Price tick) {
  const Price floor = FloorToTick(price, tick);
  return floor == price ? price : floor + tick;
}

}  // namespace spillway
