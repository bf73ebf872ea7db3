// Convolution by Winograd's F(4x4, 3x3) on the CPU (winograd_tiles.hpp): 3x3 filters at stride 1,
// and 5x5 filters at stride 2, whose even and odd rows and columns are four images for filters of
// at most 3x3 at stride 1.
//
//   operations of one example, filters' transforms aside, against those of the plain sum
//     3x3, stride 1     36 for 144 in whole tiles
//     5x5, stride 2     144 for 400
//
// Slopes in the input are a convolution of dy with the flipped filters. Errors in float, measured
// against double on normal numbers (tests/nn/conv2d.cpp), are 1.5 to 8 times those of the plain
// sum: at the extents of ResNet-9 at most 6e-6 of the largest number.
#pragma once

#include "expunge/backend/winograd_tiles.hpp"

namespace expunge::detail {

/// Where a pixel lies when rows and columns are dealt out to Stride x Stride images, each of which
/// has its own blocks of channels.
template <Index Width, Index Stride>
struct PhasePlace {
  Index phase, width, border;  // places from phase to phase, of a row; rows and columns before it
  Index operator()(Index p) const {
    const Index y = p / Width, x = p % Width;
    return (y % Stride * Stride + x % Stride) * phase + (y / Stride + border) * width + x / Stride +
           border;
  }
};

/// And where a tap (ky, kx) lies among 3x3 taps, which are `tap` places apart.
template <Index Kernel, Index Stride>
struct PhaseTap {
  Index phase, tap;
  bool flipped;
  Index operator()(Index p) const {
    const Index y = p / Kernel, x = p % Kernel, at = y / Stride * 3 + x / Stride;
    return (y % Stride * Stride + x % Stride) * phase + (flipped ? 8 - at : at) * tap;
  }
};

template <class E, class Real>
struct WinogradConvolution {
  static_assert((E::kernel == 3 && E::stride == 1) ||
                    (E::kernel == 5 && E::stride == 2 && E::padding % 2 == 0),
                "WinogradConvolution: 3x3 at stride 1, or 5x5 at stride 2 with even padding.");
  static constexpr Index lanes = Lanes<Real>::count, phases = E::stride * E::stride;
  static constexpr Index channel_blocks = ceil_divide(E::channels, lanes);
  static constexpr Index filter_blocks = ceil_divide(E::filters, lanes);
  static constexpr Index image = E::height * E::width, out_image = E::out_height * E::out_width;
  static constexpr Index border = E::padding / E::stride;

  using Forward =
      WinogradTiles<Real, phases * channel_blocks, filter_blocks, E::out_height, E::out_width>;
  using Back = WinogradTiles<Real, filter_blocks, phases * channel_blocks,
                             ceil_divide(E::height, E::stride), ceil_divide(E::width, E::stride)>;

  /// y = x * w, or y += x * w.
  static void forward(MatrixView<const Real> x, const Real* w, MatrixView<Real> y, Write write) {
    Forward::convolve(
        x.rows,
        [w](Real* plain) {
          std::fill_n(plain, filter_blocks * Forward::plain_block, Real(0));
          to_blocks(w, E::filters, E::channels * E::taps, E::channels * E::taps, plain,
                    Forward::plain_block, filter_place);
        },
        image_reader(x),
        [y, write](Index i, const Real* out) {
          from_blocks(out, Forward::out_block, ImagePlace<E::out_width>{Forward::out_width, 0, 0},
                      E::filters, out_image, out_image, y.row(i), write);
        });
  }

  /// dx = the slope in x when y has slope dy. Padding may be 2 strides at most.
  static void input_gradient(MatrixView<const Real> dy, const Real* w, MatrixView<Real> dx) {
    static_assert(border <= 2);
    constexpr PhasePlace<E::width, E::stride> place{channel_blocks * Back::out_block / lanes,
                                                    Back::out_width, 0};
    Back::convolve(
        dy.rows, [w](Real* plain) { read_flipped(w, plain); },
        [dy](Index i, Real* in) {
          to_blocks(dy.row(i), E::filters, out_image, out_image, in, Back::in_block,
                    ImagePlace<E::out_width>{Back::in_width, 2 - border, 2 - border});
        },
        [dx, place](Index i, const Real* out) {
          from_blocks(out, Back::out_block, place, E::channels, image, image, dx.row(i),
                      Write::set);
        });
  }

  /// dw = sum over the rows of x and dy.
  static void filter_gradient(MatrixView<const Real> x, MatrixView<const Real> dy, Real* dw) {
    Forward::filter_gradient(
        x.rows, image_reader(x),
        [dy](Index i, Real* out) {
          to_blocks(dy.row(i), E::filters, out_image, out_image, out, Forward::out_block,
                    ImagePlace<E::out_width>{Forward::out_width, 0, 0});
        },
        [dw](const Real* plain) {
          from_blocks(plain, Forward::plain_block, filter_place, E::filters, E::channels * E::taps,
                      E::channels * E::taps, dw, Write::set);
        });
  }

 private:
  static auto image_reader(MatrixView<const Real> x) {
    constexpr PhasePlace<E::width, E::stride> place{channel_blocks * Forward::in_block / lanes,
                                                    Forward::in_width, border};
    return [x, place](Index i, Real* in) {
      to_blocks(x.row(i), E::channels, image, image, in, Forward::in_block, place);
    };
  }
  /// Where number (channel, tap) of a filter lies among [9][channels].
  static constexpr auto filter_place = [](Index q) {
    constexpr PhaseTap<E::kernel, E::stride> place{channel_blocks * lanes, Forward::channels,
                                                   false};
    return place(q % E::taps) + q / E::taps;
  };
  static void read_flipped(const Real* w, Real* plain) {
    constexpr PhaseTap<E::kernel, E::stride> place{channel_blocks * Back::plain_block / lanes,
                                                   Back::channels, true};
    std::fill_n(plain, phases * channel_blocks * Back::plain_block, Real(0));
    for (Index f = 0; f < E::filters; ++f)
      to_blocks(w + f * E::channels * E::taps, E::channels, E::taps, E::taps, plain,
                Back::plain_block, [f, place](Index tap) { return place(tap) + f; });
  }
};

}  // namespace expunge::detail
