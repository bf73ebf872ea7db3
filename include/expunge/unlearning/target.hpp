// What Oracle Matching matches: numbers f_x for every training point and member.
#pragma once

#include <vector>

#include "expunge/core/array.hpp"

namespace expunge {

/// A target T:
///
///   t.validate()
///   t.targets(base, forget) -> Array<Real, 3> [members][points][outputs]
///
/// base = f_x(theta0) [members][points][outputs], the starting models' own outputs, which a target
/// may use (DM-Direct) or ignore (oracles). See docs/concepts.md#target.
template <class T, class Real>
concept Target = requires(const T& target, TensorView<const Real> base,
                          const std::vector<Index>& forget) {
  target.validate();
  { target.targets(base, forget) } -> std::convertible_to<Array<Real, 3>>;
};

}  // namespace expunge
