// The points at which every model of a sample is sound: all outputs are finite and none ran away.
//
// What is drawn from a sample, a noise floor above all, may look at these alone. One margin that is
// NaN lifts a floor to the ceiling, so that a score above it looks good; one that ran away takes it
// down in the presets of published code (a mean of .03 to .06 in the place of .83 to .90, for 50
// normal margins), so that a good score looks bad. Points are left out and not the model: the score
// beside the floor holds that model, and the floor of other models than those is no floor of it. A
// model that is broken at every point therefore leaves no floor at all: leave it out of the
// oracles.
#pragma once

#include <cmath>
#include <vector>

#include "expunge/core/find_runaways.hpp"
#include "expunge/core/view.hpp"

namespace expunge {

/// These points of margins [models][points], ascending. threads 0: all; never changes the result.
template <MatrixLike A>
std::vector<Index> sound_points(const A& margins, int threads = 0) {
  const MatrixView<const typename A::value_type> of = view(margins);
  std::vector<std::uint8_t> broken = find_runaways(margins, threads).at;
  for (Index m = 0; m < of.rows; ++m)
    for (Index x = 0; x < of.cols; ++x)
      if (!std::isfinite(static_cast<double>(of(m, x)))) broken[static_cast<std::size_t>(x)] = 1;
  std::vector<Index> sound;
  for (Index x = 0; x < of.cols; ++x)
    if (!broken[static_cast<std::size_t>(x)]) sound.push_back(x);
  return sound;
}

}  // namespace expunge
