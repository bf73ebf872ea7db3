// Batch normalisation: derivatives in both modes, running statistics, numbers far from zero.
#include "expunge/nn/batch_norm2d.hpp"

#include <doctest/doctest.h>

#include "layer_bench.hpp"

using namespace expunge;

namespace {

/// Mean and variance of a channel over the rows of one member, the long way.
std::pair<double, double> moments(const std::vector<double>& x, Index rows, Index channels,
                                  Index plane, Index c) {
  double mean = 0, var = 0;
  const auto at = [&](Index i, Index k) {
    return x[static_cast<std::size_t>((i * channels + c) * plane + k)];
  };
  for (Index i = 0; i < rows; ++i)
    for (Index k = 0; k < plane; ++k) mean += at(i, k) / double(rows * plane);
  for (Index i = 0; i < rows; ++i)
    for (Index k = 0; k < plane; ++k)
      var += (at(i, k) - mean) * (at(i, k) - mean) / double(rows * plane);
  return {mean, var};
}

using Norm = BatchNorm2d<Shape<3, 5, 4>>;

}  // namespace

TEST_CASE_TEMPLATE("derivatives of batch norm by batch and by running statistics", L,
                   BatchNorm2d<Shape<2, 3, 3>>, BatchNorm2d<Shape<3, 1, 7>>,
                   BatchNorm2d<Shape<1, 5, 4>>) {
  for (const Mode mode : {Mode::train, Mode::eval})
    for (const Index members : {1, 3})
      for (const Index rows : {1, 4}) check_derivatives<L>(members, rows, mode);
}

TEST_CASE("in train mode every channel of a member has mean beta and deviation gamma") {
  LayerBench<Norm> bench{2, 6, Mode::train};
  bench.forward();
  for (Index m = 0; m < 2; ++m)
    for (Index c = 0; c < 3; ++c) {
      const auto member = bench.y.begin() + m * 6 * 60;
      const auto [mean, var] = moments({member, member + 6 * 60}, 6, 3, 20, c);
      const double* theta = bench.theta.data() + m * 6;
      CHECK(std::abs(mean - theta[3 + c]) <= 1e-14);
      CHECK(std::abs(std::sqrt(var) / std::abs(theta[c]) - 1) <= 1e-4);  // eps
    }
}

TEST_CASE("train mode moves the running statistics by a tenth, with the unbiased variance") {
  LayerBench<Norm> bench{1, 6, Mode::train};
  bench.forward();
  for (Index c = 0; c < 3; ++c) {
    const auto [mean, var] = moments(bench.x, 6, 3, 20, c);
    const std::size_t at = static_cast<std::size_t>(c);
    CHECK(std::abs(bench.stats[at] - (0.9 * bench.start[at] + 0.1 * mean)) <= 1e-15);
    CHECK(std::abs(bench.stats[at + 3] - (0.9 * bench.start[at + 3] + 0.1 * var * 120 / 119)) <=
          1e-15);
  }
}

TEST_CASE("eval mode leaves the running statistics alone and treats every row by itself") {
  LayerBench<Norm> bench{2, 6, Mode::eval};
  bench.forward();
  CHECK(same_bytes(bench.stats, bench.start));
  const std::vector<double> y = bench.y;
  bench.x[0] += 5;  // row 0 of member 0
  bench.forward();
  CHECK(bench.y[0] != y[0]);
  CHECK(std::equal(y.begin() + 1, y.end(), bench.y.begin() + 1));
}

TEST_CASE("no rows in eval mode touch nothing, the cache neither") {
  LayerBench<Norm> bench{1, 0, Mode::eval};
  std::vector<double> guard(3 * 4 + 2, 77);
  Norm::forward(bench.backend, bench.weights(bench.theta),
                bench.rows_of<const double>({}, Norm::Input::size),
                bench.rows_of<double>({}, Norm::Input::size),
                bench.rows_of(guard.data(), Norm::cache), Mode::eval);
  CHECK(guard == std::vector<double>(guard.size(), 77));
}

TEST_CASE("fresh statistics and weights are those of PyTorch") {
  std::vector<float> theta(6, 7), stats(6, 7);
  Norm::initialise(1, 0, 0, theta.data(), stats.data());
  CHECK(theta == std::vector<float>{1, 1, 1, 0, 0, 0});
  CHECK(stats == std::vector<float>{0, 0, 0, 1, 1, 1});
}

TEST_CASE("a single number per channel has no variance to train with") {
  LayerBench<BatchNorm2d<Shape<3, 1, 1>>> bench{1, 1, Mode::train};
  CHECK_THROWS_WITH_AS(bench.forward(),
                       "BatchNorm2d: one number per channel (1 row of 1 x 1) has no variance to "
                       "train with",
                       std::invalid_argument);
  bench.mode = Mode::eval;
  bench.forward();
  CHECK(std::isfinite(bench.y[0]));
}

TEST_CASE("in float, numbers far from zero keep their variance") {
  using Wide = BatchNorm2d<Shape<2, 17, 9>>;
  LayerBench<Wide, float> bench{1, 40, Mode::train};
  for (float& x : bench.x) x += 1000;  // the sum of squares would lose all of it
  bench.forward();
  LayerBench<Wide> exact{1, 40, Mode::train};
  exact.theta.assign(bench.theta.begin(), bench.theta.end());
  exact.start.assign(bench.start.begin(), bench.start.end());
  exact.x.assign(bench.x.begin(), bench.x.end());
  exact.forward();
  CHECK(relative_difference(bench.y, exact.y) <= 1e-4);  // 1000 has an ulp of 6e-5
  CHECK(relative_difference(bench.stats, exact.stats) <= 1e-6);
}

TEST_CASE("a constant channel becomes beta, with finite derivatives") {
  LayerBench<Norm> bench{1, 4, Mode::train};
  std::fill(bench.x.begin(), bench.x.end(), 3.0);
  bench.forward();
  bench.backward();
  for (std::size_t j = 0; j < 60; ++j) {
    CHECK(bench.y[j] == bench.theta[3 + j / 20]);
    CHECK(std::isfinite(bench.back_x[j]));
  }
}

TEST_CASE("NaN in one channel of one member stays in that channel of that member") {
  LayerBench<Norm> bench{2, 4, Mode::train};
  bench.x[25] = std::nan("");  // member 0, row 0, channel 1
  bench.forward();
  for (std::size_t j = 0; j < bench.y.size(); ++j) {
    const bool spoilt = j < 4 * 60 && j / 20 % 3 == 1;
    CHECK(std::isnan(bench.y[j]) == spoilt);
  }
}

TEST_CASE("a channel whose variance overflows is NaN, in training and after it") {
  LayerBench<Norm> bench{2, 4, Mode::train};
  for (std::size_t j = 20; j < 40; ++j) bench.x[j] = j % 2 == 0 ? 1e200 : -1e200;
  bench.forward();  // member 0, row 0, channel 1
  for (std::size_t j = 0; j < bench.y.size(); ++j)
    CHECK(std::isnan(bench.y[j]) == (j < 4 * 60 && j / 20 % 3 == 1));
  bench.mode = Mode::eval;
  bench.start[3 + 1] = INFINITY;  // the running variance of such a channel
  bench.forward();
  for (std::size_t j = 0; j < bench.y.size(); ++j)
    CHECK(std::isnan(bench.y[j]) == (j < 4 * 60 && j / 20 % 3 == 1));
}

TEST_CASE_TEMPLATE("members together give the bytes that each gives alone", Real, float, double) {
  check_members_alone<Norm, Real>(5, Mode::train);
  check_members_alone<Norm, Real>(5, Mode::eval);
}
