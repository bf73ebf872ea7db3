// The two formulas of coordinate descent for
//
//   minimise 1/2 w'Gw - c'w + l1 ||w||_1 + l2/2 ||w||^2,     r = c - G w
//
// which the solver of one target and that of many side by side share.
#pragma once

#include <cmath>

#include "expunge/core/platform.hpp"

namespace expunge::detail {

/// argmin over w of (w - z)^2 / 2 + l1 |w|.
template <class Real>
EXPUNGE_HD Real soft_threshold(Real z, Real l1) {
  return z > l1 ? z - l1 : (z < -l1 ? z + l1 : Real(0));
}

/// By how much a coordinate violates its condition: |r| <= l1 where w = 0, r - l2 w = l1 sign(w)
/// elsewhere. Not above 0 where it holds at w = 0.
template <class Real>
EXPUNGE_HD Real violation_at(Real r, Real w, Real l1, Real l2) {
  if (w == Real(0)) return std::abs(r) - l1;
  return std::abs(r - l2 * w - (w > Real(0) ? l1 : -l1));
}

}  // namespace expunge::detail
