// Training from fresh weights: every member on its own subset of one data set.
//
// Full models, oracles (all but the forget set) and subset models are the same call with other
// masks.
#pragma once

#include "expunge/data/subset_masks.hpp"
#include "expunge/loss/cross_entropy.hpp"
#include "expunge/train/descend.hpp"
#include "expunge/train/evaluate_logits.hpp"
#include "expunge/train/sgd.hpp"

namespace expunge {

/// How a model is trained. Oracles must be trained by the recipe of the model that they replace.
template <class OptimizerType = Sgd, class ScheduleType = TriangularRate,
          class LossType = CrossEntropy>
struct Recipe {
  DescentConfig descent = {};
  Index batch = 32;
  OptimizerType optimizer = {};
  ScheduleType schedule = {};
  LossType loss = {};
};

/// One pass an epoch over the examples that the member's mask includes.
template <class LossType>
struct SubsetObjective {
  const SubsetMasks& masks;
  DatasetView data;
  LossType loss;
  Index batch;

  Index passes(Index) const { return 1; }
  Index batch_size(Index, Index) const { return batch; }
  std::vector<Index> examples(Index member, Index, Index) const { return masks.members(member); }

  template <class B>
  void operator()(B& backend, const Minibatch<typename B::Real>& minibatch) const {
    add_loss(backend, loss, LabelTarget{kept_labels(backend, data)}, minibatch, 1);
  }
};

/// Trains masks.models() models from fresh weights. Initial weights and batch orders depend on
/// (recipe.descent.seed, member) alone; with recipe.descent.starts = s on member modulo s, so that
/// models of one start differ by their subsets alone (attribution/shared_starts.hpp).
template <class Model, class B, class RecipeType, class Observer = NoObserver>
Ensemble<Model, typename B::Real> train(B& backend, const RecipeType& recipe, DatasetView data,
                                        const SubsetMasks& masks, const Progress& progress = {},
                                        const Observer& after_epoch = {}) {
  using Real = typename B::Real;
  static_assert(expunge::Model<Model, B>,
                "train: the model must have forward, backward, initialise and workspace; see "
                "docs/concepts.md#model");
  static_assert(Loss<decltype(recipe.loss), Real>,
                "train: the loss must be callable as loss(z, k, label, weight, dz); see "
                "docs/concepts.md#loss");
  require(masks.examples() == data.size(), "train: masks of ", masks.examples(),
          " examples, data of ", data.size());
  require(recipe.batch >= 1, "train: the recipe's batch is ", recipe.batch, ", below 1");
  check_labels("train", data, Model::classes);
  for (Index m = 0; m < masks.models(); ++m)
    require(masks.size(m) > 0, "train: the subset of model ", m, " is empty");
  recipe.descent.validate();
  if constexpr (requires { recipe.loss.validate(); }) recipe.loss.validate();
  auto ensemble = Ensemble<Model, Real>::uninitialised(masks.models());
  for (Index m = 0; m < masks.models(); ++m)
    initialise_member(recipe.descent.seed, recipe.descent.start_of(m), m, ensemble);
  const SubsetObjective<decltype(recipe.loss)> objective{masks, data, recipe.loss, recipe.batch};
  descend(backend, recipe.descent, data, objective, recipe.optimizer, recipe.schedule, ensemble,
          after_epoch, progress);
  return ensemble;
}

}  // namespace expunge
