// y = factor x, with a factor that is part of the type: Scale<Shape<10>, std::ratio<1, 5>>.
#pragma once

#include <ratio>

#include "expunge/nn/layer.hpp"

namespace expunge {

/// to = factor from.
template <class Real>
struct CopyScaled {
  TensorView<const Real> from;
  TensorView<Real> to;
  Real factor;
  EXPUNGE_HD void operator()(Index m, Index i, Index j) const {
    to(m, i, j) = factor * from(m, i, j);
  }
};

/// Factor is a std::ratio.
template <class S, class Factor>
struct Scale {
  using Input = S;
  using Output = S;
  static constexpr Index parameters = 0;
  static constexpr Index statistics = 0;
  static constexpr Index cache = 0;
  static constexpr double factor = static_cast<double>(Factor::num) / Factor::den;

  template <class Real>
  static void initialise(std::uint64_t, Index, Index, Real*, Real*) {}

  template <class B>
  static void forward(B& backend, WeightsOn<B>, ConstTensor<B> x, Tensor<B> y, Tensor<B>, Mode) {
    copy_scaled(backend, x, y);
  }

  template <class B>
  static void backward(B& backend, WeightsOn<B>, ConstTensor<B>, ConstTensor<B>, ConstTensor<B>,
                       ConstTensor<B> dy, Tensor<B> dx, Matrix<B>) {
    if (!dx.empty()) copy_scaled(backend, dy, dx);
  }

  template <class B>
  static void tangent(B& backend, WeightsOn<B>, ConstTensor<B>, ConstTensor<B>, ConstTensor<B>,
                      ConstTensor<B> dx, MatrixView<const typename B::Real>, Tensor<B> dy) {
    if (dx.empty())
      fill_zero(backend, dy.flat());
    else
      copy_scaled(backend, dx, dy);
  }

 private:
  template <class B>
  static void copy_scaled(B& backend, ConstTensor<B> from, Tensor<B> to) {
    using Real = typename B::Real;
    for_each_element(backend, to.members, to.rows, to.features,
                     CopyScaled<Real>{from, to, static_cast<Real>(factor)});
  }
};

static_assert(TangentLayer<Scale<Shape<4>, std::ratio<1, 5>>, Cpu<float>>);

}  // namespace expunge
