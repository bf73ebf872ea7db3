// Random margins for the tests of this folder.
#pragma once

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

}  // namespace expunge
