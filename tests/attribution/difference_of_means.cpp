#include "expunge/attribution/difference_of_means.hpp"

#include <doctest/doctest.h>

#include "expunge/backend/cpu.hpp"
#include "problem.hpp"

using namespace expunge;

namespace {

struct Definition {
  double difference;
  double standard_error;
};

/// By loops over the models, with a pooled standard deviation.
Definition by_definition(const SubsetMasks& masks, const Array<double, 2>& y, Index i, Index t) {
  double in = 0, out = 0, mean = 0, square = 0, inside = 0;
  const double models = static_cast<double>(masks.models());
  for (Index m = 0; m < masks.models(); ++m) {
    (masks.contains(m, i) ? in : out) += y(m, t);
    inside += masks.contains(m, i);
    mean += y(m, t) / models;
  }
  for (Index m = 0; m < masks.models(); ++m) square += (y(m, t) - mean) * (y(m, t) - mean);
  const double p = inside / models;
  return {in / inside - out / (models - inside),
          std::sqrt(square / models) / std::sqrt(p * (1 - p) * models)};
}

}  // namespace

TEST_CASE("plain difference of means is mean(y with) - mean(y without)") {
  const SubsetMasks masks = bernoulli_subsets(1, 101, 33, 0.6);
  const Array<double, 2> y = test::planted_outputs<double>(masks, 67, 0.5);
  const Effects<double> effects =
      DifferenceOfMeans{{.standard_errors = 0}}.fit(Cpu<double>(2), masks, y);
  double worst = 0;
  for (Index i = 0; i < 33; ++i)
    for (Index t = 0; t < 67; ++t)
      worst = std::max(worst,
                       std::abs(effects.weights(i, t) - by_definition(masks, y, i, t).difference));
  CHECK(worst <= 1e-12);
}

TEST_CASE("the threshold takes its multiple of the standard error off, and no more than all") {
  const SubsetMasks masks = fixed_size_subsets(1, 100, 33, 0.8);
  const Array<double, 2> y = test::planted_outputs<double>(masks, 5, 0.5);
  const Effects<double> effects =
      DifferenceOfMeans{{.standard_errors = 1.5}}.fit(Cpu<double>(1), masks, y);
  Index zeros = 0;
  for (Index i = 0; i < 33; ++i)
    for (Index t = 0; t < 5; ++t) {
      const Definition d = by_definition(masks, y, i, t);
      const double size = std::max(std::abs(d.difference) - 1.5 * d.standard_error, 0.0);
      CHECK(std::abs(effects.weights(i, t) - std::copysign(size, d.difference)) <= 1e-12);
      zeros += size == 0;
    }
  CHECK(zeros > 20);
  CHECK(zeros < 165);
}

TEST_CASE("at the mean of the masks the prediction is the mean of the outputs") {
  const SubsetMasks masks = fixed_size_subsets(1, 80, 20, 0.5);
  const Array<double, 2> y = test::planted_outputs<double>(masks, 2, 0.5);
  const Effects<double> effects = DifferenceOfMeans{}.fit(Cpu<double>(1), masks, y);
  const Array<double, 2> predicted = predict(Cpu<double>(1), effects, masks);
  for (Index t = 0; t < 2; ++t) {
    double difference = 0;
    for (Index m = 0; m < 80; ++m) difference += (predicted(m, t) - y(m, t)) / 80;
    CHECK(std::abs(difference) <= 1e-12);
  }
}

TEST_CASE("a negative multiple of standard errors is refused") {
  CHECK_THROWS_WITH((DifferenceOfMeansConfig{.standard_errors = -1}.validate()),
                    "DifferenceOfMeansConfig: standard_errors is -1, below 0");
}
