// A quantity in 1e-8 of the instrument's unit (share, contract, coin): 100 shares are 10'000'000'000.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "libs/base/decimal.h"

namespace spillway {

class Quantity {
 public:
  static constexpr int kScale = 8;
  static constexpr int64_t kUnit = 100'000'000;

  constexpr Quantity() = default;
  static constexpr Quantity FromE8(int64_t e8) { return Quantity(e8); }
  static constexpr Quantity Units(int64_t units) { return Quantity(units * kUnit); }
  static absl::StatusOr<Quantity> Parse(std::string_view decimal) {
    absl::StatusOr<int64_t> e8 = ParseDecimal(decimal, kScale);
    if (!e8.ok()) return e8.status();
    return Quantity(*e8);
  }

  constexpr int64_t e8() const { return e8_; }
  constexpr double ToDouble() const { return static_cast<double>(e8_) / 1e8; }
  std::string ToString() const { return FormatDecimal(e8_, kScale); }

  friend constexpr auto operator<=>(Quantity, Quantity) = default;
  friend constexpr Quantity operator+(Quantity a, Quantity b) { return Quantity(a.e8_ + b.e8_); }
  friend constexpr Quantity operator-(Quantity a, Quantity b) { return Quantity(a.e8_ - b.e8_); }
  friend constexpr Quantity operator*(Quantity a, int64_t times) { return Quantity(a.e8_ * times); }
  constexpr Quantity& operator+=(Quantity other) {
    e8_ += other.e8_;
    return *this;
  }
  constexpr Quantity& operator-=(Quantity other) {
    e8_ -= other.e8_;
    return *this;
  }

 private:
  explicit constexpr Quantity(int64_t e8) : e8_(e8) {}
  int64_t e8_ = 0;
};

}  // namespace spillway
