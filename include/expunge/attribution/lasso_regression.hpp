// LASSO of any block of targets at given penalties, in raw mask units: what the tuned LASSO
// (lasso.hpp) and the plug-in one (plug_in_lasso.hpp) share.
//
//   minimise 1/(2m) ||y - b - X~ w||^2 + lambda ||w||_1     (elastic net: see lasso_path.hpp)
//
// The preparation depends on the masks alone and can fit many blocks of targets one after the
// other. The effects of a target do not depend on its block; on a backend that solves targets side
// by side (lockstep_regression.hpp) they do by rounding.
//
// Effects come back in raw mask units, beta_j = w_j / sd_j, with an intercept, so that
// intercept + sum_{i in S} beta_i predicts. Cost: one exact Gram matrix; for a target, its masked
// sums and a few sweeps over its non-zero effects. Memory besides outputs and effects: examples^2
// numbers, two copies of the mask bits, and 64 targets a thread at a time.
#pragma once

#include <limits>
#include <utility>
#include <vector>

#include "expunge/attribution/effects.hpp"
#include "expunge/attribution/gram.hpp"
#include "expunge/attribution/lasso_path.hpp"
#include "expunge/attribution/lockstep_regression.hpp"
#include "expunge/attribution/target_block.hpp"

namespace expunge {

namespace detail {

/// Correlations X~'y / m of one target of a block, [examples], in units of the target's scale; 0
/// where a column is constant.
template <class Real>
void write_correlations(const MaskColumns& columns, const TargetBlock<Real>& block, Index t,
                        Real* out) {
  const double per_model = 1 / static_cast<double>(columns.models());
  for (Index i = 0; i < columns.examples(); ++i)
    out[i] = static_cast<Real>(static_cast<double>(block.sum(i, t)) *
                               (per_model * columns.inverse_sd(i)));
}

/// A target as it is solved: its outputs' mean, and the unit of its weights and penalty.
struct TargetUnits {
  double mean, scale;
};

/// Writes one target's weights in raw units and its intercept.
template <class Solver, class Real>
void write_effects(const char* who, const MaskColumns& columns, const Solver& solver,
                   const TargetUnits& units, Index target, Effects<Real>& effects) {
  double intercept = units.mean;
  for (std::size_t a = 0; a < solver.members().size(); ++a) {
    const Index j = solver.members()[a];
    const double w = static_cast<double>(solver.weight(static_cast<Index>(a)));
    if (w == 0) continue;
    const double beta = units.scale * w / columns.sd(j);
    effects.weights.data()[j * effects.targets() + target] =
        in_range<Real>(who, "an effect on", target, beta);
    intercept -= columns.mean(j) * beta;
  }
  effects.intercept.data()[target] = intercept;
}

/// Target t of a block at this penalty, without proposals.
template <class Real>
void set_penalty(LockstepPenalties<Real>& at, Index t, Real lambda, Real largest,
                 const LassoSolverConfig& config) {
  const std::size_t s = static_cast<std::size_t>(t);
  const Real a = static_cast<Real>(config.l1_ratio);
  at.l1[s] = a * lambda;
  at.l2[s] = (1 - a) * lambda;
  at.tolerance[s] = static_cast<Real>(config.tolerance) * largest;
  at.bound[s] = std::numeric_limits<Real>::infinity();
}

/// How the last solve of a block ended.
template <class Block, class Real>
std::vector<DescentStatus<Real>> statuses(const Block& block, const LockstepPenalties<Real>& at) {
  const std::vector<Real> residuals = block.solver().residuals(block.backend());
  const std::vector<std::int32_t> sweeps = block.solver().sweeps(block.backend());
  std::vector<DescentStatus<Real>> ends;
  for (std::size_t t = 0; t < residuals.size(); ++t)
    ends.push_back({residuals[t] <= at.tolerance[t], sweeps[t], residuals[t]});
  return ends;
}

}  // namespace detail

template <class Real>
class LassoRegression {
 public:
  /// Fits the first `models` models of the masks. `who` begins the sentences of errors.
  template <class B>
  LassoRegression(const B& backend, const SubsetMasks& masks, Index models,
                  const LassoSolverConfig& config = {}, const char* who = "LassoRegression")
      : LassoRegression(who, config, masks.models(), checked(who, backend, config, masks, models)) {
    gram_ = mask_correlations(backend, columns_);
  }

