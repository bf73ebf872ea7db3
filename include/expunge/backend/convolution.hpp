// The convolution of the library, over members:
//
//   y[m][i]  = x[m][i] * w[m]        x [members][rows][channels * height * width], channel first
//                                    w [members][filters * channels * kernel * kernel]
//   convolve                 y, or y += ..
//   convolve_input_gradient  the slope in x of dy . y
//   convolve_filter_gradient the slope in w, summed over rows
//
// x may have member stride 0 (shared by all members). On the CPU each member is computed by the
// calling thread, in memory that the thread keeps (channel_blocks.hpp). Whether Winograd's
// algorithm or the plain sum is used follows from the extents alone, and a row's y and dx are the
// same bytes whatever the other rows are.
#pragma once

#include "expunge/backend/cpu.hpp"
#include "expunge/backend/winograd.hpp"

namespace expunge {

namespace detail {

/// Whether Winograd's algorithm pays for outputs of this size: not for parts of tiles, nor for a
/// few channels, which do not fill its vectors.
template <class E>
constexpr bool pays_by_winograd(Index height, Index width) {
  const bool possible = (E::kernel == 3 && E::stride == 1) ||
                        (E::kernel == 5 && E::stride == 2 && E::padding % 2 == 0);
  return possible && E::channels >= 16 && E::filters >= 16 &&
         2 * height * width >= 16 * ceil_divide(height, 4) * ceil_divide(width, 4);
}

template <class E>
inline constexpr bool by_winograd = pays_by_winograd<E>(E::out_height, E::out_width);

template <class E>
inline constexpr bool slopes_by_winograd =
    E::padding <= 2 * E::stride&& pays_by_winograd<E>(ceil_divide(E::height, E::stride),
                                                      ceil_divide(E::width, E::stride));

template <class E, class Real>
void check_extents(const char* function, TensorView<const Real> x, MatrixView<const Real> w,
                   TensorView<const Real> y) {
  require(x.members == y.members && w.rows == y.members && x.rows == y.rows &&
              x.features == E::channels * E::height * E::width &&
              w.cols == E::filters * E::channels * E::taps &&
              y.features == E::filters * E::out_height * E::out_width,
          function, ": x is [", x.members, "][", x.rows, "][", x.features, "], the filters are [",
          w.rows, "][", w.cols, "], y is [", y.members, "][", y.rows, "][", y.features, "]");
}

}  // namespace detail

template <class E, class Real>
void convolve(const Cpu<Real>&, std::type_identity_t<TensorView<const Real>> x,
              std::type_identity_t<MatrixView<const Real>> w, TensorView<Real> y,
              Write write = Write::set) {
  detail::check_extents<E, Real>("convolve", x, w, y);
  for (Index m = 0; m < y.members; ++m)
    if constexpr (detail::by_winograd<E>)
      detail::WinogradConvolution<E, Real>::forward(x[m], w.row(m), y[m], write);
    else
      detail::DirectConvolution<E, Real>::forward(x[m], w.row(m), y[m], write);
}

template <class E, class Real>
void convolve_input_gradient(const Cpu<Real>&, std::type_identity_t<TensorView<const Real>> dy,
                             std::type_identity_t<MatrixView<const Real>> w, TensorView<Real> dx) {
  detail::check_extents<E, Real>("convolve_input_gradient", dx, w, dy);
  for (Index m = 0; m < dx.members; ++m)
    if constexpr (detail::slopes_by_winograd<E>)
      detail::WinogradConvolution<E, Real>::input_gradient(dy[m], w.row(m), dx[m]);
    else
      detail::DirectConvolution<E, Real>::input_gradient(dy[m], w.row(m), dx[m]);
}

template <class E, class Real>
void convolve_filter_gradient(const Cpu<Real>&, std::type_identity_t<TensorView<const Real>> x,
                              std::type_identity_t<TensorView<const Real>> dy,
                              MatrixView<Real> dw) {
  detail::check_extents<E, Real>("convolve_filter_gradient", x, dw, dy);
  for (Index m = 0; m < dw.rows; ++m)
    if constexpr (detail::by_winograd<E>)
      detail::WinogradConvolution<E, Real>::filter_gradient(x[m], dy[m], dw.row(m));
    else
      detail::DirectConvolution<E, Real>::filter_gradient(x[m], dy[m], dw.row(m));
}

}  // namespace expunge
