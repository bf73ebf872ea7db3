#include "expunge/nn/initialisation.hpp"

#include <doctest/doctest.h>

#include "comparators.hpp"
#include "expunge/nn/mlp.hpp"
#include "expunge/train/ensemble.hpp"

using namespace expunge;

TEST_CASE("Kaiming weights have mean 0, variance 2 / fan_in and a normal fourth moment") {
  const Index fan_in = 50, n = 200000;
  std::vector<double> w(static_cast<std::size_t>(n));
  kaiming_normal(3, 4, 0, fan_in, n, w.data());
  double mean = 0, square = 0, fourth = 0;
  for (double x : w) {
    x /= std::sqrt(2.0 / static_cast<double>(fan_in));
    mean += x / static_cast<double>(n);
    square += x * x / static_cast<double>(n);
    fourth += x * x * x * x / static_cast<double>(n);
  }
  const double sd = 1 / std::sqrt(static_cast<double>(n));
  CHECK(std::abs(mean) <= 5 * sd);
  CHECK(std::abs(square - 1) <= 5 * std::sqrt(2.0) * sd);
  CHECK(std::abs(fourth - 3) <= 5 * std::sqrt(96.0) * sd);
}

TEST_CASE("every layer of an MLP is drawn by its own fan-in, and biases are 0") {
  using M = Mlp<400, 300, 200>;
  std::vector<float> theta(M::parameters);
  M::initialise(1, 0, theta.data(), static_cast<float*>(nullptr));
  const auto variance = [&](Index first, Index count) {
    double sum = 0;
    for (Index i = first; i < first + count; ++i) {
      const double w = theta[static_cast<std::size_t>(i)];
      sum += w * w / static_cast<double>(count);
    }
    return sum;
  };
  const Index first = 400 * 300, second = 300 * 200;
  CHECK(std::abs(variance(0, first) * 400 / 2 - 1) <= 5 * std::sqrt(2.0 / first));
  CHECK(std::abs(variance(first + 300, second) * 300 / 2 - 1) <= 5 * std::sqrt(2.0 / second));
  CHECK(std::count(theta.begin() + first, theta.begin() + first + 300, 0.0f) == 300);
  CHECK(std::count(theta.end() - 200, theta.end(), 0.0f) == 200);
}

TEST_CASE("initial weights depend on seed and member alone") {
  using M = Mlp<6, 5, 3>;
  const auto nine = initialise<M, float>(7, 9);
  const auto five = initialise<M, float>(7, 5);
  const auto tail = initialise<M, float>(7, 4, 5);  // members 5 .. 8
  const auto row = [](const Ensemble<M, float>& e, Index m) {
    return std::vector<float>(e.theta.data() + m * M::parameters,
                              e.theta.data() + (m + 1) * M::parameters);
  };
  for (Index m = 0; m < 5; ++m) CHECK(row(nine, m) == row(five, m));
  for (Index m = 0; m < 4; ++m) CHECK(row(nine, 5 + m) == row(tail, m));
  CHECK(row(nine, 0) != row(nine, 1));
  CHECK(row(nine, 0) != row(initialise<M, float>(8, 1), 0));
  CHECK(nine.stats.size() == 0);
}

TEST_CASE("two layers of one shape do not start with the same weights") {
  using M = Mlp<4, 4, 4>;
  std::vector<double> theta(M::parameters);
  M::initialise(1, 0, theta.data(), static_cast<double*>(nullptr));
  CHECK(!std::equal(theta.begin(), theta.begin() + 16, theta.begin() + 20));
}
