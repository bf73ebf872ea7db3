// Augmentation of images: random crop with padding, horizontal flip, cutout. Off by default.
//
// What is done to an example is a function of (seed, member, example, epoch) alone: the same on
// every thread, device and in every batch. Order: crop, flip, cutout. Images are channel first,
// row-major.
//
//   crop     the image, padded by `crop` pixels on every side, is cut at a uniform place
//            (He et al. 2016: crop = 4 for 32 x 32)
//   flip     left and right are exchanged with probability 1/2
//   cutout   a square of this side around a uniform pixel, clipped at the border, becomes 0
//            (DeVries and Taylor 2017; their odd sides come out one smaller, ours do not)
//
// "0" is 0 of the inputs as they are given: the mean colour if they are normalised, where
// torchvision pads with black before normalising. Cost: one call of Philox per row of pixels, and
// the copy.
#pragma once

#include <algorithm>
#include <array>

#include "expunge/core/check.hpp"
#include "expunge/core/random.hpp"
#include "expunge/data/inputs.hpp"
#include "expunge/nn/shape.hpp"

namespace expunge {

/// What a crop sees outside the image.
enum class Border {
  zero,
  reflect,  // mirrored, the border itself not repeated, as PyTorch's: 2 1 | 0 1 2
};

struct Augmentation {
  bool flip = false;
  Index crop = 0;  // 0 .. 1000 pixels of padding; 0: no crop
  Border border = Border::zero;
  Index cutout = 0;  // 0 .. 1000, the side of the square; 0: none

  bool any() const { return flip || crop > 0 || cutout > 0; }
  void validate() const {
    require(crop >= 0 && crop <= 1000, "Augmentation: crop is ", crop, ", not in 0 .. 1000");
    require(cutout >= 0 && cutout <= 1000, "Augmentation: cutout is ", cutout,
            ", not in 0 .. 1000");
  }
};

/// What is done to one image.
struct ImageMove {
  Index down = 0;  // pixel (y, x) is taken from (y + down, x + right), the flip undone first
  Index right = 0;
  bool flip = false;
  Index top = 0;  // rows [top, bottom) of columns [left, left + bottom - top) become 0
  Index left = 0;
  Index bottom = 0;
};

/// The move of one example in one epoch. Members have moves of their own.
EXPUNGE_HD inline ImageMove draw_move(const Augmentation& settings, std::uint64_t seed,
                                      Index member, Index example, Index epoch, Index height,
                                      Index width) {
  const Stream stream{Purpose::augmentation, static_cast<std::uint32_t>(member)};
  const std::array<std::uint32_t, 4> bits =
      random_bits(seed, stream,
                  (static_cast<std::uint64_t>(epoch) << 32) | static_cast<std::uint64_t>(example));
  const auto below = [&](std::uint32_t word, Index bound) {
    return static_cast<Index>(
        (static_cast<std::uint64_t>(word) * static_cast<std::uint64_t>(bound)) >> 32);
  };
  ImageMove move;
  move.down = below(bits[0], 2 * settings.crop + 1) - settings.crop;
  move.right = below(bits[1], 2 * settings.crop + 1) - settings.crop;
  move.flip = settings.flip && (bits[0] & 1) != 0;  // the lowest bit; `below` uses the highest
  move.top = below(bits[2], height) - settings.cutout / 2;
  move.left = below(bits[3], width) - settings.cutout / 2;
  move.bottom = move.top + settings.cutout;
  return move;
}

/// Where position i of `extent` lies inside the image, or -1 for a zero.
EXPUNGE_HD inline Index padded_position(Index i, Index extent, Border border) {
  if (i >= 0 && i < extent) return i;
  if (border == Border::zero) return -1;
  return i < 0 ? -i : 2 * (extent - 1) - i;
}

/// One row of pixels of a moved image. `from[i]` is pixel i of a channel [height][width].
template <class From, class To>
EXPUNGE_HD void move_pixels(const ImageMove& move, Border border, From from, Index height,
                            Index width, Index y, To* to) {
  const Index source_y = padded_position(y + move.down, height, border);
  const bool cut = y >= move.top && y < move.bottom;
  const Index left = move.left, right = move.left + move.bottom - move.top;
  for (Index x = 0; x < width; ++x) {
    const Index unflipped = move.flip ? width - 1 - x : x;
    const Index source_x = padded_position(unflipped + move.right, width, border);
    const bool zero = source_y < 0 || source_x < 0 || (cut && x >= left && x < right);
    to[x] = zero ? To(0) : static_cast<To>(from[source_y * width + source_x]);
  }
}

/// Which moves the members of a cohort have.
struct AugmentationDraws {
  Augmentation settings;
  std::uint64_t seed = 0;
  Index epoch = 0;
  Index first_member = 0;  // of the cohort
  Index starts = 0;        // member m has the moves of member m % starts; 0: its own
};

/// Pixels [height][width] of a channel that is stored as bytes.
struct BytePixels {
  const std::uint8_t* bytes;
  const float* values;  // [256]
  EXPUNGE_HD float operator[](Index i) const { return values[bytes[i]]; }
};

/// out[m][i] = example ids[m][i] moved, for all rows of pixels.
template <class Real>
struct AugmentRows {
  AugmentationDraws draws;
  Index height, width;
  InputsView source;            // [examples][channels * height * width]
  MatrixView<const Index> ids;  // [members][rows]
  TensorView<Real> out;         // [members][rows][channels * height * width]

