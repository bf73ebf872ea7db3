// The retain points whose outputs the target changes most: where "leave the rest alone" is wrong.
//
//   score(x) = mean over members of |target(x) - f_x(theta0)|^2
//
// Members whose weights are no numbers do not count.
#pragma once

#include "expunge/unlearning/retain/retain_strategy.hpp"

namespace expunge {

struct LargestChangeRetain {
  void validate() const {}
  double passes(Index) const { return 0; }

  template <class B, class Model, class Real>
  RetainLists select(B&, const RetainQuery<Model, Real>& query) const {
    std::vector<double> scores(query.problem.retain.size());
    for (Index m = 0; m < query.base.members; ++m) {
      if (!is_finite(query.problem.models, m)) continue;
      for (std::size_t i = 0; i < scores.size(); ++i) {
        const Index x = query.problem.retain[i];
        for (Index j = 0; j < query.base.features; ++j) {
          const double change = static_cast<double>(query.targets(m, x, j)) -
                                static_cast<double>(query.base(m, x, j));
          scores[i] += change * change;
        }
      }
    }
    return {detail::highest(query.problem.retain, scores, query.count)};
  }
};

}  // namespace expunge
