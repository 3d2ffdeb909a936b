// Decimal text to scaled integers and back, digit by digit: no double is ever involved.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "libs/base/int128.h"

namespace spillway {

// Reads "[-]digits[.digits]" as an integer in 10^-scale. Refuses what does not fit or has more decimals than the scale
// holds (unless they are zeros).
absl::StatusOr<int64_t> ParseDecimal(std::string_view text, int scale);

// The fast form of ParseDecimal for trusted inner loops: false where ParseDecimal fails.
bool ParseDecimalTo(std::string_view text, int scale, int64_t& value);

// Shortest exact text: 185'420'000'000 at scale 9 is "185.42". At least `decimals_min` decimals are printed.
std::string FormatDecimal(int64_t value, int scale, int decimals_min = 0);

// numerator / denominator with exactly `decimals` decimals, rounded half to even. The denominator is positive.
std::string FormatRatio(Int128 numerator, Int128 denominator, int decimals);

}  // namespace spillway
