#include "services/journal/statistics.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace spillway::journal {
namespace {

constexpr double kNormal975 = 1.959963984540054;

}  // namespace

std::optional<double> Proportion::value() const {
  if (trials == 0) return std::nullopt;
  return static_cast<double>(successes) / static_cast<double>(trials);
}

std::optional<Interval> Proportion::interval() const {
  if (trials == 0) return std::nullopt;
  const auto n = static_cast<double>(trials);
  const double p = static_cast<double>(successes) / n;
  const double z2 = kNormal975 * kNormal975;
  const double centre = (p + z2 / (2 * n)) / (1 + z2 / n);
  const double half = kNormal975 * std::sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n);
  return Interval{std::max(0.0, centre - half), std::min(1.0, centre + half)};
}

double StudentT975(uint64_t degrees) {
  constexpr std::array<double, 30> kTable = {
      12.706205, 4.302653, 3.182446, 2.776445, 2.570582, 2.446912, 2.364624, 2.306004, 2.262157, 2.228139,
      2.200985,  2.178813, 2.160369, 2.144787, 2.131450, 2.119905, 2.109816, 2.100922, 2.093024, 2.085963,
      2.079614,  2.073873, 2.068658, 2.063899, 2.059539, 2.055529, 2.051831, 2.048407, 2.045230, 2.042272};
  if (degrees <= kTable.size()) return kTable[std::max<uint64_t>(degrees, 1) - 1];
  const auto df = static_cast<double>(degrees);
  const double z = kNormal975;
  const double z3 = z * z * z;
  const double z5 = z3 * z * z;
  const double z7 = z5 * z * z;
  return z + (z3 + z) / (4 * df) + (5 * z5 + 16 * z3 + 3 * z) / (96 * df * df) +
         (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / (384 * df * df * df);
}

Estimate MeanOf(const std::vector<double>& values) {
  Estimate estimate;
  estimate.count = values.size();
  if (values.empty()) return estimate;
  const auto n = static_cast<double>(values.size());
  double sum = 0;
  for (const double value : values) sum += value;
  const double mean = sum / n;
  estimate.mean = mean;
  if (values.size() < 2) return estimate;
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  const double half = StudentT975(values.size() - 1) * std::sqrt(squares / (n - 1) / n);
  estimate.interval = Interval{mean - half, mean + half};
  return estimate;
}

}  // namespace spillway::journal
