// The margins of an ensemble on labelled points: [models][points], what KLoM compares.
#pragma once

#include "expunge/output/margin.hpp"
#include "expunge/train/evaluate_logits.hpp"

namespace expunge {

/// Margins [models][points] of every model on every example of `points`; F may be another output
/// function that gives one number. Throws std::invalid_argument if extents or a label do not fit.
template <class Model, class B, class F = Margin>
Array<typename B::Real, 2> evaluate_margins(B& backend,
                                            const Ensemble<Model, typename B::Real>& models,
                                            DatasetView points, const F& f = {},
                                            const Progress& progress = {}) {
  using Real = typename B::Real;
  static_assert(F::outputs(10) == 1, "evaluate_margins: F must give one number per point.");
  static_assert(Model::classes >= 2, "evaluate_margins: a model of one class has no rival.");
  check_model_inputs<Model>("evaluate_margins", points.inputs);
  check_finite_inputs(backend, "evaluate_margins", points.inputs, "point");
  check_labels("evaluate_margins", points, Model::classes);
  Array<Real, 2> margins = make_array<Real>(models.members(), points.size());
  const TensorView<Real> all(margins.data(), models.members(), points.size(), 1);
  detail::evaluate_cohorts(
      backend, models, progress,
      [&](auto& evaluator, B& worker, const auto& weights, Index first, Index count) {
        evaluator(worker, weights, points, f, all.member_range(first, count));
      });
  return margins;
}

}  // namespace expunge
