#include "expunge/attribution/effects.hpp"

#include <doctest/doctest.h>

#include "expunge/attribution/datamodels.hpp"
#include "expunge/attribution/difference_of_means.hpp"
#include "expunge/attribution/lasso.hpp"
#include "expunge/attribution/ridge.hpp"
#include "expunge/backend/cpu.hpp"
#include "expunge/core/half.hpp"
#include "problem.hpp"

using namespace expunge;

static_assert(Estimator<DifferenceOfMeans, Cpu<float>>);
static_assert(Estimator<Ridge, Cpu<double>>);
static_assert(Estimator<Lasso, Cpu<float>>);
static_assert(Estimator<PlugInLasso, Cpu<float>>);
static_assert(!Estimator<Datamodels<float>, Cpu<float>>);
static_assert(Attribution<Datamodels<double>, double>);

TEST_CASE("predictions are the intercept plus the weights of the examples in the mask") {
  const SubsetMasks masks = bernoulli_subsets(1, 70, 90, 0.5);
  Effects<double> effects = zero_effects<double>(90, 21);
  for (Index i = 0; i < 90 * 21; ++i)
    effects.weights.data()[i] = random_normal(1, {Purpose::test}, static_cast<std::uint64_t>(i));
  for (Index t = 0; t < 21; ++t) effects.intercept.data()[t] = static_cast<double>(t);
  Eigen::MatrixXd expected = test::dense(masks) * test::dense(effects.weights);
  for (Index t = 0; t < 21; ++t) expected.col(t).array() += static_cast<double>(t);
  const Array<double, 2> one = predict(Cpu<double>(1), effects, masks);
  CHECK((test::dense(one) - expected).cwiseAbs().maxCoeff() <= 1e-12);
  CHECK(predict(Cpu<double>(5), effects, masks) == one);
  CHECK_THROWS_WITH(predict(Cpu<double>(1), effects, bernoulli_subsets(1, 3, 8, 0.5)),
                    "predict: masks of 8 examples, effects of 90");
}

TEST_CASE("the predicted change is minus the sum of the effects, and sums over a partition") {
  const SubsetMasks masks = fixed_size_subsets(2, 60, 24, 0.5);
  const Array<double, 2> y = test::planted_outputs<double>(masks, 6, 0.1);
  const TensorView<const double> outputs(y.data(), 60, 3, 2);
  const Datamodels<double> datamodels = fit_datamodels(Cpu<double>(1), Ridge{}, masks, outputs);
  CHECK(datamodels.points() == 3);
  CHECK(datamodels.outputs() == 2);
  const Array<double, 2> change = datamodels.predicted_change({4, 9});
  const Array<double, 2> first = datamodels.predicted_change({4});
  const Array<double, 2> second = datamodels.predicted_change({9});
  for (Index p = 0; p < 3; ++p)
    for (Index o = 0; o < 2; ++o) {
      const Array<double, 2>& w = datamodels.effects().weights;
      CHECK(std::abs(change(p, o) + w(4, 2 * p + o) + w(9, 2 * p + o)) <= 1e-15);
      CHECK(std::abs(change(p, o) - first(p, o) - second(p, o)) <= 1e-15);
    }
  CHECK_THROWS_WITH(datamodels.predicted_change({24}),
                    "Datamodels::predicted_change: example 24 of 24");
  CHECK_THROWS_WITH(Datamodels<double>(datamodels.effects(), 4, 2),
                    "Datamodels: 4 points of 2 outputs, effects of 6 targets");
}

template <class E>
void check_errors(const E& estimator, const std::string& name) {
  const SubsetMasks masks = fixed_size_subsets(3, 50, 20, 0.5);
  Array<float, 2> y = test::planted_outputs<float>(masks, 70, 0.1);
  const Cpu<float> backend(2);
  y(45, 68) = std::nanf("");
  CHECK_THROWS_WITH(estimator.fit(backend, masks, y, {}),
                    (name + ": the output of model 45 at target 68 is nan").c_str());
  y(45, 68) = 0;
  y(7, 3) = INFINITY;
  CHECK_THROWS_WITH(estimator.fit(backend, masks, y, {}),
                    (name + ": the output of model 7 at target 3 is inf").c_str());
  CHECK_THROWS_WITH(estimator.fit(backend, fixed_size_subsets(3, 49, 20, 0.5), y, {}),
                    (name + ": masks of 49 models, outputs of 50").c_str());
}

