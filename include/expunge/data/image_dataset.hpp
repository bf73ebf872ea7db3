// A labelled data set of images that stay bytes: a quarter of a Dataset's memory, on the host and
// on a device, and the same results to the bit.
#pragma once

#include "expunge/data/dataset.hpp"

namespace expunge {

/// Images, what their bytes stand for, and their labels. `values` needs a row for each channel of
/// the model's images: another number of rows that divides the image is not noticed.
struct ImageDataset {
  Array<std::uint8_t, 2> pixels;  // [n][channels * height * width], channel first
  Array<float, 2> values;         // [channels][256]  the input that a byte of a channel is
  std::vector<Label> labels;      // [n]

  Index size() const { return static_cast<Index>(labels.size()); }
  Index features() const { return static_cast<Index>(pixels.shape()[1]); }
  /// For functions that take inputs without labels; a Dataset gives view(data.inputs).
  InputsView inputs() const { return {view(pixels), view(values)}; }

  operator DatasetView() const {
    require(pixels.shape()[0] == labels.size(), "ImageDataset: ", pixels.shape()[0], " images and ",
            labels.size(), " labels");
    return {inputs(), labels.data()};
  }
};

/// The same numbers as floats.
inline Dataset as_floats(const ImageDataset& images) {
  Dataset floats{make_array<float>(images.size(), images.features()), images.labels};
  copy_inputs(Cpu<float>(1), DatasetView(images).inputs, view(floats.inputs));
  return floats;
}

/// The listed images, in the listed order.
inline ImageDataset select_rows(const ImageDataset& images, const std::vector<Index>& rows) {
  ImageDataset part{make_array<std::uint8_t>(rows.size(), images.features()), images.values, {}};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    require(rows[i] >= 0 && rows[i] < images.size(), "select_rows: row ", rows[i], " of ",
            images.size());
    std::copy_n(view(images.pixels).row(rows[i]), images.features(),
                view(part.pixels).row(static_cast<Index>(i)));
    part.labels.push_back(images.labels[static_cast<std::size_t>(rows[i])]);
  }
  return part;
}

/// The images of `a` and then those of `b`. Throws std::invalid_argument unless bytes stand for the
/// same in both.
inline ImageDataset concatenate(const ImageDataset& a, const ImageDataset& b) {
  require(a.values == b.values,
          "concatenate: bytes of the two sets of images stand for different numbers");
  return {detail::joined(a.pixels, b.pixels), a.values, detail::joined(a.labels, b.labels)};
}

}  // namespace expunge
