// LDS, the linear datamodelling score: how well an attribution predicts the outputs of models that
// were trained on other subsets.
//
//   LDS(t) = Spearman over held-out models j of  sum_{i in S_j} tau_i(t)  and  f_t(theta_j)
//   LDS    = mean over targets t, with a bootstrap interval over targets
//
// Source: Park et al., "TRAK", arXiv 2303.14186, section 2. Ties get average ranks (half-precision
// margins tie often), and predictions that differ by the rounding of their sums alone are ties
// (core/ties.hpp). A target whose predictions or outputs are constant or not finite has no rank
// correlation: it counts as 0 in the mean, and is reported (published code lets NaN spread, or
// drops such targets in silence).
//
// Outputs that ran away (core/runaway.hpp) are counted and named. Ranks hardly mind one of them,
// but a model that diverged says nothing about its examples, and estimators that saw it do mind.
//
// Sign: effects predict the *margin*, so that a larger sum means a larger margin. If the outputs
// are losses, negate the predictions.
//
//   predicted, true outputs  [models][targets]
//
// Cost: O(models log models) per target.
#pragma once

#include "expunge/core/array.hpp"
#include "expunge/core/find_runaways.hpp"
#include "expunge/core/parallel.hpp"
#include "expunge/core/ties.hpp"
#include "expunge/data/subset_masks.hpp"
#include "expunge/evaluation/bootstrap.hpp"
#include "expunge/evaluation/column.hpp"
#include "expunge/evaluation/klom_histogram.hpp"
#include "expunge/evaluation/ranks.hpp"

namespace expunge {

struct LdsConfig {
  BootstrapConfig bootstrap{1000, 0.95, 0};  // over targets
  int threads = 0;                           // 0: all; never changes a result
};

/// One number a target, NaN where there is no correlation.
struct LdsScores {
  Array<double, 1> score;    // [targets], Spearman
  Array<double, 1> p_value;  // [targets], two-sided; may be left empty
  Runaways runaways = {};    // of the true outputs
};

struct LdsResult {
  double mean = 0;           // over targets; those without a correlation count as 0
  Interval interval;         // bootstrap percentile interval over targets
  Index without_score = 0;   // targets that are constant or not finite on either side
  Array<double, 1> score;    // [targets], Spearman, NaN without one
  Array<double, 1> p_value;  // [targets], two-sided, NaN without one
  Runaways runaways;         // of the true outputs

  /// One sentence where a model ran away, else nothing.
  std::string warning() const { return runaway_sentence(runaways, {"target", "", ""}); }
};

/// sum_{i in S_j} weights(i, t): [models][targets] from weights [examples][targets]. Sums that
/// differ by rounding alone are made equal (core/ties.hpp).
template <MatrixLike W>
Array<double, 2> predict_outputs(const W& weights, const SubsetMasks& subsets) {
  const MatrixView<const typename W::value_type> w = view(weights);
  require(w.rows == subsets.examples(), "predict_outputs: weights of ", w.rows,
          " examples, masks of ", subsets.examples());
  Array<double, 2> sums = xt::zeros<double>(
      {static_cast<std::size_t>(subsets.models()), static_cast<std::size_t>(w.cols)});
  for (Index m = 0; m < subsets.models(); ++m)
    for (const Index i : subsets.members(m))
      for (Index t = 0; t < w.cols; ++t)
        sums(static_cast<std::size_t>(m), static_cast<std::size_t>(t)) +=
            static_cast<double>(w(i, t));
  merge_ties(sums, sum_tolerances(weights));
  return sums;
}

namespace detail {

inline bool all_finite(const std::vector<double>& values) {
  return std::all_of(values.begin(), values.end(), [](double x) { return !not_finite(x); });
}

}  // namespace detail

/// Of predicted against true outputs, both [models][targets]. Throws if the shapes differ, or with
/// fewer than two models or no target.
template <MatrixLike P, MatrixLike T>
LdsScores lds_scores(const P& predicted, const T& truth, int threads = 0) {
  const MatrixView<const typename P::value_type> p = view(predicted);
  const MatrixView<const typename T::value_type> y = view(truth);
  require(p.rows == y.rows && p.cols == y.cols, "lds: predictions are [", p.rows, "][", p.cols,
          "], outputs [", y.rows, "][", y.cols, "]");
  require(p.rows >= 2 && p.cols >= 1, "lds: ", p.rows, " models and ", p.cols,
          " targets, at least 2 and 1 are needed");
  LdsScores scores{make_array<double>(p.cols), make_array<double>(p.cols),
                   find_runaways(y, threads)};
  parallel_for(threads, p.cols, [&](int, Index target) {
    const std::vector<double> a = detail::column(p, target), b = detail::column(y, target);
    const bool finite = detail::all_finite(a) && detail::all_finite(b);
    const double r = finite ? spearman(a, b) : std::nan("");
    scores.score(static_cast<std::size_t>(target)) = r;
    scores.p_value(static_cast<std::size_t>(target)) = correlation_p_value(r, p.rows);
  });
  return scores;
}

/// The same numbers with NaN as 0: what means and percentiles over targets are taken of.
inline std::vector<double> lds_values(const Array<double, 1>& score) {
  std::vector<double> values(score.begin(), score.end());
  for (double& r : values)
    if (std::isnan(r)) r = 0;
  return values;
}

/// Mean over targets and its interval, of scores that may come from several calls of lds_scores.
inline LdsResult summarise_lds(LdsScores scores, const BootstrapConfig& bootstrap = {}) {
  bootstrap.validate();
  require(scores.score.size() >= 1, "summarise_lds: no target");
  LdsResult result;
  for (const double r : scores.score) result.without_score += std::isnan(r);
  const std::vector<double> values = lds_values(scores.score);
  for (const double r : values) result.mean += r / static_cast<double>(values.size());
  result.interval = mean_interval(values, bootstrap);
  result.score = std::move(scores.score);
  result.p_value = std::move(scores.p_value);
  result.runaways = std::move(scores.runaways);
  return result;
}

/// Scores of every target, their mean and its interval.
template <MatrixLike P, MatrixLike T>
LdsResult lds(const P& predicted, const T& truth, const LdsConfig& config = {}) {
  config.bootstrap.validate();
  return summarise_lds(lds_scores(predicted, truth, config.threads), config.bootstrap);
}

}  // namespace expunge
