// Retain points drawn uniformly, as the authors of Attribute-to-Delete do.
#pragma once

#include "expunge/core/sample.hpp"
#include "expunge/unlearning/retain/retain_strategy.hpp"

namespace expunge {

struct UniformRetain {
  void validate() const {}
  double passes(Index) const { return 0; }

  template <class B, class Model, class Real>
  std::vector<Index> select(B&, const RetainQuery<Model, Real>& query) const {
    return random_sample(query.seed, Stream{Purpose::retain_sample}, query.problem.retain,
                         query.count);
  }
};

}  // namespace expunge
