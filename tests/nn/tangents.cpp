// J v of layers and models against central differences along v, and against J'a by the identity
// a . (J v) = v . (J'a), in double.
#include <doctest/doctest.h>

#include "comparators.hpp"
#include "expunge/nn/mlp.hpp"
#include "nn/directions.hpp"

using namespace expunge;

namespace {

using B = Cpu<double>;

/// What can be lost when a . b is summed.
double rounding(const std::vector<double>& a, const std::vector<double>& b) {
  return 1e-12 * std::sqrt(dot(a, a) * dot(b, b));
}

template <class L>
struct Bench {
  Index members, rows;
  std::vector<double> theta = normals<double>(members * L::parameters, 1);
  std::vector<double> x = normals<double>(members * rows * L::Input::size, 2);
  std::vector<double> direction = normals<double>(members * L::parameters, 3);
  std::vector<double> dx = normals<double>(members * rows * L::Input::size, 4);
  std::vector<double> a = normals<double>(members * rows * L::Output::size, 5);
  B backend{1};

  Weights<double> weights(const std::vector<double>& at) {
    return {MatrixView<const double>(at.data(), members, L::parameters), {}};
  }
  TensorView<const double> in(const std::vector<double>& at) {
    return {at.data(), members, rows, L::Input::size};
  }
  TensorView<double> out(std::vector<double>& to) {
    return {to.data(), members, rows, L::Output::size};
  }

  std::vector<double> forward(const std::vector<double>& theta_, const std::vector<double>& x_) {
    std::vector<double> y(a.size(), 77);
    L::forward(backend, weights(theta_), in(x_), out(y), TensorView<double>(), Mode::eval);
    return y;
  }
  std::vector<double> tangent(bool x_moves) {
    std::vector<double> y = forward(theta, x), dy(a.size(), 77);
    TensorView<const double> input_moves;
    if (x_moves) input_moves = in(dx);
    L::tangent(backend, weights(theta), in(x), out(y), TensorView<const double>(), input_moves,
               MatrixView<const double>(direction.data(), members, L::parameters), out(dy));
    return dy;
  }
  std::vector<double> differences(bool x_moves) {
    return slope([&](double step) {
      return forward(moved(theta, step, direction), x_moves ? moved(x, step, dx) : x);
    });
  }
};

template <class L>
void check_tangents(Index members, Index rows) {
  CAPTURE(members);
  CAPTURE(rows);
  Bench<L> bench{members, rows};
  for (const bool x_moves : {false, true})
    CHECK(relative_difference(bench.tangent(x_moves), bench.differences(x_moves)) <= 1e-7);
}

template <class L>
void check_identity(Index members, Index rows) {
  Bench<L> bench{members, rows};
  std::vector<double> y = bench.forward(bench.theta, bench.x);
  std::vector<double> back_x(bench.x.size(), 77), back_theta(bench.theta.size(), 77);
  L::backward(bench.backend, bench.weights(bench.theta), bench.in(bench.x), bench.out(y),
              TensorView<const double>(), bench.out(bench.a),
              TensorView<double>(back_x.data(), members, rows, L::Input::size),
              MatrixView<double>(back_theta.data(), members, L::parameters));
  const std::vector<double> along_both = bench.tangent(true), along_theta = bench.tangent(false);
  const double by_theta = dot(bench.direction, back_theta);
  CHECK(std::abs(dot(bench.a, along_theta) - by_theta) <= rounding(bench.a, along_both));
  CHECK(std::abs(dot(bench.a, along_both) - by_theta - dot(bench.dx, back_x)) <=
        rounding(bench.a, along_both));
}

/// A model after a forward pass, with room for more rows than it uses.
template <class M>
struct ModelBench {
  Index members, rows;
  B backend{1};
  typename M::template Workspace<B> space = M::workspace(backend, members, rows + 2);
  std::vector<double> theta = normals<double>(members * M::parameters, 1);
  std::vector<double> x = normals<double>(members * rows * M::Input::size, 2);
  std::vector<double> direction = normals<double>(members * M::parameters, 3);
  std::vector<double> a = normals<double>(members * rows * M::classes, 5);

