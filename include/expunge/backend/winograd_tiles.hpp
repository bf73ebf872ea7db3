// Winograd's F(4x4, 3x3) on blocks of channels (winograd_transforms.hpp): all tiles of a group of
// examples go through the transforms, and 36 matrix products between them.
//
//   data       [36][channel blocks][tiles][lanes]
//   filters    [36][filter blocks][channels][lanes]
//   products   [36][filter blocks][tiles][lanes]
//
// A group is so many whole examples that a transform's reads and writes stay close together, not
// more.
#pragma once

#include "expunge/backend/direct_convolution.hpp"
#include "expunge/backend/winograd_transforms.hpp"

namespace expunge::detail {

/// The algorithm on blocks of channels, for outputs of this size. What reads and writes images and
/// filters is given: read_image(i, in), write_image(i, out), read_filters(plain), with
///
///   in       [channel blocks][4 down + 2][4 across + 2][lanes]     0 where nothing is written
///   out      [filter blocks][4 down][4 across][lanes]
///   plain    [filter blocks][9][channels][lanes]
template <class Real, Index ChannelBlocks, Index FilterBlocks, Index OutHeight, Index OutWidth>
struct WinogradTiles {
  using T = WinogradTransforms<Real>;
  static constexpr Index lanes = Lanes<Real>::count, points = 36;
  static constexpr Index channels = ChannelBlocks * lanes;
  static constexpr Index vectors = FilterBlocks % 2 == 0 ? 2 : 1;

  static constexpr Index down = ceil_divide(OutHeight, 4), across = ceil_divide(OutWidth, 4);
  static constexpr Index tiles = down * across;
  static constexpr Index in_width = 4 * across + 2, out_width = 4 * across;
  static constexpr Index in_block = (4 * down + 2) * in_width * lanes;
  static constexpr Index out_block = 4 * down * out_width * lanes;
  static constexpr Index plain_block = 9 * channels * lanes;

  // A group of examples. Numbers of one point are a vector more than they need apart, or 36 of them
  // would fall on the same few lines of the cache.
  static constexpr Index tile_rows = most_tile_rows;
  static constexpr Index group = std::max<Index>(1, 64 / tiles);
  static constexpr Index group_tiles = ceil_divide(group * tiles, tile_rows) * tile_rows;
  static constexpr Index data_point = (ChannelBlocks * group_tiles + 1) * lanes;
  static constexpr Index product_point = (FilterBlocks * group_tiles + 1) * lanes;
  static constexpr Index filter_point = (FilterBlocks * channels + 1) * lanes;

  template <class ReadFilters, class ReadImage, class WriteImage>
  static void convolve(Index rows, ReadFilters&& read_filters, ReadImage&& read_image,
                       WriteImage&& write_image) {
    const Memory memory = allocate();
    read_filters(memory.plain);
    for (Index f = 0; f < FilterBlocks; ++f)
      for (Index c = 0; c < channels; ++c)
        T::template both_ways<typename T::Filter>(
            plain(memory, f, c), 3 * channels * lanes, channels * lanes,
            memory.filters + (f * channels + c) * lanes, 6 * filter_point, filter_point);
    for (Index first = 0; first < rows; first += group) {
      const Index count = std::min(group, rows - first);
      for (Index i = 0; i < count; ++i) {
        read_image(first + i, memory.in);
        transform_data(memory, i);
      }
      multiply(memory, count * tiles);
      for (Index i = 0; i < count; ++i) {
        transform_products(memory, i);
        write_image(first + i, memory.out);
      }
    }
  }

  /// read_slopes(i, out), write_filters(plain)
  template <class ReadImage, class ReadSlopes, class WriteFilters>
  static void filter_gradient(Index rows, ReadImage&& read_image, ReadSlopes&& read_slopes,
                              WriteFilters&& write_filters) {
    const Memory memory = allocate();
    std::fill_n(memory.filters, points * filter_point, Real(0));
    std::fill_n(memory.out, FilterBlocks * out_block, Real(0));
    for (Index first = 0; first < rows; first += group) {
      const Index count = std::min(group, rows - first);
      for (Index i = 0; i < count; ++i) {
        read_image(first + i, memory.in);
        transform_data(memory, i);
        read_slopes(first + i, memory.out);
        transform_slopes(memory, i);
      }
      add_filter_products(memory, count * tiles);
    }
    for (Index f = 0; f < FilterBlocks; ++f)
      for (Index c = 0; c < channels; ++c)
        T::template both_ways<typename T::FilterSlope>(
            memory.filters + (f * channels + c) * lanes, 6 * filter_point, filter_point,
            plain(memory, f, c), 3 * channels * lanes, channels * lanes);
    write_filters(memory.plain);
  }

