// f_x, the numbers that we attribute, match and score: a function of the logits z [k] and the
// label.
//
//   F::outputs(k)                    how many numbers
//   f.value(z, k, y, out)            writes them
//   f.pullback(z, k, y, dout, dz)    adds (d out / d z)' dout to dz
#pragma once

#include <concepts>

#include "expunge/core/platform.hpp"

namespace expunge {

/// See docs/concepts.md#outputfunction.
template <class F, class Real>
concept OutputFunction = requires(const F& f, const Real* z, Real* out) {
  { F::outputs(Index{}) } -> std::convertible_to<Index>;
  f.value(z, Index{}, Label{}, out);
  f.pullback(z, Index{}, Label{}, z, out);
};

/// Fewest classes with which F says anything of a model: F::least_classes where F has it, else 1.
template <class F>
inline constexpr Index least_classes = [] {
  if constexpr (requires { F::least_classes; })
    return Index{F::least_classes};
  else
    return Index{1};
}();

/// Refuses at compile time an output function that is the same for every model of so many classes.
template <class F, Index Classes>
struct OutputSpeaks {
  static_assert(
      Classes >= least_classes<F>,
      "Margin, HardMargin and Prediction need a model of 2 or more classes: one class has no "
      "rival, and its probability is 1. Take Logits; see docs/concepts.md#outputfunction.");
  static constexpr bool value = true;
};

/// dz = the gradient of output o of f, one of `outputs`, in the logits z [k].
template <Index outputs, class F, class Real>
EXPUNGE_HD void output_gradient(const F& f, const Real* z, Index k, Label y, Index o, Real* dz) {
  Real unit[static_cast<std::size_t>(outputs)] = {};
  unit[o] = Real(1);
  for (Index j = 0; j < k; ++j) dz[j] = Real(0);
  f.pullback(z, k, y, unit, dz);
}

/// An output function that can also be differentiated forwards:
///
///   f.pushforward(z, k, y, dz, dout)    writes dout = (d out / d z) dz
template <class F, class Real>
concept TangentOutput = OutputFunction<F, Real> &&
    requires(const F& f, const Real* z, const Real* dz, Real* dout) {
  f.pushforward(z, Index{}, Label{}, dz, dout);
};

}  // namespace expunge
