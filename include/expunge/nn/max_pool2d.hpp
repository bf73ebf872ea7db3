// y = the largest number of each window of an image, channel by channel. Windows are squares of
// side `Window` that do not overlap; rows and columns that fill no window are left out, as in
// PyTorch's nn.MaxPool2d(Window).
//
//   x   [members][rows][C * H * W]
//   y   [members][rows][C * (H / Window) * (W / Window)]
//
// The derivative belongs to the first of equal largest numbers, as PyTorch's does. Which one that
// was is read from x again: the scan costs less than memory for it. NaN counts as largest.
#pragma once

#include "expunge/nn/image.hpp"

namespace expunge {

/// Where windows of Rows x Columns lie in a plane of Height x Width, and which of a window's
/// numbers is the largest.
template <Index Height, Index Width, Index Rows, Index Columns>
struct Windows {
  static constexpr Index across = Width / Columns;
  static constexpr Index count = Height / Rows * across;

  EXPUNGE_HD static constexpr Index corner(Index o) {
    return o / across * Rows * Width + o % across * Columns;
  }

  /// Position of window o's largest number in the plane. Chooses by arithmetic: a processor could
  /// not predict branches.
  template <class Real>
  EXPUNGE_HD static Index largest(const Real* plane, Index o) {
    Index best = corner(o);
    Real most = plane[best];
    for (Index i = 0; i < Rows; ++i)
      for (Index j = 0; j < Columns; ++j) {
        const Index at = corner(o) + i * Width + j;
        const bool larger = exceeds(plane[at], most);
        best += (at - best) * Index{larger};
        most = larger ? plane[at] : most;
      }
    return best;
  }

  template <class Real>
  EXPUNGE_HD static Real maximum(const Real* plane, Index o) {
    Real most = plane[corner(o)];
    for (Index i = 0; i < Rows; ++i)
      for (Index j = 0; j < Columns; ++j) {
        const Real here = plane[corner(o) + i * Width + j];
        most = exceeds(here, most) ? here : most;
      }
    return most;
  }

 private:
  template <class Real>
  EXPUNGE_HD static bool exceeds(Real here, Real most) {
    return (here > most) | (here != here);
  }
};

/// y[window] = its largest number, over planes.
template <class Real, class W>
struct WindowMaxima {
  TensorView<const Real> x;  // [members][rows * C][H * W]
  TensorView<Real> y;        // [members][rows * C][windows]
  EXPUNGE_HD void operator()(Index m, Index r, Index o) const {
    y(m, r, o) = W::maximum(x.row(m, r), o);
  }
};

/// to[window] = from[where x is largest], over planes.
template <class Real, class W>
struct TakeLargest {
  TensorView<const Real> x, from;  // [members][rows * C][H * W]
  TensorView<Real> to;             // [members][rows * C][windows]
  EXPUNGE_HD void operator()(Index m, Index r, Index o) const {
    to(m, r, o) = from(m, r, W::largest(x.row(m, r), o));
  }
};

/// to[where x is largest] = from[window], over planes. Windows do not overlap.
template <class Real, class W>
struct GiveLargest {
  TensorView<const Real> x, from;
  TensorView<Real> to;
  EXPUNGE_HD void operator()(Index m, Index r, Index o) const {
    to(m, r, W::largest(x.row(m, r), o)) = from(m, r, o);
  }
};

/// The layer of all kinds of maxima: over windows W of images S, with results of shape Out.
template <class S, class Out, class W>
struct MaxPool {
  using Input = S;
  using Output = Out;
  static constexpr Index channels = Image<S>::channels;
  static constexpr Index parameters = 0;
  static constexpr Index statistics = 0;
  static constexpr Index cache = 0;

  template <class Real>
  static void initialise(std::uint64_t, Index, Index, Real*, Real*) {}

  template <class B>
  static void forward(B& backend, WeightsOn<B>, ConstTensor<B> x, Tensor<B> y, Tensor<B>, Mode) {
    using Real = typename B::Real;
    for_each_element(backend, y.members, y.rows * channels, W::count,
                     WindowMaxima<Real, W>{planes(x, channels), planes(y, channels)});
  }

  template <class B>
  static void backward(B& backend, WeightsOn<B>, ConstTensor<B> x, ConstTensor<B>, ConstTensor<B>,
                       ConstTensor<B> dy, Tensor<B> dx, Matrix<B>) {
    using Real = typename B::Real;
    if (dx.empty()) return;
    fill_zero(backend, dx.flat());
    for_each_element(
        backend, dy.members, dy.rows * channels, W::count,
        GiveLargest<Real, W>{planes(x, channels), planes(dy, channels), planes(dx, channels)});
  }

  template <class B>
  static void tangent(B& backend, WeightsOn<B>, ConstTensor<B> x, ConstTensor<B>, ConstTensor<B>,
                      ConstTensor<B> dx, MatrixView<const typename B::Real>, Tensor<B> dy) {
    using Real = typename B::Real;
    if (dx.empty()) return fill_zero(backend, dy.flat());
    for_each_element(
        backend, dy.members, dy.rows * channels, W::count,
        TakeLargest<Real, W>{planes(x, channels), planes(dx, channels), planes(dy, channels)});
  }
};

template <class S, Index Window>
struct MaxPool2d : MaxPool<S,
                           Shape<Image<S>::channels, Image<S>::height / std::max<Index>(Window, 1),
                                 Image<S>::width / std::max<Index>(Window, 1)>,
                           Windows<Image<S>::height, Image<S>::width, std::max<Index>(Window, 1),
                                   std::max<Index>(Window, 1)>> {
  static_assert(Window >= 1 && Window <= Image<S>::height && Window <= Image<S>::width,
                "MaxPool2d: the window must fit into the image.");
};

static_assert(TangentLayer<MaxPool2d<Shape<2, 5, 4>, 2>, Cpu<float>>);

}  // namespace expunge
