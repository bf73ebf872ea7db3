// What one epoch of training or fine-tuning does: which examples, in what batches, with what loss.
//
// Training on a subset, gradient ascent, SCRUB and Oracle Matching are one loop (descend.hpp) with
// other objectives. An epoch is one or more passes; a pass goes once through a list of examples.
#pragma once

#include <concepts>
#include <vector>

#include "expunge/data/dataset.hpp"
#include "expunge/loss/loss.hpp"

namespace expunge {

/// One minibatch of every member of a cohort. The objective writes the gradient of its mean loss.
template <class Real>
struct Minibatch {
  TensorView<const Real> logits;     // [members][rows][k]
  MatrixView<const Index> examples;  // [members][rows]     positions in the training set
  TensorView<Real> dlogits;          // [members][rows][k]  zero on entry
  MatrixView<Real> losses;           // [members][rows]
  Index first_member = 0;            // of the cohort, in the ensemble
  Index epoch = 0;
  Index pass = 0;
};

/// An objective O for backend B:
///
///   o.passes(epoch)                           how many passes this epoch has
///   o.batch_size(epoch, pass)
///   o.examples(member, epoch, pass)           positions in the training set, shuffled by the loop;
///                                             an example listed twice is seen twice
///   o(b, minibatch)                           losses and their gradient: the same work for every
///                                             minibatch of a pass, on other examples. Host arrays
///                                             that it reads there are `kept(b, array)`
///   o.add_weight_gradient(b, first_member, theta, dtheta)     optional: penalties on the weights
///
/// See docs/concepts.md#objective.
template <class O, class B>
concept Objective = requires(const O& o, B& backend, const Minibatch<typename B::Real>& minibatch) {
  { o.passes(Index{}) } -> std::convertible_to<Index>;
  { o.batch_size(Index{}, Index{}) } -> std::convertible_to<Index>;
  { o.examples(Index{}, Index{}, Index{}) } -> std::convertible_to<std::vector<Index>>;
  o(backend, minibatch);
};

/// loss(z, k, target of the example, weight, dz) on every row, where `target(m, example)` gives a
/// label or a vector; the gradient is of weight times the mean over the rows.
template <class Real, class LossFunction, class Target>
struct RowLoss {
  LossFunction loss;
  Target target;
  Minibatch<Real> batch;
  Real weight;

  EXPUNGE_HD void operator()(Index m, Index i, Index) const {
    const Real share = weight / static_cast<Real>(batch.logits.rows);
    batch.losses(m, i) += weight * loss(batch.logits.row(m, i), batch.logits.features,
                                        target(batch.first_member + m, batch.examples(m, i)), share,
                                        batch.dlogits.row(m, i));
  }
};

/// Adds weight * mean loss of the minibatch.
template <class B, class LossFunction, class Target, class Real = typename B::Real>
void add_loss(B& backend, const LossFunction& loss, const Target& target,
              const Minibatch<Real>& batch, std::type_identity_t<Real> weight) {
  using Aim = decltype(target(Index{}, Index{}));
  constexpr bool labels = std::is_same_v<std::remove_cvref_t<Aim>, Label>;
  constexpr Index least =
      labels ? least_label_answers<LossFunction> : least_vector_answers<LossFunction>;
  require(batch.logits.features >= least, "add_loss: the model has ", batch.logits.features,
          " answer, this loss needs ", least,
          ": with fewer it is the same whatever the model says; see docs/concepts.md#loss");
  for_each_element(backend, batch.logits.members, batch.logits.rows, 1,
                   RowLoss<Real, LossFunction, Target>{loss, target, batch, weight});
}

/// The labels of a data set as targets.
struct LabelTarget {
  const Label* labels;
  EXPUNGE_HD Label operator()(Index, Index example) const { return labels[example]; }
};

/// The labels where the functors of the backend read them.
template <class B>
const Label* kept_labels(B& backend, DatasetView data) {
  return kept(backend, MatrixView<const Label>(data.labels, 1, data.size())).data;
}

/// The same of labels of one's own, one for each example.
template <class B>
const Label* kept_labels(B& backend, const std::vector<Label>& labels) {
  return kept(backend, MatrixView<const Label>(labels.data(), 1, std::ssize(labels))).data;
}

/// [members][rows][features] that is kept as a whole.
template <class B, class Real>
TensorView<const Real> kept(B& backend, TensorView<const Real> x) {
  const MatrixView<const Real> all = kept(backend, x.flat());
  return {all.data, x.members, x.rows, x.features, all.stride};
}

/// Rows of [members][examples][k] as targets (member stride 0: shared).
template <class Real>
struct VectorTarget {
  TensorView<const Real> values;
  EXPUNGE_HD const Real* operator()(Index member, Index example) const {
    return values.row(member, example);
  }
};

}  // namespace expunge
