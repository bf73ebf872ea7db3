// How an iterative solve ended. A numerical outcome is no error: it is told, per member.
#pragma once

#include <limits>

#include "expunge/core/check.hpp"
#include "expunge/core/platform.hpp"

namespace expunge {

enum class SolveOutcome {
  converged,    // the residual is within the tolerance
  used_up,      // all iterations were spent; the solution is the best of its Krylov space
  broken_down,  // the operator is not positive definite, or met a number that is none
};

/// Of one member's system.
struct SolveStatus {
  SolveOutcome outcome = SolveOutcome::used_up;
  Index iterations = 0;
  double residual = 1;  // |b - A x| / |b|, or over the residual at the start where b is 0
};

/// A relative residual this small is converged at any tolerance: steps no longer change x, and a
/// few more would underflow.
inline constexpr double smallest_residual =
    std::numeric_limits<double>::epsilon() * std::numeric_limits<double>::epsilon();

struct SolverConfig {
  Index iterations = 10;  // >= 1
  double tolerance = 0;   // of the relative residual, >= 0; 0 goes on to `smallest_residual`

  void validate() const {
    require(iterations >= 1, "SolverConfig: iterations is ", iterations, ", below 1");
    require(tolerance >= 0 && tolerance < 1, "SolverConfig: tolerance is ", tolerance,
            ", not in [0, 1)");
  }
};

}  // namespace expunge
