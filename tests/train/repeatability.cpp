// Weights depend on (seed, member, data, settings) and on nothing else.
#include <doctest/doctest.h>

#include "comparators.hpp"
#include "expunge/nn/mlp.hpp"
#include "expunge/train/adam.hpp"
#include "expunge/train/train.hpp"
#include "expunge/unlearning/retrain.hpp"
#include "small_data.hpp"

using namespace expunge;

namespace {

using M = Mlp<6, 17, 3>;

const Dataset& data() {
  static const Dataset points = clouds(60, 6, 3);
  return points;
}

template <class OptimizerType = Sgd>
Recipe<OptimizerType> recipe(Index stop_after = 0) {
  return {.descent = {.learning_rate = 0.02, .epochs = 4, .stop_after = stop_after, .seed = 11},
          .batch = 16};
}

template <class Real, class OptimizerType = Sgd>
Array<Real, 2> weights(int threads, Index cohort, const SubsetMasks& masks) {
  Cpu<Real> backend(threads, cohort);
  return train<M>(backend, recipe<OptimizerType>(), data(), masks).theta;
}

}  // namespace

TEST_CASE_TEMPLATE("weights do not depend on threads and cohorts, to the byte", Real, float,
                   double) {
  const SubsetMasks masks = fixed_size_subsets(3, 9, 60, 0.75);
  const Array<Real, 2> reference = weights<Real>(1, 1, masks);
  const Array<Real, 2> adam = weights<Real, Adam>(1, 1, masks);
  for (const int threads : {1, 2, 5})
    for (const Index cohort : {1, 3, 7}) {
      CAPTURE(threads);
      CAPTURE(cohort);
      CHECK(same_bytes(weights<Real>(threads, cohort, masks), reference));
      CHECK(same_bytes(weights<Real, Adam>(threads, cohort, masks), adam));
    }
  CHECK(!same_bytes(adam, reference));
}

TEST_CASE("an ensemble of five is the first five of nine") {
  const SubsetMasks nine = fixed_size_subsets(3, 9, 60, 0.75);
  const Array<float, 2> all = weights<float>(2, 3, nine);
  const Array<float, 2> five = weights<float>(1, 2, model_range(nine, 0, 5));
  CHECK(std::memcmp(all.data(), five.data(), five.size() * sizeof(float)) == 0);
}

TEST_CASE("other seeds and other members give other weights") {
  Cpu<float> backend(1);
  Recipe<> other = recipe();
  other.descent.seed = 12;
  const SubsetMasks masks = all_but(2, 60, {});
  const Array<float, 2> a = train<M>(backend, recipe(), data(), masks).theta;
  const Array<float, 2> b = train<M>(backend, other, data(), masks).theta;
  CHECK(!same_bytes(a, b));
  CHECK(std::memcmp(a.data(), a.data() + M::parameters, M::parameters * sizeof(float)) != 0);
}

TEST_CASE("stopping after some epochs gives the whole run's weights at that epoch") {
  Cpu<float> backend(2, 2);
  const SubsetMasks masks = all_but(3, 60, {1, 2});
  std::vector<Array<float, 2>> after(4, make_array<float>(3, M::parameters));
  const auto observe = [&](Cpu<float>& worker, const EpochEnd<float>& end) {
    copy_rows(worker, end.weights.theta,
              view(after[static_cast<std::size_t>(end.epoch)])
                  .row_range(end.first_member, end.weights.theta.rows));
  };
  const auto whole = train<M>(backend, recipe(), data(), masks, {}, observe);
  CHECK(same_bytes(whole.theta, after[3]));
  for (Index stop = 1; stop <= 4; ++stop)
    CHECK(same_bytes(train<M>(backend, recipe(stop), data(), masks).theta,
                     after[static_cast<std::size_t>(stop - 1)]));
  CHECK(!same_bytes(after[0], after[1]));
}

TEST_CASE("oracles never see the forget set: what stands there changes nothing") {
  const std::vector<Index> forget = {3, 17, 40, 59};
  Cpu<double> backend(2);
  const auto oracles = [&](float value) {
    return retrain<M>(backend, recipe(), with_rows_set_to(data(), forget, value), forget, 4, 77);
  };
  const auto with_nan = oracles(std::nanf(""));
  for (Index m = 0; m < 4; ++m) CHECK(is_finite(with_nan, m));
  CHECK(same_bytes(with_nan.theta, oracles(0).theta));
  CHECK(same_bytes(with_nan.theta, oracles(1e6f).theta));
  CHECK(same_bytes(with_nan.theta, retrain<M>(backend, recipe(), data(), forget, 4, 77).theta));
}
