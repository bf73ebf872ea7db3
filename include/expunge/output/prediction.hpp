// The predicted probabilities softmax(z), all k of them.
#pragma once

#include "expunge/output/output_function.hpp"
#include "expunge/output/softmax.hpp"

namespace expunge {

struct Prediction {
  static constexpr Index least_classes = 2;
  EXPUNGE_HD static constexpr Index outputs(Index k) { return k; }

  template <class Real>
  EXPUNGE_HD void value(const Real* z, Index k, Label, Real* out) const {
    const Real normaliser = log_sum_exp(z, k);
    for (Index j = 0; j < k; ++j) out[j] = std::exp(z[j] - normaliser);
  }
  /// dz_j = p_j (dout_j - sum_i p_i dout_i)
  template <class Real>
  EXPUNGE_HD void pullback(const Real* z, Index k, Label, const Real* dout, Real* dz) const {
    add_softmax_jacobian(z, k, Real(1), Real(1), dout, dz);
  }
  /// The Jacobian diag(p) - p p' is symmetric: dout_j = p_j (dz_j - sum_i p_i dz_i)
  template <class Real>
  EXPUNGE_HD void pushforward(const Real* z, Index k, Label y, const Real* dz, Real* dout) const {
    for (Index j = 0; j < k; ++j) dout[j] = 0;
    pullback(z, k, y, dz, dout);
  }
};

static_assert(TangentOutput<Prediction, float>);

}  // namespace expunge
