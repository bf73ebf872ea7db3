// Retraining, the definition of success: the same recipe on R alone, from fresh weights. Stopped
// after some of its epochs it is the baseline "partial retraining".
#pragma once

#include "expunge/train/train.hpp"
#include "expunge/unlearning/problem.hpp"

namespace expunge {

namespace detail {

/// The recipe's own seed is that of the models which oracles are compared with. Oracle m would then
/// begin with the weights of model m and see the data in much the same order.
inline void check_oracle_seed(const char* function, std::uint64_t recipe_seed, std::uint64_t seed) {
  require(
      seed != recipe_seed, function, ": the oracles' seed is ", seed,
      ", which is the recipe's own, that of the models that they are compared with; the two would "
      "be paired and look too much alike, so give oracles another seed");
}

}  // namespace detail

/// `models` fresh models trained without `forget`, and only that: oracles. `stop_after` epochs of
/// the recipe (0: all), with the rates that the whole recipe has in those epochs. All have starts
/// of their own, also where the recipe shares them. The seed must differ from that of the models to
/// be compared with: for whole trainings, throws std::invalid_argument if it is the recipe's.
template <class Model, class B, class RecipeType>
Ensemble<Model, typename B::Real> retrain(B& backend, RecipeType recipe, DatasetView data,
                                          const std::vector<Index>& forget, Index models,
                                          std::uint64_t seed, Index stop_after = 0,
                                          const Progress& progress = {}) {
  if (stop_after == 0 || stop_after >= recipe.descent.epochs)
    detail::check_oracle_seed("retrain", recipe.descent.seed, seed);
  recipe.descent.seed = seed;
  recipe.descent.starts = 0;  // oracles with one start and one training set would be equal
  recipe.descent.stop_after = stop_after;
  return train<Model>(backend, recipe, data, all_but(models, data.size(), forget), progress);
}

/// What `stop_after` epochs on R cost, as a fraction of a full training on S.
inline double retrain_compute(Index n, Index forget, Index epochs, Index stop_after = 0) {
  require(n >= 1 && epochs >= 1, "retrain_compute: a full training of ", epochs, " epochs on ", n,
          " examples; at least 1 of each is needed");
  const Index run = stop_after > 0 ? stop_after : epochs;
  return static_cast<double>((n - forget) * run) / static_cast<double>(n * epochs);
}

}  // namespace expunge
