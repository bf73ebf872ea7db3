// Layers of images one by one, against PyTorch's numbers.
#include <doctest/doctest.h>

#include "expunge/nn/conv_block.hpp"
#include "expunge/nn/global_pool.hpp"
#include "expunge/nn/linear_without_bias.hpp"
#include "expunge/nn/residual.hpp"
#include "expunge/nn/scale.hpp"
#include "golden_numbers.hpp"
#include "layer_bench.hpp"

using namespace expunge;

namespace {

constexpr Index rows = 3;

template <class Real>
std::vector<Real> as(const std::vector<double>& numbers) {
  return {numbers.begin(), numbers.end()};
}

template <class L, class Real>
void check(const std::string& name, Mode mode, double tolerance) {
  CAPTURE(name);
  GoldenNumbers numbers("layers/" + name);
  LayerBench<L, Real> bench{1, rows, mode};
  bench.theta = as<Real>(numbers.take(L::parameters));
  bench.start = as<Real>(numbers.take(L::statistics));
  bench.x = as<Real>(numbers.take(rows * L::Input::size));
  bench.a = as<Real>(numbers.take(rows * L::Output::size));
  bench.forward();
  bench.backward();
  CHECK(relative_difference(bench.y, numbers.take(rows * L::Output::size)) <= tolerance);
  CHECK(relative_difference(bench.back_x, numbers.take(rows * L::Input::size)) <= tolerance);
  const std::vector<double> dtheta = numbers.take(L::parameters);
  if (L::parameters > 0) CHECK(relative_difference(bench.back_theta, dtheta) <= tolerance);
  const std::vector<double> stats = numbers.take(L::statistics);
  if (L::statistics > 0) CHECK(relative_difference(bench.stats, stats) <= tolerance);
  CHECK(numbers.finished());
}

template <class L>
void check(const std::string& name, Mode mode = Mode::train) {
  check<L, double>(name, mode, 1e-10);
  check<L, float>(name, mode, 1e-5);
}

}  // namespace

TEST_CASE("batch norm gives PyTorch's numbers in both modes") {
  check<BatchNorm2d<Shape<3, 5, 4>>>("batch_norm_train");
  check<BatchNorm2d<Shape<3, 5, 4>>>("batch_norm_eval", Mode::eval);
  check<BatchNorm2d<Shape<4, 1, 1>>>("batch_norm_1x1");
}

TEST_CASE("pools give PyTorch's numbers, with equal numbers in a window and a rest at the edge") {
  check<MaxPool2d<Shape<2, 5, 7>, 2>>("max_pool_2");
  check<MaxPool2d<Shape<2, 7, 9>, 3>>("max_pool_3");
  check<GlobalMaxPool<Shape<3, 5, 3>>>("global_max");
  check<GlobalAveragePool<Shape<3, 5, 3>>>("global_average");
}

TEST_CASE("a linear layer without bias and a scale give PyTorch's numbers") {
  check<LinearWithoutBias<5, 3>>("linear_without_bias");
  check<Scale<Shape<7>, std::ratio<1, 5>>>("scale");
}

TEST_CASE("blocks give PyTorch's numbers") {
  using S = Shape<2, 5, 4>;
  using Big = Shape<2, 7, 5>;
  check<ConvBlock<Shape<2, 5, 7>, 3, 3, 2>>("conv_block");
  check<Residual<ConvBlock<S, 3, 3>, ConvBlock<Shape<3, 5, 4>, 2, 3>>>("residual");
  check<ShortcutResidual<ConvNorm<Big, 3, 1, 2>, ConvBlock<Big, 3, 3, 2>,
                         ConvNorm<Shape<3, 4, 3>, 3, 3>>>("shortcut_residual");
}
