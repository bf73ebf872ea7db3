// Convolution in its plain form on the CPU, with every product tile in registers. No matrix of
// patches is written: a tile reads the padded image at the stride of the convolution.
//
//   image      [channel blocks][padded height][padded width][lanes]
//   filters    [filter blocks][taps][channels][lanes]     lanes are filters
//   flipped    [channel blocks][taps][filters][lanes]     lanes are channels, for the input's slope
//
// Each example costs 2 taps channels filters out_height out_width operations.
#pragma once

#include "expunge/backend/channel_blocks.hpp"
#include "expunge/core/view.hpp"

namespace expunge {

/// Extents of a convolution of one example; square kernels.
template <Index Channels, Index Height, Index Width, Index Filters, Index Kernel, Index Stride,
          Index Padding>
struct ConvolutionExtents {
  static constexpr Index channels = Channels, height = Height, width = Width, filters = Filters,
                         kernel = Kernel, stride = Stride, padding = Padding,
                         taps = Kernel * Kernel,
                         out_height = (Height + 2 * Padding - Kernel) / Stride + 1,
                         out_width = (Width + 2 * Padding - Kernel) / Stride + 1;
};

namespace detail {

/// Output positions that a tile holds: at most `most`, and as even a share of the width as can be.
constexpr Index tile_rows(Index width, Index most) {
  return ceil_divide(width, ceil_divide(width, most));
}

inline constexpr Index most_tile_rows = vector_registers == 32 ? 8 : 6;

/// The same where rows are channels, a share of a block.
template <class Real, Index Vectors>
inline constexpr Index filter_tile_rows = std::min(Lanes<Real>::count,
                                                   8 * Vectors < vector_registers ? Index{8}
                                                                                  : Index{4});

template <class E, class Real>
struct DirectConvolution {
  using L = Lanes<Real>;
  static constexpr Index lanes = L::count;
  static constexpr Index channel_blocks = ceil_divide(E::channels, lanes);
  static constexpr Index filter_blocks = ceil_divide(E::filters, lanes);
  static constexpr Index channel_vectors = channel_blocks % 2 == 0 ? 2 : 1;
  static constexpr Index filter_vectors = filter_blocks % 2 == 0 ? 2 : 1;
  static constexpr Index out_positions = E::out_height * E::out_width;

  static constexpr Index padded_height = E::height + 2 * E::padding;
  static constexpr Index padded_width = E::width + 2 * E::padding;
  static constexpr Index padded_block = padded_height * padded_width * lanes;
  static constexpr ImagePlace<E::width> padded_place{padded_width, E::padding, E::padding};
  static constexpr ImagePlace<E::out_width> out_place{E::out_width, 0, 0};

  static constexpr Index filter_channels = channel_blocks * lanes;  // room, in the blocked filters
  static constexpr Index filter_block = E::taps * filter_channels * lanes;
  static constexpr Index channel_rows =
      std::min(E::channels, filter_tile_rows<Real, filter_vectors>);

  /// y = x * w, or y += x * w.
  static void forward(MatrixView<const Real> x, const Real* w, MatrixView<Real> y, Write write) {
    constexpr Index rows = tile_rows(E::out_width, most_tile_rows);
    constexpr Index out_block = out_positions * lanes;
    const auto [filters, in, out] = scratch<Real, 3>(
        {filter_blocks * filter_block, channel_blocks * padded_block + rows * E::stride * lanes,
         filter_blocks * out_block});
    block_filters(w, filters);
    std::fill_n(in, channel_blocks * padded_block, Real(0));
    for (Index i = 0; i < x.rows; ++i) {
      to_blocks(x.row(i), E::channels, E::height * E::width, E::height * E::width, in, padded_block,
                padded_place);
      for (Index f = 0; f < filter_blocks; f += filter_vectors)
        for (Index oy = 0; oy < E::out_height; ++oy)
          for (Index ox = 0; ox < E::out_width; ox += rows) {
            const auto tile = output_tile<rows>(in, filters + f * filter_block, oy, ox);
            tile.store(out + f * out_block + (oy * E::out_width + ox) * lanes, lanes, out_block,
                       E::out_width - ox);
          }
      from_blocks(out, out_block, out_place, E::filters, out_positions, out_positions, y.row(i),
                  write);
    }
  }

  /// dx = the slope in x when y has slope dy. Input positions of one phase (position modulo
  /// stride) are neighbours in the output, so that a tile takes those.
  static void input_gradient(MatrixView<const Real> dy, const Real* w, MatrixView<Real> dx) {
    constexpr Index rows = tile_rows(ceil_divide(E::width, E::stride), most_tile_rows);
    constexpr Index in_block = E::height * E::width * lanes;
    constexpr ImagePlace<E::width> in_place{E::width, 0, 0};
    const auto [filters, slopes, in] =
        scratch<Real, 3>({channel_blocks * flipped_block,
                          filter_blocks * slope_block + rows * lanes, channel_blocks * in_block});
    block_flipped(w, filters);
    std::fill_n(slopes, filter_blocks * slope_block, Real(0));
    for (Index i = 0; i < dy.rows; ++i) {
      to_blocks(dy.row(i), E::filters, out_positions, out_positions, slopes, slope_block,
                ImagePlace<E::out_width>{slope_width, slope_before, slope_before});
      for (Index c = 0; c < channel_blocks; c += channel_vectors)
        for (Index y = 0; y < E::height; ++y)
          for (Index phase = 0; phase < std::min(E::stride, E::width); ++phase)
            for (Index x = phase; x < E::width; x += rows * E::stride) {
              const auto tile = input_tile<rows>(slopes, filters + c * flipped_block, y, x);
              tile.store(in + c * in_block + (y * E::width + x) * lanes, E::stride * lanes,
                         in_block, ceil_divide(E::width - x, E::stride));
            }
      from_blocks(in, in_block, in_place, E::channels, E::height * E::width, E::height * E::width,
                  dx.row(i), Write::set);
    }
  }

