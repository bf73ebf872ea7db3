#include <doctest/doctest.h>

#include "comparators.hpp"
#include "expunge/nn/mlp.hpp"
#include "expunge/train/train.hpp"
#include "small_data.hpp"

using namespace expunge;

namespace {

using M = Mlp<6, 8, 3>;
using B = Cpu<float>;

Ensemble<M, float> train_on(const SubsetMasks& masks, const Dataset& data, Index cohort = 1) {
  B backend(1, cohort);
  return train<M>(backend, Recipe<>{.descent = {.epochs = 2}}, data, masks);
}

}  // namespace

TEST_CASE("subsets of different sizes in one cohort are refused, and train in cohorts of one") {
  const Dataset data = clouds(20, 6, 3);
  SubsetMasks masks = all_but(3, 20, {});
  masks.erase(1, 7);
  CHECK_THROWS_WITH_AS(train_on(masks, data, 3),
                       "descend: members 0 and 1 of one cohort see 20 and 19 examples; use cohorts "
                       "of one member, or subsets of one size",
                       std::invalid_argument);
  SubsetMasks first_shorter = all_but(3, 20, {});  // whose list the room is made for
  first_shorter.erase(0, 7);
  CHECK_THROWS_WITH_AS(train_on(first_shorter, data, 3),
                       "descend: members 0 and 1 of one cohort see 19 and 20 examples; use cohorts "
                       "of one member, or subsets of one size",
                       std::invalid_argument);
  const auto models = train_on(masks, data, 1);
  for (Index m = 0; m < 3; ++m) CHECK(is_finite(models, m));
}

TEST_CASE("a member that meets a NaN is reported as diverged, and no other") {
  const Dataset data = with_rows_set_to(clouds(20, 6, 3), {4}, std::nanf(""));
  SubsetMasks masks = all_but(3, 20, {4});
  masks.insert(1, 4);
  for (const int threads : {1, 3}) {
    B backend(threads);
    auto models = initialise<M, float>(0, 3);
    const DescentReport report =
        descend(backend, DescentConfig{.epochs = 2}, data,
                SubsetObjective<CrossEntropy>{masks, data, {}, 8}, Sgd{}, ConstantRate{}, models);
    CHECK(report.finite == std::vector<char>{1, 0, 1});
    CHECK(report.diverged() == 1);
    CHECK(std::isnan(report.losses[1]));
    CHECK(std::isfinite(report.losses[0]));
  }
}

TEST_CASE("a rate that is much too large is reported as divergence, not as success") {
  const Dataset data = clouds(20, 6, 3);
  B backend(1);
  auto models = initialise<M, float>(0, 2);
  const SubsetMasks masks = all_but(2, 20, {});
  const DescentReport report =
      descend(backend, DescentConfig{.learning_rate = 1e30, .epochs = 3}, data,
              SubsetObjective<CrossEntropy>{masks, data, {}, 8}, Sgd{}, ConstantRate{}, models);
  CHECK(report.diverged() == 2);
}

TEST_CASE("settings are checked, with field and number") {
  CHECK_THROWS_WITH(DescentConfig{.learning_rate = 0}.validate(),
                    "DescentConfig: learning_rate is 0, not positive");
  CHECK_THROWS(DescentConfig{.learning_rate = std::nan("")}.validate());
  CHECK_THROWS(DescentConfig{.learning_rate = std::numeric_limits<double>::infinity()}.validate());
  CHECK_THROWS_WITH(DescentConfig{.epochs = 0}.validate(), "DescentConfig: epochs is 0, below 1");
  CHECK_THROWS_WITH((DescentConfig{.epochs = 3, .stop_after = 4}.validate()),
                    "DescentConfig: stop_after is 4, not in 0 .. 3");
}

TEST_CASE("train checks masks, labels and batch before it starts") {
  Dataset data = clouds(20, 6, 3);
  CHECK_THROWS_WITH(train_on(all_but(1, 19, {}), data), "train: masks of 19 examples, data of 20");
  CHECK_THROWS_WITH(train_on(SubsetMasks(2, 20), data), "train: the subset of model 0 is empty");
  B backend(1);
  CHECK_THROWS_WITH(train<M>(backend, Recipe<>{.batch = 0}, data, all_but(1, 20, {})),
                    "train: the recipe's batch is 0, below 1");
  CHECK_THROWS_WITH((train<Mlp<5, 3>>(backend, Recipe<>{}, data, all_but(1, 20, {}))),
                    "train: inputs have 6 features, the model takes 5");
  data.labels[11] = 3;
  CHECK_THROWS_WITH(train_on(all_but(1, 20, {}), data),
                    "train: the label of example 11 is 3, the model has 3 classes");
  data.labels[11] = -1;
  CHECK_THROWS_AS(train_on(all_but(1, 20, {}), data), std::invalid_argument);
}

TEST_CASE("an objective that lists an example that is not there is refused") {
  struct Beyond {
    Index passes(Index) const { return 1; }
    Index batch_size(Index, Index) const { return 4; }
    std::vector<Index> examples(Index, Index, Index) const { return {3, 20}; }
    void operator()(B&, const Minibatch<float>&) const {}
  };
  const Dataset data = clouds(20, 6, 3);
  B backend(1);
  auto models = initialise<M, float>(0, 1);
  CHECK_THROWS_WITH(
      descend(backend, DescentConfig{}, data, Beyond{}, Sgd{}, ConstantRate{}, models),
      "descend: the objective lists example 20 of 20");
}
