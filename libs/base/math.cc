#include "libs/base/math.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace spillway {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kExpMax = 709.782712893384;
constexpr double kExpMin = -708.3964185322641;  // ln of the smallest normal double
// ln 2 in two parts; the first has 32 low bits of zero, so that k * kLn2High is exact for every exponent k.
constexpr double kLn2High = 0x1.62e42feep-1;
constexpr double kLn2Low = 0x1.a39ef35793c76p-33;
constexpr double kInverseLn2 = 1.4426950408889634;

// An unevaluated sum; `low` is below half a unit in the last place of `high`.
struct Sum {
  double high;
  double low;
};

Sum TwoSum(double a, double b) {  // Knuth
  const double high = a + b;
  const double part = high - a;
  return {high, (a - (high - part)) + (b - part)};
}

Sum TwoProduct(double a, double b) {      // Dekker; |a|, |b| below 2^996
  constexpr double kSplit = 134217729.0;  // 2^27 + 1
  const double high = a * b;
  const double a_big = kSplit * a, b_big = kSplit * b;
  const double a_high = a_big - (a_big - a), b_high = b_big - (b_big - b);
  const double a_low = a - a_high, b_low = b - b_high;
  return {high, ((a_high * b_high - high) + a_high * b_low + a_low * b_high) + a_low * b_low};
}

// 2^k for k in [-1022, 1023].
double PowerOfTwo(int k) {
  return std::bit_cast<double>(static_cast<uint64_t>(k + 1023) << 52);
}

// x = mantissa * 2^exponent with the mantissa in [sqrt(1/2), sqrt(2)). x is positive and finite.
struct Parts {
  double mantissa;
  int exponent;
};
Parts Split(double x) {
  int exponent = 0;
  if (x < std::numeric_limits<double>::min()) {  // subnormal
    x *= 0x1p54;
    exponent = -54;
  }
  uint64_t bits = std::bit_cast<uint64_t>(x);
  exponent += static_cast<int>(bits >> 52) - 1023;
  double mantissa = std::bit_cast<double>((bits & 0x000fffffffffffffULL) | 0x3ff0000000000000ULL);
  if (mantissa >= 1.4142135623730951) {
    mantissa *= 0.5;
    ++exponent;
  }
  return {mantissa, exponent};
}

// 2 * (s^3/3 + s^5/5 + ...), the series of log((1 + s) / (1 - s)) without its first term; |s| <= 0.172.
double SeriesTail(double s) {
  const double z = s * s;
  double sum = 0;
  for (int k = 23; k >= 3; k -= 2) sum = sum * z + 2.0 / k;
  return sum * z * s;
}

// ln x with about 20 bits more than a double.
Sum LogExtended(double x) {
  const Parts parts = Split(x);
  const double f = parts.mantissa - 1.0;  // exact
  const Sum denominator = TwoSum(2.0, f);
  const double s = f / denominator.high;
  const Sum back = TwoProduct(s, denominator.high);
  const double s_low = ((f - back.high) - back.low - s * denominator.low) / denominator.high;
  const double k = parts.exponent;
  const Sum sum = TwoSum(k * kLn2High, 2.0 * s);
  return TwoSum(sum.high, sum.low + (k * kLn2Low + (2.0 * s_low + SeriesTail(s))));
}

bool IsWhole(double y) {
  return std::floor(y) == y;
}
bool IsOdd(double y) {
  return std::fabs(y) < 9007199254740992.0 && IsWhole(y) && std::floor(y * 0.5) * 2.0 != y;
}

double PowOfPositive(double x, double y) {
  const Sum log = LogExtended(x);
  if (std::fabs(y) * std::fabs(log.high) > 1500.0 || std::fabs(y) > 0x1p60)
    return (y > 0) == (log.high > 0) ? kInfinity : 0.0;
  const Sum product = TwoProduct(y, log.high);
  const double power = Exp(product.high);
  if (power == 0.0 || power == kInfinity) return power;
  return power + power * (product.low + y * log.low);
}

}  // namespace

double Exp(double x) {
  if (!(x <= kExpMax)) return x > 0 ? kInfinity : kNaN;
  if (x < kExpMin) return 0.0;
  const double k = std::floor(x * kInverseLn2 + 0.5);
  const double high = x - k * kLn2High;
  const double low = k * kLn2Low;
  const double r = high - low;  // |r| <= 0.3466
  const double r_low = (high - r) - low;
  // Taylor to the 13th power: the first term left out is below 5e-18.
  static constexpr std::array<double, 12> kInverseFactorial = {
      1.0 / 6227020800, 1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320,
      1.0 / 5040,       1.0 / 720,       1.0 / 120,      1.0 / 24,      1.0 / 6,      0.5};
  double tail = 0;
  for (const double c : kInverseFactorial) tail = tail * r + c;
  const double value = 1.0 + (r + (r_low + tail * r * r));
  const int exponent = static_cast<int>(k);
  if (exponent > 1023) return value * 0x1p1023 * 2.0;
  if (exponent < -1022) return value * PowerOfTwo(exponent + 54) * 0x1p-54;
  return value * PowerOfTwo(exponent);
}

double Log(double x) {
  if (!(x > 0)) return x == 0 ? -kInfinity : kNaN;
  if (x == kInfinity) return x;
  const Parts parts = Split(x);
  const double f = parts.mantissa - 1.0;
  const double s = f / (2.0 + f);
  const double k = parts.exponent;
  // log(1+f) = f - s * (f - R), R = SeriesTail(s) / s: keeps the leading term exact.
  const double tail = SeriesTail(s);
  return k * kLn2High + (f - (s * f - (tail + k * kLn2Low)));
}

double Pow(double x, double y) {
  if (y == 0.0 || x == 1.0) return 1.0;
  if (std::isnan(x) || std::isnan(y)) return kNaN;
  if (x == 0.0) return y < 0 ? kInfinity : 0.0;
  const double magnitude = std::fabs(x);
  if (std::isinf(y)) return magnitude == 1.0 ? 1.0 : (magnitude > 1.0) == (y > 0) ? kInfinity : 0.0;
  double sign = 1.0;
  if (x < 0) {
    if (!IsWhole(y)) return kNaN;
    if (IsOdd(y)) sign = -1.0;
  }
  if (magnitude == kInfinity) return y > 0 ? sign * kInfinity : 0.0;
  return sign * PowOfPositive(magnitude, y);
}

}  // namespace spillway
