// What every regression on masks asks of the outputs [models][targets] that it is given.
#pragma once

#include <cmath>
#include <limits>

#include "expunge/core/check.hpp"
#include "expunge/core/parallel.hpp"
#include "expunge/core/view.hpp"
#include "expunge/data/subset_masks.hpp"

namespace expunge {

namespace detail {

/// Throws unless there are models to regress on.
inline void check_models(const char* who, Index models) {
  require(models >= 2, who, ": ", models, " models, at least 2 are needed");
}

/// Throws unless outputs [models][targets] belong to the masks of that many models.
template <class T>
void check_outputs(const char* who, Index models, MatrixView<const T> outputs) {
  require(models == outputs.rows, who, ": masks of ", models, " models, outputs of ", outputs.rows);
}

/// Both, before anything is computed.
template <class T>
void check_regression(const char* who, const SubsetMasks& masks, MatrixView<const T> outputs) {
  check_outputs(who, masks.models(), outputs);
  check_models(who, masks.models());
}

/// Outputs beyond it are refused: variances and squared errors of others are finite in double.
inline constexpr double largest_output = 1e150;

/// Whether an output can be regressed on: finite, and not beyond `largest_output`.
inline bool usable_output(double output) {
  return std::abs(output) <= largest_output;  // false for NaN
}

/// Throws where an output is not usable, naming `who`, the model and the target.
inline void require_finite_output(const char* who, double output, Index model, Index target) {
  if (!usable_output(output))  // no argument is put into words for the others
    require(false, who, ": the output of model ", model, " at target ", target, " is ", output,
            std::isfinite(output)
                ? ": squares of outputs beyond 1e150 are beyond double; divide all by a constant"
                : "");
}
template <class T>
void require_finite_outputs(const char* who, int threads, MatrixView<const T> outputs) {
  parallel_for(threads, outputs.rows, [&](int, Index m) {
    for (Index t = 0; t < outputs.cols; ++t)
      require_finite_output(who, static_cast<double>(outputs(m, t)), m, t);
  });
}

/// The unit that outputs which are `largest` from their target's centre are computed in: the power
/// of two above it (1 where it is 0). Division by it rounds nothing, and then no sum over models
/// overflows or vanishes in float, whatever the outputs' own unit is.
EXPUNGE_HD inline double output_scale(double largest) {
  constexpr int least = -1000;  // 1 / scale is finite
  int exponent = 0;
  (void)std::frexp(largest, &exponent);
  return std::ldexp(1.0, exponent < least ? least : exponent);
}

/// `value` of a target as Real; `what` it is: "an effect on". Throws where it is beyond the range
/// of that type.
template <class Real>
Real in_range(const char* who, const char* what, Index target, double value) {
  constexpr Real most = std::numeric_limits<Real>::max();
  if (!(std::abs(value) <= static_cast<double>(most)))
    require(false, who, ": ", what, " target ", target, " is ", value,
            ", and the scalar type ends at ", most, ": divide the outputs by a constant");
  return static_cast<Real>(value);
}

}  // namespace detail

}  // namespace expunge
