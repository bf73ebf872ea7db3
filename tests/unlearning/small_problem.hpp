// A small trained ensemble and something to forget, for tests of methods.
#pragma once

#include "expunge/nn/mlp.hpp"
#include "expunge/train/train.hpp"
#include "expunge/unlearning/problem.hpp"
#include "expunge/unlearning/target.hpp"
#include "small_data.hpp"

namespace expunge {

using SmallModel = Mlp<6, 8, 3>;
using SmallEnsemble = Ensemble<SmallModel, double>;

/// Three networks trained on 60 points, of which `forget` are to be forgotten.
struct SmallProblem {
  Cpu<double> backend{1};
  Dataset data = clouds(60, 6, 3);
  Recipe<> recipe{.descent = {.learning_rate = 0.05, .epochs = 4, .seed = 1}, .batch = 16};
  SmallEnsemble models = train<SmallModel>(backend, recipe, data, all_but(3, 60, {}));
  Array<double, 3> logits = evaluate_logits<double>(backend, models, view(data.inputs));
  Problem<SmallModel, double> problem;

  explicit SmallProblem(std::vector<Index> forget = {2, 5, 8, 11, 14, 17, 20, 50})
      : problem(make_problem(data, std::move(forget), models, view(logits))) {}
  SmallProblem(const SmallProblem&) = delete;
};

/// An attribution for tests: the same change for every forget set that has these many points.
struct FixedChange {
  Array<double, 2> change;  // [points][outputs]
  Array<double, 2> predicted_change(const std::vector<Index>& forget) const {
    Array<double, 2> scaled = change;
    for (double& x : scaled) x *= static_cast<double>(forget.size());
    return scaled;
  }
};

inline FixedChange fixed_change(Index points, Index outputs) {
  FixedChange attribution{make_array<double>(points, outputs)};
  for (Index i = 0; i < points * outputs; ++i)
    attribution.change.data()[i] =
        0.1 * random_normal(9, Stream{Purpose::test}, static_cast<std::uint64_t>(i));
  return attribution;
}

}  // namespace expunge
