// Logits, loss and gradient of PyTorch.
#include <doctest/doctest.h>

#include "comparators.hpp"
#include "expunge/loss/cross_entropy.hpp"
#include "expunge/nn/mlp.hpp"
#include "golden_arrays.hpp"

using namespace expunge;

namespace {

template <class M, class Real>
void check(const std::string& tag, double tolerance) {
  const Array<Real, 1> theta = converted<Real>(golden<1>("mlp/" + tag + "_theta"));
  const Array<Real, 2> x = converted<Real>(golden<2>("mlp/" + tag + "_inputs"));
  const Array<Label, 1> labels = golden_integers<Label, 1>("mlp/" + tag + "_labels");
  REQUIRE(theta.size() == static_cast<std::size_t>(M::parameters));
  const Index rows = static_cast<Index>(labels.size());

  Cpu<Real> backend(1);
  auto space = M::workspace(backend, 1, rows);
  const Weights<Real> weights{MatrixView<const Real>(theta.data(), 1, M::parameters), {}};
  const TensorView<const Real> in(x.data(), 1, rows, M::Input::size);
  const TensorView<const Real> z = M::forward(backend, weights, in, space, Mode::train);
  const Array<double, 2> logits = golden<2>("mlp/" + tag + "_logits");
  CHECK(relative_difference(z.data, logits.data(), rows * M::classes) <= tolerance);

  std::vector<Real> dz(static_cast<std::size_t>(rows * M::classes));
  Real loss = 0;
  for (Index i = 0; i < rows; ++i)
    loss += CrossEntropy{}(z.row(0, i), M::classes, labels.data()[i], Real(1) / Real(rows),
                           dz.data() + i * M::classes) /
            Real(rows);
  CHECK(std::abs(loss - golden<1>("mlp/" + tag + "_loss")(0)) <= tolerance);

  std::vector<Real> dtheta(theta.size());
  M::backward(backend, weights, in, space, TensorView<const Real>(dz.data(), 1, rows, M::classes),
              MatrixView<Real>(dtheta.data(), 1, M::parameters));
  CHECK(relative_difference(dtheta, golden<1>("mlp/" + tag + "_gradient")) <= tolerance);
}

}  // namespace

TEST_CASE("an MLP and a linear model give PyTorch's logits, loss and gradient") {
  check<Mlp<12, 9, 7, 4>, double>("12_9_7_4", 1e-12);
  check<Mlp<12, 9, 7, 4>, float>("12_9_7_4", 1e-5);
  check<Mlp<5, 3>, double>("5_3", 1e-12);
  check<Mlp<5, 3>, float>("5_3", 1e-5);
}
