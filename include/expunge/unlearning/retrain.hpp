// Retraining, the definition of success: the same recipe on R alone, from fresh weights. Stopped
// after some of its epochs it is the baseline "partial retraining".
#pragma once

#include "expunge/train/train.hpp"
#include "expunge/unlearning/problem.hpp"

namespace expunge {

/// `models` fresh models trained without `forget`, and only that: oracles. `stop_after` epochs of
/// the recipe (0: all), with the rates that the whole recipe has in those epochs. The seed must
/// differ from that of the models to be compared with.
template <class Model, class B, class RecipeType>
Ensemble<Model, typename B::Real> retrain(B& backend, RecipeType recipe, DatasetView data,
                                          const std::vector<Index>& forget, Index models,
                                          std::uint64_t seed, Index stop_after = 0,
                                          const Progress& progress = {}) {
  recipe.descent.seed = seed;
  recipe.descent.stop_after = stop_after;
  return train<Model>(backend, recipe, data, all_but(models, data.size(), forget), progress);
}

/// What `stop_after` epochs on R cost, as a fraction of a full training on S.
inline double retrain_compute(Index n, Index forget, Index epochs, Index stop_after = 0) {
  const Index run = stop_after > 0 ? stop_after : epochs;
  return static_cast<double>((n - forget) * run) / static_cast<double>(n * epochs);
}

}  // namespace expunge
