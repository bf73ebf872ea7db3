// Maxima, means, and the layers that only move numbers.
#include <doctest/doctest.h>

#include "expunge/nn/flatten.hpp"
#include "expunge/nn/global_pool.hpp"
#include "expunge/nn/linear_without_bias.hpp"
#include "layer_bench.hpp"

using namespace expunge;

namespace {

using Odd = MaxPool2d<Shape<1, 3, 5>, 2>;  // row 2 and column 4 fill no window

static_assert(std::is_same_v<Odd::Output, Shape<1, 1, 2>>);
static_assert(std::is_same_v<MaxPool2d<Shape<7, 9, 8>, 3>::Output, Shape<7, 3, 2>>);
static_assert(std::is_same_v<GlobalMaxPool<Shape<7, 9, 8>>::Output, Shape<7>>);
static_assert(std::is_same_v<GlobalAveragePool<Shape<7, 9, 8>>::Output, Shape<7>>);
static_assert(std::is_same_v<Flatten<Shape<7, 9, 8>>::Output, Shape<504>>);

}  // namespace

TEST_CASE_TEMPLATE("derivatives of pools, copies and a linear layer without bias", L,
                   MaxPool2d<Shape<2, 4, 6>, 2>, MaxPool2d<Shape<3, 7, 5>, 2>,
                   MaxPool2d<Shape<2, 7, 8>, 3>, MaxPool2d<Shape<2, 3, 2>, 1>,
                   GlobalMaxPool<Shape<3, 5, 4>>, GlobalAveragePool<Shape<3, 5, 4>>,
                   GlobalAveragePool<Shape<2, 1, 1>>, Flatten<Shape<2, 3, 4>>,
                   Scale<Shape<2, 3>, std::ratio<1, 5>>, LinearWithoutBias<4, 3>) {
  for (const Index members : {1, 3})
    for (const Index rows : {1, 4}) check_derivatives<L>(members, rows);
}

TEST_CASE("a max pool leaves out what fills no window") {
  LayerBench<Odd> bench{1, 1};
  bench.x = {1, 5, 2, 0, 99, 4, 3, -1, 7, 99, 99, 99, 99, 99, 99};
  bench.a = {10, 20};
  bench.forward();
  bench.backward();
  CHECK(bench.y == std::vector<double>{5, 7});
  std::vector<double> expected(15);
  expected[1] = 10;
  expected[8] = 20;
  CHECK(bench.back_x == expected);
}

TEST_CASE("of equal largest numbers the first gets the derivative") {
  LayerBench<MaxPool2d<Shape<1, 2, 2>, 2>> bench{1, 1};
  bench.x = {0, 6, 6, 6};
  bench.a = {3};
  bench.forward();
  bench.backward();
  CHECK(bench.back_x == std::vector<double>{0, 3, 0, 0});
  LayerBench<GlobalMaxPool<Shape<1, 2, 2>>> global{1, 1};
  global.x = {0, 0, 0, 0};
  global.a = {3};
  global.forward();
  global.backward();
  CHECK(global.back_x == std::vector<double>{3, 0, 0, 0});
}

TEST_CASE("NaN is the largest number, wherever it stands, and is seen by its window alone") {
  for (const std::size_t at : {0u, 1u, 4u, 5u}) {
    LayerBench<MaxPool2d<Shape<1, 2, 4>, 2>> bench{1, 1};
    bench.x[at] = std::nan("");
    bench.forward();
    CHECK(std::isnan(bench.y[0]));
    CHECK(std::isfinite(bench.y[1]));
  }
}

TEST_CASE("infinities are numbers of a max pool") {
  LayerBench<MaxPool2d<Shape<1, 2, 4>, 2>> bench{1, 1};
  const double infinity = std::numeric_limits<double>::infinity();
  bench.x = {-infinity, -infinity, infinity, 0, -infinity, -infinity, 1, 2};
  bench.forward();
  CHECK(bench.y == std::vector<double>{-infinity, infinity});
}

TEST_CASE("pools take an input that all members share") {
  using L = GlobalAveragePool<Shape<2, 1, 2>>;
  Cpu<double> backend(1);
  const std::vector<double> x = {1, 3, 5, 7};
  std::vector<double> y(4);
  L::forward(backend, {}, shared(MatrixView<const double>(x.data(), 1, 4), 2),
             TensorView<double>(y.data(), 2, 1, 2), {}, Mode::eval);
  CHECK(y == std::vector<double>{2, 6, 2, 6});
}

TEST_CASE("Scale multiplies by the rounded quotient") {
  LayerBench<Scale<Shape<3>, std::ratio<1, 5>>, float> bench{1, 1};
  bench.forward();
  for (std::size_t j = 0; j < 3; ++j) CHECK(bench.y[j] == 0.2f * bench.x[j]);
}

TEST_CASE_TEMPLATE("sums of lanes hold every element once", Real, float, double) {
  for (Index n = 0; n <= 70; ++n)
    CHECK(lane_sum<Real>(n, [](Index k) { return Real(k); }) == Real(n * (n - 1) / 2));
}
