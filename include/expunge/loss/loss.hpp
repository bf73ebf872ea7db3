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

/// Fewest answers k with which a loss can teach anything: L::least_answers where L has it.
template <class L, Index otherwise>
inline constexpr Index least_answers_or = [] {
  if constexpr (requires { L::least_answers; })
    return Index{L::least_answers};
  else
    return otherwise;
}();

/// Of a loss against labels. With one answer there is one class, 0: its softmax is 1, cross entropy
/// and its gradient are 0, and SquaredError draws the answer to 1, whatever number the label was
/// meant to be. A loss of your own that is of use there says `static constexpr Index least_answers
/// = 1`.
template <class L>
inline constexpr Index least_label_answers = least_answers_or<L, 2>;

/// Of a loss against vectors; those of a softmax say 2.
template <class L>
inline constexpr Index least_vector_answers = least_answers_or<L, 1>;

/// Refuses at compile time a loss against labels on a model of one answer.
template <class LossType, class Model>
struct LabelsTeach {
  static_assert(
      Model::classes >= least_label_answers<LossType>,
      "A loss against labels needs a model of 2 or more answers: with one, cross entropy is "
      "0 and SquaredError fits 1, not the label. Fit numbers by an objective with a "
      "VectorTarget; see docs/concepts.md#loss.");
  static constexpr bool value = true;
};

/// A loss, against a target of type T, that also knows its second derivative in z: what the
/// Gauss-Newton matrix J' H J puts between the Jacobians.
template <class L, class T, class Real>
concept CurvatureLoss = requires(const L& loss, const Real* z, T target, const Real* v, Real* hv) {
  { loss(z, Index{}, target, Real{}, hv) } -> std::convertible_to<Real>;
  loss.curvature(z, Index{}, target, Real{}, v, hv);
};

}  // namespace expunge