  /// The same, from the correlation matrix of the first `before` models: takes that array and adds
  /// the models beyond, which is quicker than a new one where they are few.
  template <class B>
  LassoRegression(const B& backend, const SubsetMasks& masks, Index models,
                  const MaskColumns& before, Array<Real, 2>&& gram,
                  const LassoSolverConfig& config = {}, const char* who = "LassoRegression")
      : LassoRegression(who, config, masks.models(), checked(who, backend, config, masks, models)) {
    gram_ = std::move(gram);
    const Index first = before.models();
    require(first < models, who, ": a Gram matrix of ", first, " models for ", models, " models");
    if constexpr (B::lockstep_members > 0)
      gram_ = Array<Real, 2>(),
      gram_ = mask_correlations(backend, columns_);  // products are quicker
    else
      extend_correlations(backend, before,
                          MaskColumns(masks, first, models - first, backend.threads()), columns_,
                          gram_);
  }

  /// What this occupies when it fits `models` models.
  static std::size_t bytes(Index models, Index examples) {
    return MaskColumns::bytes(models, examples) + BitPanels::bytes(examples, models) +
           correlation_bytes<Real>(examples);
  }

  Index models() const { return columns_.models(); }
  Index examples() const { return columns_.examples(); }

  /// Outputs [models of the masks][targets] at lambda [targets], in standardised columns, to
  /// effects [examples][targets] with lambda and KKT residual. Throws where an output that is read
  /// is not finite, or a lambda is negative or not finite. A thread of a CPU takes 64 targets.
  template <class B, MatrixLike A>
  Effects<Real> fit(const B& backend, const A& outputs, const Array<Real, 1>& lambda,
                    const Progress& progress = {}) const {
    const MatrixView<const typename A::value_type> y = view(outputs);
    require(static_cast<Index>(lambda.size()) == y.cols, who_, ": ", lambda.size(), " lambdas for ",
            y.cols, " targets");
    for (Index t = 0; t < y.cols; ++t)
      require(lambda.data()[t] >= 0 && std::isfinite(lambda.data()[t]), who_, ": lambda of target ",
              t, " is ", lambda.data()[t]);
    return fit_at(backend, y, progress, [&](Index t, double) { return lambda.data()[t]; });
  }

  /// The same at lambda_of(target, sd_y), sd_y the population standard deviation of the outputs.
  template <class B, MatrixLike A, class LambdaOf>
  Effects<Real> fit_at(const B& backend, const A& outputs, const Progress& progress,
                       LambdaOf lambda_of) const {
    const MatrixView<const typename A::value_type> y = view(outputs);
    detail::check_outputs(who_, rows_, y);
    Effects<Real> effects = zero_effects<Real>(examples(), y.cols);
    effects.lambda = make_array<Real>(y.cols);
    effects.kkt_residual = make_array<Real>(y.cols);
    std::vector<DescentStatus<Real>> statuses(static_cast<std::size_t>(y.cols));
    ProgressCounter counter(progress, y.cols);
    const MatrixView<const typename A::value_type> fitted = y.row_range(0, models());
    effects.runaways = find_runaways(fitted, backend.threads());
    if constexpr (B::lockstep_members > 0)
      fit_in_lockstep(backend, fitted, lambda_of, statuses, counter, effects);
    else
      fit_one_by_one(backend, fitted, lambda_of, statuses, counter, effects);
    effects.targets_converged = 0;
    for (const DescentStatus<Real>& status : statuses) {
      effects.targets_converged += status.converged;
      effects.sweeps += status.sweeps;
    }
    return effects;
  }

 private:
  /// What a thread needs for one target.
  struct Work {
    explicit Work(const LassoRegression& of)
        : solver(view(of.gram_)), correlations(static_cast<std::size_t>(of.examples())) {}
    CoordinateDescent<Real> solver;
    std::vector<Real> correlations;
  };

  LassoRegression(const char* who, const LassoSolverConfig& config, Index rows,
                  MaskColumns&& columns)
      : who_(who), config_(config), rows_(rows), columns_(std::move(columns)), bits_(columns_) {}

  template <class B>
  static MaskColumns checked(const char* who, const B& backend, const LassoSolverConfig& config,
                             const SubsetMasks& masks, Index models) {
    config.validate();
    detail::check_models(who, models);
    return MaskColumns(masks, 0, models, backend.threads());
  }

