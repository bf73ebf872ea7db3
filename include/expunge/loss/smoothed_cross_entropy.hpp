// Cross entropy with label smoothing (Szegedy et al. 2016, section 7), as PyTorch's
// F.cross_entropy(label_smoothing=s): a share s of the label is spread evenly over all k classes.
//
//   L = logsumexp(z) - (1 - s) z_y - s mean(z),   dL/dz = p - (1 - s) e_y - s / k,   p = softmax(z)
//
// The second derivative is that of cross entropy.
#pragma once

#include "expunge/core/check.hpp"
#include "expunge/loss/cross_entropy.hpp"

namespace expunge {

struct SmoothedCrossEntropy {
  double smoothing = 0.1;  // s, in [0, 1)

  void validate() const {
    require(smoothing >= 0 && smoothing < 1, "SmoothedCrossEntropy: smoothing is ", smoothing,
            ", not in [0, 1)");
  }

  template <class Real>
  EXPUNGE_HD Real operator()(const Real* z, Index k, Label y, Real weight, Real* dz) const {
    const Real s = static_cast<Real>(smoothing), share = s / static_cast<Real>(k);
    const Real normaliser = log_sum_exp(z, k);
    Real value = normaliser - (1 - s) * z[y];
    for (Index j = 0; j < k; ++j) {
      dz[j] += weight * (std::exp(z[j] - normaliser) - share);
      value -= share * z[j];
    }
    dz[y] -= weight * (1 - s);
    return value;
  }

  template <class Real>
  EXPUNGE_HD void curvature(const Real* z, Index k, Label y, Real weight, const Real* v,
                            Real* hv) const {
    CrossEntropy().curvature(z, k, y, weight, v, hv);
  }
};

static_assert(Loss<SmoothedCrossEntropy, float> &&
              CurvatureLoss<SmoothedCrossEntropy, Label, float>);

}  // namespace expunge
