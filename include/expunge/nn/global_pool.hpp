// One number per channel of an image: its largest, or its mean.
//
//   x   [members][rows][C * H * W]
//   y   [members][rows][C]
//
// PyTorch's AdaptiveMaxPool2d(1) and AdaptiveAvgPool2d(1), flattened.
#pragma once

#include "expunge/nn/max_pool2d.hpp"

namespace expunge {

/// y = max over the plane; the derivative belongs to the first of equal largest numbers.
template <class S>
struct GlobalMaxPool
    : MaxPool<S, Shape<Image<S>::channels>,
              Windows<Image<S>::height, Image<S>::width, Image<S>::height, Image<S>::width>> {};

template <class Real>
struct PlaneMeans {
  TensorView<const Real> x;  // [members][rows][C * plane]
  TensorView<Real> y;        // [members][rows][C]
  Index plane;
  EXPUNGE_HD void operator()(Index m, Index i, Index c) const {
    const Real* at = x.row(m, i) + c * plane;
    y(m, i, c) = lane_sum<Real>(plane, [=](Index k) { return at[k]; }) / Real(plane);
  }
};

/// Every number of a plane becomes an equal part of the plane's number.
template <class Real>
struct SpreadOverPlanes {
  TensorView<const Real> from;  // [members][rows * C][1]
  TensorView<Real> to;          // [members][rows * C][plane]
  EXPUNGE_HD void operator()(Index m, Index r, Index k) const {
    to(m, r, k) = from(m, r, 0) / Real(to.features);
  }
};

/// y = mean over the plane.
template <class S>
struct GlobalAveragePool {
  using Input = S;
  using Output = Shape<Image<S>::channels>;
  static constexpr Index channels = Image<S>::channels;
  static constexpr Index plane = Image<S>::plane;
  static constexpr Index parameters = 0;
  static constexpr Index statistics = 0;
  static constexpr Index cache = 0;

  template <class Real>
  static void initialise(std::uint64_t, Index, Index, Real*, Real*) {}

  template <class B>
  static void forward(B& backend, WeightsOn<B>, ConstTensor<B> x, Tensor<B> y, Tensor<B>, Mode) {
    using Real = typename B::Real;
    for_each_element(backend, y.members, y.rows, channels, PlaneMeans<Real>{x, y, plane});
  }

  template <class B>
  static void backward(B& backend, WeightsOn<B>, ConstTensor<B>, ConstTensor<B>, ConstTensor<B>,
                       ConstTensor<B> dy, Tensor<B> dx, Matrix<B>) {
    using Real = typename B::Real;
    if (!dx.empty())
      for_each_element(backend, dy.members, dy.rows * channels, plane,
                       SpreadOverPlanes<Real>{planes(dy, channels), planes(dx, channels)});
  }

  template <class B>
  static void tangent(B& backend, WeightsOn<B> weights, ConstTensor<B>, ConstTensor<B>,
                      ConstTensor<B>, ConstTensor<B> dx, MatrixView<const typename B::Real>,
                      Tensor<B> dy) {
    if (dx.empty())
      fill_zero(backend, dy.flat());
    else
      forward(backend, weights, dx, dy, {}, Mode::eval);
  }
};

static_assert(TangentLayer<GlobalMaxPool<Shape<2, 3, 3>>, Cpu<float>> &&
              TangentLayer<GlobalAveragePool<Shape<2, 3, 3>>, Cpu<float>>);

}  // namespace expunge
