// Every layer's backward pass against central differences of s = sum w y, in double.
#include <doctest/doctest.h>

#include "comparators.hpp"
#include "expunge/nn/linear.hpp"
#include "expunge/nn/relu.hpp"

using namespace expunge;

namespace {

using B = Cpu<double>;

/// A layer, its input, and the weights w of the objective sum w y.
template <class L>
struct Bench {
  Index members, rows;
  std::vector<double> theta = normals<double>(members * L::parameters, 1);
  std::vector<double> x = normals<double>(members * rows * L::Input::size, 2);
  std::vector<double> w = normals<double>(members * rows * L::Output::size, 3);
  std::vector<double> y = std::vector<double>(w.size(), 77);
  std::vector<double> dx = std::vector<double>(x.size(), 77);
  std::vector<double> dtheta = std::vector<double>(theta.size(), 77);
  B backend{1};

  Weights<double> weights() {
    return {MatrixView<const double>(theta.data(), members, L::parameters), {}};
  }
  TensorView<const double> in() { return {x.data(), members, rows, L::Input::size}; }
  TensorView<double> out() { return {y.data(), members, rows, L::Output::size}; }

  double objective() {
    L::forward(backend, weights(), in(), out(), TensorView<double>(), Mode::train);
    double sum = 0;
    for (std::size_t i = 0; i < y.size(); ++i) sum += w[i] * y[i];
    return sum;
  }
  void backward(bool with_dx) {
    objective();
    TensorView<double> slope;
    if (with_dx) slope = TensorView<double>(dx.data(), members, rows, L::Input::size);
    L::backward(backend, weights(), in(), TensorView<const double>(out()),
                TensorView<const double>(),
                TensorView<const double>(w.data(), members, rows, L::Output::size), slope,
                MatrixView<double>(dtheta.data(), members, L::parameters));
  }
  std::vector<double> differences(std::vector<double>& variables) {
    std::vector<double> slopes;
    for (double& variable : variables)
      slopes.push_back(central_difference(variable, [&] { return objective(); }));
    return slopes;
  }
};

template <class L>
void check_gradients(Index members, Index rows) {
  CAPTURE(members);
  CAPTURE(rows);
  Bench<L> bench{members, rows};
  bench.backward(true);
  CHECK(relative_difference(bench.dx, bench.differences(bench.x)) <= 1e-7);
  if (L::parameters == 0) return;
  CHECK(relative_difference(bench.dtheta, bench.differences(bench.theta)) <= 1e-7);
}

}  // namespace

TEST_CASE_TEMPLATE("gradients in weights and inputs are those of central differences", L,
                   Linear<4, 3>, Linear<1, 5>, Linear<6, 1>, Relu<5>, Relu<2, 3, 2>) {
  for (const Index members : {1, 3})
    for (const Index rows : {1, 4}) check_gradients<L>(members, rows);
}

TEST_CASE("a linear layer is x W' + b, with W [out][in] before b") {
  Bench<Linear<2, 3>> bench{1, 1};
  bench.theta = {1, 2, 3, 4, 5, 6, 10, 20, 30};
  bench.x = {7, -1};
  bench.objective();
  CHECK(bench.y == std::vector<double>{15, 37, 59});
}

TEST_CASE("an empty dx is not written, and dtheta is overwritten") {
  Bench<Linear<4, 3>> bench{2, 3};
  bench.backward(false);
  CHECK(bench.dx == std::vector<double>(bench.dx.size(), 77));
  CHECK(relative_difference(bench.dtheta, bench.differences(bench.theta)) <= 1e-7);
}

TEST_CASE("ReLU is 0 with slope 0 at 0, and lets NaN through") {
  Bench<Relu<4>> bench{1, 1};
  bench.x = {0, -0.0, 2, -3};
  bench.w = {1, 1, 1, 1};
  bench.backward(true);
  CHECK(bench.y == std::vector<double>{0, 0, 2, 0});
  CHECK(bench.dx == std::vector<double>{0, 0, 1, 0});
  bench.x[1] = std::nan("");
  bench.objective();
  CHECK(std::isnan(bench.y[1]));
}

TEST_CASE("a NaN in one row of a linear layer's input stays in that row") {
  Bench<Linear<4, 3>> bench{1, 2};
  bench.x[1] = std::nan("");
  bench.objective();
  for (std::size_t j = 0; j < 3; ++j) {
    CHECK(std::isnan(bench.y[j]));
    CHECK(std::isfinite(bench.y[3 + j]));
  }
}
