// Held-out forget sets: what settings may be chosen on.
//
// A held-out set H is a set of training examples that nobody asks to forget, with the margins of
// oracles: models trained on S \ H, so that they never saw H. A method that is told to forget H can
// be scored against them. The sets are disjoint from the set F that will really be forgotten and
// from each other; oracles of F are not trained, and so cannot be looked at.
//
// Cost: sets x oracles full trainings, once for all methods that are to be compared.
#pragma once

#include <vector>

#include "expunge/data/forget_sets.hpp"
#include "expunge/output/evaluate.hpp"
#include "expunge/train/evaluate_margins.hpp"
#include "expunge/unlearning/retrain.hpp"

namespace expunge {

struct HeldOutSet {
  std::vector<Index> forget;       // H, positions in the training set
  Array<float, 2> oracle_margins;  // [oracles][points], training points first
};

struct HeldOutConfig {
  Index sets = 3;          // >= 1
  Index size = 0;          // >= 0 examples in each; 0: as many as are excluded
  Index oracles = 100;     // >= 2, for each set
  std::uint64_t seed = 0;  // of the draw and of the oracles

  void validate() const {
    require(sets >= 1, "HeldOutConfig: sets is ", sets, ", below 1");
    require(size >= 0, "HeldOutConfig: size is ", size, ", negative");
    require(oracles >= 2, "HeldOutConfig: oracles is ", oracles, ", below 2");
  }
};

namespace detail {

/// Throws in the name of `who` unless the first rows of `points` are the training set, to the bit.
inline void check_points(const char* who, DatasetView data, DatasetView points, Index classes) {
  require(points.inputs.cols == data.inputs.cols, who, ": points have ", points.inputs.cols,
          " features, training examples ", data.inputs.cols);
  require(points.size() >= data.size(), who, ": ", points.size(), " points, fewer than the ",
          data.size(), " training examples that they must begin with");
  for (Index i = 0; i < data.size(); ++i)
    require(points.labels[i] == data.labels[i] && same_row(points.inputs, i, data.inputs, i), who,
            ": point ", i, " is not training example ", i);
  check_labels(who, points, classes);
}

/// Margins [models][points] as float, whatever the models are in: oracles and unlearned models
/// must be rounded alike to be compared.
template <class Model, class B>
Array<float, 2> float_margins(B& backend, const Ensemble<Model, typename B::Real>& models,
                              DatasetView points) {
  return margins(evaluate_logits<float>(backend, models, points.inputs), points.labels,
                 backend.threads());
}

}  // namespace detail

/// `sets` lists of `size` training examples each, ascending, disjoint from `exclude` and from each
/// other. With more sets the first ones stay the same.
/// Throws std::invalid_argument when too few examples are left, or `exclude` is no set of examples.
inline std::vector<std::vector<Index>> draw_disjoint_sets(std::uint64_t seed, Index examples,
                                                          Index sets, Index size,
                                                          const std::vector<Index>& exclude) {
  check_forget_set("draw_disjoint_sets: exclude", exclude, examples);
  const std::vector<Index> pool = retain_set(exclude, examples);
  const Index left = static_cast<Index>(pool.size());
  require(sets >= 1 && size >= 1, "draw_disjoint_sets: ", sets, " sets of ", size,
          " examples asked, not 1 or more of each");
  require(size <= left / sets, "draw_disjoint_sets: ", sets, " sets of ", size,
          " examples asked, but only ", left, " of ", examples, " examples are not excluded");
  const std::vector<Index> drawn =
      random_sample(seed, Stream{Purpose::forget_set, 1}, pool, sets * size);
  std::vector<std::vector<Index>> result;
  for (auto first = drawn.begin(); first != drawn.end(); first += size) {
    result.emplace_back(first, first + size);
    std::sort(result.back().begin(), result.back().end());
  }
  return result;
}

/// A held-out set of your choice (one class, a cluster): trains its oracles by the recipe, from
/// fresh weights of `seed`, and evaluates them on `points`, whose first rows are the training set.
/// The seed must differ from that of the models to be compared with.
/// Throws std::invalid_argument when the pieces do not fit.
template <class Model, class B, class RecipeType>
HeldOutSet train_held_out_set(B& backend, RecipeType recipe, DatasetView data, DatasetView points,
                              std::vector<Index> forget, Index oracles, std::uint64_t seed,
                              const Progress& progress = {}) {
  detail::check_points("train_held_out_set", data, points, Model::classes);
  check_forget_set("train_held_out_set", forget, data.size());
  require(!forget.empty() && static_cast<Index>(forget.size()) < data.size(),
          "train_held_out_set: the set has ", forget.size(), " of ", data.size(),
          " examples; some must be forgotten and some kept");
  detail::check_oracle_seed("train_held_out_set", recipe.descent.seed, seed);
  const auto models =
      retrain<Model>(backend, recipe, data, forget, oracles, seed, Index{0}, progress);
  return {std::move(forget), detail::float_margins<Model>(backend, models, points)};
}

/// Draws config.sets random sets and trains config.oracles oracles for each. `exclude` is the set
/// that will really be forgotten; `points` are the training examples, then any others (validation).
/// The same on any number of threads. `progress` counts oracles.
/// Throws std::invalid_argument when too few examples are left or the pieces do not fit.
template <class Model, class B, class RecipeType>
std::vector<HeldOutSet> draw_held_out_sets(B& backend, const RecipeType& recipe, DatasetView data,
                                           DatasetView points, const HeldOutConfig& config,
                                           const std::vector<Index>& exclude,
                                           const Progress& progress = {}) {
  config.validate();
  const Index size = config.size > 0 ? config.size : static_cast<Index>(exclude.size());
  require(size > 0, "draw_held_out_sets: size is 0 and nothing is excluded; set one of them");
  std::vector<HeldOutSet> held_out;
  for (auto& forget : draw_disjoint_sets(config.seed, data.size(), config.sets, size, exclude)) {
    const Index number = static_cast<Index>(held_out.size());
    const Stream stream{Purpose::forget_set, static_cast<std::uint32_t>(2 + number)};
    Progress count;
    if (progress)
      count = [&, number](Index done, Index) {
        progress(number * config.oracles + done, config.sets * config.oracles);
      };
    held_out.push_back(train_held_out_set<Model>(backend, recipe, data, points, std::move(forget),
                                                 config.oracles,
                                                 random_word(config.seed, stream, 0), count));
  }
  return held_out;
}

}  // namespace expunge
