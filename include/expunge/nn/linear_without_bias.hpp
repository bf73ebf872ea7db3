// y = x W'
//
//   x       [members][rows][in]
//   theta   W [out][in] row-major      (PyTorch's nn.Linear with bias=False)
//   y       [members][rows][out]
#pragma once

#include "expunge/backend/gemm.hpp"
#include "expunge/nn/initialisation.hpp"
#include "expunge/nn/layer.hpp"

namespace expunge {

template <Index In, Index Out>
struct LinearWithoutBias {
  using Input = Shape<In>;
  using Output = Shape<Out>;
  static constexpr Index parameters = Out * In;
  static constexpr Index statistics = 0;
  static constexpr Index cache = 0;

  /// Kaiming normal weights.
  template <class Real>
  static void initialise(std::uint64_t seed, Index member, Index first_index, Real* theta, Real*) {
    kaiming_normal(seed, member, first_index, In, Out * In, theta);
  }

  template <class B>
  static void forward(B& backend, WeightsOn<B> weights, ConstTensor<B> x, Tensor<B> y, Tensor<B>,
                      Mode) {
    using Real = typename B::Real;
    gemm(backend, Op::none, Op::transpose, Real(1), x, weight(weights.theta), Real(0), y);
  }

  template <class B>
  static void backward(B& backend, WeightsOn<B> weights, ConstTensor<B> x, ConstTensor<B>,
                       ConstTensor<B>, ConstTensor<B> dy, Tensor<B> dx, Matrix<B> dtheta) {
    using Real = typename B::Real;
    if (!dtheta.empty())
      gemm(backend, Op::transpose, Op::none, Real(1), dy, x, Real(0), weight(dtheta));
    if (!dx.empty())
      gemm(backend, Op::none, Op::none, Real(1), dy, weight(weights.theta), Real(0), dx);
  }

  template <class B>
  static void tangent(B& backend, WeightsOn<B> weights, ConstTensor<B> x, ConstTensor<B>,
                      ConstTensor<B>, ConstTensor<B> dx, MatrixView<const typename B::Real> v,
                      Tensor<B> dy) {
    using Real = typename B::Real;
    gemm(backend, Op::none, Op::transpose, Real(1), x, weight(v), Real(0), dy);
    if (!dx.empty())
      gemm(backend, Op::none, Op::transpose, Real(1), dx, weight(weights.theta), Real(1), dy);
  }

 private:
  /// W of every member, [members][out][in].
  template <class T>
  static TensorView<T> weight(MatrixView<T> theta) {
    return {theta.data, theta.rows, Out, In, theta.stride};
  }
};

static_assert(TangentLayer<LinearWithoutBias<4, 3>, Cpu<float>>);

}  // namespace expunge
