// All k logits of an example, as the network gives them: what OM and DMM match by default.
#pragma once

#include "expunge/output/output_function.hpp"

namespace expunge {

struct Logits {
  EXPUNGE_HD static constexpr Index outputs(Index k) { return k; }

  template <class Real>
  EXPUNGE_HD void value(const Real* z, Index k, Label, Real* out) const {
    for (Index j = 0; j < k; ++j) out[j] = z[j];
  }
  template <class Real>
  EXPUNGE_HD void pullback(const Real*, Index k, Label, const Real* dout, Real* dz) const {
    for (Index j = 0; j < k; ++j) dz[j] += dout[j];
  }
  template <class Real>
  EXPUNGE_HD void pushforward(const Real*, Index k, Label, const Real* dz, Real* dout) const {
    for (Index j = 0; j < k; ++j) dout[j] = dz[j];
  }
};

static_assert(TangentOutput<Logits, float>);

}  // namespace expunge
