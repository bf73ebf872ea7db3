// Initial weights: a function of (seed, member, position in the weight row).
#pragma once

#include <cmath>

#include "expunge/core/random.hpp"

namespace expunge {

/// Kaiming (He et al. 2015, eq. 10) normal weights for ReLU networks: sd = sqrt(2 / fan_in).
/// Weight i of the slice is number first_index + i of the member's stream.
template <class Real>
void kaiming_normal(std::uint64_t seed, Index member, Index first_index, Index fan_in, Index count,
                    Real* weights) {
  const Stream stream{Purpose::initial_weights, static_cast<std::uint32_t>(member)};
  const double sd = std::sqrt(2.0 / static_cast<double>(fan_in));
  for (Index i = 0; i < count; ++i)
    weights[i] = static_cast<Real>(
        sd * random_normal(seed, stream, static_cast<std::uint64_t>(first_index + i)));
}

}  // namespace expunge
