// The shape of one example, in its type: Shape<784>, Shape<3, 32, 32>.
#pragma once

#include "expunge/core/platform.hpp"

namespace expunge {

/// Extents of one example, outermost first, as channels, height, width. Row-major, like all arrays.
template <Index... Extents>
struct Shape {
  static_assert(((Extents > 0) && ...), "Shape: every extent must be positive.");
  static constexpr Index rank = sizeof...(Extents);
  static constexpr Index size = (Index{1} * ... * Extents);
};

}  // namespace expunge
