// A model, some points of a data set, its Jacobian by products and, beside it, in full: one
// backward pass for each row, without the code under test.
#pragma once

#include "expunge/linearisation/jacobian.hpp"
#include "expunge/nn/mlp.hpp"
#include "expunge/output/margin.hpp"
#include "expunge/output/prediction.hpp"
#include "small_data.hpp"
#include "solvers/dense.hpp"

namespace expunge {

template <class M, class F = Logits>
struct Linearised {
  using B = Cpu<double>;
  static constexpr Index k = M::classes, outputs = F::outputs(k);

  Index members;
  Index batch = 100;
  std::vector<Index> points = {7, 2, 11, 3, 0};  // neither in order nor all
  std::uint32_t seed = 1;
  Dataset data = clouds(12, M::Input::size, k);
  B backend{1};
  Vectors theta = Vectors::random(members, M::parameters, seed);
  Jacobian<M, B, F> jacobian{backend, F{}, data, points, members, batch};
  Vectors values{members, jacobian.rows()};

  Index count() const { return static_cast<Index>(points.size()); }
  Index rows() const { return count() * outputs; }
  Weights<double> weights() const { return {theta, {}}; }
  Label label(Index i) const {
    return data.labels[static_cast<std::size_t>(points[static_cast<std::size_t>(i)])];
  }
  std::vector<Label> labels() const {
    std::vector<Label> result;
    for (Index i = 0; i < count(); ++i) result.push_back(label(i));
    return result;
  }

  Linearised& linearise() {
    jacobian.linearise(backend, weights(), values.view());
    return *this;
  }

  /// Calls f(z, space, x) after a forward pass of member m on all points.
  template <class G>
  auto after_forward(Index m, G&& f) {
    std::vector<double> x;
    for (const Index i : points)
      for (Index j = 0; j < M::Input::size; ++j) x.push_back(data.inputs(i, j));
    auto space = M::workspace(backend, 1, count());
    const TensorView<const double> in(x.data(), 1, count(), M::Input::size);
    const Weights<double> own{weights().theta.row_range(m, 1), {}};
    const TensorView<const double> z = M::forward(backend, own, in, space, Mode::eval);
    return f(own, in, space, z);
  }

  /// Logits of member m, [points][k].
  DenseMatrix logits(Index m) {
    return after_forward(m, [&](auto, auto, auto&, TensorView<const double> z) {
      DenseMatrix result(count(), k);
      for (Index i = 0; i < count(); ++i)
        for (Index j = 0; j < k; ++j) result(i, j) = z(0, i, j);
      return result;
    });
  }

  /// J of member m, [points * outputs][weights].
  DenseMatrix dense(Index m) {
    return after_forward(m, [&](auto own, auto in, auto& space, TensorView<const double> z) {
      DenseMatrix j(rows(), M::parameters);
      for (Index row = 0; row < rows(); ++row) {
        const Index i = row / outputs;
        std::vector<double> unit(static_cast<std::size_t>(outputs));
        std::vector<double> dz(static_cast<std::size_t>(count() * k));
        unit[static_cast<std::size_t>(row % outputs)] = 1;
        F{}.pullback(z.row(0, i), k, label(i), unit.data(), dz.data() + i * k);
        DenseVector gradient(M::parameters);
        M::backward(backend, own, in, space, TensorView<const double>(dz.data(), 1, count(), k),
                    MatrixView<double>(gradient.data(), 1, M::parameters));
        j.row(row) = gradient.transpose();
      }
      return j;
    });
  }
};

}  // namespace expunge
