// The pieces of the matching objective: its loss, its mix of examples, its penalty.
#include "expunge/unlearning/oracle_matching.hpp"

#include <doctest/doctest.h>

#include <set>

#include "comparators.hpp"
#include "expunge/output/prediction.hpp"
#include "unlearning/small_problem.hpp"

using namespace expunge;

namespace {

using Dmm = DatamodelMatching<FixedChange>;

const FixedChange attribution = fixed_change(60, 3);

std::vector<Index> head(const std::vector<Index>& list, std::size_t n) {
  return {list.begin(), list.begin() + static_cast<Index>(n)};
}
std::vector<Index> tail(const std::vector<Index>& list, std::size_t from) {
  return {list.begin() + static_cast<Index>(from), list.end()};
}

}  // namespace

TEST_CASE_TEMPLATE("the distance of outputs has the gradient of central differences", F, Logits,
                   Margin, Prediction) {
  const OutputDistance<F, 5> loss{};
  for (Label y = 0; y < 5; ++y) {
    std::vector<double> z = normals<double>(5, 1);
    const std::vector<double> target = normals<double>(5, 2);
    const typename OutputDistance<F, 5>::template Row<double> row{target.data(), y};
    const auto value = [&] {
      std::vector<double> ignored(5);
      return loss(z.data(), 5, row, 1.0, ignored.data());
    };
    std::vector<double> slopes, dz(5), weighted(5, 3);
    for (double& variable : z) slopes.push_back(central_difference(variable, value));
    loss(z.data(), 5, row, 1.0, dz.data());
    CHECK(relative_difference(dz, slopes) <= 1e-7);
    loss(z.data(), 5, row, -2.0, weighted.data());
    for (std::size_t j = 0; j < 5; ++j) CHECK(weighted[j] == doctest::Approx(3 - 2 * dz[j]));
  }
}

TEST_CASE("the distance of logits is the squared error of PyTorch: mean over the classes") {
  const std::vector<double> z = normals<double>(5, 1), target = normals<double>(5, 2);
  std::vector<double> a(5), b(5);
  CHECK(OutputDistance<Logits, 5>{}(z.data(), 5, {target.data(), 0}, 0.3, a.data()) ==
        doctest::Approx(SquaredError{}(z.data(), 5, target.data(), 0.3, b.data())));
  CHECK(relative_difference(a, b) <= 1e-15);
}

TEST_CASE("an epoch shows each forget point forget_multiple times, and different retain points") {
  const SmallProblem small;
  const std::size_t forget = small.problem.forget.size();
  for (const RetainSample sample : {RetainSample::once, RetainSample::each_epoch})
    for (const Index repeats : {0, 1, 5}) {
      const Dmm method{.target = {attribution},
                       .retain_multiple = 2.5,
                       .forget_multiple = repeats,
                       .retain_sample = sample};
      const auto objective = method.objective(small.problem);
      const std::vector<Index> mix = objective.examples(1, 2, 0);
      const std::size_t forgotten = forget * static_cast<std::size_t>(repeats);
      REQUIRE(mix.size() == forgotten + 20);
      for (const Index i : small.problem.forget)
        CHECK(std::count(mix.begin(), mix.end(), i) == repeats);
      const std::vector<Index> kept = tail(mix, forgotten);
      CHECK(std::set<Index>(kept.begin(), kept.end()).size() == 20);
      for (const Index i : kept)
        CHECK(std::binary_search(small.problem.retain.begin(), small.problem.retain.end(), i));
    }
}

TEST_CASE("the number of retain points is rounded down and never more than there are") {
  const Dmm method{.target = {attribution}, .retain_multiple = 2.49};
  CHECK(method.retain_count(10, 100) == 24);
  CHECK(method.retain_count(10, 20) == 20);
  CHECK(Dmm{.target = {attribution}, .retain_multiple = 0}.retain_count(10, 20) == 0);
  CHECK(Dmm{.target = {attribution}, .retain_multiple = 1e9}.retain_count(10, 20) == 20);
}

TEST_CASE("the retain sample is one for all, or new for every member and epoch") {
  const SmallProblem small;
  Dmm method{.target = {attribution}, .retain_multiple = 2, .forget_multiple = 1};
  const auto once = method.objective(small.problem);
  const std::vector<Index> first = once.examples(0, 0, 0);
  CHECK(head(first, 8) == small.problem.forget);
  method.retain_sample = RetainSample::each_epoch;
  const auto each = method.objective(small.problem);
  std::set<std::vector<Index>> drawn = {first};
  for (Index member = 0; member < 3; ++member)
    for (Index epoch = 0; epoch < 4; ++epoch) {
      CHECK(once.examples(member, epoch, 0) == first);
      drawn.insert(each.examples(member, epoch, 0));
      CHECK(each.examples(member, epoch, 0) == each.examples(member, epoch, 0));
    }
  CHECK(drawn.size() == 1 + 12);
  method.retain_sample = RetainSample::once;
  method.seed = 1;
  CHECK(method.objective(small.problem).examples(0, 0, 0) != first);
}

TEST_CASE("the penalty's gradient is that of penalty |theta - theta0|^2, for the right members") {
  SmallProblem small;
  constexpr Index p = SmallModel::parameters;
  const Dmm method{.target = {attribution}, .distance_penalty = 0.7};
  const auto objective = method.objective(small.problem);
  std::vector<double> theta = normals<double>(2 * p, 1);  // members 1 and 2
  std::vector<double> dtheta(theta.size(), 5);
  objective.add_weight_gradient(small.backend, 1, MatrixView<double>(theta.data(), 2, p),
                                MatrixView<double>(dtheta.data(), 2, p));
  const auto penalty = [&] {
    double sum = 0;
    for (Index i = 0; i < 2 * p; ++i) {
      const double away = theta[static_cast<std::size_t>(i)] - small.models.theta.data()[p + i];
      sum += 0.7 * away * away;
    }
    return sum;
  };
  std::vector<double> slopes;
  for (double& variable : theta) slopes.push_back(5 + central_difference(variable, penalty));
  CHECK(relative_difference(dtheta, slopes) <= 1e-7);

  const Dmm without{.target = {attribution}};
  std::vector<double> untouched = dtheta;
  without.objective(small.problem)
      .add_weight_gradient(small.backend, 1, MatrixView<double>(theta.data(), 2, p),
                           MatrixView<double>(untouched.data(), 2, p));
  CHECK(untouched == dtheta);
}
