#include "libs/base/decimal.h"

#include <algorithm>
#include <limits>

#include "fmt/format.h"
#include "libs/base/check.h"

namespace spillway {
namespace {

constexpr int kScaleMax = 18;

Int128 PowerOfTen(int exponent) {
  Int128 power = 1;
  for (int i = 0; i < exponent; ++i) power *= 10;
  return power;
}

std::string Digits(Int128 value) {
  std::string digits;
  do {
    digits.push_back(static_cast<char>('0' + static_cast<int>(value % 10)));
    value /= 10;
  } while (value != 0);
  std::reverse(digits.begin(), digits.end());
  return digits;
}

}  // namespace

bool ParseDecimalTo(std::string_view text, int scale, int64_t& value) {
  size_t i = 0;
  const bool negative = !text.empty() && text[0] == '-';
  if (negative) i = 1;
  if (i >= text.size()) return false;
  uint64_t magnitude = 0;
  int decimals = -1;  // -1: no point seen yet
  bool any_digit = false;
  constexpr uint64_t kLimit = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  for (; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '.') {
      if (decimals >= 0) return false;
      decimals = 0;
      continue;
    }
    const unsigned digit = static_cast<unsigned>(c - '0');
    if (digit > 9) return false;
    any_digit = true;
    if (decimals >= 0 && decimals == scale) {
      if (digit != 0) return false;
      continue;
    }
    if (magnitude > (kLimit - digit) / 10) return false;
    magnitude = magnitude * 10 + digit;
    if (decimals >= 0) ++decimals;
  }
  if (!any_digit) return false;
  for (int d = std::max(decimals, 0); d < scale; ++d) {
    if (magnitude > kLimit / 10) return false;
    magnitude *= 10;
  }
  value = negative ? -static_cast<int64_t>(magnitude) : static_cast<int64_t>(magnitude);
  return true;
}

absl::StatusOr<int64_t> ParseDecimal(std::string_view text, int scale) {
  int64_t value = 0;
  if (!ParseDecimalTo(text, scale, value)) {
    return absl::InvalidArgumentError(
        fmt::format("'{}' is not a decimal number with at most {} decimals", text, scale));
  }
  return value;
}

std::string FormatDecimal(int64_t value, int scale, int decimals_min) {
  SPILLWAY_CHECK(scale >= 0 && scale <= kScaleMax);
  const Int128 magnitude = value < 0 ? -static_cast<Int128>(value) : value;
  const Int128 unit = PowerOfTen(scale);
  std::string text = (value < 0 ? "-" : "") + Digits(magnitude / unit);
  std::string fraction = Digits(magnitude % unit + unit).substr(1);
  size_t keep = fraction.size();
  while (keep > static_cast<size_t>(decimals_min) && fraction[keep - 1] == '0') --keep;
  if (keep > 0) text += "." + fraction.substr(0, keep);
  return text;
}

std::string FormatRatio(Int128 numerator, Int128 denominator, int decimals) {
  SPILLWAY_CHECK(denominator > 0);
  const bool negative = numerator < 0;
  if (negative) numerator = -numerator;
  const Int128 unit = PowerOfTen(decimals);
  Int128 whole = numerator / denominator;
  const Int128 rest = numerator % denominator * unit;
  Int128 fraction = rest / denominator;
  const Int128 twice = 2 * (rest % denominator);
  if (twice > denominator || (twice == denominator && (whole * unit + fraction) % 2 == 1)) ++fraction;
  if (fraction == unit) {
    fraction = 0;
    ++whole;
  }
  std::string text = (negative && (whole != 0 || fraction != 0) ? "-" : "") + Digits(whole);
  if (decimals > 0) text += "." + Digits(fraction + unit).substr(1);
  return text;
}

}  // namespace spillway
