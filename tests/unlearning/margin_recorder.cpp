#include "expunge/unlearning/margin_recorder.hpp"

#include <doctest/doctest.h>

#include "comparators.hpp"
#include "expunge/output/evaluate.hpp"
#include "expunge/unlearning/gradient_descent.hpp"
#include "unlearning/small_problem.hpp"

using namespace expunge;

TEST_CASE("recorded margins are those of the weights after each epoch") {
  SmallProblem small;
  const Dataset points = clouds(20, 6, 3, 5);
  const GradientDescent<> method{.learning_rate = 0.01, .epochs = 3, .batch = 16};
  for (const Index cohort : {1, 2}) {
    Cpu<double> backend(2, cohort);
    const MarginRecorder<SmallModel, Cpu<double>> recorder(3, 3, points);
    unlearn(backend, method, small.problem, recorder);
    for (Index epochs = 1; epochs <= 3; ++epochs) {
      GradientDescent<> shorter = method;
      shorter.epochs = epochs;  // a constant rate: the same first epochs
      const auto result = unlearn(backend, shorter, small.problem);
      const Array<double, 2> expected =
          margins(evaluate_logits<double>(backend, result.models, view(points.inputs)),
                  points.labels.data());
      const float* recorded = view(recorder.margins()).row(epochs - 1, 0);
      for (std::size_t i = 0; i < expected.size(); ++i)
        CHECK(recorded[i] == static_cast<float>(expected.data()[i]));
    }
  }
}

TEST_CASE("a recorder refuses epochs and members that it has no room for") {
  SmallProblem small;
  const Dataset points = clouds(20, 6, 3, 5);
  const GradientDescent<> method{.epochs = 3, .batch = 16};
  const MarginRecorder<SmallModel, Cpu<double>> short_one(2, 3, points), narrow(3, 2, points);
  CHECK_THROWS_AS(unlearn(small.backend, method, small.problem, short_one), std::invalid_argument);
  CHECK_THROWS_AS(unlearn(small.backend, method, small.problem, narrow), std::invalid_argument);
}
