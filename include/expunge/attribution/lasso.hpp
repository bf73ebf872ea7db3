// LASSO datamodels with a penalty chosen for each target on held-out models (Ilyas et al. 2022).
//
//   minimise 1/(2m) ||y - b - X~ w||^2 + lambda ||w||_1     (elastic net: see lasso_path.hpp)
//
// Models 0 .. a-1 fit, the next b choose lambda by mean squared error along a path from each
// target's own lambda_max downwards; a path ends early when the error has not improved for
// `patience` penalties. Then all a + b models are fitted at the chosen lambda. Models beyond a + b
// are never looked at: keep them for LDS. Masks say 1 = included.
//
// Where we differ from the reference solver (fast_l1, SAGA on a GPU): its squares carry 1/m and no
// 2, so its lambda is twice ours; its path begins below lambda_max when alpha is .5; its weights
// stay in standardised units without the means and sds that a prediction needs. Ours are raw,
// beta_j = w_j / sd_j, and every target reports its KKT residual.
//
// Cost: two exact Gram matrices, two passes of masked sums, and the paths. Memory: examples^2
// numbers, validation models x examples bytes, and 64 targets a thread at a time.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "expunge/attribution/plug_in_lasso.hpp"

namespace expunge {

struct LassoConfig {
  Index fit_models = 0;         // a; 0 = all that are left after the validation models
  Index validation_models = 0;  // b; 0 = a fifth of all models
  Index lambdas = 100;          // length of the path
  double lambda_ratio = 0.01;   // its last penalty / lambda_max
  Index patience = 5;           // penalties without improvement after which a target stops
  LassoSolverConfig solver{};

  void validate() const {
    require(fit_models >= 0, "LassoConfig: fit_models is ", fit_models);
    require(validation_models >= 0, "LassoConfig: validation_models is ", validation_models);
    require(lambdas >= 1, "LassoConfig: lambdas is ", lambdas, ", below 1");
    require(lambda_ratio > 0 && lambda_ratio < 1, "LassoConfig: lambda_ratio is ", lambda_ratio,
            ", not in (0, 1)");
    require(patience >= 1, "LassoConfig: patience is ", patience, ", below 1");
    solver.validate();
  }
};

namespace detail {

/// The held-out models: masks as bytes, example-major, so that a target's few non-zero effects add
/// up to predictions by columns.
class ValidationModels {
 public:
  ValidationModels(const SubsetMasks& masks, Index first, Index count)
      : count_(count), included_(static_cast<std::size_t>(count * masks.examples())) {
    for (Index m = 0; m < count; ++m)
      for (const Index i : masks.members(first + m))
        included_[static_cast<std::size_t>(i * count + m)] = 1;
  }

  Index count() const { return count_; }

  /// Mean squared error of the solver's present weights on outputs y [count].
  template <class Real>
  double error(const MaskColumns& columns, const CoordinateDescent<Real>& solver, double mean,
               const std::vector<Real>& y, std::vector<Real>& residual) const {
    double base = mean;
    residual = y;
    for (std::size_t a = 0; a < solver.members().size(); ++a) {
      const Index j = solver.members()[a];
      const double w = static_cast<double>(solver.weight(static_cast<Index>(a)));
      if (w == 0) continue;
      const Real beta = static_cast<Real>(w / columns.sd(j));
      const std::uint8_t* column = included_.data() + j * count_;
      for (std::size_t m = 0; m < residual.size(); ++m)
        residual[m] -= beta * static_cast<Real>(column[m]);
      base -= columns.mean(j) * w / columns.sd(j);
    }
    double sum = 0;
    for (const Real r : residual)
      sum += (static_cast<double>(r) - base) * (static_cast<double>(r) - base);
    return sum / static_cast<double>(count_);
  }

 private:
  Index count_;
  std::vector<std::uint8_t> included_;  // [examples][count]
};

/// The best penalty of a path so far.
struct PathChoice {
  double lambda = 0;
  double error = 0;
  Index without_improvement = 0;
};

}  // namespace detail

struct Lasso {
  LassoConfig config{};

