// Cross entropy of softmax(z) against the label y:
//
//   L = logsumexp(z) - z_y,   dL/dz = p - e_y,   d2L/dz2 = diag(p) - p p',   p = softmax(z)
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

  template <class Real>
  EXPUNGE_HD void curvature(const Real* z, Index k, Label, Real weight, const Real* v,
                            Real* hv) const {
    add_softmax_jacobian(z, k, Real(1), weight, v, hv);
  }
};

static_assert(Loss<CrossEntropy, float> && CurvatureLoss<CrossEntropy, Label, float>);

}  // namespace expunge
