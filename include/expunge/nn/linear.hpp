// y = x W' + b
//
//   x       [members][rows][in]
//   theta   W [out][in] row-major, then b [out]   (PyTorch's nn.Linear: weight, bias)
//   y       [members][rows][out]
//
//   backward    dW = dy' x     db = sum over rows of dy     dx = dy W
//   tangent     dy = x V' + c + dx W'      in the direction (V, c) of the weights
//   kernel      K = (x x' + 1) o (dy dy')   o element by element: an inner product of two outer
//               products factorises
#pragma once

#include <algorithm>

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

template <class Real>
struct FillOnes {
  TensorView<Real> x;
  EXPUNGE_HD void operator()(Index m, Index i, Index j) const { x(m, i, j) = Real(1); }
};

/// sum += a o b, element by element.
template <class Real>
struct AddElementProducts {
  TensorView<const Real> a, b;
  TensorView<Real> sum;
  EXPUNGE_HD void operator()(Index m, Index i, Index j) const {
    sum(m, i, j) += a(m, i, j) * b(m, i, j);
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

  /// x x' + 1, and room for dy dy'.
  static constexpr Index kernel_cache(Index rows) { return 2 * rows * rows; }
  static constexpr KernelFlops kernel_flops{2 * In, 2 * Out + 2, 2 * In* Out};

  template <class B>
  static void prepare_kernel(B& backend, ConstTensor<B> x, Matrix<B> scratch) {
    using Real = typename B::Real;
    const TensorView<Real> gram = square(scratch, x.rows, 0);
    for_each_element(backend, gram.members, gram.rows, gram.features, FillOnes<Real>{gram});
    gemm(backend, Op::none, Op::transpose, Real(1), x, x, Real(1), gram);
  }

  template <class B>
  static void add_kernel(B& backend, ConstTensor<B>, ConstTensor<B> dy, Matrix<B> scratch,
                         Tensor<B> kernel) {
    using Real = typename B::Real;
    const TensorView<Real> gram = square(scratch, dy.rows, 0);
    const TensorView<Real> slopes = square(scratch, dy.rows, 1);
    gemm(backend, Op::none, Op::transpose, Real(1), dy, dy, Real(0), slopes);
    for_each_element(backend, kernel.members, kernel.rows, kernel.features,
                     AddElementProducts<Real>{gram, slopes, kernel});
  }

 private:
  /// The first or second [rows][rows] of every member's scratch.
  template <class T>
  static TensorView<T> square(MatrixView<T> scratch, Index rows, Index which) {
    return {scratch.data + which * rows * rows, scratch.rows, rows, rows, scratch.stride};
  }

  /// W of every member, [members][out][in].
  template <class T>
  static TensorView<T> weight(MatrixView<T> theta) {
    return {theta.data, theta.rows, Out, In, theta.stride};
  }
};

static_assert(TangentLayer<Linear<4, 3>, Cpu<float>> && KernelLayer<Linear<4, 3>, Cpu<float>>);

}  // namespace expunge
