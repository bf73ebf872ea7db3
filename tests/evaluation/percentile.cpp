#include "expunge/evaluation/percentile.hpp"

#include <doctest/doctest.h>

using namespace expunge;

TEST_CASE("percentiles are numpy's linear ones") {
  const std::vector<double> x = {7, 1, 3, 10, 4.5};  // numpy.percentile(x, ...)
  CHECK(percentile(x, 0) == 1);
  CHECK(percentile(x, 5) == doctest::Approx(1.4).epsilon(1e-15));
  CHECK(percentile(x, 50) == 4.5);
  CHECK(percentile(x, 95) == doctest::Approx(9.4).epsilon(1e-15));
  CHECK(percentile(x, 99) == doctest::Approx(9.88).epsilon(1e-15));
  CHECK(percentile(x, 100) == 10);
  CHECK(percentile({2}, 95) == 2);
  CHECK_THROWS_AS(percentile({}, 95), std::invalid_argument);
  CHECK_THROWS_AS(percentile(x, 101), std::invalid_argument);
}

TEST_CASE("values that are not finite make a summary worse, never better") {
  const double inf = std::numeric_limits<double>::infinity();
  for (const double value : {std::nan(""), inf, -inf}) {
    const Summary s = summarise({0, 0, 0, value});
    CHECK(s.bad == 1);
    CHECK(s.mean == inf);
    CHECK(s.worst == inf);
    CHECK(s.p95 == inf);
    CHECK(s.p50 == 0);
  }
}

TEST_CASE("a summary is of the points of its split alone") {
  Array<double, 1> scores = make_array<double>(5);
  for (std::size_t x = 0; x < 5; ++x) scores(x) = static_cast<double>(x * x);
  const Summary s = summarise(scores, {4, 1});
  CHECK(s.points == 2);
  CHECK(s.mean == 8.5);
  CHECK(s.worst == 16);
  CHECK(s.p50 == 8.5);
  CHECK_THROWS_WITH_AS(summarise(scores, {5}), "summarise: point 5 of 5", std::invalid_argument);
  CHECK_THROWS_AS(summarise(scores, {}), std::invalid_argument);
}
