// LASSO with a penalty that needs no tuning, and what it shares with the tuned one (lasso.hpp).
//
//   minimise 1/(2m) ||y - b - X~ w||^2 + lambda ||w||_1,   lambda = c sd_y / sqrt(m)
//
// X~ are the mask columns centred and divided by their sd: on raw columns the penalty of coordinate
// j reads c sd_y sd_j / sqrt(m). sd_y / sqrt(m) is the standard error of a column's correlation
// with y when nothing is there, so c counts standard errors (the plug-in penalty of Belloni and
// Chernozhukov 2011, without its logarithm: we do not ask for no false effect at all). c = 1 to 1.5
// works untuned.
//
// Effects come back in raw mask units, beta_j = w_j / sd_j, with an intercept, so that
// intercept + sum_{i in S} beta_i predicts. Cost: one exact Gram matrix, one pass of masked sums,
// and a few sweeps over each target's non-zero effects.
#pragma once

#include <cmath>
#include <vector>

#include "expunge/attribution/difference_of_means.hpp"
#include "expunge/attribution/gram.hpp"
#include "expunge/attribution/lasso_path.hpp"

namespace expunge {

namespace detail {

/// Correlations X~'y / m of one target of a block, [examples]; 0 where a column is constant.
template <class Real>
void write_correlations(const MaskColumns& columns, const TargetBlock<Real>& block, Index t,
                        Real* out) {
  const double per_model = 1 / static_cast<double>(columns.models());
  for (Index i = 0; i < columns.examples(); ++i)
    out[i] = static_cast<Real>(static_cast<double>(block.sum(i, t)) *
                               (per_model * columns.inverse_sd(i)));
}

/// Writes one target's weights in raw units and its intercept.
template <class Real>
void write_effects(const MaskColumns& columns, const CoordinateDescent<Real>& solver, double mean,
                   Index target, Effects<Real>& effects) {
  double intercept = mean;
  for (std::size_t a = 0; a < solver.members().size(); ++a) {
    const Index j = solver.members()[a];
    const double w = static_cast<double>(solver.weight(static_cast<Index>(a)));
    if (w == 0) continue;
    const double beta = w / columns.sd(j);
    effects.weights.data()[j * effects.targets() + target] = static_cast<Real>(beta);
    intercept -= columns.mean(j) * beta;
  }
  effects.intercept.data()[target] = static_cast<Real>(intercept);
}

/// Fits every target at its own penalty, lambda_of(target, sd_y), on the models of `columns`.
template <class B, class T, class LambdaOf>
Effects<typename B::Real> fit_lasso_at(const char* who, const B& backend,
                                       const MaskColumns& columns, MatrixView<const T> outputs,
                                       const LassoSolverConfig& config, ProgressCounter& counter,
                                       LambdaOf lambda_of) {
  using Real = typename B::Real;
  const Index n = columns.examples();
  const Array<Real, 2> gram = mask_correlations(backend, columns);
  Effects<Real> effects = zero_effects<Real>(n, outputs.cols);
  effects.lambda = make_array<Real>(outputs.cols);
  effects.kkt_residual = make_array<Real>(outputs.cols);
  Array<Index, 2> counts = make_array<Index>(outputs.cols, 2);
  const std::size_t threads = static_cast<std::size_t>(thread_count(backend.threads()));
  std::vector<CoordinateDescent<Real>> solvers(threads, CoordinateDescent<Real>(view(gram)));
  std::vector<std::vector<Real>> correlations(threads,
                                              std::vector<Real>(static_cast<std::size_t>(n)));
  const auto fit_target = [&](std::size_t thread, const TargetBlock<Real>& block, Index t) {
    const Index target = block.first() + t;
    CoordinateDescent<Real>& solver = solvers[thread];
    write_correlations(columns, block, t, correlations[thread].data());
    solver.start(correlations[thread].data());
    const Real a = static_cast<Real>(config.l1_ratio), largest = solver.largest_correlation();
    const Real lambda = static_cast<Real>(lambda_of(target, block.sd(t)));
    solver.approach(a * lambda, (1 - a) * lambda);
    const DescentStatus<Real> status =
        solver.solve(a * lambda, (1 - a) * lambda, static_cast<Real>(config.tolerance) * largest,
                     config.max_sweeps);
    write_effects(columns, solver, block.mean(t), target, effects);
    effects.lambda.data()[target] = lambda;
    effects.kkt_residual.data()[target] = relative(status.residual, largest);
    counts(target, 0) = status.converged;
    counts(target, 1) = status.sweeps;
  };
  for_each_target_block<Real>(who, backend.threads(), outputs, BitPanels(columns),
                              [&](int thread, const TargetBlock<Real>& block) {
                                for (Index t = 0; t < block.count(); ++t)
                                  fit_target(static_cast<std::size_t>(thread), block, t);
                                counter.add(block.count());
                              });
  effects.targets_converged = 0;
  for (Index t = 0; t < outputs.cols; ++t) {
    effects.targets_converged += counts(t, 0);
    effects.sweeps += counts(t, 1);
  }
  return effects;
}

}  // namespace detail

struct PlugInLassoConfig {
  double standard_errors = 1.25;  // c, > 0
  LassoSolverConfig solver{};

  void validate() const {
    require(standard_errors > 0, "PlugInLassoConfig: standard_errors is ", standard_errors,
            ", not above 0");
    solver.validate();
  }
};

struct PlugInLasso {
  PlugInLassoConfig config{};

  /// Outputs [models][targets] to effects [examples][targets], with lambda and KKT residual.
  template <class B, MatrixLike A>
  Effects<typename B::Real> fit(const B& backend, const SubsetMasks& masks, const A& outputs,
                                const Progress& progress = {}) const {
    config.validate();
    const MatrixView<const typename A::value_type> y = view(outputs);
    detail::check_regression("PlugInLasso", masks, y);
    ProgressCounter counter(progress, y.cols);
    const double scale = config.standard_errors / std::sqrt(static_cast<double>(y.rows));
    return detail::fit_lasso_at("PlugInLasso", backend, MaskColumns(masks, backend.threads()), y,
                                config.solver, counter,
                                [&](Index, double sd_y) { return scale * sd_y; });
  }
};

}  // namespace expunge
