// y = x W' + b
//
//   x       [members][rows][in]
//   theta   W [out][in] row-major, then b [out]   (PyTorch's nn.Linear: weight, bias)
//   y       [members][rows][out]
//
//   backward    dW = dy' x     db = sum over rows of dy     dx = dy W
//   tangent     dy = x V' + c + dx W'      in the direction (V, c) of the weights
//   moments     [x 1]'[x 1] and dy'dy, the factors of KFAC (Martens and Grosse 2015, section 3)
#pragma once

#include <algorithm>

#include "expunge/backend/cholesky.hpp"
#include "expunge/backend/gemm.hpp"
#include "expunge/nn/initialisation.hpp"
#include "expunge/nn/layer.hpp"

namespace expunge {

/// Sets every row of y to the member's bias.
template <class Real>
struct BroadcastBias {
  MatrixView<const Real> bias;  // [members][out]
  TensorView<Real> y;           // [members][rows][out]
  EXPUNGE_HD void operator()(Index m, Index i, Index j) const { y(m, i, j) = bias(m, j); }
};

/// out = [x 1], row by row.
template <class Real>
struct AppendOne {
  TensorView<const Real> x;
  TensorView<Real> out;
  EXPUNGE_HD void operator()(Index m, Index i, Index j) const {
    out(m, i, j) = j < x.features ? x(m, i, j) : Real(1);
  }
};

/// Weights and bias side by side, [out][in + 1].
template <class Real>
struct JoinBias {
  MatrixView<const Real> theta;  // [members][out * in + out]
  TensorView<Real> joined;
  EXPUNGE_HD void operator()(Index m, Index i, Index j) const {
    const Index in = joined.features - 1;
    joined(m, i, j) = theta(m, j < in ? i * in + j : joined.rows * in + i);
  }
};

/// And back.
template <class Real>
struct SplitBias {
  TensorView<const Real> joined;
  MatrixView<Real> theta;
  EXPUNGE_HD void operator()(Index m, Index i, Index j) const {
    const Index in = joined.features - 1;
    theta(m, j < in ? i * in + j : joined.rows * in + i) = joined(m, i, j);
  }
};

template <Index In, Index Out>
struct Linear {
  using Input = Shape<In>;
  using Output = Shape<Out>;
  static constexpr Index parameters = Out * In + Out;
  static constexpr Index statistics = 0;
  static constexpr Index cache = 0;

  /// Kaiming normal weights, zero bias.
  template <class Real>
  static void initialise(std::uint64_t seed, Index member, Index first_index, Real* theta, Real*) {
    kaiming_normal(seed, member, first_index, In, Out * In, theta);
    std::fill_n(theta + Out * In, Out, Real(0));
  }

  template <class B>
  static void forward(B& backend, WeightsOn<B> weights, ConstTensor<B> x, Tensor<B> y, Tensor<B>,
                      Mode) {
    using Real = typename B::Real;
    for_each_element(backend, y.members, y.rows, Out,
                     BroadcastBias<Real>{weights.theta.columns(Out * In, Out), y});
    gemm(backend, Op::none, Op::transpose, Real(1), x, weight(weights.theta), Real(1), y);
  }

  template <class B>
  static void backward(B& backend, WeightsOn<B> weights, ConstTensor<B> x, ConstTensor<B>,
                       ConstTensor<B>, ConstTensor<B> dy, Tensor<B> dx, Matrix<B> dtheta) {
    using Real = typename B::Real;
    if (!dtheta.empty()) {
      gemm(backend, Op::transpose, Op::none, Real(1), dy, x, Real(0), weight(dtheta));
      sum_rows(backend, dy, dtheta.columns(Out * In, Out));
    }
    if (!dx.empty())
      gemm(backend, Op::none, Op::none, Real(1), dy, weight(weights.theta), Real(0), dx);
  }

