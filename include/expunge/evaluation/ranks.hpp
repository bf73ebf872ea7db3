// Ranks and correlations: Spearman with average ranks for ties, Pearson, and their p-values.
//
// A constant sample has no correlation: these functions return NaN for it, and their callers count
// it. Sources: Spearman 1904; p by Student's t with n - 2 degrees of freedom, as scipy.stats does.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "expunge/core/check.hpp"
#include "expunge/core/platform.hpp"

namespace expunge {

/// Ranks from 1; equal values share the mean of their ranks. NaN has no rank: every rank is NaN
/// then.
inline std::vector<double> average_ranks(const std::vector<double>& values) {
  const std::size_t n = values.size();
  if (std::any_of(values.begin(), values.end(), [](double x) { return std::isnan(x); }))
    return std::vector<double>(n, std::nan(""));
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<double> ranks(n);
  for (std::size_t first = 0, end = 0; first < n; first = end) {
    while (end < n && values[order[end]] == values[order[first]]) ++end;
    const double rank = (static_cast<double>(first + end) + 1) / 2;
    for (std::size_t i = first; i < end; ++i) ranks[order[i]] = rank;
  }
  return ranks;
}

/// Pearson's correlation; NaN if a sample is constant or holds NaN or infinity.
inline double pearson(const std::vector<double>& a, const std::vector<double>& b) {
  require(a.size() == b.size(), "pearson: ", a.size(), " values against ", b.size());
  const double n = static_cast<double>(a.size());
  const double mean_a = std::accumulate(a.begin(), a.end(), 0.0) / n;
  const double mean_b = std::accumulate(b.begin(), b.end(), 0.0) / n;
  double aa = 0, bb = 0, ab = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    aa += (a[i] - mean_a) * (a[i] - mean_a);
    bb += (b[i] - mean_b) * (b[i] - mean_b);
    ab += (a[i] - mean_a) * (b[i] - mean_b);
  }
  const bool constant_a = std::all_of(a.begin(), a.end(), [&](double x) { return x == a[0]; });
  const bool constant_b = std::all_of(b.begin(), b.end(), [&](double x) { return x == b[0]; });
  const double r = ab / std::sqrt(aa) / std::sqrt(bb);
  if (constant_a || constant_b || !std::isfinite(r)) return std::nan("");
  return std::clamp(r, -1.0, 1.0);
}

/// Spearman's rank correlation; NaN if a sample is constant or holds NaN.
inline double spearman(const std::vector<double>& a, const std::vector<double>& b) {
  return pearson(average_ranks(a), average_ranks(b));
}

/// log Gamma(x) for x > 0. std::lgamma may write the sign to a global variable, which threads share.
inline double log_gamma(double x) {
#if defined(__unix__) || defined(__APPLE__)
  int sign = 0;
  return ::lgamma_r(x, &sign);
#else
  return std::lgamma(x);
#endif
}

/// The regularised incomplete beta function I_x(a, b), by its continued fraction (Lentz's method).
inline double incomplete_beta(double a, double b, double x) {
  if (!(x > 0)) return x == 0 ? 0 : std::nan("");
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - incomplete_beta(b, a, 1 - x);
  const double tiny = 1e-300;
  const auto away_from_zero = [&](double y) { return std::abs(y) < tiny ? tiny : y; };
  double c = 1, d = 1 / away_from_zero(1 - (a + b) * x / (a + 1)), h = d;
  for (int m = 1; m <= 500; ++m) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away_from_zero(1 + even * d);
    c = away_from_zero(1 + even / c);
    h *= d * c;
    d = 1 / away_from_zero(1 + odd * d);
    c = away_from_zero(1 + odd / c);
    h *= d * c;
    if (std::abs(d * c - 1) < 1e-15) break;
  }
  const double log_front =
      log_gamma(a + b) - log_gamma(a) - log_gamma(b) + a * std::log(x) + b * std::log1p(-x);
  return std::exp(log_front) * h / a;
}

/// Two-sided p-value of a correlation r of n pairs, by Student's t; NaN for fewer than 3 pairs.
inline double correlation_p_value(double r, Index n) {
  if (std::isnan(r) || n < 3) return std::nan("");
  const double freedom = static_cast<double>(n - 2);
  return incomplete_beta(freedom / 2, 0.5, std::max(0.0, 1 - r * r));
}

}  // namespace expunge
