// Softmax and log-sum-exp of one row, stable for any finite input.
#pragma once

#include <cmath>
#include <limits>

#include "expunge/core/platform.hpp"

namespace expunge {

/// log sum_j exp(z_j) over j != skip (pass a negative skip for all). NaN in, NaN out.
template <class Real>
EXPUNGE_HD Real log_sum_exp(const Real* z, Index k, Index skip = -1) {
  Real largest = -std::numeric_limits<Real>::infinity();
  for (Index j = 0; j < k; ++j)
    if (j != skip && !(z[j] <= largest)) largest = z[j];
  if (!(std::abs(largest) <= std::numeric_limits<Real>::max())) {
    for (Index j = 0; j < k; ++j)  // an infinity may have come after a NaN
      if (j != skip && z[j] != z[j]) return z[j];
    return largest;
  }
  Real sum = 0;
  for (Index j = 0; j < k; ++j)
    if (j != skip) sum += std::exp(z[j] - largest);
  return largest + std::log(sum);
}

/// log sum_j exp(z_j / temperature).
template <class Real>
EXPUNGE_HD Real log_sum_exp_at(const Real* z, Index k, Real temperature) {
  Real largest = z[0];
  for (Index j = 1; j < k; ++j)
    if (z[j] > largest) largest = z[j];
  Real sum = 0;
  for (Index j = 0; j < k; ++j) sum += std::exp((z[j] - largest) / temperature);
  return largest / temperature + std::log(sum);
}

/// out += weight (diag(p) - p p') v,   p = softmax(z / temperature).
template <class Real>
EXPUNGE_HD void add_softmax_jacobian(const Real* z, Index k, Real temperature, Real weight,
                                     const Real* v, Real* out) {
  const Real normaliser = log_sum_exp_at(z, k, temperature);
  Real inner = 0;
  for (Index i = 0; i < k; ++i) inner += std::exp(z[i] / temperature - normaliser) * v[i];
  for (Index j = 0; j < k; ++j)
    out[j] += weight * std::exp(z[j] / temperature - normaliser) * (v[j] - inner);
}

}  // namespace expunge
