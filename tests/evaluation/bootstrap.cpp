#include "expunge/evaluation/bootstrap.hpp"

#include <doctest/doctest.h>

#include <cmath>

using namespace expunge;

TEST_CASE("the interval of a mean is as wide as the normal one, about the mean") {
  std::vector<double> scores;
  for (std::uint64_t i = 0; i < 400; ++i)
    scores.push_back(3 + 2 * random_normal(1, {Purpose::test}, i));
  double mean = 0, squares = 0;
  for (const double x : scores) mean += x / 400;
  for (const double x : scores) squares += (x - mean) * (x - mean);
  const double error = std::sqrt(squares) / 400;  // standard error of the mean
  const Interval interval = mean_interval(scores, {4000, 0.95, 0});
  CHECK(std::abs(interval.low - (mean - 1.96 * error)) < 0.15 * error);
  CHECK(std::abs(interval.high - (mean + 1.96 * error)) < 0.15 * error);
  const Interval again = mean_interval(scores, {4000, 0.95, 0});
  const Interval other = mean_interval(scores, {4000, 0.95, 1});
  CHECK(again.low == interval.low);
  CHECK(other.low != interval.low);
}

TEST_CASE("the interval of a mean: constants, one score, none") {
  const Interval constant = mean_interval({0.25, 0.25, 0.25}, {100, 0.95, 0});
  CHECK(constant.low == 0.25);
  CHECK(constant.high == 0.25);
  CHECK(mean_interval({7}, {2, 0.5, 0}).high == 7);
  CHECK_THROWS_WITH_AS(mean_interval({}, {100, 0.95, 0}), "mean_interval: no scores",
                       std::invalid_argument);
  CHECK_THROWS_AS(mean_interval({1}, {1, 0.95, 0}), std::invalid_argument);
  CHECK_THROWS_AS(mean_interval({1}, {100, 1, 0}), std::invalid_argument);
}

TEST_CASE("replicates that are not finite widen an interval upwards, and never narrow it") {
  const Interval interval = bootstrap_estimate(1, {0, 1, 2, std::nan("")}, 0.9).percentile;
  CHECK(interval.low == doctest::Approx(0.15));
  CHECK(interval.high == std::numeric_limits<double>::infinity());
}
