// Margins of the shapes that noise floors are checked on, here and in bench/klom_floor.cpp.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "expunge/core/array.hpp"
#include "expunge/core/random.hpp"

namespace expunge {

/// A distribution of margins, the same at every point.
struct MarginShape {
  std::string name;
  double (*draw)(std::uint64_t seed, std::uint64_t index);
};

namespace detail {

inline double shape_normal(std::uint64_t seed, std::uint64_t index, std::uint32_t member = 0) {
  return random_normal(seed, {Purpose::test, member}, index);
}

inline double shape_t3(std::uint64_t seed, std::uint64_t index) {
  double squares = 0;
  for (std::uint32_t member = 1; member <= 3; ++member) {
    const double z = shape_normal(seed, index, member);
    squares += z * z;
  }
  return shape_normal(seed, index) / std::sqrt(squares / 3);
}

/// Unit normals around 0 and around `gap`; percent of them around 0.
template <int gap, int percent>
double shape_bimodal(std::uint64_t seed, std::uint64_t index) {
  const bool second = random_uniform(seed, {Purpose::test, 4}, index) >= percent / 100.0;
  return shape_normal(seed, index) + (second ? gap : 0);
}

}  // namespace detail

inline const std::vector<MarginShape>& margin_shapes() {
  using namespace detail;
  static const std::vector<MarginShape> shapes = {
      {"normal", [](std::uint64_t seed, std::uint64_t i) { return shape_normal(seed, i); }},
      {"Student's t, 3 degrees of freedom", shape_t3},
      {"log-normal, sd of the logarithm 1",
       [](std::uint64_t seed, std::uint64_t i) { return std::exp(shape_normal(seed, i)); }},
      {"two modes 4 sd apart, 50 : 50", shape_bimodal<4, 50>},
      {"two modes 4 sd apart, 80 : 20", shape_bimodal<4, 80>},
      {"two modes 6 sd apart, 50 : 50", shape_bimodal<6, 50>},
      {"two modes 6 sd apart, 80 : 20", shape_bimodal<6, 80>}};
  return shapes;
}

/// [models][points]
inline Array<double, 2> shaped_margins(const MarginShape& shape, std::uint64_t seed, Index models,
                                       Index points) {
  Array<double, 2> margins = make_array<double>(models, points);
  for (std::size_t i = 0; i < margins.size(); ++i) margins.data()[i] = shape.draw(seed, i);
  return margins;
}

}  // namespace expunge
