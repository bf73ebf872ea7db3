#include "expunge/data/images.hpp"

#include <doctest/doctest.h>

using namespace expunge;

TEST_CASE("mean pooling averages squares and scales bytes to 0 .. 1") {
  // two images of 2 x 4; squares of 2
  const std::vector<std::uint8_t> pixels = {0, 4, 255, 255, 8, 12, 255, 255,
                                            1, 1, 0,   0,   1, 1,  0,   2};
  const Array<float, 2> pooled = mean_pool(pixels, 2, 2, 4, 2);
  REQUIRE(pooled.shape()[0] == 2);
  REQUIRE(pooled.shape()[1] == 2);
  CHECK(pooled(0, 0) == doctest::Approx(6.0 / 255));
  CHECK(pooled(0, 1) == doctest::Approx(1));
  CHECK(pooled(1, 0) == doctest::Approx(1.0 / 255));
  CHECK(pooled(1, 1) == doctest::Approx(0.5 / 255));
}

TEST_CASE("pooling by 1 keeps every pixel in its place") {
  const std::vector<std::uint8_t> pixels = {0, 51, 102, 153, 204, 255};
  const Array<float, 2> pooled = mean_pool(pixels, 1, 3, 2, 1);
  REQUIRE(pooled.shape()[1] == 6);
  for (std::size_t i = 0; i < 6; ++i)
    CHECK(pooled(0, i) == doctest::Approx(0.2 * static_cast<double>(i)));
}

TEST_CASE("squares lie row by row") {
  std::vector<std::uint8_t> pixels(16);
  pixels[2 * 4 + 1] = 255;  // row 2, column 1: the lower left square
  const Array<float, 2> pooled = mean_pool(pixels, 1, 4, 4, 2);
  for (std::size_t i = 0; i < 4; ++i) CHECK(pooled(0, i) == (i == 2 ? 0.25f : 0));
}

TEST_CASE("images that do not split into squares, or are not all there, are refused") {
  const std::vector<std::uint8_t> pixels(28 * 28);
  CHECK_THROWS_WITH(mean_pool(pixels, 1, 28, 28, 3),
                    "mean_pool: 28 x 28 images do not split into squares of 3");
  CHECK_THROWS_AS(mean_pool(pixels, 1, 28, 28, 0), std::invalid_argument);
  CHECK_THROWS_WITH(mean_pool(pixels, 2, 28, 28, 2),
                    "mean_pool: 784 bytes for 2 images of 28 x 28");
}
