// What training minimises: a functor on the answers z of one example.
//
//   loss(z, k, y, weight, dz)                returns L(z, y) and adds weight * dL/dz to dz [k]
//   loss.curvature(z, k, y, weight, v, hv)   optional: adds weight * (d2L/dz2) v to hv [k]
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

/// A loss, against a target of type T, that also knows its second derivative in z: what the
/// Gauss-Newton matrix J' H J puts between the Jacobians.
template <class L, class T, class Real>
concept CurvatureLoss = requires(const L& loss, const Real* z, T target, const Real* v, Real* hv) {
  { loss(z, Index{}, target, Real{}, hv) } -> std::convertible_to<Real>;
  loss.curvature(z, Index{}, target, Real{}, v, hv);
};

}  // namespace expunge
