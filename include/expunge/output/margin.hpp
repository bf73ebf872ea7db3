// The margin of an example, one number that says how sure the network is of the label y.
//
//   Margin       z_y - logsumexp_{j != y} z_j  =  log(p_y / (1 - p_y))
//   HardMargin   z_y - max_{j != y} z_j
//
// The first is that of TRAK, EasyDUB and the paper, the second that of the public datamodels
// example. The two are different functions: never compare one with the other.
#pragma once

#include "expunge/output/output_function.hpp"
#include "expunge/output/softmax.hpp"

namespace expunge {

struct Margin {
  static constexpr Index least_classes = 2;
  EXPUNGE_HD static constexpr Index outputs(Index) { return 1; }

  template <class Real>
  EXPUNGE_HD void value(const Real* z, Index k, Label y, Real* out) const {
    out[0] = z[y] - log_sum_exp(z, k, y);
  }
  template <class Real>
  EXPUNGE_HD void pullback(const Real* z, Index k, Label y, const Real* dout, Real* dz) const {
    const Real rivals = log_sum_exp(z, k, y);
    for (Index j = 0; j < k; ++j) dz[j] += j == y ? dout[0] : -dout[0] * std::exp(z[j] - rivals);
  }
  template <class Real>
  EXPUNGE_HD void pushforward(const Real* z, Index k, Label y, const Real* dz, Real* dout) const {
    const Real rivals = log_sum_exp(z, k, y);
    dout[0] = dz[y];
    for (Index j = 0; j < k; ++j)
      if (j != y) dout[0] -= std::exp(z[j] - rivals) * dz[j];
  }
};

struct HardMargin {
  static constexpr Index least_classes = 2;
  EXPUNGE_HD static constexpr Index outputs(Index) { return 1; }

  template <class Real>
  EXPUNGE_HD void value(const Real* z, Index k, Label y, Real* out) const {
    out[0] = z[y] - z[strongest_rival(z, k, y)];
  }
  template <class Real>
  EXPUNGE_HD void pullback(const Real* z, Index k, Label y, const Real* dout, Real* dz) const {
    dz[y] += dout[0];
    dz[strongest_rival(z, k, y)] -= dout[0];
  }
  template <class Real>
  EXPUNGE_HD void pushforward(const Real* z, Index k, Label y, const Real* dz, Real* dout) const {
    dout[0] = dz[y] - dz[strongest_rival(z, k, y)];
  }

 private:
  /// NaN counts as strongest, so that it reaches the margin.
  template <class Real>
  EXPUNGE_HD static Index strongest_rival(const Real* z, Index k, Label y) {
    Index best = y == 0 ? 1 : 0;
    for (Index j = best + 1; j < k; ++j)
      if (j != y && !(z[j] <= z[best]) && z[best] == z[best]) best = j;
    return best;
  }
};

static_assert(TangentOutput<Margin, float> && TangentOutput<HardMargin, float>);

}  // namespace expunge
