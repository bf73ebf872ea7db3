// Distances of two samples of one number each, or of their histograms. sample_distances.hpp has
// them for every point of arrays of margins.
//
//   Kolmogorov-Smirnov   max over x of |F(x) - G(x)|, the empirical distribution functions
//   1-Wasserstein        integral of |F(x) - G(x)| dx
//   Welch's t            (mean b - mean a) / sqrt(s_a^2 / n + s_b^2 / m), unbiased variances
//   Renyi, order a > 1   1 / (a - 1) ln sum over bins with p_b > 0 of p_b^a max(q_b, floor)^(1 - a)
//   Jensen-Shannon       1/2 KL(p || (p + q) / 2) + 1/2 KL(q || (p + q) / 2), no floor
//
// Sources: Welch 1947 with Satterthwaite's degrees of freedom; Renyi 1961; Lin 1991. All but the
// floor as in scipy.stats (ks_2samp, ttest_ind with equal_var=False, wasserstein_distance). The
// floored distribution is not divided by its sum, as in KLoM's paper preset.
//
// Where we differ from scipy: equal constants have t = 0 and p = 1, where scipy has NaN; constants
// that differ have an infinite t and p = 0. A sample with NaN or infinity has t = infinity, p = 0.
//
// The largest Renyi divergence is -ln(floor) at every order: the sum is at most floor^(1 - a) times
// the sum of p^a, which is 1 where all of p is in one bin that q does not reach.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "expunge/evaluation/klom_histogram.hpp"
#include "expunge/evaluation/ranks.hpp"

namespace expunge {

/// Two-sided p-value of Student's t. Throws if t is NaN, or unless the degrees of freedom, which
/// need not be whole, are above 0.
inline double student_p_value(double t, double freedom) {
  require(!std::isnan(t) && freedom > 0, "student_p_value: t is ", t, ", degrees of freedom ",
          freedom);
  const double square = t * t;
  if (square < 1)  // a small t would be lost in freedom / (freedom + t^2)
    return 1 - incomplete_beta(0.5, freedom / 2, square / (freedom + square));
  return std::isinf(square) ? 0 : incomplete_beta(freedom / 2, 0.5, freedom / (freedom + square));
}

struct WelchTest {
  double t = std::numeric_limits<double>::infinity();  // above 0: the second mean is larger
  double freedom = 0;                                  // Satterthwaite's; 0 where t is no number
  double p_value = 0;                                  // two-sided
};

namespace detail {

/// In units of `scale`, and from the first value: a constant is exact, and nothing overflows.
struct ScaledMoments {
  double origin, mean, square_error;  // square_error: unbiased variance / n

  ScaledMoments(std::span<const double> x, double scale) : origin(x[0]), mean(0), square_error(0) {
    const double n = static_cast<double>(x.size());
    for (const double value : x) mean += (value - origin) / scale;
    mean /= n;
    for (const double value : x) {
      const double difference = (value - origin) / scale - mean;
      square_error += difference * difference;
    }
    square_error /= n * (n - 1);
  }
};

/// The largest value minus the smallest of both; NaN with NaN or infinity.
inline double joint_range(std::span<const double> a, std::span<const double> b) {
  double low = a[0], high = a[0];
  bool bad = false;
  for (const std::span<const double> x : {a, b})
    for (const double value : x) {
      low = std::min(low, value);
      high = std::max(high, value);
      bad |= not_finite(value);
    }
  return bad || not_finite(high - low) ? std::nan("") : high - low;
}

}  // namespace detail

/// Of mean b - mean a; two values each at least, in any order.
inline WelchTest welch_test(std::span<const double> a, std::span<const double> b) {
  require(a.size() >= 2 && b.size() >= 2, "welch_test: samples of ", a.size(), " and ", b.size(),
          ", at least 2 each have a variance");
  const double range = detail::joint_range(a, b);
  if (detail::not_finite(range)) return {};
  const double n = static_cast<double>(a.size()), m = static_cast<double>(b.size());
  if (range == 0) return {0, n + m - 2, 1};
  const detail::ScaledMoments of_a(a, range), of_b(b, range);
  const double error = of_a.square_error + of_b.square_error;
  const double shift = (of_b.origin - of_a.origin) / range + (of_b.mean - of_a.mean);
  if (error == 0) return {std::copysign(WelchTest().t, shift), n + m - 2, 0};
  const double share = of_a.square_error / error, rest = of_b.square_error / error;
  const double freedom = 1 / (share * share / (n - 1) + rest * rest / (m - 1));
  const double t = shift / std::sqrt(error);
  return {t, freedom, student_p_value(t, freedom)};
}

namespace detail {

/// Kolmogorov-Smirnov and 1-Wasserstein of two ascending, finite samples, in one walk.
struct CdfDistances {
  double ks = 0;           // in [0, 1]
  double wasserstein = 0;  // in the unit of the values

