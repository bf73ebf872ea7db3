// Images as inputs: bytes to floats, and mean pooling to smaller images.
#pragma once

#include <cstdint>
#include <vector>

#include "expunge/core/array.hpp"
#include "expunge/core/check.hpp"

namespace expunge {

/// Averages `factor` x `factor` squares of every image and scales bytes to [0, 1].
/// pixels [n][height][width]  ->  [n][height / factor * width / factor]
inline Array<float, 2> mean_pool(const std::vector<std::uint8_t>& pixels, Index n, Index height,
                                 Index width, Index factor) {
  require(factor >= 1 && height % factor == 0 && width % factor == 0, "mean_pool: ", height, " x ",
          width, " images do not split into squares of ", factor);
  require(static_cast<Index>(pixels.size()) == n * height * width, "mean_pool: ", pixels.size(),
          " bytes for ", n, " images of ", height, " x ", width);
  const Index rows = height / factor, cols = width / factor;
  Array<float, 2> pooled = make_array<float>(n, rows * cols);
  const float scale = 1.0f / (255.0f * static_cast<float>(factor * factor));
  for (Index image = 0; image < n; ++image)
    for (Index r = 0; r < rows; ++r)
      for (Index c = 0; c < cols; ++c) {
        int sum = 0;
        for (Index y = 0; y < factor; ++y)
          for (Index x = 0; x < factor; ++x)
            sum += pixels[static_cast<std::size_t>((image * height + r * factor + y) * width +
                                                   c * factor + x)];
        pooled(image, r * cols + c) = scale * static_cast<float>(sum);
      }
  return pooled;
}

}  // namespace expunge
