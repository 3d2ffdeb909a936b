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

// The 97.5% quantile of Student's t with `degrees` >= 1 degrees of freedom: a table to 30, from there the
// Cornish-Fisher expansion around the normal quantile, within 1e-6.
double StudentT975(uint64_t degrees);

}  // namespace spillway::journal
