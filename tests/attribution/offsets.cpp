// What does not depend on where outputs lie and in which unit they are: y + c and u y give the
// effects of y, as far as the numbers of y + c are those of y.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "attribution/lockstep_cases.hpp"
#include "expunge/attribution/difference_of_means.hpp"
#include "expunge/attribution/lasso.hpp"
#include "expunge/attribution/plug_in_lasso.hpp"
#include "expunge/attribution/ridge.hpp"
#include "expunge/core/half.hpp"
#include "expunge/evaluation/lds.hpp"

using namespace expunge;
using test::SideBySide;

namespace {

constexpr Index models = 240, fitted = 200, examples = 40, targets = 70;

const SubsetMasks& all_masks() {
  static const SubsetMasks masks = bernoulli_subsets(11, models, examples, 0.6);
  return masks;
}

/// Planted outputs with a spread of about 1, rounded to multiples of 2^-9: sums with a power of two
/// up to 2^13 are exact in float, up to 2^40 in double.
template <class T>
Array<T, 2> outputs_at(double centre) {
  Array<double, 2> y = test::planted_outputs<double>(all_masks(), targets, 0.4);
  Array<T, 2> moved = make_array<T>(models, targets);
  for (std::size_t i = 0; i < y.size(); ++i)
    moved.data()[i] = static_cast<T>(std::nearbyint(512 * (y.data()[i] - 3)) / 512 + centre);
  return moved;
}

/// As outputs_at, without the rounding.
Array<double, 2> unrounded_outputs_at(double centre) {
  Array<double, 2> y = test::planted_outputs<double>(all_masks(), targets, 0.4);
  for (double& value : y) value += centre - 3;
  return y;
}

struct Fitted {
  Array<double, 2> weights, predicted;  // predicted: of the held-out models, minus the centre
  Array<double, 1> lambda, error;
  double lds = 0;
};

template <class To, class From, std::size_t Rank>
Array<To, Rank> as(const Array<From, Rank>& from) {
  Array<To, Rank> to = Array<To, Rank>::from_shape(from.shape());
  std::copy(from.begin(), from.end(), to.begin());
  return to;
}

template <class B, class E, class T>
Fitted fit(const B& backend, const E& estimator, const Array<T, 2>& y, double centre) {
  const auto effects = estimator.fit(backend, model_range(all_masks(), 0, fitted),
                                     view(y).row_range(0, fitted), Progress{});
  CHECK(!effects.runaways.any());
  const Array<double, 2> predicted =
      predict(backend, effects, model_range(all_masks(), fitted, models - fitted));
  Fitted result{as<double>(effects.weights), predicted, as<double>(effects.lambda),
                effects.validation_error, 0};
  result.lds = lds(predicted, view(y).row_range(fitted, models - fitted)).mean;
  for (double& value : result.predicted) value -= centre;
  return result;
}

void check_same(const Fitted& moved, const Fitted& still, double close) {
  CHECK(relative_difference(moved.weights, still.weights) <= close);
  CHECK(relative_difference(moved.predicted, still.predicted) <= close + 1e-6);
  if (still.lambda.size() > 0) CHECK(relative_difference(moved.lambda, still.lambda) <= close);
  if (still.error.size() > 0) CHECK(relative_difference(moved.error, still.error) <= close + 1e-7);
  CHECK(still.lds > 0.7);
  CHECK(std::abs(moved.lds - still.lds) <= 1e-4);
}

template <class T, class B, class E>
void check_offsets(const B& backend, const E& estimator, std::initializer_list<double> centres) {
  const Fitted still = fit(backend, estimator, outputs_at<T>(0), 0);
  for (const double centre : centres) {
    CAPTURE(centre);
    check_same(fit(backend, estimator, outputs_at<T>(centre), centre), still, 0);
  }
}

template <class B, class E>
void check_all_offsets(const B& backend, const E& estimator) {
  check_offsets<double>(backend, estimator, {0x1p13, -0x1p20, 0x1p28, -0x1p30});  // to 1e9 spreads
  check_offsets<float>(backend, estimator, {0x1p10, -0x1p13});
  // the file itself is rounded to 1e-8 of a spread
  const Fitted still = fit(backend, estimator, unrounded_outputs_at(0), 0);
  for (const double centre : {1e8, -1e8})
    check_same(fit(backend, estimator, unrounded_outputs_at(centre), centre), still, 2e-6);
}

}  // namespace

TEST_CASE("outputs far from 0 give the effects, penalties, predictions and LDS of those near 0") {
  const auto check = [](const auto& backend) {
    check_all_offsets(backend, DifferenceOfMeans{});
    check_all_offsets(backend, Ridge{{.lambda = 0.1}});
    check_all_offsets(backend, PlugInLasso{});
    check_all_offsets(backend, Lasso{{.validation_models = 40, .lambdas = 30}});
  };
  check(Cpu<float>(2));
  check(Cpu<double>(2));
}

