// Which numbers are equal but for rounding.
//
// A prediction sum_{i in S} tau_i is rounded, and in what way depends on the order of summation:
// with constant tau and subsets of one size all predictions are equal, yet their last digits
// differ, and ranks of these digits correlate with whatever the subsets do. So predictions that
// differ by no more than the error of two such sums are made equal before anybody ranks them:
//
//   tolerance = 2 (n u sum_i |tau_i| + u |c|) + 2 v sqrt(sum_i tau_i^2)
//
//   n examples, c the intercept that is added last, u = 2^-53 for sums in double. The first part
//   bounds the rounding of two sums in any order (Higham, Accuracy and Stability of Numerical
//   Algorithms, section 4.2). In the second, v is half an ulp of 1 in the type in which the tau are
//   stored: each carries an error of up to v |tau_i|. Were these errors independent, two sums that
//   are equal in truth would lie within it by some five standard deviations. They are not always:
//   equal tau have the same error, and k of them k times that. Sums with as many of each then still
//   tie, as this error is common to both; but sums that are equal in truth by unlike numbers of a
//   few values (2 x .1 and 1 x .2) may lie farther apart, and are then ranked. So this part is an
//   estimate and no bound. The bound, 2 v sum |tau_i|, grows as n where the spread of predictions
//   grows as sqrt(n), and would merge predictions that differ.
//
// Beside the spread of such predictions, which is about sqrt(sum tau^2) / 2, this is 1e-7 for
// effects in float and 1e-9 for 50,000 effects in double: no rank that means something is lost.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

#include "expunge/core/array.hpp"
#include "expunge/core/check.hpp"
#include "expunge/core/half.hpp"
#include "expunge/core/parallel.hpp"

namespace expunge {

/// The largest relative error of a number that was rounded to this type.
template <class T>
inline constexpr double unit_roundoff = static_cast<double>(std::numeric_limits<T>::epsilon()) / 2;
template <>
inline constexpr double unit_roundoff<Half> = 0x1.0p-11;

/// How far two sums over subsets of these weights [examples][targets] may lie apart and still be
/// equal, [targets]; `stored` is the unit roundoff of the type that the weights were stored in,
/// `intercept` [targets] what is added to each sum, or empty. NaN where a weight is not finite.
template <MatrixLike W>
std::vector<double> sum_tolerances(const W& weights,
                                   double stored = unit_roundoff<typename W::value_type>,
                                   const std::vector<double>& intercept = {}) {
  const MatrixView<const typename W::value_type> w = view(weights);
  const std::size_t targets = static_cast<std::size_t>(w.cols);
  require(intercept.empty() || intercept.size() == targets, "sum_tolerances: ", intercept.size(),
          " intercepts of ", targets, " targets");
  std::vector<double> sizes(targets), squares(targets), tolerances(targets);
  for (Index i = 0; i < w.rows; ++i)
    for (std::size_t t = 0; t < targets; ++t) {
      const double tau = static_cast<double>(w(i, static_cast<Index>(t)));
      sizes[t] += std::abs(tau);
      squares[t] += tau * tau;
    }
  constexpr double u = unit_roundoff<double>;
  for (std::size_t t = 0; t < targets; ++t) {
    const double last = intercept.empty() ? 0 : std::abs(intercept[t]);
    tolerances[t] = 2 * u * (static_cast<double>(w.rows) * sizes[t] + last) +
                    2 * stored * std::sqrt(squares[t]);
  }
  return tolerances;
}

/// Makes equal what is equal but for the tolerance: going upwards, values that lie no more than it
/// above the first of their group become that first one. NaN and infinity are left alone, and all
/// values are where the tolerance is not finite.
inline void merge_ties(std::vector<double>& values, double tolerance) {
  if (!(tolerance < std::numeric_limits<double>::infinity())) return;
  std::vector<std::pair<double, std::size_t>> sorted;
  for (std::size_t i = 0; i < values.size(); ++i)
    if (std::isfinite(values[i])) sorted.emplace_back(values[i], i);
  std::sort(sorted.begin(), sorted.end());
  double first = 0;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    if (i == 0 || sorted[i].first - first > tolerance) first = sorted[i].first;
    values[sorted[i].second] = first;
  }
}

/// The same for every column of sums [models][targets], with its tolerance [targets]. threads 0:
/// all; never changes the result. Cost: models log models for each target.
inline void merge_ties(Array<double, 2>& sums, const std::vector<double>& tolerances,
                       int threads = 0) {
  const std::size_t models = sums.shape()[0], targets = sums.shape()[1];
  require(tolerances.size() == targets, "merge_ties: ", tolerances.size(), " tolerances of ",
          targets, " targets");
  parallel_for(threads, static_cast<Index>(targets), [&](int, Index target) {
    const std::size_t t = static_cast<std::size_t>(target);
    std::vector<double> column(models);
    for (std::size_t m = 0; m < models; ++m) column[m] = sums(m, t);
    merge_ties(column, tolerances[t]);
    for (std::size_t m = 0; m < models; ++m) sums(m, t) = column[m];
  });
}

/// Whether these values differ by no more than two units in the last place of their type, whose
/// unit roundoff is `stored`: nothing that could be correlated. NaN and infinity are not equal to
/// anything.
inline bool equal_but_for_rounding(const std::vector<double>& values, double stored) {
  double low = std::numeric_limits<double>::infinity(), high = -low, size = 0;
  for (const double x : values) {
    if (!std::isfinite(x)) return false;
    low = std::min(low, x), high = std::max(high, x), size = std::max(size, std::abs(x));
  }
  return high - low <= 4 * stored * size;
}

}  // namespace expunge
