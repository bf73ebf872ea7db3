// Two more scores of an attribution: leave-one-out correlation and mislabel detection.
//
// Leave-one-out: per target, Pearson's correlation over training examples of the score with the
// true change. Scores or changes that differ by rounding alone have no correlation. Mislabel AUC:
// the probability that a mislabelled example scores above a clean one (ties count one half), which
// is the area under the ROC curve (Hanley and McNeil 1982).
#pragma once

#include "expunge/core/array.hpp"
#include "expunge/core/ties.hpp"
#include "expunge/evaluation/column.hpp"
#include "expunge/evaluation/lds.hpp"
#include "expunge/evaluation/ranks.hpp"
#include "expunge/evaluation/roc.hpp"

namespace expunge {

namespace detail {

/// A column as differences from its first number, exact where the spread is small beside the mean;
/// empty where all are equal but for the rounding of their type.
template <class T>
std::vector<double> varying_column(MatrixView<const T> values, Index c) {
  std::vector<double> column = detail::column(values, c);
  if (equal_but_for_rounding(column, unit_roundoff<T>)) return {};
  const double first = column.front();
  for (double& x : column) x -= first;
  return column;
}

}  // namespace detail

/// Pearson per target: scores and true changes [examples][targets] -> [targets], NaN where one of
/// the two is constant, but for two units in the last place of its type, or not finite.
template <MatrixLike S, MatrixLike T>
Array<double, 1> leave_one_out_correlation(const S& scores, const T& truth) {
  const MatrixView<const typename S::value_type> s = view(scores);
  const MatrixView<const typename T::value_type> y = view(truth);
  require(s.rows == y.rows && s.cols == y.cols, "leave_one_out_correlation: scores are [", s.rows,
          "][", s.cols, "], true changes [", y.rows, "][", y.cols, "]");
  require(s.rows >= 2, "leave_one_out_correlation: ", s.rows, " examples, at least 2 are needed");
  Array<double, 1> correlation = make_array<double>(s.cols);
  for (Index t = 0; t < s.cols; ++t) {
    const std::vector<double> a = detail::varying_column(s, t), b = detail::varying_column(y, t);
    correlation(static_cast<std::size_t>(t)) =
        a.empty() || b.empty() ? std::nan("") : pearson(a, b);
  }
  return correlation;
}

/// scores [examples], a high one means "mislabelled"; mislabelled: positions of those that are.
/// Throws if a score is NaN, a position is out of range or listed twice, or one of the two groups
/// is empty.
inline double mislabel_auc(const std::vector<double>& scores,
                           const std::vector<Index>& mislabelled) {
  const Index n = static_cast<Index>(scores.size());
  for (const double s : scores) require(!std::isnan(s), "mislabel_auc: a score is NaN");
  std::vector<bool> seen(scores.size());
  std::vector<double> of_mislabelled, of_clean;
  for (const Index i : mislabelled) {
    require(i >= 0 && i < n, "mislabel_auc: example ", i, " of ", n);
    require(!seen[static_cast<std::size_t>(i)], "mislabel_auc: example ", i, " is listed twice");
    seen[static_cast<std::size_t>(i)] = true;
    of_mislabelled.push_back(scores[static_cast<std::size_t>(i)]);
  }
  for (std::size_t i = 0; i < scores.size(); ++i)
    if (!seen[i]) of_clean.push_back(scores[i]);
  require(!of_mislabelled.empty() && !of_clean.empty(), "mislabel_auc: ", of_mislabelled.size(),
          " mislabelled and ", of_clean.size(), " clean examples, at least 1 of each is needed");
  return roc_auc(of_mislabelled, of_clean);
}

}  // namespace expunge
