// A mean over few seeds and how far to trust it: Student's t with n - 1 degrees of freedom.
#pragma once

#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "expunge/core/check.hpp"
#include "expunge/report/results.hpp"

namespace frontier {

inline constexpr std::size_t most_seeds = 10;

/// The .975 quantile for n = 2 .. 10 values, n - 1 = 1 .. 9 degrees of freedom. Source:
/// NIST/SEMATECH e-Handbook of Statistical Methods, section 1.3.6.7.2, "Critical values of the
/// Student's t distribution", column 0.975.
inline double student_quantile(std::size_t n) {
  constexpr std::array<double, most_seeds - 1> quantiles{12.706, 4.303, 3.182, 2.776, 2.571,
                                                         2.447,  2.365, 2.306, 2.262};
  expunge::require(n >= 2 && n <= most_seeds, "student_quantile: ", n, " values, not 2 .. ",
                   most_seeds);
  return quantiles[n - 2];
}

/// NaN without values, or where one of them is none.
inline double mean_of(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

/// The mean of the values and its 95 % interval, which is NaN where there is one value only.
struct Estimate {
  double mean = std::numeric_limits<double>::quiet_NaN();
  expunge::report::Interval interval{std::numeric_limits<double>::quiet_NaN(),
                                     std::numeric_limits<double>::quiet_NaN()};
};

inline Estimate estimate(const std::vector<double>& values) {
  Estimate found;
  found.mean = mean_of(values);
  const std::size_t n = values.size();
  if (n < 2) return found;
  double squares = 0;
  for (const double value : values) squares += (value - found.mean) * (value - found.mean);
  const double variance = squares / static_cast<double>(n - 1);
  const double half = student_quantile(n) * std::sqrt(variance / static_cast<double>(n));
  found.interval = {found.mean - half, found.mean + half};
  return found;
}

}  // namespace frontier
