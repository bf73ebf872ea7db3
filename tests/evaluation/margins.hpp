// Random margins for the tests of this folder.
#pragma once

#include <string>

#include "expunge/core/array.hpp"
#include "expunge/core/random.hpp"

namespace expunge {

/// mean + sd z, [models][points]
inline Array<double, 2> normal_margins(std::uint64_t seed, Index models, Index points,
                                       double mean = 0, double sd = 1) {
  Array<double, 2> margins = make_array<double>(models, points);
  for (std::size_t i = 0; i < margins.size(); ++i)
    margins.data()[i] = mean + sd * random_normal(seed, {Purpose::test}, i);
  return margins;
}

/// Distributions of honest margins: mean 0 and standard deviation 1, but for their tails alike.
enum class Shape { normal, t3, log_normal, bimodal };
inline constexpr Shape shapes[] = {Shape::normal, Shape::t3, Shape::log_normal, Shape::bimodal};

inline std::string name(Shape shape) {
  constexpr const char* names[] = {"normal", "t3", "log-normal", "bimodal"};
  return names[static_cast<int>(shape)];
}

/// Number `index` of a stream of such margins.
inline double honest_margin(Shape shape, std::uint64_t seed, std::uint32_t member,
                            std::uint64_t index) {
  const auto [z, a] = random_normal_pair(seed, {Purpose::test, member}, 2 * index);
  if (shape == Shape::normal) return z;
  if (shape == Shape::log_normal) return (std::exp(z) - 1.6487212707) / 2.1611974158;
  if (shape == Shape::bimodal) return (a < 0 ? -0.95 : 0.95) + 0.3122499 * z;
  const auto [b, c] = random_normal_pair(seed, {Purpose::test, member}, 2 * index + 1);
  return z / std::sqrt(a * a + b * b + c * c);  // Student's t over the square root of 3, its sd
}

/// mean + sd of these, [models][points]
inline Array<double, 2> honest_margins(Shape shape, std::uint64_t seed, Index models, Index points,
                                       double mean = 0, double sd = 1) {
  Array<double, 2> margins = make_array<double>(models, points);
  for (std::size_t i = 0; i < margins.size(); ++i)
    margins.data()[i] =
        mean + sd * honest_margin(shape, seed, static_cast<std::uint32_t>(shape), i);
  return margins;
}

}  // namespace expunge
