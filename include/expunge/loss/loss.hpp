// What training minimises: a functor on the answers z of one example.
//
//   loss(z, k, y, weight, dz)     returns L(z, y) and adds weight * dL/dz to dz [k]
//
// Losses add to dz, so that several make one objective; the weight carries the sign (ascent), the
// mixing factor and 1 / rows of the mean over a minibatch.
#pragma once

#include <concepts>

#include "expunge/core/platform.hpp"

namespace expunge {

/// A loss against a label. See docs/concepts.md#loss.
template <class L, class Real>
concept Loss = requires(const L& loss, const Real* z, Real* dz) {
  { loss(z, Index{}, Label{}, Real{}, dz) } -> std::convertible_to<Real>;
};

/// A loss against a vector [k]: a target, or a teacher's answers.
template <class L, class Real>
concept VectorLoss = requires(const L& loss, const Real* z, Real* dz) {
  { loss(z, Index{}, z, Real{}, dz) } -> std::convertible_to<Real>;
};

}  // namespace expunge