  /// dw = sum over the rows of x and dy.
  static void filter_gradient(MatrixView<const Real> x, MatrixView<const Real> dy, Real* dw) {
    constexpr Index out_block = out_positions * lanes;
    const auto [filters, in, slopes] = scratch<Real, 3>(
        {filter_blocks * filter_block, channel_blocks * padded_block, filter_blocks * out_block});
    std::fill_n(filters, filter_blocks * filter_block, Real(0));
    std::fill_n(in, channel_blocks * padded_block, Real(0));
    for (Index i = 0; i < x.rows; ++i) {
      to_blocks(x.row(i), E::channels, E::height * E::width, E::height * E::width, in, padded_block,
                padded_place);
      to_blocks(dy.row(i), E::filters, out_positions, out_positions, slopes, out_block, out_place);
      for (Index f = 0; f < filter_blocks; f += filter_vectors)
        for (Index c = 0; c < E::channels; c += channel_rows)
          for (Index tap = 0; tap < E::taps; ++tap) {
            const auto tile = filter_tile(in, slopes + f * out_block, c, tap);
            tile.add_to(filters + f * filter_block + (tap * filter_channels + c) * lanes, lanes,
                        filter_block);
          }
    }
    from_blocks(filters, filter_block, TapPlace<E::taps>{filter_channels}, E::filters,
                E::channels * E::taps, E::channels * E::taps, dw, Write::set);
  }

  static void block_filters(const Real* w, Real* filters) {
    to_blocks(w, E::filters, E::channels * E::taps, E::channels * E::taps, filters, filter_block,
              TapPlace<E::taps>{filter_channels});
  }
  static void block_flipped(const Real* w, Real* filters) {
    for (Index f = 0; f < E::filters; ++f)
      to_blocks(w + f * E::channels * E::taps, E::channels, E::taps, E::taps, filters,
                flipped_block, [f](Index tap) { return tap * E::filters + f; });
  }

 private:
  static constexpr Index flipped_block = E::taps * E::filters * lanes;

  // The output's slopes with room for all that a kernel can reach from inside the input.
  static constexpr Index slope_before = std::max<Index>(0, E::kernel - 1 - E::padding) / E::stride;
  static constexpr Index reach(Index extent, Index out) {
    return slope_before + std::max(out, (extent - 1 + E::padding) / E::stride + 1);
  }
  static constexpr Index slope_width = reach(E::width, E::out_width);
  static constexpr Index slope_block = reach(E::height, E::out_height) * slope_width * lanes;

  template <Index Rows>
  EXPUNGE_INLINE static auto output_tile(const Real* in, const Real* filters, Index oy, Index ox) {
    ProductTile<Real, Rows, filter_vectors> tile;
    for (Index c = 0; c < channel_blocks; ++c)
      for (Index ky = 0; ky < E::kernel; ++ky)
        for (Index kx = 0; kx < E::kernel; ++kx) {
          const Index position = (oy * E::stride + ky) * padded_width + ox * E::stride + kx;
          const Index tap = ky * E::kernel + kx;
          tile.template add<E::stride * lanes, 1>(
              in + c * padded_block + position * lanes,
              filters + (tap * filter_channels + c * lanes) * lanes, filter_block,
              std::min(lanes, E::channels - c * lanes));
        }
    return tile;
  }

  template <Index Rows>
  EXPUNGE_INLINE static auto input_tile(const Real* slopes, const Real* filters, Index y, Index x) {
    ProductTile<Real, Rows, channel_vectors> tile;
    for (Index f = 0; f < filter_blocks; ++f)
      for (Index ky = 0; ky < E::kernel; ++ky) {
        if ((y + E::padding - ky) % E::stride != 0) continue;
        const Index oy = (y + E::padding - ky) / E::stride + slope_before;
        for (Index kx = 0; kx < E::kernel; ++kx) {
          if ((x + E::padding - kx) % E::stride != 0) continue;
          const Index ox = (x + E::padding - kx) / E::stride + slope_before;
          const Index tap = ky * E::kernel + kx;
          tile.template add<lanes, 1>(slopes + f * slope_block + (oy * slope_width + ox) * lanes,
                                      filters + (tap * E::filters + f * lanes) * lanes,
                                      flipped_block, std::min(lanes, E::filters - f * lanes));
        }
      }
    return tile;
  }

  EXPUNGE_INLINE static auto filter_tile(const Real* in, const Real* slopes, Index c, Index tap) {
    ProductTile<Real, channel_rows, filter_vectors> tile;
    in += c / lanes * padded_block + c % lanes;
    for (Index oy = 0; oy < E::out_height; ++oy) {
      const Index y = oy * E::stride + tap / E::kernel;
      tile.template add<1, E::stride * lanes>(in + (y * padded_width + tap % E::kernel) * lanes,
                                              slopes + oy * E::out_width * lanes,
                                              out_positions * lanes, E::out_width);
    }
    return tile;
  }
};

}  // namespace detail
}  // namespace expunge