TEST_CASE("every estimator names the model and the target of an output that is not finite") {
  check_errors(DifferenceOfMeans{}, "DifferenceOfMeans");
  check_errors(Ridge{}, "Ridge");
  check_errors(PlugInLasso{}, "PlugInLasso");
  check_errors(Lasso{}, "Lasso");
}

template <class E>
void check_degenerate(const E& estimator) {
  SubsetMasks masks = fixed_size_subsets(3, 64, 20, 0.5);
  for (Index m = 0; m < 64; ++m) {
    masks.insert(m, 2);
    masks.erase(m, 5);
  }
  Array<float, 2> y = test::planted_outputs<float>(masks, 3, 0.1);
  for (Index m = 0; m < 64; ++m) y(m, 1) = 0.1F;
  const Effects<float> effects = estimator.fit(Cpu<float>(1), masks, y, {});
  Index not_finite = 0;
  for (const float w : effects.weights) not_finite += !std::isfinite(w);
  CHECK(not_finite == 0);
  CHECK(effects.targets_converged == 3);
  for (Index t = 0; t < 3; ++t) {
    CHECK(effects.weights(2, t) == 0);
    CHECK(effects.weights(5, t) == 0);
  }
  for (Index i = 0; i < 20; ++i) CHECK(effects.weights(i, 1) == 0);
  CHECK(std::abs(effects.intercept(1) - 0.1F) <= 1e-7);
}

TEST_CASE("constant columns and constant targets get zero effects and no NaN") {
  check_degenerate(DifferenceOfMeans{});
  check_degenerate(Ridge{});
  check_degenerate(PlugInLasso{});
  check_degenerate(Lasso{});
}

TEST_CASE("masks that include every example leave nothing but the mean") {
  const SubsetMasks masks = all_but(10, 8, {});
  const Array<float, 2> y = test::planted_outputs<float>(masks, 2, 0.5);
  for (const Effects<float>& effects :
       {DifferenceOfMeans{}.fit(Cpu<float>(1), masks, y), Ridge{}.fit(Cpu<float>(1), masks, y),
        PlugInLasso{}.fit(Cpu<float>(1), masks, y), Lasso{}.fit(Cpu<float>(1), masks, y)}) {
    for (const float w : effects.weights) CHECK(w == 0);
    float mean = 0;
    for (Index m = 0; m < 10; ++m) mean += y(m, 1) / 10;
    CHECK(std::abs(effects.intercept(1) - mean) <= 1e-6);
  }
}

template <class E>
void check_threads(const E& estimator) {
  const SubsetMasks masks = bernoulli_subsets(3, 120, 50, 0.7);
  const Array<float, 2> y = test::planted_outputs<float>(masks, 150, 0.7);
  const Effects<float> one = estimator.fit(Cpu<float>(1), masks, y, {});
  for (const int threads : {2, 5}) {
    const Effects<float> more = estimator.fit(Cpu<float>(threads), masks, y, {});
    CHECK(more.weights == one.weights);
    CHECK(more.intercept == one.intercept);
    CHECK(more.lambda == one.lambda);
    CHECK(more.sweeps == one.sweeps);
  }
}

TEST_CASE("effects do not depend on the number of threads") {
  check_threads(DifferenceOfMeans{});
  check_threads(Ridge{});
  check_threads(PlugInLasso{});
  check_threads(Lasso{});
}

TEST_CASE("half outputs give the effects of the same numbers in float") {
  const SubsetMasks masks = fixed_size_subsets(3, 64, 20, 0.5);
  const Array<float, 2> y = test::planted_outputs<float>(masks, 5, 0.2);
  Array<Half, 2> half = make_array<Half>(64, 5);
  Array<float, 2> rounded = make_array<float>(64, 5);
  for (Index i = 0; i < 320; ++i) {
    half.data()[i] = static_cast<Half>(y.data()[i]);
    rounded.data()[i] = static_cast<float>(half.data()[i]);
  }
  CHECK(PlugInLasso{}.fit(Cpu<float>(1), masks, half).weights ==
        PlugInLasso{}.fit(Cpu<float>(1), masks, rounded).weights);
}