TEST_CASE("targets that are solved side by side do not feel a large mean either") {
  const auto check = [](const auto& backend) {
    check_all_offsets(backend, PlugInLasso{});
    check_all_offsets(backend, Lasso{{.validation_models = 40, .lambdas = 30}});
  };
  check(SideBySide<float>(2));
  check(SideBySide<float, 1>(2));  // all outgrow their room and are solved one by one
}

TEST_CASE("log-likelihood sums with mean -3e5 and effects of .05 give these effects") {
  const Index n = 20, many = 1200;
  const SubsetMasks masks = bernoulli_subsets(4, many, n, 0.5);
  Array<double, 2> y = make_array<double>(many, Index{1});
  for (Index m = 0; m < many; ++m) {
    y(m, 0) = -3e5 + 0.02 * random_normal(2, {Purpose::test}, static_cast<std::uint64_t>(m));
    for (Index i = 0; i < 4; ++i) y(m, 0) += masks.contains(m, i) ? 0.05 : 0;
  }
  const auto check = [&](const auto& estimator, double close) {
    const Effects<float> effects = estimator.fit(Cpu<float>(1), masks, y, Progress{});
    for (Index i = 0; i < n; ++i)
      CHECK(std::abs(static_cast<double>(effects.weights(i, 0)) - (i < 4 ? 0.05 : 0)) < close);
    const Array<double, 2> predicted = predict(Cpu<float>(1), effects, all_but(1, n, {}));
    CHECK(std::abs(predicted(0, 0) + 3e5 - 0.2) < 5 * close);
  };
  check(Lasso{}, 0.005);
  check(PlugInLasso{}, 0.005);
  check(Ridge{{.lambda = 0.001}}, 0.005);
  check(DifferenceOfMeans{}, 0.01);
}

namespace {

template <class T>
Array<T, 2> times(const Array<T, 2>& y, double unit) {
  Array<T, 2> scaled = make_array<T>(models, targets);
  for (std::size_t i = 0; i < y.size(); ++i)
    scaled.data()[i] = static_cast<T>(static_cast<double>(y.data()[i]) * unit);
  return scaled;
}

/// The effects of unit * y, in its unit, equal those of y to the bit.
template <class T, class B, class E>
void check_unit(const B& backend, const E& estimator, double unit) {
  CAPTURE(unit);
  const Array<T, 2> y = outputs_at<T>(3);
  const auto one = estimator.fit(backend, all_masks(), y, Progress{});
  const auto other = estimator.fit(backend, all_masks(), times(y, unit), Progress{});
  CHECK(other.targets_converged == targets);
  using Real = typename B::Real;
  Index different = 0;
  for (std::size_t i = 0; i < one.weights.size(); ++i)
    different += other.weights.data()[i] !=
                 static_cast<Real>(unit * static_cast<double>(one.weights.data()[i]));
  for (std::size_t t = 0; t < one.intercept.size(); ++t)
    different += other.intercept(t) != unit * one.intercept(t);
  for (std::size_t t = 0; t < one.validation_error.size(); ++t)
    different += other.validation_error(t) != unit * unit * one.validation_error(t);
  CHECK(different == 0);
}

template <class T, class B>
void check_all_units(const B& backend, std::initializer_list<double> units) {
  for (const double unit : units) {
    check_unit<T>(backend, DifferenceOfMeans{}, unit);
    check_unit<T>(backend, Ridge{}, unit);
    check_unit<T>(backend, PlugInLasso{}, unit);
    check_unit<T>(backend, Lasso{}, unit);
  }
}

}  // namespace

TEST_CASE("ridge on outputs near 1e37 gives the effects of its unit, and so do all estimators") {
  check_all_units<float>(Cpu<float>(2), {0x1p122, 0x1p-100});  // 5e36, 8e-31
  check_all_units<double>(Cpu<float>(2), {0x1p122, 0x1p-100});
  check_all_units<double>(Cpu<double>(2), {0x1p490, 0x1p-490});
  for (const double unit : {0x1p122, 0x1p-100}) {
    check_unit<float>(SideBySide<float>(2), PlugInLasso{}, unit);
    check_unit<float>(SideBySide<float>(2), Lasso{}, unit);
  }
}