  Weights<double> weights(const std::vector<double>& at) {
    return {MatrixView<const double>(at.data(), members, M::parameters), {}};
  }
  TensorView<const double> in() { return {x.data(), members, rows, M::Input::size}; }

  std::vector<double> copy(TensorView<const double> z) {
    std::vector<double> result;
    for (Index m = 0; m < members; ++m)
      result.insert(result.end(), z.row(m, 0), z.row(m, 0) + rows * M::classes);
    return result;
  }
  std::vector<double> forward(const std::vector<double>& at) {
    return copy(M::forward(backend, weights(at), in(), space, Mode::eval));
  }
  std::vector<double> tangent() {
    return copy(M::tangent(backend, weights(theta), in(), space,
                           MatrixView<const double>(direction.data(), members, M::parameters)));
  }
  std::vector<double> backward() {
    std::vector<double> dtheta(theta.size(), 77);
    M::backward(backend, weights(theta), in(), space,
                TensorView<const double>(a.data(), members, rows, M::classes),
                MatrixView<double>(dtheta.data(), members, M::parameters));
    return dtheta;
  }
};

using Tall = Sequential<Linear<3, 6>, Relu<6>, Linear<6, 5>, Relu<5>, Linear<5, 2>>;
using ReluEnds = Sequential<Relu<3>, Linear<3, 4>, Relu<4>>;

}  // namespace

TEST_CASE_TEMPLATE("a layer's tangent is that of central differences, with and without dx", L,
                   Linear<4, 3>, Linear<1, 5>, Linear<6, 1>, Relu<5>, Relu<2, 3, 2>) {
  for (const Index members : {1, 3})
    for (const Index rows : {1, 4}) check_tangents<L>(members, rows);
}

TEST_CASE_TEMPLATE("a layer's tangent and backward pass are transposes of each other", L,
                   Linear<4, 3>, Linear<1, 5>, Linear<6, 1>, Relu<5>, Relu<2, 3, 2>) {
  for (const Index members : {1, 3})
    for (const Index rows : {1, 4}) check_identity<L>(members, rows);
}

TEST_CASE_TEMPLATE("a model's tangent is that of central differences of its forward pass", M,
                   Mlp<5, 4, 3>, Tall, ReluEnds, Mlp<4, 3>) {
  for (const Index members : {1, 3})
    for (const Index rows : {1, 4}) {
      ModelBench<M> bench{members, rows};
      const std::vector<double> differences = slope(
          [&](double step) { return bench.forward(moved(bench.theta, step, bench.direction)); });
      bench.forward(bench.theta);
      CHECK(relative_difference(bench.tangent(), differences) <= 1e-7);
    }
}

TEST_CASE_TEMPLATE("one forward pass serves tangents and backward passes in any order", M,
                   Mlp<5, 4, 3>, Tall, ReluEnds, Mlp<4, 3>) {
  for (const Index members : {1, 3})
    for (const Index rows : {1, 4}) {
      ModelBench<M> bench{members, rows};
      bench.forward(bench.theta);
      const std::vector<double> tangent = bench.tangent(), gradient = bench.backward();
      CHECK(std::abs(dot(bench.a, tangent) - dot(bench.direction, gradient)) <=
            rounding(bench.a, tangent));
      CHECK(same_bytes(bench.tangent(), tangent));
      CHECK(same_bytes(bench.backward(), gradient));
    }
}

TEST_CASE("a ReLU at 0 passes no tangent on") {
  B backend(1);
  const std::vector<double> x = {0, -0.0, 2, -3}, dx = {5, 6, 7, 8};
  std::vector<double> y(4), dy(4, 77);
  const auto row = [](auto& v) { return TensorView(v.data(), 1, 1, 4); };
  Relu<4>::forward(backend, {}, row(x), row(y), TensorView<double>(), Mode::eval);
  Relu<4>::tangent(backend, {}, row(x), row(y), TensorView<const double>(), row(dx),
                   MatrixView<const double>(), row(dy));
  CHECK(dy == std::vector<double>{0, 0, 7, 0});
}
