// Batch normalisation of images (Ioffe and Szegedy 2015, algorithm 1), with PyTorch's conventions:
//
//   y = gamma xhat + beta,   xhat = (x - mean) / sqrt(var + eps),   channel by channel, eps 1e-5
//
//   x, y    [members][rows][C * H * W]
//   theta   gamma [C], then beta [C]
//   stats   running mean [C], then running variance [C]
//
//   Mode::train   mean and var are those of the n = rows * H * W numbers of the member's channel
//                 (var divided by n); running <- .9 running + .1 batch (var divided by n - 1)
//   Mode::eval    mean and var are the running ones, constants of the backward pass too
//
//   backward    dgamma = sum dy xhat    dbeta = sum dy
//               dx = a (dy - w (dbeta + xhat dgamma))
//   tangent     dy = a (dx - w (sum dx + xhat sum dx xhat)) + dgamma xhat + dbeta
//               a = gamma / sqrt(var + eps);   w = 1 / n in train mode, 0 in eval mode
//
// The cache holds what the forward pass normalised by, and w, so that later passes know its mode.
// Cost: forward reads x twice from memory (the second sum of a plane's moments comes from the
// processor's cache), backward reads x and dy twice. Sums are taken by plane and then over rows,
// always in that order.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "expunge/backend/channel_sums.hpp"
#include "expunge/nn/carve.hpp"
#include "expunge/nn/image.hpp"

namespace expunge {

/// What a channel is normalised by, and the weight w of the sums in its derivative.
template <class Real>
struct ChannelScale {
  MatrixView<Real> mean;        // [members][C]
  MatrixView<Real> inverse_sd;  // [members][C]
  MatrixView<Real> coupling;    // [members][1]
};

/// 1 / sqrt(variance + eps); NaN where the variance is infinite: an inverse of 0 would turn a
/// diverged channel into the constant beta, which looks alive.
template <class Real>
EXPUNGE_HD Real inverse_sd_of(Real variance, Real eps) {
  const Real inverse = Real(1) / std::sqrt(variance + eps);
  return inverse > Real(0) ? inverse : std::numeric_limits<Real>::quiet_NaN();
}

/// Normalises by the moments of the batch and moves the running ones.
template <class Real>
struct BatchMoments {
  MatrixView<const Real> moments;  // [members][mean C, sum of squared distances C]
  ChannelScale<Real> scale;
  MatrixView<Real> running;  // [members][2 C]
  Real n;                    // numbers of a channel
  Real eps, momentum;
  EXPUNGE_HD void operator()(Index m, Index, Index c) const {
    const Index channels = moments.cols / 2;
    const Real mean = moments(m, c), squares = moments(m, channels + c);
    scale.mean(m, c) = mean;
    scale.inverse_sd(m, c) = inverse_sd_of(squares / n, eps);
    if (c == 0) scale.coupling(m, 0) = Real(1) / n;
    Real& running_mean = running(m, c);
    Real& running_var = running(m, channels + c);
    running_mean = (Real(1) - momentum) * running_mean + momentum * mean;
    running_var = (Real(1) - momentum) * running_var + momentum * squares / (n - Real(1));
  }
};

template <class Real>
struct RunningMoments {
  MatrixView<const Real> running;
  ChannelScale<Real> scale;
  Real eps;
  EXPUNGE_HD void operator()(Index m, Index, Index c) const {
    scale.mean(m, c) = running(m, c);
    scale.inverse_sd(m, c) = inverse_sd_of(running(m, running.cols / 2 + c), eps);
    if (c == 0) scale.coupling(m, 0) = Real(0);
  }
};

/// factor xhat + shift, over planes: row r is channel r % C.
template <class Real>
struct Normalised {
  TensorView<const Real> x;  // [members][rows * C][plane]
  ChannelScale<const Real> scale;
  MatrixView<const Real> affine;  // [members][factor C, shift C]
  EXPUNGE_HD Real operator()(Index m, Index r, Index k) const {
    const Index channels = scale.mean.cols, c = channel_of(r, channels);
    return (x(m, r, k) - scale.mean(m, c)) * (affine(m, c) * scale.inverse_sd(m, c)) +
           affine(m, channels + c);
  }
};

template <class Real>
struct WriteNormalised {
  Normalised<Real> normalised;
  TensorView<Real> y;  // [members][rows * C][plane]
  EXPUNGE_HD void operator()(Index m, Index r, Index k) const { y(m, r, k) = normalised(m, r, k); }
};

template <class Real>
struct AddNormalised {
  Normalised<Real> normalised;
  TensorView<Real> y;
  EXPUNGE_HD void operator()(Index m, Index r, Index k) const { y(m, r, k) += normalised(m, r, k); }
};

/// out = gamma / sd (v - w (sum v + xhat sum v xhat)): the derivative in x, which is its own
/// transpose.
template <class Real>
struct BatchNormDerivative {
  TensorView<const Real> x, v;  // [members][rows * C][plane]
  ChannelScale<const Real> scale;
  MatrixView<const Real> gamma;  // [members][C]
  MatrixView<const Real> sums;   // [members][2 C]
  TensorView<Real> out;
  EXPUNGE_HD void operator()(Index m, Index r, Index k) const {
    const Index channels = scale.mean.cols, c = channel_of(r, channels);
    const Real inverse_sd = scale.inverse_sd(m, c), w = scale.coupling(m, 0);
    const Real slope = w * sums(m, c) * inverse_sd, level = w * sums(m, channels + c);
    out(m, r, k) =
        gamma(m, c) * inverse_sd * (v(m, r, k) - level - slope * (x(m, r, k) - scale.mean(m, c)));
  }
};

template <class S>
struct BatchNorm2d {
  using Input = S;
  using Output = S;
  static constexpr Index channels = Image<S>::channels;
  static constexpr Index plane = Image<S>::plane;
  static constexpr Index parameters = 2 * channels;
  static constexpr Index statistics = 2 * channels;
  /// Per member mean, 1 / sd and w, and scratch: two sums per channel and row.
  static constexpr Index cache = 4 * channels + 2;
  static constexpr double eps = 1e-5;
  static constexpr double momentum = 0.1;  // share of the batch in the running statistics

