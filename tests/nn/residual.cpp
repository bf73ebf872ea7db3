// Blocks and residual blocks: what their parts are, their derivatives, their memory.
#include "expunge/nn/residual.hpp"

#include <doctest/doctest.h>

#include "expunge/nn/conv_block.hpp"
#include "expunge/nn/global_pool.hpp"
#include "expunge/nn/linear.hpp"
#include "expunge/nn/sequential.hpp"
#include "layer_bench.hpp"

using namespace expunge;

namespace {

using S = Shape<2, 5, 4>;
using Same = ConvBlock<S, 2, 3>;
using Inner = Residual<Same>;
using Deep = Block<Same, Inner, Residual<Same, Inner>>;
using Half = ConvNorm<S, 3, 1, 2, 0>;
using Down = ShortcutResidual<Half, ConvBlock<S, 3, 3, 2>, ConvNorm<Shape<3, 3, 2>, 3, 3>>;

static_assert(TangentLayer<Deep, Cpu<float>> && TangentLayer<Down, Cpu<double>>);
static_assert(Same::parameters == 2 * 2 * 9 + 2 * 2 && Same::statistics == 4);
static_assert(Deep::parameters == 4 * Same::parameters && Deep::statistics == 4 * 4);
static_assert(Down::parameters == (3 * 2 * 9 + 6) + (3 * 3 * 9 + 6) + (3 * 2 + 6));
static_assert(std::is_same_v<Down::Output, Shape<3, 3, 2>>);

template <class Real>
TensorView<Real> row(std::vector<Real>& v) {
  return {v.data(), 1, 1, static_cast<Index>(v.size())};
}

}  // namespace

TEST_CASE_TEMPLATE("derivatives of blocks in blocks", L, Block<Linear<4, 3>>, Same, Inner, Deep,
                   Down, Block<Down, ReluOf<Shape<3, 3, 2>>, GlobalAveragePool<Shape<3, 3, 2>>>,
                   Residual<Linear<3, 4>, Relu<4>, Linear<4, 3>>,
                   ShortcutResidual<Linear<4, 2>, Linear<4, 3>, Relu<3>, Linear<3, 2>>) {
  for (const Mode mode : {Mode::train, Mode::eval})
    for (const Index rows : {2, 3}) check_derivatives<L>(2, rows, mode);
}

TEST_CASE("a block is its layers one after the other, to the byte") {
  LayerBench<Block<Linear<4, 3>, Relu<3>, Linear<3, 2>>> bench{2, 5};
  bench.forward();
  bench.backward();
  using Model = Sequential<Linear<4, 3>, Relu<3>, Linear<3, 2>>;
  Cpu<double> backend(1);
  auto space = Model::workspace(backend, 2, 5);
  const TensorView<const double> x(bench.x.data(), 2, 5, 4);
  const TensorView<const double> y =
      Model::forward(backend, bench.weights(bench.theta), x, space, Mode::train);
  for (Index m = 0; m < 2; ++m)
    CHECK(std::equal(y.row(m, 0), y.row(m, 0) + 10, bench.y.begin() + m * 10));
  std::vector<double> dtheta(bench.theta.size());
  Model::backward(backend, bench.weights(bench.theta), x, space,
                  TensorView<const double>(bench.a.data(), 2, 5, 2),
                  MatrixView<double>(dtheta.data(), 2, Model::parameters));
  CHECK(same_bytes(dtheta, bench.back_theta));
}

TEST_CASE("initial weights do not depend on how layers are put into blocks") {
  using Flat = Sequential<Linear<4, 3>, Relu<3>, Linear<3, 3>, Linear<3, 2>>;
  using Nested = Sequential<Block<Linear<4, 3>, Relu<3>>, Residual<Linear<3, 3>>, Linear<3, 2>>;
  std::vector<double> flat(Flat::parameters), nested(Nested::parameters);
  Flat::initialise(5, 2, flat.data(), flat.data());
  Nested::initialise(5, 2, nested.data(), nested.data());
  CHECK(same_bytes(flat, nested));
}

TEST_CASE("a residual block adds its input, or what its shortcut makes of it") {
  Cpu<double> backend(1);
  std::vector<double> theta = {2, 0, 0, 3, 0, 0}, x = {5, 7}, y(2);  // diag(2, 3), no bias
  const Weights<double> weights{MatrixView<const double>(theta.data(), 1, 6), {}};
  using Plain = Residual<Linear<2, 2>>;
  std::vector<double> cache(static_cast<std::size_t>(Plain::cache));
  Plain::forward(backend, weights, TensorView<const double>(row(x)), row(y), row(cache),
                 Mode::eval);
  CHECK(y == std::vector<double>{15, 28});
  theta.insert(theta.end(), {0, 1, 1, 0, 0, 0});  // the shortcut swaps
  using Swap = ShortcutResidual<Linear<2, 2>, Linear<2, 2>>;
  std::vector<double> room(static_cast<std::size_t>(Swap::cache));
  Swap::forward(backend, {MatrixView<const double>(theta.data(), 1, 12), {}},
                TensorView<const double>(row(x)), row(y), row(room), Mode::eval);
  CHECK(y == std::vector<double>{17, 26});
}

TEST_CASE_TEMPLATE("blocks give every member the bytes that it gets alone", Real, float, double) {
  check_members_alone<Deep, Real>(8, Mode::train);
  check_members_alone<Down, Real>(8, Mode::eval);
}
