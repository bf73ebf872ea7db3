#include "expunge/evaluation/missing_targets.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

using namespace expunge;

TEST_CASE("the tail probability is one-sided and in percent") {
  CHECK(tail_percent(0, 0, 1) == 50);
  CHECK(tail_percent(1.959963984540054, 0, 1) == doctest::Approx(2.5));
  CHECK(tail_percent(-1.959963984540054, 0, 1) == doctest::Approx(2.5));
  CHECK(tail_percent(5, 3, 2) == doctest::Approx(15.8655254));
  CHECK(tail_percent(1, 1, 0) == 50);
  CHECK(tail_percent(1, 2, 0) == 0);
  CHECK(tail_percent(std::nan(""), 0, 1) == 0);
}

TEST_CASE("a point that reaches its target and leaves it again is red") {
  Array<double, 2> oracle = make_array<double>(3, 3);
  for (std::size_t x = 0; x < 3; ++x)
    for (std::size_t m = 0; m < 3; ++m) oracle(m, x) = static_cast<double>(m);  // mean 1, sd 1
  // [epochs][models][points]: point 0 arrives, point 1 passes, point 2 leaves a little
  Array<double, 3> path = make_array<double>(3, 2, 3);
  const double means[3][3] = {{4, 4, 4}, {2, 1, 1}, {1, -2, 1.1}};
  for (std::size_t e = 0; e < 3; ++e)
    for (std::size_t x = 0; x < 3; ++x) {
      path(e, 0, x) = means[e][x] - 0.5;
      path(e, 1, x) = means[e][x] + 0.5;
    }
  const MissingTargets result = missing_targets(oracle, path);
  CHECK(result.tail_percent(0, 0) == doctest::Approx(0.1349898));
  CHECK(result.tail_percent(1, 1) == doctest::Approx(50));
  CHECK(result.red == std::vector<bool>{false, true, false});
  CHECK(result.red_points == 1);
  CHECK(missing_targets(oracle, path, 0.05).red_points == 2);
}

TEST_CASE("a model that diverges at the end makes its points red") {
  Array<float, 2> oracle = make_array<float>(2, 1);
  oracle(0, 0) = 0, oracle(1, 0) = 1;
  Array<float, 3> path = make_array<float>(2, 1, 1);
  path(0, 0, 0) = 0.5f, path(1, 0, 0) = std::nanf("");
  CHECK(missing_targets(oracle, path).red_points == 1);
}

TEST_CASE("a point whose final mean is not finite is red even if it was never near the oracles") {
  Array<double, 2> oracle = make_array<double>(2, 1);
  oracle(0, 0) = oracle(1, 0) = 1;  // a constant: every other mean has tail probability 0
  Array<double, 3> path = make_array<double>(2, 1, 1);
  path(0, 0, 0) = 5, path(1, 0, 0) = 4;
  CHECK(missing_targets(oracle, path).red_points == 0);
  for (const double value : {std::nan(""), std::numeric_limits<double>::infinity()}) {
    path(1, 0, 0) = value;
    CHECK(missing_targets(oracle, path).red_points == 1);
  }
}