TEST_CASE("outputs of denormal numbers give finite effects of about their size") {
  const Array<float, 2> y = outputs_at<float>(0), tiny = times(y, 0x1p-138);  // to 2^-147
  const auto check = [&](const auto& backend, const auto& estimator) {
    const auto one = estimator.fit(backend, all_masks(), y, Progress{});
    const auto other = estimator.fit(backend, all_masks(), tiny, Progress{});
    CHECK(other.targets_converged == targets);
    double largest = 0;
    for (std::size_t i = 0; i < one.weights.size(); ++i)
      largest = std::max(largest, std::abs(static_cast<double>(other.weights.data()[i]) * 0x1p138 -
                                           static_cast<double>(one.weights.data()[i])));
    CHECK(largest < 0.02);  // the outputs have eleven bits left
  };
  check(Cpu<float>(1), DifferenceOfMeans{});
  check(Cpu<float>(1), Ridge{});
  check(Cpu<float>(1), PlugInLasso{});
  check(Cpu<float>(1), Lasso{});
  check(SideBySide<float>(1), Lasso{});
}

namespace {

template <class E>
void check_refusals(const E& estimator, const std::string& name) {
  const Cpu<float> backend(1);
  const auto sentence_of = [&](const auto& outputs) -> std::string {
    try {
      (void)estimator.fit(backend, all_masks(), outputs, Progress{});
      return "no error";
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
  };
  const auto starts = [](const std::string& text, const std::string& begin) {
    CAPTURE(text);
    CHECK(text.rfind(begin, 0) == 0);
  };
  Array<double, 2> y = unrounded_outputs_at(0);
  y(17, 3) = 1e200;
  CHECK(sentence_of(y) ==
        name +
            ": the output of model 17 at target 3 is 1e+200: squares of outputs beyond 1e150 are "
            "beyond double; divide all by a constant");
  const std::string said = sentence_of(times(unrounded_outputs_at(0), 0x1p300));
  starts(said, name + ": ");
  CHECK(said.find(" target 0 is ") != std::string::npos);
  CHECK(said.find("the scalar type ends at 3.40282e+38: divide the outputs by a constant") !=
        std::string::npos);
  // an effect twice as large as the largest output
  Array<float, 2> edge = make_array<float>(models, 1);
  for (Index m = 0; m < models; ++m) edge(m, 0) = all_masks().contains(m, 5) ? 3e38F : -3e38F;
  starts(sentence_of(edge), name + ": an effect on target 0 is ");
}

}  // namespace

TEST_CASE("what the scalar type cannot hold is refused with the target and the next step") {
  check_refusals(DifferenceOfMeans{{.standard_errors = 0}}, "DifferenceOfMeans");
  check_refusals(Ridge{{.lambda = 1e-4}}, "Ridge");
  check_refusals(PlugInLasso{{.standard_errors = 0.01}}, "PlugInLasso");
  check_refusals(Lasso{}, "Lasso");
}

TEST_CASE("settings that are no finite number are refused before anything is fitted") {
  const double infinite = std::numeric_limits<double>::infinity();
  CHECK_THROWS_WITH(RidgeConfig{.lambda = infinite}.validate(),
                    "RidgeConfig: lambda is inf, not finite");
  CHECK_THROWS_WITH(DifferenceOfMeansConfig{.standard_errors = infinite}.validate(),
                    "DifferenceOfMeansConfig: standard_errors is inf, not finite");
  CHECK_THROWS_WITH(PlugInLassoConfig{.standard_errors = infinite}.validate(),
                    "PlugInLassoConfig: standard_errors is inf, not finite");
}

TEST_CASE("estimators name the model that ran away and its target") {
  const Index many = 1000, n = 15;
  const SubsetMasks masks = bernoulli_subsets(5, many, n, 0.5);
  Array<float, 2> y = make_array<float>(many, Index{3});
  for (Index m = 0; m < many; ++m)
    for (Index t = 0; t < 3; ++t)
      y(m, t) = static_cast<float>(
          (masks.contains(m, t) ? 1 : 0) +
          0.5 * random_normal(3, {Purpose::test}, static_cast<std::uint64_t>(3 * m + t)));
  const Array<float, 2> honest = y;
  y(612, 1) = 1e6F;
  const auto check = [&](const auto& backend, const auto& estimator) {
    CHECK(!estimator.fit(backend, masks, honest, Progress{}).runaways.any());
    const Runaways found = estimator.fit(backend, masks, y, Progress{}).runaways;
    CHECK(found.points == 3);
    CHECK(found.runaway_points == 1);
    CHECK(runaway_models(found.first) == std::vector<Index>{612});
    CHECK(found.worst.model == 612);
    CHECK(found.worst.point == 1);
    CHECK(found.worst.value == 1e6);
  };
  check(Cpu<float>(2), DifferenceOfMeans{});
  check(Cpu<float>(2), Ridge{});
  check(Cpu<float>(2), PlugInLasso{});
  check(Cpu<float>(2), Lasso{});
  check(Cpu<double>(1), Lasso{});
  check(SideBySide<float>(1), Lasso{});
  // models that are not fitted are not looked at
  CHECK(!Lasso{{.fit_models = 500, .validation_models = 100}}
             .fit(Cpu<float>(1), masks, y)
             .runaways.any());
}
