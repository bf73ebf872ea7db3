// Images: channel first, row-major, as PyTorch's NCHW. An example is a Shape<channels, height,
// width>, and each of its channels one contiguous plane of height * width numbers.
#pragma once

#include "expunge/nn/layer.hpp"

namespace expunge {

/// Channels, height and width of an image's shape.
template <class S>
struct Image {
  static_assert(S::rank == 3, "A layer of images takes Shape<channels, height, width>.");
};

template <Index Channels, Index Height, Index Width>
struct Image<Shape<Channels, Height, Width>> {
  static constexpr Index channels = Channels;
  static constexpr Index height = Height;
  static constexpr Index width = Width;
  static constexpr Index plane = Height * Width;
};

/// [members][rows][channels * plane] as [members][rows * channels][plane].
template <class T>
TensorView<T> planes(TensorView<T> x, Index channels) {
  return {x.data, x.members, x.rows * channels, x.features / channels, x.member_stride};
}

/// f(0) + .. + f(n - 1), as sixteen sums that advance side by side: registers hold them, and
/// rounding grows with n / 16. Indices of the sums are constants, so that a GPU keeps them there too.
template <class Real, class F>
EXPUNGE_HD Real lane_sum(Index n, const F& f) {
  constexpr Index lanes = 16;
  Real sums[lanes] = {};
  const Index whole = n / lanes * lanes;
  for (Index k = 0; k < whole; k += lanes)
    for (Index l = 0; l < lanes; ++l) sums[l] += f(k + l);
  if (whole < n)
    for (Index l = 0; l < lanes; ++l)
      if (whole + l < n) sums[l] += f(whole + l);
  for (Index width = lanes / 2; width > 0; width /= 2)
    for (Index l = 0; l < width; ++l) sums[l] += sums[l + width];
  return sums[0];
}

}  // namespace expunge
