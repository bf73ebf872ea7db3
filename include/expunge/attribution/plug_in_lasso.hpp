// LASSO with a penalty that needs no tuning.
//
//   minimise 1/(2m) ||y - b - X~ w||^2 + lambda ||w||_1,   lambda = c sd_y / sqrt(m)
//
// X~ are the mask columns centred and divided by their sd: on raw columns the penalty of coordinate
// j reads c sd_y sd_j / sqrt(m). sd_y / sqrt(m) is the standard error of a column's correlation
// with y when nothing is there, so c counts standard errors (the plug-in penalty of Belloni and
// Chernozhukov 2011, without its logarithm: we do not ask for no false effect at all). c = 1 to 1.5
// works untuned.
//
// Units, cost and memory: see lasso_regression.hpp.
#pragma once

#include <cmath>

#include "expunge/attribution/lasso_regression.hpp"

namespace expunge {

struct PlugInLassoConfig {
  double standard_errors = 1.25;  // c, > 0
  LassoSolverConfig solver{};

  void validate() const {
    require(standard_errors > 0, "PlugInLassoConfig: standard_errors is ", standard_errors,
            ", not above 0");
    require(std::isfinite(standard_errors), "PlugInLassoConfig: standard_errors is ",
            standard_errors, ", not finite");
    solver.validate();
  }
};

/// What depends on the masks alone: fits any block of targets, any number of times
/// (lasso_regression.hpp).
template <class Real>
class PlugInLassoRegression {
 public:
  template <class B>
  PlugInLassoRegression(const B& backend, const SubsetMasks& masks,
                        const PlugInLassoConfig& config = {})
      : scale_(checked(config) / std::sqrt(static_cast<double>(masks.models()))),
        regression_(backend, masks, masks.models(), config.solver, "PlugInLasso") {}

  /// What this occupies.
  static std::size_t bytes(Index models, Index examples) {
    return LassoRegression<Real>::bytes(models, examples);
  }

  Index models() const { return regression_.models(); }
  Index examples() const { return regression_.examples(); }

  /// Outputs [models][targets] to effects [examples][targets], with lambda and KKT residual.
  template <class B, MatrixLike A>
  Effects<Real> fit(const B& backend, const A& outputs, const Progress& progress = {}) const {
    return regression_.fit_at(backend, outputs, progress,
                              [&](Index, double sd_y) { return scale_ * sd_y; });
  }

 private:
  static double checked(const PlugInLassoConfig& config) {
    config.validate();
    return config.standard_errors;
  }

  double scale_;  // lambda / sd_y
  LassoRegression<Real> regression_;
};

struct PlugInLasso {
  PlugInLassoConfig config{};

  template <class B>
  PlugInLassoRegression<typename B::Real> prepare(const B& backend,
                                                  const SubsetMasks& masks) const {
    return {backend, masks, config};
  }

  /// Outputs [models][targets] to effects [examples][targets], with lambda and KKT residual.
  template <class B, MatrixLike A>
  Effects<typename B::Real> fit(const B& backend, const SubsetMasks& masks, const A& outputs,
                                const Progress& progress = {}) const {
    const MatrixView<const typename A::value_type> y = view(outputs);
    detail::check_regression("PlugInLasso", masks, y);
    return prepare(backend, masks).fit(backend, y, progress);
  }
};

}  // namespace expunge
