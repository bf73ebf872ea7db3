// y = x W' + b
//
//   x       [members][rows][in]
//   theta   W [out][in] row-major, then b [out]   (PyTorch's nn.Linear: weight, bias)
//   y       [members][rows][out]
//
//   dW = dy' x     db = sum over rows of dy     dx = dy W
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
    gemm(backend, Op::transpose, Op::none, Real(1), dy, x, Real(0), weight(dtheta));
    sum_rows(backend, dy, dtheta.columns(Out * In, Out));
    if (!dx.empty())
      gemm(backend, Op::none, Op::none, Real(1), dy, weight(weights.theta), Real(0), dx);
  }

 private:
  /// W of every member, [members][out][in].
  template <class T>
  static TensorView<T> weight(MatrixView<T> theta) {
    return {theta.data, theta.rows, Out, In, theta.stride};
  }
};

static_assert(Layer<Linear<4, 3>, Cpu<float>>);

}  // namespace expunge
