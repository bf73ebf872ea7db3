// y = max(x, 0); its derivative at 0 is taken as 0, as PyTorch does. Forwards and backwards the
// derivative is the same mask.
#pragma once

#include "expunge/nn/layer.hpp"

namespace expunge {

template <class Real>
struct ReluForward {
  TensorView<const Real> x;
  TensorView<Real> y;
  EXPUNGE_HD void operator()(Index m, Index i, Index j) const {
    // NaN stays NaN: a diverged network must not look alive.
    y(m, i, j) = x(m, i, j) < Real(0) ? Real(0) : x(m, i, j);
  }
};

/// to = from where the unit is on, 0 elsewhere.
template <class Real>
struct ReluDerivative {
  TensorView<const Real> y;
  TensorView<const Real> from;
  TensorView<Real> to;
  EXPUNGE_HD void operator()(Index m, Index i, Index j) const {
    to(m, i, j) = y(m, i, j) > Real(0) ? from(m, i, j) : Real(0);
  }
};

template <Index... Extents>
struct Relu {
  using Input = Shape<Extents...>;
  using Output = Shape<Extents...>;
  static constexpr Index parameters = 0;
  static constexpr Index statistics = 0;
  static constexpr Index cache = 0;

  template <class Real>
  static void initialise(std::uint64_t, Index, Index, Real*, Real*) {}

  template <class B>
  static void forward(B& backend, WeightsOn<B>, ConstTensor<B> x, Tensor<B> y, Tensor<B>, Mode) {
    using Real = typename B::Real;
    for_each_element(backend, y.members, y.rows, y.features, ReluForward<Real>{x, y});
  }

  template <class B>
  static void backward(B& backend, WeightsOn<B>, ConstTensor<B>, ConstTensor<B> y, ConstTensor<B>,
                       ConstTensor<B> dy, Tensor<B> dx, Matrix<B>) {
    using Real = typename B::Real;
    if (!dx.empty())
      for_each_element(backend, dy.members, dy.rows, dy.features, ReluDerivative<Real>{y, dy, dx});
  }

  template <class B>
  static void tangent(B& backend, WeightsOn<B>, ConstTensor<B>, ConstTensor<B> y, ConstTensor<B>,
                      ConstTensor<B> dx, MatrixView<const typename B::Real>, Tensor<B> dy) {
    using Real = typename B::Real;
    if (dx.empty())
      fill_zero(backend, dy.flat());
    else
      for_each_element(backend, dy.members, dy.rows, dy.features, ReluDerivative<Real>{y, dx, dy});
  }

  static constexpr KroneckerSizes kronecker{};
  static constexpr Index kronecker_scratch(Index) { return 0; }
  template <class B>
  static void add_moments(B&, ConstTensor<B>, ConstTensor<B>, Matrix<B>, Tensor<B>, Tensor<B>) {}
  template <class B>
  static void kronecker_product(B&, ConstTensor<B>, ConstTensor<B>,
                                MatrixView<const typename B::Real>, Matrix<B>, Matrix<B>) {}
  template <class B>
  static void kronecker_solve(B&, Solve, ConstTensor<B>, ConstTensor<B>,
                              MatrixView<const typename B::Real>, Matrix<B>, Matrix<B>) {}
};

static_assert(TangentLayer<Relu<4>, Cpu<float>> && KroneckerLayer<Relu<4>, Cpu<float>>);

}  // namespace expunge