  template <class B>
  static void tangent(B& backend, WeightsOn<B> weights, ConstTensor<B> x, ConstTensor<B>,
                      ConstTensor<B>, ConstTensor<B> dx, MatrixView<const typename B::Real> v,
                      Tensor<B> dy) {
    using Real = typename B::Real;
    for_each_element(backend, dy.members, dy.rows, Out,
                     BroadcastBias<Real>{v.columns(Out * In, Out), dy});
    gemm(backend, Op::none, Op::transpose, Real(1), x, weight(v), Real(1), dy);
    if (!dx.empty())
      gemm(backend, Op::none, Op::transpose, Real(1), dx, weight(weights.theta), Real(1), dy);
  }

  static constexpr KroneckerSizes kronecker{In + 1, Out};
  static constexpr Index kronecker_scratch(Index rows) {
    return std::max(rows, 2 * Out) * (In + 1);
  }

  template <class B>
  static void add_moments(B& backend, ConstTensor<B> x, ConstTensor<B> dy, Matrix<B> scratch,
                          Tensor<B> inputs, Tensor<B> outputs) {
    using Real = typename B::Real;
    const TensorView<Real> extended(scratch.data, x.members, x.rows, In + 1, scratch.stride);
    for_each_element(backend, x.members, x.rows, In + 1, AppendOne<Real>{x, extended});
    gemm(backend, Op::transpose, Op::none, Real(1), extended, extended, Real(1), inputs);
    gemm(backend, Op::transpose, Op::none, Real(1), dy, dy, Real(1), outputs);
  }

  template <class B>
  static void kronecker_product(B& backend, ConstTensor<B> outputs, ConstTensor<B> inputs,
                                MatrixView<const typename B::Real> v, Matrix<B> scratch,
                                Matrix<B> out) {
    using Real = typename B::Real;
    const TensorView<Real> first = joined(scratch, 0, Out, In + 1);
    const TensorView<Real> second = joined(scratch, 1, Out, In + 1);
    for_each_element(backend, v.rows, Out, In + 1, JoinBias<Real>{v, first});
    gemm(backend, Op::none, Op::none, Real(1), first, inputs, Real(0), second);
    gemm(backend, Op::none, Op::none, Real(1), outputs, second, Real(0), first);
    for_each_element(backend, v.rows, Out, In + 1, SplitBias<Real>{first, out});
  }

  template <class B>
  static void kronecker_solve(B& backend, Solve which, ConstTensor<B> outputs,
                              ConstTensor<B> inputs, MatrixView<const typename B::Real> v,
                              Matrix<B> scratch, Matrix<B> out) {
    using Real = typename B::Real;
    const TensorView<Real> rows = joined(scratch, 0, Out, In + 1);
    const TensorView<Real> columns = joined(scratch, 1, In + 1, Out);
    for_each_element(backend, v.rows, Out, In + 1, JoinBias<Real>{v, rows});
    for_each_element(backend, v.rows, In + 1, Out, TransposeElements<Real>{rows, columns});
    solve_cholesky(backend, inputs, columns, which);
    for_each_element(backend, v.rows, Out, In + 1, TransposeElements<Real>{columns, rows});
    solve_cholesky(backend, outputs, rows, which);
    for_each_element(backend, v.rows, Out, In + 1, SplitBias<Real>{rows, out});
  }

 private:
  /// The first or second matrix of the size of the joined weights in every member's scratch.
  template <class Real>
  static TensorView<Real> joined(MatrixView<Real> scratch, Index which, Index rows, Index cols) {
    return {scratch.data + which * rows * cols, scratch.rows, rows, cols, scratch.stride};
  }
  /// W of every member, [members][out][in].
  template <class T>
  static TensorView<T> weight(MatrixView<T> theta) {
    return {theta.data, theta.rows, Out, In, theta.stride};
  }
};

static_assert(TangentLayer<Linear<4, 3>, Cpu<float>> && KroneckerLayer<Linear<4, 3>, Cpu<float>>);

}  // namespace expunge
