// What a user may plug in where effects are estimated, and where they are used.
//
//   Estimator    masks, outputs -> effects: one linear model of each target's output in the mask
//   Attribution  forget set -> predicted change of every output at every point
#pragma once

#include <concepts>
#include <vector>

#include "expunge/attribution/effects.hpp"
#include "expunge/core/array.hpp"
#include "expunge/core/progress.hpp"
#include "expunge/core/view.hpp"
#include "expunge/data/subset_masks.hpp"

namespace expunge {

/// `estimator.fit(backend, masks, outputs, progress)` with outputs [models][targets] gives
/// Effects<B::Real> on a backend B; the estimator itself is a config and does not change.
template <class E, class B>
concept Estimator = requires(const E& estimator, const B& backend, const SubsetMasks& masks,
                             MatrixView<const float> outputs, const Progress& progress) {
  typename B::Real;
  { estimator.fit(backend, masks, outputs, progress) } -> std::same_as<Effects<typename B::Real>>;
};

/// `attribution.predicted_change(forget)` gives [points][outputs]: f_x of a model that never saw
/// the forget set, minus f_x of the model that saw everything.
template <class A, class Real>
concept Attribution = requires(const A& attribution, const std::vector<Index>& forget) {
  { attribution.predicted_change(forget) } -> std::same_as<Array<Real, 2>>;
};

}  // namespace expunge
