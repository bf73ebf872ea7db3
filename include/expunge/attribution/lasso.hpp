// LASSO datamodels with a penalty chosen for each target on held-out models (Ilyas et al. 2022).
//
//   minimise 1/(2m) ||y - b - X~ w||^2 + lambda ||w||_1     (elastic net: see lasso_path.hpp)
//
// Models 0 .. a-1 fit and the next b choose lambda (lasso_penalties.hpp). Then all a + b models are
// fitted at the chosen lambda (lasso_regression.hpp). Models beyond a + b are never looked at: keep
// them for LDS. Masks say 1 = included.
//
// Where we differ from the reference solver (fast_l1, SAGA on a GPU): its squares carry 1/m and no
// 2, so its lambda is twice ours; its path begins below lambda_max when alpha is .5; its weights
// stay in standardised units without the means and sds that a prediction needs. Ours are raw,
// beta_j = w_j / sd_j, and every target reports its KKT residual.
//
// Cost: an exact Gram matrix and its extension by b models, two passes of masked sums, and the
// paths. Memory: that of the two phases, one after the other; one array of examples^2 numbers.
#pragma once

#include "expunge/attribution/lasso_penalties.hpp"
#include "expunge/attribution/plug_in_lasso.hpp"

namespace expunge {

struct Lasso {
  LassoConfig config{};

  /// Outputs [models][targets] to effects [examples][targets], with lambda, validation error and
  /// KKT residual. Throws when models are too few or an output is not finite. Progress counts every
  /// target twice, once for its path and once for the final fit.
  template <class B, MatrixLike A>
  Effects<typename B::Real> fit(const B& backend, const SubsetMasks& masks, const A& outputs,
                                const Progress& progress = {}) const {
    using Real = typename B::Real;
    const MatrixView<const typename A::value_type> y = view(outputs);
    config.validate();
    detail::check_regression("Lasso", masks, y);
    LassoPenaltyChoice<Real> choice(backend, masks, config);
    const LassoPenalties<Real> chosen = choice.choose(backend, y, part(progress, 0, y.cols));
    Effects<Real> effects = std::move(choice)
                                .regression(backend, masks)
                                .fit(backend, y, chosen.lambda, part(progress, y.cols, y.cols));
    effects.validation_error = chosen.validation_error;
    return effects;
  }

 private:
  /// Progress of one phase of two.
  static Progress part(const Progress& progress, Index before, Index targets) {
    if (!progress) return {};
    return
        [&progress, before, targets](Index done, Index) { progress(before + done, 2 * targets); };
  }
};

}  // namespace expunge
