// Whole runs of Oracle Matching and Datamodel Matching.
#include <doctest/doctest.h>

#include "comparators.hpp"
#include "expunge/unlearning/oracle_matching.hpp"
#include "unlearning/small_problem.hpp"

using namespace expunge;

namespace {

using Dmm = DatamodelMatching<FixedChange>;

const FixedChange attribution = fixed_change(60, 3);

Dmm method() {
  return {.target = {attribution},
          .learning_rate = 0.01,
          .epochs = 10,
          .batch = 16,
          .retain_multiple = 2,
          .forget_multiple = 5};
}

/// Mean squared distance of the models' logits to targets, over the forget set.
double distance(SmallProblem& small, const SmallEnsemble& models, const Array<double, 3>& target) {
  const Array<double, 3> z =
      evaluate_logits<double>(small.backend, models, view(small.data.inputs));
  double sum = 0;
  for (std::size_t m = 0; m < 3; ++m)
    for (const Index i : small.problem.forget)
      for (std::size_t j = 0; j < 3; ++j)
        sum += std::pow(
            z(m, static_cast<std::size_t>(i), j) - target(m, static_cast<std::size_t>(i), j), 2);
  return sum;
}

double distance_from_start(const SmallProblem& small, const SmallEnsemble& models) {
  double sum = 0;
  for (std::size_t i = 0; i < models.theta.size(); ++i)
    sum += std::pow(models.theta.data()[i] - small.models.theta.data()[i], 2);
  return sum;
}

}  // namespace

TEST_CASE("Datamodel Matching brings the outputs near DM-Direct's predictions") {
  SmallProblem small;
  FixedChange same_everywhere = attribution;
  for (std::size_t i = 0; i < 60; ++i)
    for (std::size_t j = 0; j < 3; ++j) same_everywhere.change(i, j) = 0.1 * static_cast<double>(j);
  const Dmm longer{.target = {same_everywhere}, .learning_rate = 0.01, .epochs = 20, .batch = 16};
  const Array<double, 3> target =
      longer.target.targets(TensorView<const double>(view(small.logits)), small.problem.forget);
  const auto result = unlearn(small.backend, longer, small.problem);
  CHECK(result.report.diverged() == 0);
  CHECK(distance(small, result.models, target) <= 0.05 * distance(small, small.models, target));
}

TEST_CASE("matching a target that is theta0's own output stays where it is") {
  SmallProblem small;
  FixedChange none = attribution;
  none.change.fill(0);
  Dmm still{.target = {none}, .epochs = 2, .batch = 16};
  const auto result = unlearn(small.backend, still, small.problem);
  for (const double loss : result.report.losses) CHECK(std::abs(loss) <= 1e-3);
}

TEST_CASE("margins can be matched in place of logits") {
  SmallProblem small;
  const FixedChange change = fixed_change(60, 1);
  const DatamodelMatching<FixedChange, Margin> margin_method{
      .target = {change}, .learning_rate = 0.01, .epochs = 20, .batch = 16, .retain_multiple = 1};
  const auto start = unlearn(small.backend, margin_method, small.problem);
  const Array<double, 2> before = margins(small.logits, small.data.labels.data());
  const Array<double, 2> after =
      margins(evaluate_logits<double>(small.backend, start.models, view(small.data.inputs)),
              small.data.labels.data());
  double initial = 0, final = 0;
  for (std::size_t m = 0; m < 3; ++m)
    for (const Index i : small.problem.forget) {
      const std::size_t x = static_cast<std::size_t>(i);
      const double target = before(m, x) + 8 * change.change(x, 0);
      initial += std::pow(before(m, x) - target, 2);
      final += std::pow(after(m, x) - target, 2);
    }
  CHECK(final <= 0.3 * initial);
}

TEST_CASE("a distance penalty keeps the weights near theta0") {
  SmallProblem small;
  Dmm near = method();
  near.distance_penalty = 10;
  const double free =
      distance_from_start(small, unlearn(small.backend, method(), small.problem).models);
  const double held =
      distance_from_start(small, unlearn(small.backend, near, small.problem).models);
  CHECK(held <= 0.5 * free);
  CHECK(held > 0);
}

TEST_CASE("the bytes of unlearned weights do not depend on threads and cohorts") {
  SmallProblem small;
  for (const RetainSample sample : {RetainSample::once, RetainSample::each_epoch}) {
    Dmm each = method();
    each.epochs = 2;
    each.retain_sample = sample;
    each.distance_penalty = 0.1;
    const auto reference = unlearn(small.backend, each, small.problem);
    for (const Index cohort : {1, 2, 7}) {
      Cpu<double> backend(3, cohort);
      CHECK(same_bytes(unlearn(backend, each, small.problem).models.theta, reference.models.theta));
    }
  }
}

TEST_CASE("compute counts repeats: samples x epochs / (n x training epochs)") {
  SmallProblem small;
  const auto result = unlearn(small.backend, method(), small.problem);
  CHECK(result.report.samples == std::vector<Index>(3, (5 * 8 + 2 * 8) * 10));
  CHECK(result.compute(60, 4) == doctest::Approx((5 * 8 + 2 * 8) * 10 / 240.0));
}
