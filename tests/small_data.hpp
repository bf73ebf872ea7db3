// A small data set that a small network learns: clouds around random centres.
#pragma once

#include <vector>

#include "expunge/core/random.hpp"
#include "expunge/data/image_dataset.hpp"

namespace expunge {

/// n points with `features` features around `classes` centres; labels go round. `stream` tells
/// training from validation points; the centres are the same.
inline Dataset clouds(Index n, Index features, Index classes, std::uint32_t stream = 0) {
  Dataset data{make_array<float>(n, features), {}};
  for (Index i = 0; i < n; ++i) {
    data.labels.push_back(static_cast<Label>(i % classes));
    for (Index j = 0; j < features; ++j)
      data.inputs(i, j) = static_cast<float>(
          1.5 * random_normal(1, Stream{Purpose::test, 100},
                              static_cast<std::uint64_t>((i % classes) * features + j)) +
          random_normal(1, Stream{Purpose::test, 101 + stream},
                        static_cast<std::uint64_t>(i * features + j)));
  }
  return data;
}

/// The clouds as images: bytes, and a table for each channel.
inline ImageDataset image_clouds(Index n, Index channels, Index pixels, Index classes,
                                 std::uint32_t stream = 0) {
  const Dataset data = clouds(n, channels * pixels, classes, stream);
  ImageDataset images{make_array<std::uint8_t>(n, channels * pixels),
                      make_array<float>(channels, 256), data.labels};
  std::transform(data.inputs.begin(), data.inputs.end(), images.pixels.begin(), [](float x) {
    return static_cast<std::uint8_t>(std::clamp(128 + 30 * x, 0.0f, 255.0f));
  });
  for (Index c = 0; c < channels; ++c)
    for (Index byte = 0; byte < 256; ++byte)
      images.values(c, byte) = (static_cast<float>(byte) - 128) / static_cast<float>(30 + c);
  return images;
}

/// The same data with other inputs in the listed rows.
inline Dataset with_rows_set_to(Dataset data, const std::vector<Index>& rows, float value) {
  for (const Index i : rows)
    std::fill_n(data.inputs.data() + i * data.features(), data.features(), value);
  return data;
}

}  // namespace expunge
