// DescentConfig::starts: models that share weights and orders, and differ by their subsets alone.
#include <doctest/doctest.h>

#include <cstring>

#include "comparators.hpp"
#include "expunge/nn/mlp.hpp"
#include "expunge/train/train.hpp"
#include "small_data.hpp"

using namespace expunge;

namespace {

using M = Mlp<6, 9, 3>;

const Dataset& data() {
  static const Dataset points = clouds(60, 6, 3);
  return points;
}

Recipe<> recipe(Index starts, double learning_rate = 0.02) {
  return {.descent = {.learning_rate = learning_rate, .epochs = 2, .seed = 11, .starts = starts},
          .batch = 16};
}

Array<float, 2> weights(const Recipe<>& recipe, const SubsetMasks& masks, int threads = 2,
                        Index cohort = 1) {
  Cpu<float> backend(threads, cohort);
  return train<M>(backend, recipe, data(), masks).theta;
}

bool same_model(const Array<float, 2>& a, Index i, const Array<float, 2>& b, Index j) {
  return std::memcmp(view(a).row(i), view(b).row(j), M::parameters * sizeof(float)) == 0;
}

/// `models` models on one subset, and one more that lacks an example: full models may share no
/// starts.
SubsetMasks nearly_alike(Index models) {
  SubsetMasks masks = all_but(models + 1, 60, {1, 2});
  masks.erase(models, 7);
  return masks;
}

}  // namespace

TEST_CASE("with two starts, every second model on the same subset is the same to the bit") {
  const Array<float, 2> theta = weights(recipe(2), nearly_alike(5));
  CHECK(same_model(theta, 0, theta, 2));
  CHECK(same_model(theta, 0, theta, 4));
  CHECK(same_model(theta, 1, theta, 3));
  CHECK(!same_model(theta, 0, theta, 1));
}

TEST_CASE("start s is member s of a run without shared starts") {
  const SubsetMasks masks = nearly_alike(4);
  const Array<float, 2> shared = weights(recipe(2), masks), own = weights(recipe(0), masks);
  for (Index m = 0; m < 4; ++m) CHECK(same_model(shared, m, own, m % 2));
  CHECK(!same_model(own, 0, own, 2));
}

TEST_CASE("models of one start have the same first weights and differ by their subsets") {
  const SubsetMasks masks = fixed_size_subsets(3, 6, 60, 0.75);
  const Array<float, 2> trained = weights(recipe(3), masks);
  CHECK(!same_model(trained, 0, trained, 3));
  const Array<float, 2> first = weights(recipe(3, 1e-30), masks);  // as good as not trained
  const Array<float, 2> fresh = initialise<M, float>(11, 3).theta;
  for (Index m = 0; m < 6; ++m)
    CHECK(relative_difference(view(first).row(m), view(fresh).row(m % 3), M::parameters) <= 1e-20);
}

TEST_CASE("0 starts is the default, and as many starts as models are the same") {
  const SubsetMasks masks = fixed_size_subsets(3, 5, 60, 0.75);
  Recipe<> by_default{.descent = {.learning_rate = 0.02, .epochs = 2, .seed = 11}, .batch = 16};
  CHECK(by_default.descent.starts == 0);
  const Array<float, 2> theta = weights(by_default, masks);
  CHECK(same_bytes(weights(recipe(0), masks), theta));
  CHECK(same_bytes(weights(recipe(5), masks), theta));
  CHECK(same_bytes(weights(recipe(99), masks), theta));
  CHECK(!same_bytes(weights(recipe(4), masks), theta));
}

TEST_CASE("a run of fewer models gives the same models; so do other threads and cohorts") {
  const SubsetMasks masks = fixed_size_subsets(3, 7, 60, 0.75);
  const Array<float, 2> all = weights(recipe(2), masks, 1);
  const Array<float, 2> five = weights(recipe(2), model_range(masks, 0, 5), 2, 3);
  for (Index m = 0; m < 5; ++m) CHECK(same_model(all, m, five, m));
  for (const int threads : {1, 2, 5})
    for (const Index cohort : {1, 3})
      CHECK(same_bytes(weights(recipe(2), masks, threads, cohort), all));
}

TEST_CASE("a negative number of starts is refused") {
  CHECK_THROWS_WITH_AS(weights(recipe(-1), all_but(2, 60, {})),
                       "DescentConfig: starts is -1, negative", std::invalid_argument);
}