  /// Outputs [models][targets] to effects [examples][targets], with lambda, validation error and
  /// KKT residual. Throws when models are too few or an output is not finite. Progress counts every
  /// target twice, once for its path and once for the final fit.
  template <class B, MatrixLike A>
  Effects<typename B::Real> fit(const B& backend, const SubsetMasks& masks, const A& outputs,
                                const Progress& progress = {}) const {
    using Real = typename B::Real;
    config.validate();
    const MatrixView<const typename A::value_type> y = view(outputs);
    detail::check_regression("Lasso", masks, y);
    const Index b = config.validation_models > 0 ? config.validation_models : y.rows / 5;
    const Index a = config.fit_models > 0 ? config.fit_models : y.rows - b;
    require(a >= 2 && b >= 1 && a + b <= y.rows, "Lasso: ", a, " models to fit and ", b,
            " to validate, of ", y.rows);
    ProgressCounter counter(progress, 2 * y.cols);
    Array<Real, 1> error = make_array<Real>(y.cols);
    const std::vector<double> lambda = choose(backend, masks, y, a, b, counter, error);
    Effects<Real> effects = detail::fit_lasso_at(
        "Lasso", backend, MaskColumns(masks, 0, a + b, backend.threads()), y.row_range(0, a + b),
        config.solver, counter,
        [&](Index target, double) { return lambda[static_cast<std::size_t>(target)]; });
    effects.validation_error = error;
    return effects;
  }

 private:
  /// Each target's best penalty; writes its error on the validation models.
  template <class B, class T>
  std::vector<double> choose(const B& backend, const SubsetMasks& masks, MatrixView<const T> y,
                             Index a, Index b, ProgressCounter& counter,
                             Array<typename B::Real, 1>& error) const {
    using Real = typename B::Real;
    const MaskColumns columns(masks, 0, a, backend.threads());
    const Array<Real, 2> gram = mask_correlations(backend, columns);
    const detail::ValidationModels validation(masks, a, b);
    const std::size_t threads = static_cast<std::size_t>(thread_count(backend.threads()));
    std::vector<CoordinateDescent<Real>> solvers(threads, CoordinateDescent<Real>(view(gram)));
    std::vector<double> lambda(static_cast<std::size_t>(y.cols));
    for_each_target_block<Real>("Lasso", backend.threads(), y.row_range(0, a), BitPanels(columns),
                                [&](int thread, const TargetBlock<Real>& block) {
                                  for (Index t = 0; t < block.count(); ++t) {
                                    const Index target = block.first() + t;
                                    const detail::PathChoice choice =
                                        walk(columns, validation, block, t,
                                             held_out<Real>(y, a, b, target),
                                             solvers[static_cast<std::size_t>(thread)]);
                                    lambda[static_cast<std::size_t>(target)] = choice.lambda;
                                    error.data()[target] = static_cast<Real>(choice.error);
                                  }
                                  counter.add(block.count());
                                });
    return lambda;
  }

  /// The outputs of one target on the validation models, checked.
  template <class Real, class T>
  static std::vector<Real> held_out(MatrixView<const T> y, Index a, Index b, Index target) {
    std::vector<Real> values(static_cast<std::size_t>(b));
    for (Index m = 0; m < b; ++m) {
      const double value = static_cast<double>(y(a + m, target));
      if (!std::isfinite(value))
        require(false, "Lasso: the output of model ", a + m, " at target ", target, " is ", value);
      values[static_cast<std::size_t>(m)] = static_cast<Real>(value);
    }
    return values;
  }

  template <class Real>
  detail::PathChoice walk(const MaskColumns& columns, const detail::ValidationModels& validation,
                          const TargetBlock<Real>& block, Index t, const std::vector<Real>& y,
                          CoordinateDescent<Real>& target) const {
    std::vector<Real> correlations(static_cast<std::size_t>(columns.examples())), residual;
    detail::write_correlations(columns, block, t, correlations.data());
    target.start(correlations.data());
    detail::PathChoice best;
    detail::walk_path(target, config.lambdas, config.lambda_ratio, config.solver,
                      [&](Index k, Real lambda, const CoordinateDescent<Real>& solver,
                          const DescentStatus<Real>&) {
                        const double error =
                            validation.error(columns, solver, block.mean(t), y, residual);
                        const bool better = k == 0 || error < best.error;
                        if (better) best = {static_cast<double>(lambda), error, -1};
                        return ++best.without_improvement < config.patience;
                      });
    return best;
  }
};

}  // namespace expunge
