// Kernels against G G' of explicit gradients, which a backward pass gives one row at a time.
#include <doctest/doctest.h>

#include <Eigen/Core>

#include "comparators.hpp"
#include "expunge/nn/mlp.hpp"

using namespace expunge;

namespace {

using B = Cpu<double>;
using Gradients = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

constexpr double before = 0.5;  // what stands in a kernel that is added to

/// before + G G'
std::vector<double> kernel_of(const Gradients& g) {
  const Gradients kernel = (g * g.transpose()).array() + before;
  return {kernel.data(), kernel.data() + kernel.size()};
}

/// The gradient of dy_i . y_i in theta, one row of G for each row i.
template <class L>
Gradients gradients(B& backend, const double* theta, const double* x, const double* dy,
                    Index rows) {
  Gradients g(rows, L::parameters);
  const Weights<double> weights{MatrixView<const double>(theta, 1, L::parameters), {}};
  for (Index i = 0; i < rows; ++i) {
    const TensorView<const double> in(x + i * L::Input::size, 1, 1, L::Input::size);
    std::vector<double> y(static_cast<std::size_t>(L::Output::size));
    const TensorView<double> out(y.data(), 1, 1, L::Output::size);
    L::forward(backend, weights, in, out, TensorView<double>(), Mode::eval);
    L::backward(backend, weights, in, TensorView<const double>(out), TensorView<const double>(),
                TensorView<const double>(dy + i * L::Output::size, 1, 1, L::Output::size),
                TensorView<double>(),
                MatrixView<double>(g.data() + i * L::parameters, 1, L::parameters));
  }
  return g;
}

/// `shared_input`: all members see the same x, member stride 0.
template <class L>
void check_layer(Index members, Index rows, bool shared_input) {
  CAPTURE(members);
  CAPTURE(rows);
  B backend(1);
  const Index width = rows * L::Input::size, stride = rows * rows + 3;
  const std::vector<double> theta = normals<double>(members * L::parameters, 1);
  const std::vector<double> x = normals<double>(members * width, 2);
  const std::vector<double> dy = normals<double>(members * rows * L::Output::size, 3);
  const TensorView<const double> in(x.data(), members, rows, L::Input::size,
                                    shared_input ? 0 : width);
  const TensorView<const double> slopes(dy.data(), members, rows, L::Output::size);
  std::vector<double> scratch(static_cast<std::size_t>(members * L::kernel_cache(rows)), 77);
  const MatrixView<double> cache(scratch.data(), members, L::kernel_cache(rows));
  std::vector<double> kernel(static_cast<std::size_t>(members * stride), before);
  L::prepare_kernel(backend, in, cache);
  for (int time = 0; time < 2; ++time) {  // prepared once, added twice
    std::fill(kernel.begin(), kernel.end(), before);
    L::add_kernel(backend, in, slopes, cache,
                  TensorView<double>(kernel.data(), members, rows, rows, stride));
  }
  for (Index m = 0; m < members; ++m) {
    const std::vector<double> expected = kernel_of(gradients<L>(
        backend, theta.data() + m * L::parameters, in.row(m, 0), slopes.row(m, 0), rows));
    const double* own = kernel.data() + m * stride;
    CHECK(relative_difference(own, expected.data(), rows * rows) <= 1e-12);
    CHECK(std::vector<double>(own + rows * rows, own + stride) == std::vector<double>(3, before));
  }
}

/// A model's whole and head kernel: `first` is the first weight of the layers that count.
template <class M>
void check_model(KernelOf part, Index first, Index members) {
  B backend(1);
  const Index rows = 4;
  const std::vector<double> theta = normals<double>(members * M::parameters, 1);
  const std::vector<double> x = normals<double>(rows * M::Input::size, 2);
  const std::vector<double> dz = normals<double>(members * rows * M::classes, 3);
  const Weights<double> weights{MatrixView<const double>(theta.data(), members, M::parameters), {}};
  const TensorView<const double> in(x.data(), members, rows, M::Input::size, 0);
  const TensorView<const double> slopes(dz.data(), members, rows, M::classes);
  auto space = M::workspace(backend, members, rows + 1);
  auto kernels = M::kernel_space(backend, members, rows + 1, part);
  std::vector<double> kernel(static_cast<std::size_t>(members * rows * rows), before);
  M::forward(backend, weights, in, space, Mode::eval);
  M::prepare_kernel(backend, in, space, kernels);
  M::add_kernel(backend, weights, in, space, slopes, kernels,
                TensorView<double>(kernel.data(), members, rows, rows));

  std::vector<Gradients> g(static_cast<std::size_t>(members), Gradients(rows, M::parameters));
  for (Index i = 0; i < rows; ++i) {
    std::vector<double> one_row(dz.size()), dtheta(theta.size());
    const TensorView<double> only(one_row.data(), members, rows, M::classes);
    for (Index m = 0; m < members; ++m) std::copy_n(slopes.row(m, i), M::classes, only.row(m, i));
    const MatrixView<double> gradient(dtheta.data(), members, M::parameters);
    M::backward(backend, weights, in, space, TensorView<const double>(only), gradient);
    for (Index m = 0; m < members; ++m)
      std::copy_n(gradient.row(m), M::parameters, &g[static_cast<std::size_t>(m)](i, 0));
  }
  for (Index m = 0; m < members; ++m) {
    const Gradients& all = g[static_cast<std::size_t>(m)];
    const std::vector<double> expected = kernel_of(all.rightCols(M::parameters - first));
    CHECK(relative_difference(kernel.data() + m * rows * rows, expected.data(), rows * rows) <=
          1e-12);
  }
}

}  // namespace

TEST_CASE_TEMPLATE("a layer adds the inner products of its rows' gradients to a kernel", L,
                   Linear<4, 3>, Linear<1, 5>, Linear<6, 1>, Relu<5>, Relu<2, 3, 2>) {
  for (const Index members : {1, 3})
    for (const Index rows : {1, 4})
      for (const bool shared_input : {false, true}) check_layer<L>(members, rows, shared_input);
}

TEST_CASE("a model's kernel is that of its gradients, over all layers or the head alone") {
  using Deep = Sequential<Linear<3, 6>, Relu<6>, Linear<6, 5>, Relu<5>, Linear<5, 2>>;
  for (const Index members : {1, 3}) {
    check_model<Mlp<5, 4, 3>>(KernelOf::all_layers, 0, members);
    check_model<Mlp<5, 4, 3>>(KernelOf::head, 5 * 4 + 4, members);
    check_model<Deep>(KernelOf::all_layers, 0, members);
    check_model<Deep>(KernelOf::head, Deep::parameters - 12, members);
    check_model<Mlp<4, 3>>(KernelOf::all_layers, 0, members);
    check_model<Mlp<4, 3>>(KernelOf::head, 0, members);
  }
}

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

TEST_CASE("the inputs of the head are what the last layer saw") {
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
}
