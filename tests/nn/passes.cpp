// What second-order methods ask of a pass beside its gradient.
#include <doctest/doctest.h>

#include "comparators.hpp"
#include "expunge/nn/mlp.hpp"

using namespace expunge;

namespace {

using B = Cpu<double>;

}  // namespace

TEST_CASE_TEMPLATE("a backward pass with an empty dtheta still gives dx", L, Linear<4, 3>,
                   Linear<1, 5>, Relu<5>) {
  B backend(1);
  const Index members = 3, rows = 4;
  const std::vector<double> theta = normals<double>(members * L::parameters, 1);
  const std::vector<double> x = normals<double>(members * rows * L::Input::size, 2);
  const std::vector<double> dy = normals<double>(members * rows * L::Output::size, 3);
  std::vector<double> y(dy.size()), alone(x.size(), 77), beside(x.size(), 78), dtheta(theta.size());
  const Weights<double> weights{MatrixView<const double>(theta.data(), members, L::parameters), {}};
  const TensorView<const double> in(x.data(), members, rows, L::Input::size);
  const TensorView<const double> slopes(dy.data(), members, rows, L::Output::size);
  const TensorView<double> out(y.data(), members, rows, L::Output::size);
  L::forward(backend, weights, in, out, TensorView<double>(), Mode::eval);
  const auto backward = [&](std::vector<double>& dx, MatrixView<double> to) {
    L::backward(backend, weights, in, TensorView<const double>(out), TensorView<const double>(),
                slopes, TensorView<double>(dx.data(), members, rows, L::Input::size), to);
  };
  backward(alone, {});
  backward(beside, MatrixView<double>(dtheta.data(), members, L::parameters));
  CHECK(same_bytes(alone, beside));
}

TEST_CASE("the inputs of the head are what the last layer with weights saw") {
  using M = Mlp<5, 4, 3>;
  B backend(1);
  const std::vector<double> theta = normals<double>(2 * M::parameters, 1);
  const std::vector<double> x = normals<double>(2 * 3 * 5, 2);
  const TensorView<const double> in(x.data(), 2, 3, 5);
  auto space = M::workspace(backend, 2, 3);
  const TensorView<const double> z =
      M::forward(backend, {MatrixView<const double>(theta.data(), 2, M::parameters), {}}, in, space,
                 Mode::eval);
  const TensorView<const double> seen = M::head_inputs(in, space);
  REQUIRE(seen.features == 4);
  for (Index m = 0; m < 2; ++m)
    for (Index i = 0; i < 3; ++i)
      for (Index c = 0; c < 3; ++c) {
        const double* head = theta.data() + m * M::parameters + 5 * 4 + 4;
        double logit = head[3 * 4 + c];
        for (Index j = 0; j < 4; ++j) logit += head[c * 4 + j] * seen(m, i, j);
        CHECK(z(m, i, c) == doctest::Approx(logit).epsilon(1e-12));
      }
  auto single = Mlp<5, 3>::workspace(backend, 2, 3);
  CHECK(Mlp<5, 3>::head_inputs(in, single).data == x.data());
  // a layer without weights behind the head changes nothing
  using Scaled = Sequential<Linear<5, 4>, Relu<4>, Linear<4, 3>, Relu<3>>;
  auto scaled = Scaled::workspace(backend, 2, 3);
  CHECK(Scaled::head_inputs(in, scaled).data == scaled.outputs[1].data());
}
