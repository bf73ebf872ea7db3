// Runs that diverge, or end early, are seen to have done so.
#include <doctest/doctest.h>

#include <cmath>

#include "expunge/unlearning/gradient_ascent.hpp"
#include "expunge/unlearning/gradient_descent.hpp"
#include "expunge/unlearning/margin_recorder.hpp"
#include "expunge/unlearning/scrub_rewind.hpp"
#include "unlearning/small_problem.hpp"

using namespace expunge;

TEST_CASE("SCRUB+R counts the runs that diverged, though what it returns are numbers") {
  SmallProblem small;
  Scrub<> method{.epochs = 4, .max_steps = 2, .decay_epochs = {2}, .decay = 1e300};
  const Dataset validation = clouds(90, 6, 3, 7);
  const auto exploded = scrub_rewind(small.backend, method, small.problem, validation);
  CHECK(exploded.diverged_runs == 3);
  CHECK(exploded.unlearned.report.diverged() == 0);
  method.decay = 0.1;
  CHECK(scrub_rewind(small.backend, method, small.problem, validation).diverged_runs == 0);
}

TEST_CASE("models that all run away together are seen beside the models that they started from") {
  SmallProblem small;
  const GradientAscent<> wild{.learning_rate = 1e3, .epochs = 2, .batch = 4};
  const auto report = unlearn(small.backend, wild, small.problem).report;
  CHECK(report.finite == std::vector<char>(3, 1));
  CHECK(report.runaway == std::vector<char>(3, 1));
  CHECK(report.diverged() == 3);
  const GradientAscent<> tame{.learning_rate = 1e-3, .epochs = 2, .batch = 4};
  CHECK(unlearn(small.backend, tame, small.problem).report.diverged() == 0);
}

TEST_CASE("SCRUB+R goes back behind an epoch that ran away, whose error may look right") {
  SmallProblem small;
  Scrub<> method{.epochs = 3, .max_steps = 2, .decay_epochs = {2}, .decay = 1e6};
  const auto rewound = scrub_rewind(small.backend, method, small.problem, clouds(90, 6, 3, 7));
  CHECK(rewound.diverged_runs == 3);
  CHECK(rewound.unlearned.report.diverged() == 0);
  for (const Index epoch : rewound.epoch) CHECK(epoch < 3);
}

TEST_CASE("margins of epochs that never ran are NaN") {
  SmallProblem small;
  const Dataset points = clouds(20, 6, 3, 5);
  const MarginRecorder<SmallModel, Cpu<double>> recorder(3, 3, points);
  unlearn(small.backend, GradientDescent<>{.epochs = 2, .batch = 16}, small.problem, recorder);
  const Array<float, 3>& margins = recorder.margins();
  for (std::size_t m = 0; m < 3; ++m)
    for (std::size_t i = 0; i < 20; ++i) {
      CHECK(std::isfinite(margins(1, m, i)));
      CHECK(std::isnan(margins(2, m, i)));
    }
}
