// Half precision for storage: logits of thousands of models need no more than its three digits.
#pragma once

#include <Eigen/Core>
#include <cmath>

#include "expunge/core/platform.hpp"

namespace expunge {

/// IEEE binary16. Arithmetic happens in float; only memory and files hold this.
using Half = Eigen::half;

/// The largest finite Half.
inline constexpr double largest_half = 65504;

/// The nearest Half, in `to`. False where a finite number is too large for one and becomes
/// infinite: from 65520 on, half a step beyond the largest.
template <class Real>
bool to_half(Real x, Half& to) {
  to = static_cast<Half>(static_cast<float>(x));
  return std::isfinite(static_cast<float>(to)) || !std::isfinite(static_cast<double>(x));
}

}  // namespace expunge
