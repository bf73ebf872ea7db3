// The retain points nearest to the forget set in the last layer's kernel: those that move with it.
//
//   score(x) = max over z in F of  k(x, z) / sqrt(k(x, x) k(z, z)),   k(x, z) = a_x . a_z + 1
//
// a = input of the head. The similarities are averaged over the first `models` members, less those
// whose weights are no numbers, so that all members share one list.
#pragma once

#include <cmath>

#include "expunge/linearisation/head_features.hpp"
#include "expunge/unlearning/retain/retain_strategy.hpp"

namespace expunge {

struct NearestRetain {
  Index models = 4;  // >= 1: members whose features are averaged, at most all

  void validate() const { require(models >= 1, "NearestRetain: models is ", models, ", below 1"); }
  double passes(Index members) const { return detail::share_of(models, members); }

  template <class B, class Model, class Real>
  RetainLists select(B& backend, const RetainQuery<Model, Real>& query) const {
    const Problem<Model, Real>& problem = query.problem;
    using Matrix = detail::RowMajor<double>;
    Matrix similarity = Matrix::Zero(static_cast<Index>(problem.retain.size()),
                                     static_cast<Index>(problem.forget.size()));
    for (Index m = 0; m < std::min(models, problem.models.members()); ++m) {
      if (!is_finite(problem.models, m)) continue;
      const Array<Real, 2> features =
          head_features(backend, problem.models, m, problem.data.inputs);
      similarity.noalias() +=
          unit_rows(features, problem.retain) * unit_rows(features, problem.forget).transpose();
    }
    std::vector<double> scores;
    for (Index i = 0; i < similarity.rows(); ++i) scores.push_back(similarity.row(i).maxCoeff());
    return {detail::highest(problem.retain, scores, query.count)};
  }

 private:
  template <class Real>
  static detail::RowMajor<double> unit_rows(const Array<Real, 2>& features,
                                            const std::vector<Index>& points) {
    detail::RowMajor<double> rows = detail::rows_of_points(features, points);
    rows.rowwise().normalize();
    return rows;
  }
};

}  // namespace expunge
