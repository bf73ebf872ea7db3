// Cross entropy of softmax(z) against the label y:
//
//   L = logsumexp(z) - z_y,   dL/dz = softmax(z) - e_y
#pragma once

#include "expunge/loss/loss.hpp"
#include "expunge/output/softmax.hpp"

namespace expunge {

struct CrossEntropy {
  template <class Real>
  EXPUNGE_HD Real operator()(const Real* z, Index k, Label y, Real weight, Real* dz) const {
    const Real normaliser = log_sum_exp(z, k);
    for (Index j = 0; j < k; ++j) dz[j] += weight * std::exp(z[j] - normaliser);
    dz[y] -= weight;
    return normaliser - z[y];
  }
};

static_assert(Loss<CrossEntropy, float>);

}  // namespace expunge
