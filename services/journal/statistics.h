// Estimates from few trades, each with its 95% interval.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace spillway::journal {

struct Interval {
  double low = 0;
  double high = 0;
  friend bool operator==(const Interval&, const Interval&) = default;
};

struct Proportion {
  uint64_t successes = 0;
  uint64_t trials = 0;
  std::optional<double> value() const;
  // Wilson score interval without continuity correction (Wilson 1927), z = 1.959964; nullopt without trials.
  std::optional<Interval> interval() const;
};

struct Estimate {
  uint64_t count = 0;
  std::optional<double> mean;        // nullopt without values
  std::optional<Interval> interval;  // mean -+ t(count - 1) * s / sqrt(count), Student's t; nullopt below two values
};
// Summed in the order given.
Estimate MeanOf(const std::vector<double>& values);

// nullopt without values; of an even number the mean of the two in the middle.
std::optional<double> MedianOf(std::vector<double> values);

// Spearman's rank correlation: Pearson's of the ranks, equal values having the mean of their ranks.
struct RankCorrelation {
  uint64_t count = 0;
  std::optional<double> rho;         // in [-1, 1]; nullopt below two pairs or where one of the two never varies
  std::optional<Interval> interval;  // 95%, of Fisher's z with the variance (1 + rho^2 / 2) / (n - 3) of Bonett and
                                     // Wright (2000); nullopt below four pairs. One that has 0 in it shows nothing.
};
RankCorrelation SpearmanOf(const std::vector<double>& x, const std::vector<double>& y);

// The worst fall from a highest value so far, of a sum that begins with `start` and takes the changes in order. The
// percentage is of that highest value, and worst by itself: the two need not be of the same fall.
struct Drawdown {
  double amount = 0;
  double percent = 0;
};
Drawdown WorstDrawdown(double start, const std::vector<double>& changes);

// The 97.5% quantile of Student's t with `degrees` >= 1 degrees of freedom: a table to 30, from there the
// Cornish-Fisher expansion around the normal quantile, within 1e-6.
double StudentT975(uint64_t degrees);

}  // namespace spillway::journal
