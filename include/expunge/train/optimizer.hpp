// What an optimiser is: arithmetic on rows of weights, the same for every member.
#pragma once

#include <concepts>

#include "expunge/core/view.hpp"

namespace expunge {

/// An optimiser O usable on backend B:
///
///   O::slots                                         rows of state per member, zero at birth
///   o.validate()
///   o.step(b, theta, gradient, slots, rate, step)    step = 0, 1, ...; slots[i] is [members][p]
///
/// See docs/concepts.md#optimizer.
template <class O, class B>
concept Optimizer = requires(const O& o, B& backend, MatrixView<typename B::Real> theta,
                             MatrixView<const typename B::Real> gradient,
                             const MatrixView<typename B::Real>* slots) {
  { O::slots } -> std::convertible_to<Index>;
  o.validate();
  o.step(backend, theta, gradient, slots, double{}, Index{});
};

}  // namespace expunge
