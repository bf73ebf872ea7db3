// Training from fresh weights: every member on its own subset of one data set.
//
// Full models, oracles (all but the forget set) and subset models are the same call with other
// masks.
#pragma once

#include <memory>
#include <stdexcept>

#include "expunge/data/subset_masks.hpp"
#include "expunge/loss/cross_entropy.hpp"
#include "expunge/train/descend.hpp"
#include "expunge/train/evaluate_logits.hpp"
#include "expunge/train/sgd.hpp"

namespace expunge {

/// What `train` does when members diverged (DescentReport::diverged_members).
enum class WhenDiverged {
  refuse,  // throws TrainingDiverged, which holds all members
  keep,    // returns them among the others; is_finite tells those whose weights are no numbers
};

/// Thrown by `train`, so that nobody takes broken models for models. The others are not lost.
template <class Model, class Real>
class TrainingDiverged : public std::runtime_error {
 public:
  TrainingDiverged(Ensemble<Model, Real> models, const DescentReport& report)
      : std::runtime_error(
            sentence("train: ", members_text(report.diverged_members()), " of ", models.members(),
                     " diverged: weights that are no numbers, or logits more than ", runaway_growth,
                     " times the median member's; lower the learning rate, or keep them by the "
                     "recipe's `when_diverged` and leave them out")),
        result_(std::make_shared<const Result>(Result{std::move(models), report})) {}

  const Ensemble<Model, Real>& models() const { return result_->models; }
  const DescentReport& report() const { return result_->report; }

 private:
  struct Result {
    Ensemble<Model, Real> models;
    DescentReport report;
  };
  std::shared_ptr<const Result> result_;
};

/// How a model is trained. Oracles must be trained by the recipe of the model that they replace.
template <class OptimizerType = Sgd, class ScheduleType = TriangularRate,
          class LossType = CrossEntropy>
struct Recipe {
  DescentConfig descent = {};
  Index batch = 32;
  OptimizerType optimizer = {};
  ScheduleType schedule = {};
  LossType loss = {};
  WhenDiverged when_diverged = WhenDiverged::refuse;
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

namespace detail {

/// Refuses shared starts where all members have one subset: an ensemble of full models or oracles
/// would hold each of a few models many times.
inline void check_distinct(const SubsetMasks& masks, const DescentConfig& config) {
  if (config.starts == 0 || config.starts >= masks.models()) return;
  const auto words = static_cast<std::size_t>(masks.words_per_row());
  for (Index m = 1; m < masks.models(); ++m)
    if (!std::equal(masks.row(m), masks.row(m) + words, masks.row(0))) return;
  require(false, "train: ", masks.models(), " models of the same examples have ", config.starts,
          " starts, so only ", config.starts,
          " of them differ; set starts to 0: shared starts are for subset models");
}

}  // namespace detail

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
  static_assert(LabelsTeach<std::remove_cvref_t<decltype(recipe.loss)>, Model>::value);
  require(masks.examples() == data.size(), "train: masks of ", masks.examples(),
          " examples, data of ", data.size());
  require(recipe.batch >= 1, "train: the recipe's batch is ", recipe.batch, ", below 1");
  check_labels("train", data, Model::classes);
  check_model_inputs<Model>("train", data.inputs);
  check_finite_inputs(backend, "train", data.inputs, [&](Index i) { return is_used(masks, i); });
  for (Index m = 0; m < masks.models(); ++m)
    require(masks.size(m) > 0, "train: the subset of model ", m, " is empty");
  recipe.descent.validate();
  detail::check_distinct(masks, recipe.descent);
  if constexpr (requires { recipe.loss.validate(); }) recipe.loss.validate();
  auto ensemble = Ensemble<Model, Real>::uninitialised(masks.models());
  for (Index m = 0; m < masks.models(); ++m)
    initialise_member(recipe.descent.seed, recipe.descent.start_of(m), m, ensemble);
  const SubsetObjective<decltype(recipe.loss)> objective{masks, data, recipe.loss, recipe.batch};
  const DescentReport report = descend(backend, recipe.descent, data, objective, recipe.optimizer,
                                       recipe.schedule, ensemble, after_epoch, progress);
  if (recipe.when_diverged == WhenDiverged::refuse && report.diverged() > 0)
    throw TrainingDiverged<Model, Real>(std::move(ensemble), report);
  return ensemble;
}

}  // namespace expunge
