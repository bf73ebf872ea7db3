// What every regression on masks asks of the outputs [models][targets] that it is given.
#pragma once

#include <cmath>

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

/// Throws where an output is not finite, naming `who`, the model and the target.
inline void require_finite_output(const char* who, double output, Index model, Index target) {
  if (!std::isfinite(output))  // no argument is put into words for the others
    require(false, who, ": the output of model ", model, " at target ", target, " is ", output);
}
template <class T>
void require_finite_outputs(const char* who, int threads, MatrixView<const T> outputs) {
  parallel_for(threads, outputs.rows, [&](int, Index m) {
    for (Index t = 0; t < outputs.cols; ++t)
      require_finite_output(who, static_cast<double>(outputs(m, t)), m, t);
  });
}

}  // namespace detail

}  // namespace expunge
