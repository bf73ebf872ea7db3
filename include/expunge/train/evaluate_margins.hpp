// The margins of an ensemble on labelled points: [models][points], what KLoM compares.
#pragma once

#include "expunge/data/dataset.hpp"
#include "expunge/output/evaluate.hpp"
#include "expunge/train/evaluate_logits.hpp"

namespace expunge {

/// Margins [models][points] of every model on every example of `points`; F may be another output
/// function that gives one number.
template <class Model, class B, class F = Margin>
Array<typename B::Real, 2> evaluate_margins(B& backend,
                                            const Ensemble<Model, typename B::Real>& models,
                                            DatasetView points, const F& f = {}) {
  const Array<typename B::Real, 3> logits =
      evaluate_logits<typename B::Real>(backend, models, points.inputs);
  return margins(logits, points.labels, backend.threads(), f);
}

}  // namespace expunge
