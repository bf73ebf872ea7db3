// Percentiles as numpy's default ('linear'), and the summary of a score over the points of a split.
//
// NaN and either infinity count as plus infinity: they never improve a summary.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "expunge/core/array.hpp"
#include "expunge/core/check.hpp"

namespace expunge {

/// The q-th percentile, q in [0, 100], of values in ascending order: linear interpolation at
/// q / 100 (n - 1).
inline double percentile_of_sorted(const std::vector<double>& sorted, double q) {
  require(!sorted.empty(), "percentile: no values");
  require(q >= 0 && q <= 100, "percentile: q is ", q, ", not in [0, 100]");
  const double position = q / 100 * static_cast<double>(sorted.size() - 1);
  const std::size_t below = static_cast<std::size_t>(position);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  const double t = position - static_cast<double>(below);
  const double a = sorted[below], b = sorted[above];
  if (a == b || t == 0) return a;
  if (std::isinf(b)) return b;
  return t < 0.5 ? a + (b - a) * t : b - (b - a) * (1 - t);
}

/// Ascending, with what is not finite as plus infinity.
inline std::vector<double> ascending(std::vector<double> values) {
  for (double& x : values)
    if (!std::isfinite(x)) x = std::numeric_limits<double>::infinity();
  std::sort(values.begin(), values.end());
  return values;
}

/// The q-th percentile, q in [0, 100].
inline double percentile(std::vector<double> values, double q) {
  return percentile_of_sorted(ascending(std::move(values)), q);
}

/// A score over the points of one split. All in the unit of the score.
struct Summary {
  double mean = 0, p5 = 0, p50 = 0, p95 = 0, p99 = 0;
  double worst = 0;  // the largest
  Index points = 0;
  Index bad = 0;      // points that have no score and count as the worst
  Index runaway = 0;  // points where a model ran away (core/runaway.hpp), where that is looked at
};

/// Of these values; those not finite are counted in `bad`.
inline Summary summarise(std::vector<double> values) {
  require(!values.empty(), "summarise: no points");
  Summary s;
  const std::vector<double> sorted = ascending(std::move(values));
  s.points = static_cast<Index>(sorted.size());
  for (const double x : sorted) {
    s.mean += x / static_cast<double>(sorted.size());
    s.bad += !std::isfinite(x);
  }
  s.p5 = percentile_of_sorted(sorted, 5);
  s.p50 = percentile_of_sorted(sorted, 50);
  s.p95 = percentile_of_sorted(sorted, 95);
  s.p99 = percentile_of_sorted(sorted, 99);
  s.worst = sorted.back();
  return s;
}

/// Of the points of a split: per_point [points], indices into it.
inline Summary summarise(const Array<double, 1>& per_point, const std::vector<Index>& split) {
  const Index points = static_cast<Index>(per_point.size());
  std::vector<double> values;
  values.reserve(split.size());
  for (const Index x : split) {
    require(x >= 0 && x < points, "summarise: point ", x, " of ", points);
    values.push_back(per_point(static_cast<std::size_t>(x)));
  }
  return summarise(std::move(values));
}

}  // namespace expunge