  std::vector<Work> work_of_threads(int threads) const {
    return {static_cast<std::size_t>(thread_count(threads)), Work(*this)};
  }

  /// One target a thread.
  template <class B, class T, class LambdaOf>
  void fit_one_by_one(const B& backend, MatrixView<const T> outputs, LambdaOf lambda_of,
                      std::vector<DescentStatus<Real>>& statuses, ProgressCounter& counter,
                      Effects<Real>& effects) const {
    std::vector<Work> work = work_of_threads(backend.threads());
    for_each_target_block<Real>(
        who_, backend.threads(), outputs, bits_, [&](int thread, const TargetBlock<Real>& block) {
          Work& own = work[static_cast<std::size_t>(thread)];
          for (Index t = 0; t < block.count(); ++t) {
            const Index target = block.first() + t;
            detail::write_correlations(columns_, block, t, own.correlations.data());
            statuses[static_cast<std::size_t>(target)] =
                fit_target(own, target, {block.mean(t), block.scale(t)},
                           lambda_of(target, block.sd(t)), effects);
          }
          counter.add(block.count());
        });
  }

  /// Blocks of targets side by side; those whose working set outgrows its room one by one.
  template <class B, class T, class LambdaOf>
  void fit_in_lockstep(const B& backend, MatrixView<const T> outputs, LambdaOf lambda_of,
                       std::vector<DescentStatus<Real>>& statuses, ProgressCounter& counter,
                       Effects<Real>& effects) const {
    detail::require_finite_outputs(who_, backend.threads(), outputs);
    std::vector<Work> work = work_of_threads(backend.threads());
    LockstepRegression<B> regression(backend, columns_, view(gram_));
    regression.for_each_block(outputs, [&](auto& block) {
      LockstepPenalties<Real> at(block.count());
      std::vector<double> lambdas;
      for (Index t = 0; t < block.count(); ++t) {
        lambdas.push_back(lambda_of(block.first() + t, block.sd(t)));
        detail::set_penalty(at, t, static_cast<Real>(lambdas.back() / block.scale(t)),
                            block.solver().largest_correlation(t), config_);
      }
      block.solver().approach(block.backend(), at);
      block.solver().solve(block.backend(), at, config_.max_sweeps);
      block.fetch();
      const std::vector<DescentStatus<Real>> ends = detail::statuses(block, at);
      std::copy(ends.begin(), ends.end(), statuses.begin() + block.first());
      parallel_for(backend.threads(), block.count(), [&](int, Index t) {
        const std::size_t s = static_cast<std::size_t>(t);
        if (!block.solver().outgrown(t))
          record(block.solution(t), ends[s], block.solver().largest_correlation(t),
                 block.first() + t, {block.mean(t), block.scale(t)}, lambdas[s], effects);
      });
      block.for_each_outgrown(work, [&](Work& own, Index t) {
        const Index target = block.first() + t;
        statuses[static_cast<std::size_t>(target)] =
            fit_target(own, target, {block.mean(t), block.scale(t)},
                       lambdas[static_cast<std::size_t>(t)], effects);
      });
      counter.add(block.count());
    });
  }

  /// From the correlations in `work`; lambda in units of the outputs.
  DescentStatus<Real> fit_target(Work& work, Index target, const detail::TargetUnits& units,
                                 double lambda, Effects<Real>& effects) const {
    work.solver.start(work.correlations.data());
    const DescentStatus<Real> status =
        detail::solve_at(work.solver, static_cast<Real>(lambda / units.scale), config_);
    record(work.solver, status, work.solver.largest_correlation(), target, units, lambda, effects);
    return status;
  }

  template <class Solver>
  void record(const Solver& solver, const DescentStatus<Real>& status, Real largest, Index target,
              const detail::TargetUnits& units, double lambda, Effects<Real>& effects) const {
    detail::write_effects(who_, columns_, solver, units, target, effects);
    effects.lambda.data()[target] = detail::in_range<Real>(who_, "the penalty of", target, lambda);
    effects.kkt_residual.data()[target] = detail::relative(status.residual, largest);
  }

  const char* who_;
  LassoSolverConfig config_;
  Index rows_;  // models of the masks
  MaskColumns columns_;
  BitPanels bits_;
  Array<Real, 2> gram_;  // [examples][examples]
};

}  // namespace expunge
