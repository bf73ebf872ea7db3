#include "expunge/nn/sequential.hpp"

#include <doctest/doctest.h>

#include "comparators.hpp"
#include "expunge/nn/mlp.hpp"

using namespace expunge;

namespace {

using B = Cpu<double>;
using Tall = Sequential<Linear<3, 6>, Relu<6>, Linear<6, 5>, Relu<5>, Linear<5, 2>>;

static_assert(Tall::parameters == 3 * 6 + 6 + 6 * 5 + 5 + 5 * 2 + 2);
static_assert(Tall::Input::size == 3 && Tall::classes == 2 && Tall::statistics == 0);
static_assert(Mlp<12, 9, 7, 4>::parameters == 219 && Mlp<5, 3>::parameters == 18);
static_assert(std::is_base_of_v<Tall, Mlp<3, 6, 5, 2>>);
static_assert(Model<Tall, Cpu<float>> && Model<Mlp<5, 3>, Cpu<double>>);
static_assert(Shape<3, 32, 32>::size == 3072 && Shape<3, 32, 32>::rank == 3 && Shape<>::size == 1);

/// Gradient of sum w z in all weights, [members][p], computed by the model.
template <class M>
std::vector<double> gradient(const std::vector<double>& theta, const std::vector<double>& x,
                             const std::vector<double>& w, Index members, Index rows,
                             Index room = 0) {
  B backend(1);
  auto space = M::workspace(backend, members, std::max(rows, room));
  std::vector<double> dtheta(theta.size(), 77);
  const Weights<double> weights{MatrixView<const double>(theta.data(), members, M::parameters), {}};
  const TensorView<const double> in(x.data(), members, rows, M::Input::size);
  M::forward(backend, weights, in, space, Mode::train);
  M::backward(backend, weights, in, space,
              TensorView<const double>(w.data(), members, rows, M::classes),
              MatrixView<double>(dtheta.data(), members, M::parameters));
  return dtheta;
}

template <class M>
double objective(const std::vector<double>& theta, const std::vector<double>& x,
                 const std::vector<double>& w, Index members, Index rows) {
  B backend(1);
  auto space = M::workspace(backend, members, rows);
  const Weights<double> weights{MatrixView<const double>(theta.data(), members, M::parameters), {}};
  const TensorView<const double> z = M::forward(
      backend, weights, TensorView<const double>(x.data(), members, rows, M::Input::size), space,
      Mode::eval);
  double sum = 0;
  for (Index m = 0; m < members; ++m)
    for (Index i = 0; i < rows * M::classes; ++i)
      sum += w[static_cast<std::size_t>(m * rows * M::classes + i)] * z.row(m, 0)[i];
  return sum;
}

std::vector<double> part(const std::vector<double>& all, Index piece, Index pieces) {
  const Index length = static_cast<Index>(all.size()) / pieces;
  return {all.begin() + piece * length, all.begin() + (piece + 1) * length};
}

}  // namespace

TEST_CASE_TEMPLATE("a model's gradient is that of central differences", M, Tall, Mlp<4, 3>,
                   Mlp<3, 4, 2>) {
  for (const Index members : {1, 3}) {
    std::vector<double> theta = normals<double>(members * M::parameters, 1);
    const std::vector<double> x = normals<double>(members * 4 * M::Input::size, 2);
    const std::vector<double> w = normals<double>(members * 4 * M::classes, 3);
    std::vector<double> slopes;
    for (double& variable : theta)
      slopes.push_back(
          central_difference(variable, [&] { return objective<M>(theta, x, w, members, 4); }));
    CHECK(relative_difference(gradient<M>(theta, x, w, members, 4), slopes) <= 1e-7);
  }
}

TEST_CASE("several members at once give what each gives alone") {
  const Index members = 5, rows = 7;
  const std::vector<double> theta = normals<double>(members * Tall::parameters, 1);
  const std::vector<double> x = normals<double>(members * rows * 3, 2);
  const std::vector<double> w = normals<double>(members * rows * 2, 3);
  const std::vector<double> together = gradient<Tall>(theta, x, w, members, rows);
  for (Index m = 0; m < members; ++m) {
    const std::vector<double> alone =
        gradient<Tall>(part(theta, m, members), part(x, m, members), part(w, m, members), 1, rows);
    CHECK(relative_difference(part(together, m, members), alone) <= 1e-15);
  }
}

TEST_CASE("a workspace with room for more rows gives the same gradient") {
  const std::vector<double> theta = normals<double>(2 * Tall::parameters, 1);
  const std::vector<double> x = normals<double>(2 * 3 * 3, 2), w = normals<double>(2 * 3 * 2, 3);
  CHECK(relative_difference(gradient<Tall>(theta, x, w, 2, 3, 50),
                            gradient<Tall>(theta, x, w, 2, 3)) <= 1e-15);
}

TEST_CASE("members may share one input") {
  B backend(1);
  const std::vector<double> theta = normals<double>(2 * Tall::parameters, 1);
  const std::vector<double> x = normals<double>(4 * 3, 2);
  auto space = Tall::workspace(backend, 2, 4);
  const Weights<double> weights{MatrixView<const double>(theta.data(), 2, Tall::parameters), {}};
  const TensorView<const double> z = Tall::forward(
      backend, weights, shared(MatrixView<const double>(x.data(), 4, 3), 2), space, Mode::eval);
  std::vector<double> twice = x;
  twice.insert(twice.end(), x.begin(), x.end());
  for (Index m = 0; m < 2; ++m) {
    std::vector<double> w(2 * 4 * 2);
    w[static_cast<std::size_t>(m * 8 + 5)] = 1;  // row 2, class 1
    CHECK(std::abs(z(m, 2, 1) - objective<Tall>(theta, twice, w, 2, 4)) <= 1e-14);
  }
}

TEST_CASE("forward says what does not fit the model or its workspace") {
  B backend(1);
  const std::vector<double> theta(Tall::parameters), x(100);
  auto space = Tall::workspace(backend, 1, 4);
  const Weights<double> weights{MatrixView<const double>(theta.data(), 1, Tall::parameters), {}};
  CHECK_THROWS_WITH(Tall::forward(backend, weights, TensorView<const double>(x.data(), 1, 5, 3),
                                  space, Mode::eval),
                    "Sequential::forward: input is [1][5][3], the model takes [1][4][3]");
  CHECK_THROWS_AS(Tall::forward(backend, weights, TensorView<const double>(x.data(), 1, 4, 2),
                                space, Mode::eval),
                  std::invalid_argument);
}
