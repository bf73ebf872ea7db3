// The answers of an ensemble on given points: inputs [points][features] -> logits
// [models][points][k], or numbers made of these.
#pragma once

#include <vector>

#include "expunge/core/half.hpp"
#include "expunge/core/progress.hpp"
#include "expunge/data/dataset.hpp"
#include "expunge/output/output_function.hpp"
#include "expunge/train/ensemble.hpp"
#include "expunge/train/model_inputs.hpp"

namespace expunge {

/// out[m][i] = f of the logits and the label of point i.
template <class Real, class F>
struct OutputValues {
  F f;
  TensorView<const Real> logits;   // [members][points][k]
  MatrixView<const Label> labels;  // [1][points]
  TensorView<Real> out;            // [members][points][outputs]
  EXPUNGE_HD void operator()(Index m, Index i, Index) const {
    f.value(logits.row(m, i), logits.features, labels(0, i), out.row(m, i));
  }
};

/// Forward passes of one cohort over many points, a chunk at a time.
template <class Model, class B>
class Evaluator {
  using Real = typename B::Real;

 public:
  static constexpr Index chunk = 256;  // points: the activations stay in the cache

  /// `first_member`: of the cohort in its ensemble, for sentences.
  Evaluator(B& backend, Index members, Index first_member = 0)
      : members_(members),
        first_member_(first_member),
        workspace_(Model::workspace(backend, members, chunk)),
        inputs_(backend.template allocate<Real>(chunk * Model::Input::size)) {}

  /// Writes logits [members][points][k] for inputs [points][features], which all members share.
  template <class Stored>
  void operator()(B& backend, Weights<Real> weights, const InputsView& inputs,
                  TensorView<Stored> out) {
    for_each_chunk(backend, weights, inputs, [&](Index first, TensorView<const Real> logits) {
      store(backend, logits, first, out);
    });
  }

  /// Writes f of the logits and labels of points, [members][points][outputs]: logits stay where
  /// they are.
  template <class F, class Stored>
  void operator()(B& backend, Weights<Real> weights, DatasetView points, const F& f,
                  TensorView<Stored> out) {
    static_assert(OutputFunction<F, Real>,
                  "Evaluator: F must have value(z, k, y, out) and outputs(k); see "
                  "docs/concepts.md#outputfunction");
    static_assert(OutputSpeaks<F, Model::classes>::value);
    require(out.members == members_ && out.rows == points.size() &&
                out.features == F::outputs(Model::classes),
            "Evaluator: outputs of ", members_, " members at ", points.size(), " points into [",
            out.members, "][", out.rows, "][", out.features, "]");
    const auto labels = resident(backend, MatrixView<const Label>(points.labels, 1, points.size()));
    const auto memory = backend.template allocate<Real>(members_ * chunk * out.features);
    for_each_chunk(
        backend, weights, points.inputs, [&](Index first, TensorView<const Real> logits) {
          const TensorView<Real> values(memory.data(), members_, logits.rows, out.features);
          const MatrixView<const Label> y =
              MatrixView<const Label>(labels).columns(first, logits.rows);
          for_each_element(backend, members_, logits.rows, 1,
                           OutputValues<Real, F>{f, logits, y, values});
          store(backend, TensorView<const Real>(values), first, out);
        });
  }

 private:
  /// f(first point, logits of the chunk)
  template <class F>
  void for_each_chunk(B& backend, Weights<Real> weights, const InputsView& inputs, const F& f) {
    const MatrixView<Real> room(inputs_.data(), chunk, inputs.cols);
    for_each_chunk_of_inputs(backend, inputs, room, [&](Index first, MatrixView<const Real> x) {
      f(first, Model::forward(backend, weights, shared(x, members_), workspace_, Mode::eval));
    });
  }

  /// A chunk's numbers to their place in those of all points.
  template <class Stored>
  void store(B& backend, TensorView<const Real> from, Index first, TensorView<Stored> out) {
    const MatrixView<Stored> to =
        out.flat().columns(first * out.features, from.rows * out.features);
    if constexpr (std::is_same_v<Stored, Half>)
      store_halves(backend, from, first, to);
    else
      copy_rows(backend, from.flat(), to);
  }

  /// Refuses a finite number that would become infinite. Halves lie on the host.
  void store_halves(B& backend, TensorView<const Real> from, Index first, MatrixView<Half> to) {
    wide_.resize(static_cast<std::size_t>(to.rows * to.cols));
    const MatrixView<Real> wide(wide_.data(), to.rows, to.cols);
    copy_rows(backend, from.flat(), wide);
    for (Index m = 0; m < to.rows; ++m)
      for (Index j = 0; j < to.cols; ++j)
        if (!to_half(wide(m, j), to(m, j)))
          require(false, "Evaluator: output ", wide(m, j), " of model ", first_member_ + m,
                  " on point ", first + j / from.features, " is too large for half precision, ",
                  "which ends at ", largest_half,
                  "; store floats, or leave the model out if it has diverged");
  }

  Index members_, first_member_;
  std::vector<Real> wide_;  // of a chunk that becomes halves
  typename Model::template Workspace<B> workspace_;
  typename B::template Buffer<Real> inputs_;
};

namespace detail {

/// evaluate(evaluator, worker, weights, first member, members) for every cohort of the ensemble.
template <class Model, class B, class F>
void evaluate_cohorts(B& backend, const Ensemble<Model, typename B::Real>& ensemble,
                      const Progress& progress, const F& evaluate) {
  ProgressCounter counter(progress, ensemble.members());
  const std::size_t bytes = member_bytes<Model, B>(Evaluator<Model, B>::chunk, 1);
  for_each_cohort(backend, ensemble.members(), bytes, [&](B& worker, Index first, Index count) {
    CohortWeights<Model, B> weights(worker, count);
    weights.load(worker, ensemble, first);
    Evaluator<Model, B> evaluator(worker, count, first);
    evaluate(evaluator, worker, weights.view(), first, count);
    counter.add(count);
  });
}

}  // namespace detail

/// Logits [members][points][k] of every model, as float, Half or double. Throws
/// std::invalid_argument if an input is no finite number, or a finite logit is too large for Half.
template <class Stored = float, class Model, class B>
Array<Stored, 3> evaluate_logits(B& backend, const Ensemble<Model, typename B::Real>& ensemble,
                                 const InputsView& inputs, const Progress& progress = {}) {
  check_model_inputs<Model>("evaluate_logits", inputs);
  check_finite_inputs(backend, "evaluate_logits", inputs, "point");
  Array<Stored, 3> logits = make_array<Stored>(ensemble.members(), inputs.rows, Model::classes);
  detail::evaluate_cohorts(
      backend, ensemble, progress,
      [&](auto& evaluator, B& worker, const auto& weights, Index first, Index count) {
        evaluator(worker, weights, inputs, view(logits).member_range(first, count));
      });
  return logits;
}

}  // namespace expunge