 private:
  struct Memory {
    Real *plain, *filters, *in, *out, *data, *products;
  };
  static Memory allocate() {
    const auto [plain, filters, in, out, data, products] = scratch<Real, 6>(
        {FilterBlocks * plain_block, points * filter_point, ChannelBlocks * in_block,
         FilterBlocks * out_block, points * data_point, points * product_point});
    std::fill_n(in, ChannelBlocks * in_block, Real(0));
    return {plain, filters, in, out, data, products};
  }
  static Real* plain(const Memory& memory, Index f, Index c) {
    return memory.plain + f * plain_block + c * lanes;
  }

  /// f(block, tile, its row, its column)
  template <class F>
  static void for_each_tile(Index blocks, F&& f) {
    for (Index block = 0; block < blocks; ++block)
      for (Index ty = 0; ty < down; ++ty)
        for (Index tx = 0; tx < across; ++tx) f(block, ty * across + tx, ty, tx);
  }

  static void transform_data(const Memory& memory, Index example) {
    for_each_tile(ChannelBlocks, [&](Index c, Index tile, Index ty, Index tx) {
      T::template both_ways<typename T::Data>(
          memory.in + c * in_block + (ty * in_width + tx) * 4 * lanes, in_width * lanes, lanes,
          memory.data + (c * group_tiles + example * tiles + tile) * lanes, 6 * data_point,
          data_point);
    });
  }
  static void transform_slopes(const Memory& memory, Index example) {
    for_each_tile(FilterBlocks, [&](Index f, Index tile, Index ty, Index tx) {
      T::template both_ways<typename T::OutputSlope>(
          memory.out + f * out_block + (ty * out_width + tx) * 4 * lanes, out_width * lanes, lanes,
          memory.products + (f * group_tiles + example * tiles + tile) * lanes, 6 * product_point,
          product_point);
    });
  }
  static void transform_products(const Memory& memory, Index example) {
    for_each_tile(FilterBlocks, [&](Index f, Index tile, Index ty, Index tx) {
      T::template both_ways<typename T::Output>(
          memory.products + (f * group_tiles + example * tiles + tile) * lanes, 6 * product_point,
          product_point, memory.out + f * out_block + (ty * out_width + tx) * 4 * lanes,
          out_width * lanes, lanes);
    });
  }

  /// products = filters' data, point by point. Tiles beyond the last are room, and hold anything.
  static void multiply(const Memory& memory, Index used) {
    for (Index point = 0; point < points; ++point)
      for (Index f = 0; f < FilterBlocks; f += vectors)
        for (Index tile = 0; tile < used; tile += tile_rows) {
          ProductTile<Real, tile_rows, vectors> sum;
          for (Index c = 0; c < ChannelBlocks; ++c)
            sum.template add<lanes, 1>(
                memory.data + point * data_point + (c * group_tiles + tile) * lanes,
                memory.filters + point * filter_point + (f * channels + c * lanes) * lanes,
                channels * lanes, lanes);
          sum.store(memory.products + point * product_point + (f * group_tiles + tile) * lanes,
                    lanes, group_tiles * lanes);
        }
  }

  /// filters += data slopes', point by point.
  static void add_filter_products(const Memory& memory, Index used) {
    constexpr Index rows = filter_tile_rows<Real, vectors>;
    for (Index point = 0; point < points; ++point)
      for (Index f = 0; f < FilterBlocks; f += vectors)
        for (Index c = 0; c < channels; c += rows) {
          ProductTile<Real, rows, vectors> sum;
          sum.template add<1, lanes>(
              memory.data + point * data_point + c / lanes * group_tiles * lanes + c % lanes,
              memory.products + point * product_point + f * group_tiles * lanes,
              group_tiles * lanes, used);
          sum.add_to(memory.filters + point * filter_point + (f * channels + c) * lanes, lanes,
                     channels * lanes);
        }
  }
};

}  // namespace expunge::detail