  EXPUNGE_HD void operator()(Index m, Index i, Index line) const {
    const Index example = ids(m, i), channel = line / height, y = line % height;
    Index member = draws.first_member + m;
    if (draws.starts > 0) member %= draws.starts;
    const ImageMove move =
        draw_move(draws.settings, draws.seed, member, example, draws.epoch, height, width);
    const Index plane = channel * height * width;
    Real* to = out.row(m, i) + line * width;
    if (source.are_bytes())
      move_pixels(move, draws.settings.border,
                  BytePixels{source.bytes.row(example) + plane, source.values_at(plane)}, height,
                  width, y, to);
    else
      move_pixels(move, draws.settings.border, source.floats.row(example) + plane, height, width, y,
                  to);
  }
};

/// The image shapes that can be augmented.
template <class S>
inline constexpr bool is_image_shape = false;
template <Index Channels, Index Height, Index Width>
inline constexpr bool is_image_shape<Shape<Channels, Height, Width>> = true;

/// gather_rows with augmentation: `Image` is a Shape<channels, height, width>.
template <class Image, class B>
void augment_rows(B& backend, const AugmentationDraws& draws, const InputsView& source,
                  MatrixView<const Index> ids, TensorView<typename B::Real> out) {
  static_assert(is_image_shape<Image>,
                "augment_rows: images have a Shape of channels, height and width.");
  const auto run = [&]<Index C, Index H, Index W>(Shape<C, H, W>) {
    require(source.cols == Image::size && out.features == Image::size && out.rows == ids.cols &&
                out.members == ids.rows,
            "augment_rows: [", ids.rows, "][", ids.cols, "] images of ", source.cols, " into [",
            out.members, "][", out.rows, "][", out.features, "], an image has ", Image::size);
    require(!source.are_bytes() || source.plane % (H * W) == 0, "augment_rows: values of ",
            source.values.rows, " channels for images of ", C);
    require(draws.settings.border == Border::zero || draws.settings.crop < std::min(H, W),
            "augment_rows: ", draws.settings.crop, " reflected pixels around images of ", H, " x ",
            W);
    for_each_element(backend, out.members, out.rows, C * H,
                     AugmentRows<typename B::Real>{draws, H, W, source, ids, out});
  };
  run(Image{});
}

}  // namespace expunge
