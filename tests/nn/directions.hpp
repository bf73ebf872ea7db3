// Vectors moved along a direction, and slopes there by central differences.
#pragma once

#include <doctest/doctest.h>

#include <vector>

namespace expunge {

inline double dot(const std::vector<double>& a, const std::vector<double>& b) {
  REQUIRE(a.size() == b.size());
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

template <class Real>
std::vector<Real> moved(std::vector<Real> from, Real step, const std::vector<Real>& along) {
  for (std::size_t i = 0; i < from.size(); ++i) from[i] += step * along[i];
  return from;
}

/// (f(step) - f(-step)) / (2 step) for a vector f.
template <class F>
std::vector<double> slope(F&& f) {
  const double step = 1e-5;
  const std::vector<double> above = f(step), below = f(-step);
  std::vector<double> slopes(above.size());
  for (std::size_t i = 0; i < above.size(); ++i) slopes[i] = (above[i] - below[i]) / (2 * step);
  return slopes;
}

}  // namespace expunge
