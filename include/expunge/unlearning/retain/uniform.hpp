// Retain points drawn uniformly. Every member draws its own: what one sample gets wrong then
// differs from member to member, and the ensemble is not shifted as a whole. One sample for all, as
// the authors of Attribute-to-Delete take, is `shared`.
#pragma once

#include "expunge/core/sample.hpp"
#include "expunge/unlearning/retain/retain_strategy.hpp"

namespace expunge {

struct UniformRetain {
  bool shared = false;

  void validate() const {}
  double passes(Index) const { return 0; }

  template <class B, class Model, class Real>
  RetainLists select(B&, const RetainQuery<Model, Real>& query) const {
    RetainLists lists;
    for (Index m = 0; m < (shared ? 1 : query.base.members); ++m) {
      const Stream stream{Purpose::retain_sample, static_cast<std::uint32_t>(shared ? 0 : m + 1)};
      lists.push_back(random_sample(query.seed, stream, query.problem.retain, query.count));
    }
    return lists;
  }
};

}  // namespace expunge
