// Mean squared error over the k answers of an example:   L = 1/k sum_j (z_j - t_j)^2
//
// t is a target vector (matching), or the one-hot vector of a label (training). The label is a
// class, never a number to be fitted: a model of one answer would fit 1 for every label, so that
// least_label_answers refuses it. Numbers are fitted as target vectors (VectorTarget).
#pragma once

#include "expunge/loss/loss.hpp"

namespace expunge {

struct SquaredError {
  template <class Real>
  EXPUNGE_HD Real operator()(const Real* z, Index k, const Real* target, Real weight,
                             Real* dz) const {
    Real sum = 0;
    for (Index j = 0; j < k; ++j) sum += add(z[j] - target[j], k, weight, dz[j]);
    return sum / static_cast<Real>(k);
  }

  template <class Real>
  EXPUNGE_HD Real operator()(const Real* z, Index k, Label y, Real weight, Real* dz) const {
    Real sum = 0;
    for (Index j = 0; j < k; ++j) sum += add(z[j] - Real(j == y ? 1 : 0), k, weight, dz[j]);
    return sum / static_cast<Real>(k);
  }

  /// The second derivative is 2 / k, whatever z and the target.
  template <class Real, class Target>
  EXPUNGE_HD void curvature(const Real*, Index k, Target, Real weight, const Real* v,
                            Real* hv) const {
    for (Index j = 0; j < k; ++j) hv[j] += weight * Real(2) / static_cast<Real>(k) * v[j];
  }

 private:
  template <class Real>
  EXPUNGE_HD static Real add(Real error, Index k, Real weight, Real& dz) {
    dz += weight * Real(2) * error / static_cast<Real>(k);
    return error * error;
  }
};

static_assert(Loss<SquaredError, float> && VectorLoss<SquaredError, float>);
static_assert(CurvatureLoss<SquaredError, Label, float>);

}  // namespace expunge
