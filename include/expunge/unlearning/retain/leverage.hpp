// Retain points drawn with probability in proportion to their ridge leverage in the last layer:
// points that the others do not pin down.
//
//   l(x) = a_x' (A'A + ridge tr(A'A) / features I)^-1 a_x,   a = input of the head and a 1
//
// averaged over the first `models` members, less those whose weights are no numbers. Drawn without
// replacement by the keys u^(1 / l) (Efraimidis and Spirakis 2006). Leverage sampling: Alaoui and
// Mahoney 2015.
#pragma once

#include <Eigen/Cholesky>
#include <cmath>

#include "expunge/core/random.hpp"
#include "expunge/linearisation/head_features.hpp"
#include "expunge/unlearning/retain/retain_strategy.hpp"

namespace expunge {

struct LeverageRetain {
  Index models = 4;     // >= 1: members whose features are used, at most all
  double ridge = 1e-3;  // > 0, relative to the mean eigenvalue of A'A

  void validate() const {
    require(models >= 1, "LeverageRetain: models is ", models, ", below 1");
    require(ridge > 0 && std::isfinite(ridge), "LeverageRetain: ridge is ", ridge,
            ", not positive");
  }
  double passes(Index members) const { return detail::share_of(models, members); }

  template <class B, class Model, class Real>
  RetainLists select(B& backend, const RetainQuery<Model, Real>& query) const {
    const Problem<Model, Real>& problem = query.problem;
    std::vector<double> leverage(problem.retain.size());
    for (Index m = 0; m < std::min(models, problem.models.members()); ++m)
      if (is_finite(problem.models, m))
        add_leverage(head_features(backend, problem.models, m, problem.data.inputs), problem.retain,
                     leverage);
    std::vector<double> keys;  // log of u^(1 / l)
    for (std::size_t i = 0; i < leverage.size(); ++i) {
      const double u = random_uniform(query.seed, Stream{Purpose::retain_sample},
                                      static_cast<std::uint64_t>(problem.retain[i]));
      keys.push_back(std::log(1 - u) / leverage[i]);  // 1 - u is never 0
    }
    return {detail::highest(problem.retain, keys, query.count)};
  }

 private:
  template <class Real>
  void add_leverage(const Array<Real, 2>& features, const std::vector<Index>& points,
                    std::vector<double>& leverage) const {
    const Eigen::MatrixXd rows =
        detail::rows_of_points(features, points).transpose();  // a column a point
    Eigen::MatrixXd gram = rows * rows.transpose();
    gram.diagonal().array() += ridge * gram.trace() / static_cast<double>(rows.rows());
    const Eigen::LLT<Eigen::MatrixXd> factor(gram);
    const Eigen::MatrixXd whitened = factor.matrixL().solve(rows);
    for (Index i = 0; i < rows.cols(); ++i)
      leverage[static_cast<std::size_t>(i)] += whitened.col(i).squaredNorm();
  }
};

}  // namespace expunge
