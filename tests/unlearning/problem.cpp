#include "expunge/unlearning/problem.hpp"

#include <doctest/doctest.h>

#include "comparators.hpp"
#include "expunge/unlearning/gradient_descent.hpp"
#include "expunge/unlearning/retrain.hpp"
#include "unlearning/small_problem.hpp"

using namespace expunge;

namespace {

/// A device whose memory the host must not read: at `hidden` it sees NaN, and only copy_rows finds
/// the numbers.
struct PretendDevice : Cpu<double> {
  const Array<double, 3>& hidden;
  const Array<double, 3>& numbers;
};

bool address_on_device(const PretendDevice& device, const void* p) {
  return p == device.hidden.data();
}

void copy_rows(const PretendDevice& device, MatrixView<const double> from, MatrixView<double> to) {
  const double* at = device.numbers.data() + (from.data - device.hidden.data());
  std::copy_n(at, from.cols, to.data);
}

}  // namespace

TEST_CASE("the retain set is what is left, ascending; the forget set keeps its order") {
  const SmallProblem small({7, 3, 59, 0});
  CHECK(small.problem.forget == std::vector<Index>{7, 3, 59, 0});
  CHECK(small.problem.retain.size() == 56);
  CHECK(std::is_sorted(small.problem.retain.begin(), small.problem.retain.end()));
  for (const Index i : small.problem.forget)
    CHECK(!std::binary_search(small.problem.retain.begin(), small.problem.retain.end(), i));
}

TEST_CASE("forget_examples are the rows of the forget set, in its order") {
  const SmallProblem small({7, 3});
  const Dataset forget = forget_examples(small.problem);
  REQUIRE(forget.size() == 2);
  CHECK(forget.labels == std::vector<Label>{7 % 3, 3 % 3});
  for (Index j = 0; j < 6; ++j) {
    CHECK(forget.inputs(0, j) == small.data.inputs(7, j));
    CHECK(forget.inputs(1, j) == small.data.inputs(3, j));
  }
}

TEST_CASE("make_problem says what is wrong") {
  SmallProblem small;
  const auto make = [&](std::vector<Index> forget) {
    return make_problem(small.data, std::move(forget), small.models, view(small.logits));
  };
  CHECK_THROWS_WITH(make({}), "make_problem: the forget set is empty");
  CHECK_THROWS_WITH(make({60}), "make_problem: forget example 60 of 60");
  CHECK_THROWS_WITH(make({-1}), "make_problem: forget example -1 of 60");
  CHECK_THROWS_WITH(make({4, 9, 4}), "make_problem: example 4 is in the forget set twice");
  CHECK_THROWS_WITH(make(all_indices(60)),
                    "make_problem: the forget set is the whole training set");
  const Array<double, 3> few = make_array<double>(3, 59, 3), others = make_array<double>(2, 60, 3);
  CHECK_THROWS_WITH(make_problem(small.data, {1}, small.models, view(few)),
                    "make_problem: logits are [3][59][3], expected [3][60 or more][3]");
  CHECK_THROWS_WITH(make_problem(small.data, {1}, small.models, view(others)),
                    "make_problem: logits are [2][60][3], expected [3][60 or more][3]");
  small.data.labels[9] = 3;
  CHECK_THROWS_WITH(make({1}),
                    "make_problem: the label of example 9 is 3, the model has 3 classes");
}

TEST_CASE("models, logits and inputs that are no numbers are refused, by name") {
  SmallProblem small;
  const auto make = [&] { return make_problem(small.data, {1}, small.models, view(small.logits)); };
  const double infinity = std::numeric_limits<double>::infinity();
  const double weight = small.models.theta(1, 7);
  small.models.theta(1, 7) = std::nan("");
  small.models.theta(2, 3) = infinity;
  CHECK_THROWS_WITH(make(),
                    "make_problem: the weights of members 1 and 2 of 3 are not all finite numbers; "
                    "leave such members out, or train them again");
  CHECK_THROWS_WITH(unlearn(small.backend, GradientDescent<>{}, small.problem),
                    "unlearn: the weights of members 1 and 2 of 3 are not all finite numbers; "
                    "leave such members out, or train them again");
  small.models.theta(1, 7) = weight;
  small.models.theta(2, 3) = 0;
  small.logits(0, 59, 2) = -infinity;
  CHECK_THROWS_WITH(make(),
                    "make_problem: the logits of member 0 of 3 are not all finite numbers; leave "
                    "such members out, or train them again");
  CHECK_THROWS_WITH(unlearn(small.backend, GradientDescent<>{}, small.problem),
                    "unlearn: the logits of member 0 of 3 are not all finite numbers; leave such "
                    "members out, or train them again");
  small.logits(0, 59, 2) = 0;
  small.data.inputs(9, 5) = std::nanf("");
  CHECK_THROWS_WITH(
      unlearn(small.backend, GradientDescent<>{}, small.problem),
      "unlearn: input 5 of example 9 is nan; inputs must be finite numbers: leave the "
      "example out, or fill the number in");
}

TEST_CASE("compute is the share of a full training's forward and backward passes") {
  SmallProblem small;
  const auto result =
      unlearn(small.backend, GradientDescent<>{.epochs = 2, .batch = 8}, small.problem);
  CHECK(result.report.samples == std::vector<Index>(3, 2 * 52));
  CHECK(result.compute(60, 4) == doctest::Approx(2.0 * 52 / (60 * 4)));
  CHECK(retrain_compute(60, 8, 4) == doctest::Approx(52.0 / 60));
  CHECK(retrain_compute(60, 8, 4, 1) == doctest::Approx(52.0 / 240));
}

TEST_CASE("logits of a problem that lie on the device are copied before the host looks at them") {
  SmallProblem small;
  Array<double, 3> hidden = small.logits;
  hidden.fill(std::nan(""));
  Problem<SmallModel, double> problem = small.problem;
  problem.logits = view(hidden);
  const PretendDevice device{Cpu<double>(1), hidden, small.logits};
  const std::vector<double> largest = largest_logits(TensorView<const double>(view(small.logits)));
  CHECK(largest_logits(device, problem.logits) == largest);
  CHECK(detail::check_starting_models("unlearn", device, problem) == largest);
  small.logits(2, 40, 1) = std::nan("");
  CHECK_THROWS_WITH(detail::check_starting_models("unlearn", device, problem),
                    "unlearn: the logits of member 2 of 3 are not all finite numbers; leave such "
                    "members out, or train them again");
}