  /// gamma 1, beta 0, running mean 0, running variance 1.
  template <class Real>
  static void initialise(std::uint64_t, Index, Index, Real* theta, Real* stats) {
    std::fill_n(theta, channels, Real(1));
    std::fill_n(theta + channels, channels, Real(0));
    std::fill_n(stats, channels, Real(0));
    std::fill_n(stats + channels, channels, Real(1));
  }

  /// Throws std::invalid_argument in train mode if a channel has a single number: it has no
  /// variance.
  template <class B>
  static void forward(B& backend, WeightsOn<B> weights, ConstTensor<B> x, Tensor<B> y,
                      Tensor<B> saved, Mode mode) {
    using Real = typename B::Real;
    if (x.rows == 0 && mode == Mode::eval) return;  // and then the cache has no room either
    const ChannelScale<Real> scale = channel_scale(saved);
    if (mode == Mode::train) {
      require(x.rows * plane > 1, "BatchNorm2d: one number per channel (", x.rows, " row of ",
              Image<S>::height, " x ", Image<S>::width, ") has no variance to train with");
      const TensorView<Real> moments = by_plane(saved);
      channel_moments(backend, x, plane, moments);
      for_each_element(backend, x.members, 1, channels,
                       BatchMoments<Real>{first_row(moments), scale, weights.stats,
                                          Real(x.rows * plane), Real(eps), Real(momentum)});
    } else {
      for_each_element(backend, x.members, 1, channels,
                       RunningMoments<Real>{weights.stats, scale, Real(eps)});
    }
    write(backend, WriteNormalised<Real>{{planes(x, channels), fixed_scale(saved), weights.theta},
                                         planes(y, channels)});
  }

  template <class B>
  static void backward(B& backend, WeightsOn<B> weights, ConstTensor<B> x, ConstTensor<B>,
                       Tensor<B> saved, ConstTensor<B> dy, Tensor<B> dx, Matrix<B> dtheta) {
    using Real = typename B::Real;
    const MatrixView<Real> products = sum_products(backend, x, dy, saved);
    if (!dtheta.empty()) copy_rows(backend, MatrixView<const Real>(products), dtheta);
    if (!dx.empty()) derive(backend, weights, x, saved, dy, products, dx);
  }

  template <class B>
  static void tangent(B& backend, WeightsOn<B> weights, ConstTensor<B> x, ConstTensor<B>,
                      Tensor<B> saved, ConstTensor<B> dx, MatrixView<const typename B::Real> v,
                      Tensor<B> dy) {
    using Real = typename B::Real;
    const Normalised<Real> along{planes(x, channels), fixed_scale(saved), v};
    if (dx.empty()) return write(backend, WriteNormalised<Real>{along, planes(dy, channels)});
    derive(backend, weights, x, saved, dx, sum_products(backend, x, dx, saved), dy);
    write(backend, AddNormalised<Real>{along, planes(dy, channels)});
  }

 private:
  template <class B, class Elements>
  static void write(B& backend, const Elements& elements) {
    for_each_element(backend, elements.y.members, elements.y.rows, plane, elements);
  }

  /// sum v xhat and sum v of every channel, [members][2 C], in the scratch of the cache.
  template <class B>
  static Matrix<B> sum_products(B& backend, ConstTensor<B> x, ConstTensor<B> v, Tensor<B> saved) {
    using Real = typename B::Real;
    const ChannelScale<const Real> scale = fixed_scale(saved);
    channel_products(backend, x, v, {scale.mean, scale.inverse_sd}, plane, by_plane(saved));
    return first_row(by_plane(saved));
  }

  template <class B>
  static void derive(B& backend, WeightsOn<B> weights, ConstTensor<B> x, Tensor<B> saved,
                     ConstTensor<B> v, MatrixView<const typename B::Real> products, Tensor<B> out) {
    using Real = typename B::Real;
    for_each_element(backend, x.members, x.rows * channels, plane,
                     BatchNormDerivative<Real>{
                         planes(x, channels), planes(v, channels), fixed_scale(saved),
                         weights.theta.columns(0, channels), products, planes(out, channels)});
  }

  template <class T>
  static ChannelScale<T> channel_scale(TensorView<T> saved) {
    const MatrixView<T> first(saved.data, saved.members, 2 * channels + 1, saved.member_stride);
    return {first.columns(0, channels), first.columns(channels, channels),
            first.columns(2 * channels, 1)};
  }
  template <class Real>
  static ChannelScale<const Real> fixed_scale(TensorView<Real> saved) {
    return channel_scale(TensorView<const Real>(saved));
  }
  /// Two sums per channel and row, of which row 0 becomes those of the channels.
  template <class T>
  static TensorView<T> by_plane(TensorView<T> saved) {
    return {saved.data + 2 * channels + 2, saved.members, saved.rows, 2 * channels,
            saved.member_stride};
  }
  template <class T>
  static MatrixView<T> first_row(TensorView<T> x) {
    return {x.data, x.members, x.features, x.member_stride};
  }
};

static_assert(TangentLayer<BatchNorm2d<Shape<2, 3, 3>>, Cpu<float>>);

}  // namespace expunge
