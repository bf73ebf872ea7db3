// Images: channel first, row-major, as PyTorch's NCHW. An example is a Shape<channels, height,
// width>, and each of its channels one contiguous plane of height * width numbers.
#pragma once

#include "expunge/backend/channel_sums.hpp"
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

/// The channel of a row of `planes`. Of 32 bits, as a GPU takes long for divisions of 64.
EXPUNGE_HD inline Index channel_of(Index row, Index channels) {
  return static_cast<Index>(static_cast<std::uint32_t>(row) % static_cast<std::uint32_t>(channels));
}

}  // namespace expunge