  CdfDistances(std::span<const double> a, std::span<const double> b) {
    const std::size_t n = a.size(), m = b.size();
    const double product = static_cast<double>(n * m);
    Index largest = 0;
    double last = std::min(a[0], b[0]);
    for (std::size_t i = 0, j = 0; i < n || j < m;) {
      const double x = j == m || (i < n && a[i] <= b[j]) ? a[i] : b[j];
      const Index gap = std::abs(static_cast<Index>(i * m) - static_cast<Index>(j * n));
      largest = std::max(largest, gap);
      wasserstein += static_cast<double>(gap) / product * (x - last);
      last = x;
      while (i < n && a[i] == x) ++i;
      while (j < m && b[j] == x) ++j;
    }
    ks = static_cast<double>(largest) / product;
  }
};

/// Shares [bins] of an ascending sample between edges [bins + 1], the last bin closed. The bins are
/// those of HistogramBlock; a sorted sample needs no search.
inline void shares_of_sorted(std::span<const double> sorted, std::span<const double> edges,
                             std::span<double> shares) {
  std::size_t end = 0;
  for (std::size_t b = 0; b < shares.size(); ++b) {
    const std::size_t begin = end;
    while (end < sorted.size() && (b + 1 == shares.size() || sorted[end] < edges[b + 1])) ++end;
    shares[b] = static_cast<double>(end - begin) / static_cast<double>(sorted.size());
  }
}

inline void require_shares(std::span<const double> p, std::span<const double> q, const char* who) {
  require(p.size() == q.size(), who, ": ", p.size(), " bins against ", q.size());
  for (const std::span<const double> shares : {p, q}) {
    double sum = 0;
    for (const double share : shares) sum += share >= 0 ? share : std::nan("");
    require(std::abs(sum - 1) <= 1e-9, who, ": shares add up to ", sum, ", not to 1");
  }
}

}  // namespace detail

/// Renyi divergence of (p || q) in nats, of shares [bins] that add up to 1; order above 1, floor of
/// q in (0, 1). In [0, -ln(floor)]: what rounding and the floor take below 0 is 0.
inline double renyi_divergence(std::span<const double> p, std::span<const double> q, double order,
                               double floor = 1e-5) {
  detail::require_shares(p, q, "renyi_divergence");
  require(order > 1 && std::isfinite(order), "renyi_divergence: order is ", order, ", not above 1");
  require(floor > 0 && floor < 1, "renyi_divergence: floor is ", floor, ", not in (0, 1)");
  const auto ratio = [&](std::size_t b) { return p[b] / std::max(q[b], floor); };
  double largest = 0, sum = 0;
  for (std::size_t b = 0; b < p.size(); ++b) largest = std::max(largest, ratio(b));
  for (std::size_t b = 0; b < p.size(); ++b)
    if (p[b] > 0) sum += p[b] * std::pow(ratio(b) / largest, order - 1);
  return std::clamp(std::log(largest) + std::log(sum) / (order - 1), 0.0, -std::log(floor));
}

/// Jensen-Shannon divergence in nats, of shares [bins] that add up to 1. In [0, ln 2], symmetric.
inline double jensen_shannon(std::span<const double> p, std::span<const double> q) {
  detail::require_shares(p, q, "jensen_shannon");
  const auto term = [](double x, double y) { return x > 0 ? x * std::log(2 * x / (x + y)) : 0; };
  double sum = 0;
  for (std::size_t b = 0; b < p.size(); ++b) sum += term(p[b], q[b]) + term(q[b], p[b]);
  return std::clamp(sum / 2, 0.0, std::log(2.0));
}

}  // namespace expunge
