#include "services/journal/statistics.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

namespace spillway::journal {
namespace {

constexpr double kNormal975 = 1.959963984540054;

// From 1; equal values have the mean of their ranks.
std::vector<double> RanksOf(const std::vector<double>& values) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return values[a] < values[b]; });
  std::vector<double> ranks(values.size());
  for (size_t begin = 0, end = 0; begin < order.size(); begin = end) {
    while (end < order.size() && values[order[end]] == values[order[begin]]) ++end;
    for (size_t i = begin; i < end; ++i) ranks[order[i]] = static_cast<double>(begin + 1 + end) / 2;
  }
  return ranks;
}

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

std::optional<double> MedianOf(std::vector<double> values) {
  if (values.empty()) return std::nullopt;
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

RankCorrelation SpearmanOf(const std::vector<double>& x, const std::vector<double>& y) {
  RankCorrelation result;
  result.count = std::min(x.size(), y.size());
  if (result.count < 2 || x.size() != y.size()) return result;
  const std::vector<double> a = RanksOf(x), b = RanksOf(y);
  const auto n = static_cast<double>(result.count);
  const double mean = (n + 1) / 2;
  double products = 0, a_squares = 0, b_squares = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    products += (a[i] - mean) * (b[i] - mean);
    a_squares += (a[i] - mean) * (a[i] - mean);
    b_squares += (b[i] - mean) * (b[i] - mean);
  }
  if (a_squares == 0 || b_squares == 0) return result;
  const double rho = std::clamp(products / std::sqrt(a_squares * b_squares), -1.0, 1.0);
  result.rho = rho;
  if (result.count < 4) return result;
  if (std::abs(rho) == 1) {
    result.interval = Interval{rho, rho};
    return result;
  }
  const double half = kNormal975 * std::sqrt((1 + rho * rho / 2) / (n - 3));
  result.interval = Interval{std::tanh(std::atanh(rho) - half), std::tanh(std::atanh(rho) + half)};
  return result;
}

Drawdown WorstDrawdown(double start, const std::vector<double>& changes) {
  Drawdown worst;
  double sum = start, peak = start;
  for (const double change : changes) {
    sum += change;
    peak = std::max(peak, sum);
    worst.amount = std::max(worst.amount, peak - sum);
    if (peak > 0) worst.percent = std::max(worst.percent, 100 * (peak - sum) / peak);
  }
  return worst;
}

}  // namespace spillway::journal
