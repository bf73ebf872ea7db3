// y[f] = sum over c of x[c] * w[f][c] (+ b[f]), as cross-correlation, the convolution of networks:
//
//   y[f][i][j] = sum over c, k, l of
//                w[f][c][k][l] x[c][i stride + k - padding][j stride + l - padding]
//
//   x       [members][rows][channels * height * width], channel first; 0 outside the image
//   theta   w [filters][channels][kernel][kernel], then b [filters] if there is one (PyTorch's
//           nn.Conv2d: weight, bias)
//   y       [members][rows][filters * out_height * out_width]
//   out_height = floor((height + 2 padding - kernel) / stride) + 1
//
//   backward    dw = correlation of x with dy     dx = dy spread by w     db = sums of dy
//   tangent     dy = x * v + c + dx * w      in the direction (v, c) of the weights
//
// A pass costs 2 kernel^2 channels filters out_height out_width operations an example, backward two
// of them; kernels of 3x3 at stride 1 and 5x5 at stride 2 take fewer (backend/winograd.hpp).
// Nothing is cached: the backward pass reads x.
#pragma once

#include "expunge/backend/channel_sums.hpp"
#include "expunge/backend/convolution.hpp"
#include "expunge/nn/image.hpp"
#include "expunge/nn/initialisation.hpp"

namespace expunge {

/// y += the filter's bias, at every position.
template <class Real>
struct AddChannelBias {
  MatrixView<const Real> bias;  // [members][filters]
  TensorView<Real> y;           // [members][rows][filters * positions]
  Index positions;
  EXPUNGE_HD void operator()(Index m, Index i, Index j) const {
    y(m, i, j) += bias(m, j / positions);
  }
};

enum class Bias { none, per_filter };

template <class Input_, Index Filters, Index Kernel, Index Stride = 1, Index Padding = 0,
          Bias WithBias = Bias::none>
struct Conv2d {
  static_assert(Input_::rank == 3, "Conv2d: its input must be a Shape<channels, height, width>.");
};

template <Index Channels, Index Height, Index Width, Index Filters, Index Kernel, Index Stride,
          Index Padding, Bias WithBias>
struct Conv2d<Shape<Channels, Height, Width>, Filters, Kernel, Stride, Padding, WithBias> {
  static_assert(Filters > 0 && Kernel > 0 && Stride > 0 && Padding >= 0,
                "Conv2d: filters, kernel and stride must be positive, padding not negative.");
  static_assert(Kernel <= Height + 2 * Padding && Kernel <= Width + 2 * Padding,
                "Conv2d: the kernel must fit into the padded image.");
  using Extents = ConvolutionExtents<Channels, Height, Width, Filters, Kernel, Stride, Padding>;
  using Input = Shape<Channels, Height, Width>;
  using Output = Shape<Filters, Extents::out_height, Extents::out_width>;
  static constexpr Index filters = Filters * Channels * Kernel * Kernel;
  static constexpr Index biases = WithBias == Bias::none ? 0 : Filters;
  static constexpr Index parameters = filters + biases;
  static constexpr Index statistics = 0;
  static constexpr Index cache = 0;

  /// Kaiming normal filters, zero bias.
  template <class Real>
  static void initialise(std::uint64_t seed, Index member, Index first_index, Real* theta, Real*) {
    kaiming_normal(seed, member, first_index, Channels * Kernel * Kernel, filters, theta);
    std::fill_n(theta + filters, biases, Real(0));
  }

  template <class B>
  static void forward(B& backend, WeightsOn<B> weights, ConstTensor<B> x, Tensor<B> y, Tensor<B>,
                      Mode) {
    convolve<Extents>(backend, x, weights.theta.columns(0, filters), y);
    add_bias(backend, weights.theta, y);
  }

  template <class B>
  static void backward(B& backend, WeightsOn<B> weights, ConstTensor<B> x, ConstTensor<B>,
                       ConstTensor<B>, ConstTensor<B> dy, Tensor<B> dx, Matrix<B> dtheta) {
    if (!dtheta.empty()) {
      convolve_filter_gradient<Extents>(backend, x, dy, dtheta.columns(0, filters));
      if constexpr (biases > 0)
        channel_sums(backend, dy, positions, dtheta.columns(filters, biases));
    }
    if (!dx.empty())
      convolve_input_gradient<Extents>(backend, dy, weights.theta.columns(0, filters), dx);
  }

  template <class B>
  static void tangent(B& backend, WeightsOn<B> weights, ConstTensor<B> x, ConstTensor<B>,
                      ConstTensor<B>, ConstTensor<B> dx, MatrixView<const typename B::Real> v,
                      Tensor<B> dy) {
    convolve<Extents>(backend, x, v.columns(0, filters), dy);
    if (!dx.empty())
      convolve<Extents>(backend, dx, weights.theta.columns(0, filters), dy, Write::add);
    add_bias(backend, v, dy);
  }

 private:
  static constexpr Index positions = Extents::out_height * Extents::out_width;

  template <class B>
  static void add_bias(B& backend, MatrixView<const typename B::Real> theta, Tensor<B> y) {
    using Real = typename B::Real;
    if constexpr (biases > 0)
      for_each_element(backend, y.members, y.rows, y.features,
                       AddChannelBias<Real>{theta.columns(filters, biases), y, positions});
  }
};

static_assert(TangentLayer<Conv2d<Shape<3, 8, 8>, 4, 3, 1, 1>, Cpu<float>> &&
              TangentLayer<Conv2d<Shape<16, 8, 8>, 16, 3, 1, 1>, Cpu<double>>);

}  // namespace expunge
