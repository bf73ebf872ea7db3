// The predicted probabilities softmax(z), all k of them.
#pragma once

#include "expunge/output/output_function.hpp"
#include "expunge/output/softmax.hpp"

namespace expunge {

struct Prediction {
  EXPUNGE_HD static constexpr Index outputs(Index k) { return k; }

  template <class Real>
  EXPUNGE_HD void value(const Real* z, Index k, Label, Real* out) const {
    const Real normaliser = log_sum_exp(z, k);
    for (Index j = 0; j < k; ++j) out[j] = std::exp(z[j] - normaliser);
  }
  /// dz_j = p_j (dout_j - sum_i p_i dout_i)
  template <class Real>
  EXPUNGE_HD void pullback(const Real* z, Index k, Label, const Real* dout, Real* dz) const {
    const Real normaliser = log_sum_exp(z, k);
    Real inner = 0;
    for (Index i = 0; i < k; ++i) inner += std::exp(z[i] - normaliser) * dout[i];
    for (Index j = 0; j < k; ++j) dz[j] += std::exp(z[j] - normaliser) * (dout[j] - inner);
  }
};

static_assert(OutputFunction<Prediction, float>);

}  // namespace expunge
