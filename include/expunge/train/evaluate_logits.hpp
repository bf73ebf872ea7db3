// The answers of an ensemble on given points: inputs [points][features] -> logits
// [models][points][k].
#pragma once

#include "expunge/core/half.hpp"
#include "expunge/core/progress.hpp"
#include "expunge/train/ensemble.hpp"

namespace expunge {

/// Forward passes of one cohort over many points, a chunk at a time.
template <class Model, class B>
class Evaluator {
  using Real = typename B::Real;

 public:
  static constexpr Index chunk = 256;  // points: the activations stay in the cache

  Evaluator(B& backend, Index members)
      : members_(members),
        workspace_(Model::workspace(backend, members, chunk)),
        inputs_(backend.template allocate<Real>(chunk * Model::Input::size)) {}

  /// Writes logits [members][points][k] for inputs [points][features], which all members share.
  template <class Stored>
  void operator()(B& backend, Weights<Real> weights, MatrixView<const float> inputs,
                  TensorView<Stored> out) {
    for (Index first = 0; first < inputs.rows; first += chunk) {
      const Index rows = std::min(chunk, inputs.rows - first);
      const MatrixView<Real> x(inputs_.data(), rows, inputs.cols);
      copy_rows(backend, inputs.row_range(first, rows), x);
      const TensorView<const Real> logits = Model::forward(
          backend, weights, shared(MatrixView<const Real>(x), members_), workspace_, Mode::eval);
      copy_rows(backend, logits.flat(),
                out.flat().columns(first * Model::classes, rows * Model::classes));
    }
  }

 private:
  Index members_;
  typename Model::template Workspace<B> workspace_;
  typename B::template Buffer<Real> inputs_;
};

/// Logits [members][points][k] of every model, as float, Half or double.
template <class Stored = float, class Model, class B>
Array<Stored, 3> evaluate_logits(B& backend, const Ensemble<Model, typename B::Real>& ensemble,
                                 MatrixView<const float> inputs, const Progress& progress = {}) {
  require(inputs.cols == Model::Input::size, "evaluate_logits: inputs have ", inputs.cols,
          " features, the model takes ", Model::Input::size);
  Array<Stored, 3> logits = make_array<Stored>(ensemble.members(), inputs.rows, Model::classes);
  ProgressCounter counter(progress, ensemble.members());
  const std::size_t bytes = member_bytes<Model, B>(Evaluator<Model, B>::chunk, 1);
  for_each_cohort(backend, ensemble.members(), bytes, [&](B& worker, Index first, Index count) {
    CohortWeights<Model, B> weights(worker, count);
    weights.load(worker, ensemble, first);
    Evaluator<Model, B> evaluator(worker, count);
    evaluator(worker, weights.view(), inputs, view(logits).member_range(first, count));
    counter.add(count);
  });
  return logits;
}

}  // namespace expunge
