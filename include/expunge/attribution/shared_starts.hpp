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

#include "expunge/core/check.hpp"
#include "expunge/core/parallel.hpp"
#include "expunge/core/view.hpp"

namespace expunge {

/// How many of `models` models have this start, when model m has start m % starts.
inline double models_of_start(Index models, Index starts, Index start) {
  return static_cast<double>((models - start + starts - 1) / starts);
}

/// Centres outputs [models][targets] by start, in place; model m has start m % starts. The result
/// is rounded to T where the outputs lie: give double where their mean is large. At least two
/// models a start. 0 starts: nothing to do. Threads: 0 = all.
template <class T>
void centre_by_start(MatrixView<T> outputs, Index starts, int threads = 0) {
  require(starts >= 0, "centre_by_start: starts is ", starts, ", negative");
  if (starts == 0) return;
  require(2 * starts <= outputs.rows, "centre_by_start: ", outputs.rows, " models of ", starts,
          " starts; each start needs at least two");
  constexpr Index width = 512;  // targets that a thread takes at a time
  parallel_for(threads, (outputs.cols + width - 1) / width, [&](int, Index block) {
    const Index first = block * width, count = std::min(width, outputs.cols - first);
    std::vector<double> sums(static_cast<std::size_t>(starts * count));
    std::vector<double> all(static_cast<std::size_t>(count));
    for (Index m = 0; m < outputs.rows; ++m) {
      double* sum = sums.data() + m % starts * count;
      for (Index t = 0; t < count; ++t) sum[t] += static_cast<double>(outputs(m, first + t));
    }
    for (Index m = 0; m < starts; ++m) {
      const double size = models_of_start(outputs.rows, starts, m);
      for (Index t = 0; t < count; ++t) {
        double& sum = sums[static_cast<std::size_t>(m * count + t)];
        all[static_cast<std::size_t>(t)] += sum / static_cast<double>(outputs.rows);
        sum /= size;
      }
    }
    for (Index m = 0; m < outputs.rows; ++m) {
      const double size = models_of_start(outputs.rows, starts, m % starts);
      for (Index t = 0; t < count; ++t) {
        const auto at = static_cast<std::size_t>(t);
        const double mean = sums[static_cast<std::size_t>(m % starts * count) + at];
        T& y = outputs(m, first + t);
        y = static_cast<T>(size / (size - 1) * (static_cast<double>(y) - mean) + all[at]);
      }
    }
  });
}

}  // namespace expunge
