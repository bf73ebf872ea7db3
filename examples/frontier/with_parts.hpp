// Gauss-Newton with the chosen settings, but other parts.
#pragma once

#include "methods.hpp"

namespace frontier {

/// The settings of `chosen` with these parts in the place of its own.
template <class T, class R, class P, class O, class Target, class Retain, class Prior>
expunge::GaussNewtonMatching<Target, Retain, Prior, O> with_parts(
    const expunge::GaussNewtonMatching<T, R, P, O>& chosen, Target target, Retain retain,
    Prior prior) {
  return {.target = target,
          .damping = chosen.damping,
          .iterations = chosen.iterations,
          .tolerance = chosen.tolerance,
          .steps = chosen.steps,
          .retain_count = chosen.retain_count,
          .retain_multiple = chosen.retain_multiple,
          .forget_weight = chosen.forget_weight,
          .batch = chosen.batch,
          .retain = retain,
          .prior = prior,
          .output = chosen.output,
          .seed = chosen.seed};
}

}  // namespace frontier
