// y = max(x, 0); its derivative at 0 is taken as 0, as PyTorch does.
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

template <class Real>
struct ReluBackward {
  TensorView<const Real> y;
  TensorView<const Real> dy;
  TensorView<Real> dx;
  EXPUNGE_HD void operator()(Index m, Index i, Index j) const {
    dx(m, i, j) = y(m, i, j) > Real(0) ? dy(m, i, j) : Real(0);
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
      for_each_element(backend, dy.members, dy.rows, dy.features, ReluBackward<Real>{y, dy, dx});
  }
};

static_assert(Layer<Relu<4>, Cpu<float>>);

}  // namespace expunge
