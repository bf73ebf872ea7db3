#include "expunge/data/synthetic.hpp"

#include <doctest/doctest.h>

using namespace expunge;

TEST_CASE("an example of a made-up data set depends on its number alone") {
  const Dataset all = gaussian_classes(3, 30, 5, 4);
  const Dataset rest = gaussian_classes(3, 10, 5, 4, 3, /*first=*/20);
  for (Index i = 0; i < 10; ++i) {
    CHECK(rest.labels[static_cast<std::size_t>(i)] == all.labels[static_cast<std::size_t>(20 + i)]);
    for (Index j = 0; j < 5; ++j) CHECK(rest.inputs(i, j) == all.inputs(20 + i, j));
  }
}

TEST_CASE("class centres are as far apart as asked, and examples vary by one around them") {
  const Index n = 8000, features = 40, classes = 40;
  const Dataset data = gaussian_classes(3, n, features, classes, 6);
  Array<double, 2> mean = xt::zeros<double>({std::size_t{40}, std::size_t{40}});
  for (Index i = 0; i < n; ++i)
    for (Index j = 0; j < features; ++j)
      mean(i % classes, j) += static_cast<double>(data.inputs(i, j)) / (n / classes);
  double noise = 0, between = 0;
  for (Index i = 0; i < n; ++i)
    for (Index j = 0; j < features; ++j) {
      const double d = static_cast<double>(data.inputs(i, j)) - mean(i % classes, j);
      noise += d * d / static_cast<double>(n * features);
    }
  CHECK(std::abs(noise - 1) <= 0.02);
  for (Index a = 0; a < classes; ++a)
    for (Index b = 0; b < a; ++b)
      for (Index j = 0; j < features; ++j)
        between += (mean(a, j) - mean(b, j)) * (mean(a, j) - mean(b, j));
  between /= static_cast<double>(classes * (classes - 1) / 2);
  CHECK(std::abs(std::sqrt(between) - 6) <= 0.3);
}

TEST_CASE("a made-up data set refuses sizes that are none") {
  CHECK_THROWS_AS(gaussian_classes(1, 0, 3, 2), std::invalid_argument);
  CHECK_THROWS_AS(gaussian_classes(1, 5, 3, 2, -1), std::invalid_argument);
}
