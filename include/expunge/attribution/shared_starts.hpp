// Shared starts: common random numbers for datamodels.
//
// What a network says varies with its subset, which datamodels explain, and with its initial
// weights and batch orders, which they cannot. Trained with DescentConfig::starts = s, models m, m
// + s, m + 2 s, ... share the latter; subtracting the mean of each start before the regression then
// takes out the part of the noise that a start's models have in common:
//
//   y_m  <-  n / (n - 1) (y_m - mean over the n models of m's start) + mean over all models
//
// The mean of a start holds y_m itself and so 1 / n of the effect of m's own subset, for which the
// factor makes up. It acts like one intercept per start. Effects are those at these starts: take
// some tens of them, and some tens of models each.
//
// Source: common random numbers and blocking are old variance reduction (Kahn and Marshall 1953);
// for datamodels this is ours.
#pragma once

#include <algorithm>
#include <vector>

#include "expunge/core/array.hpp"
#include "expunge/core/check.hpp"
#include "expunge/core/parallel.hpp"
#include "expunge/core/view.hpp"

namespace expunge {

/// How many of `models` models have this start, when model m has start m % starts.
inline double models_of_start(Index models, Index starts, Index start) {
  return static_cast<double>((models - start + starts - 1) / starts);
}

namespace detail {

/// to = from, centred by start; the two may be the same. Sums are of differences from the first
/// model's output, so that a large mean costs no digits.
template <class From, class To>
void centre_outputs(MatrixView<const From> from, MatrixView<To> to, Index starts, int threads) {
  constexpr Index width = 512;  // targets that a thread takes at a time
  parallel_for(threads, (from.cols + width - 1) / width, [&](int, Index block) {
    const Index first = block * width, count = std::min(width, from.cols - first);
    std::vector<double> sums(static_cast<std::size_t>(starts * count));
    std::vector<double> all(static_cast<std::size_t>(count));
    std::vector<double> origin(static_cast<std::size_t>(count));
    for (Index t = 0; t < count; ++t)
      origin[static_cast<std::size_t>(t)] = static_cast<double>(from(0, first + t));
    for (Index m = 0; m < from.rows; ++m) {
      double* sum = sums.data() + m % starts * count;
      for (Index t = 0; t < count; ++t)
        sum[t] += static_cast<double>(from(m, first + t)) - origin[static_cast<std::size_t>(t)];
    }
    for (Index m = 0; m < starts; ++m) {
      const double size = models_of_start(from.rows, starts, m);
      for (Index t = 0; t < count; ++t) {
        double& sum = sums[static_cast<std::size_t>(m * count + t)];
        all[static_cast<std::size_t>(t)] += sum / static_cast<double>(from.rows);
        sum /= size;
      }
    }
    for (Index m = 0; m < from.rows; ++m) {
      const double size = models_of_start(from.rows, starts, m % starts);
      for (Index t = 0; t < count; ++t) {
        const auto at = static_cast<std::size_t>(t);
        const double mean = sums[static_cast<std::size_t>(m % starts * count) + at];
        const double y = static_cast<double>(from(m, first + t)) - origin[at];
        to(m, first + t) = static_cast<To>(size / (size - 1) * (y - mean) + (all[at] + origin[at]));
      }
    }
  });
}

inline void check_starts(const char* function, Index models, Index starts) {
  require(starts >= 0, function, ": starts is ", starts, ", negative");
  require(2 * starts <= models, function, ": ", models, " models of ", starts,
          " starts; each start needs at least two");
}

}  // namespace detail

/// Centres outputs [models][targets] by start, in place; model m has start m % starts. The result
/// is rounded to T where the outputs lie: of float or Half with a mean far from 0 take
/// `centred_by_start`. At least two models a start. 0 starts: nothing to do. Threads: 0 = all.
template <class T>
void centre_by_start(MatrixView<T> outputs, Index starts, int threads = 0) {
  detail::check_starts("centre_by_start", outputs.rows, starts);
  if (starts > 0) detail::centre_outputs(MatrixView<const T>(outputs), outputs, starts, threads);
}

/// The same in double, whatever the outputs are stored in: nothing is rounded to their type, so
/// that y + c gives the centred y, plus c, as far as y + c was stored exactly.
template <MatrixLike A>
Array<double, 2> centred_by_start(const A& outputs, Index starts, int threads = 0) {
  const MatrixView<const typename A::value_type> from = view(outputs);
  detail::check_starts("centred_by_start", from.rows, starts);
  Array<double, 2> centred = make_array<double>(from.rows, from.cols);
  if (starts > 0)
    detail::centre_outputs(from, view(centred), starts, threads);
  else
    for (Index m = 0; m < from.rows; ++m)
      std::transform(from.row(m), from.row(m) + from.cols, view(centred).row(m),
                     [](auto y) { return static_cast<double>(y); });
  return centred;
}

}  // namespace expunge
