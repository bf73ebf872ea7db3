// The penalty of each target's LASSO, chosen on held-out models (Ilyas et al. 2022).
//
// Models 0 .. a-1 fit, the next b choose lambda by mean squared error along a path from each
// target's own lambda_max downwards; a path ends early when the error has not improved for
// `patience` penalties. Models beyond a + b are never looked at: keep them for LDS.
//
// The preparation depends on the masks alone and can choose for many blocks of targets one after
// the other; the choice of a target does not depend on its block (on a backend that solves targets
// side by side: but for rounding, by which it may be the neighbouring penalty). Cost: one exact
// Gram matrix; for a target, its masked sums and its path. Memory besides outputs: examples^2
// numbers, two copies of the bits of a models, b x examples bytes, and 64 targets a thread at a
// time.
#pragma once

#include <utility>
#include <vector>

#include "expunge/attribution/lasso_regression.hpp"
#include "expunge/attribution/lockstep_path.hpp"
#include "expunge/attribution/validation_models.hpp"

namespace expunge {

struct LassoConfig {
  Index fit_models = 0;         // a; 0 = all that are left after the validation models
  Index validation_models = 0;  // b; 0 = a fifth of all models
  Index lambdas = 100;          // length of the path
  double lambda_ratio = 0.01;   // its last penalty / lambda_max
  Index patience = 5;           // penalties without improvement after which a target stops
  LassoSolverConfig solver{};

  /// What fit_models and validation_models mean for so many models. Throws when they do not fit.
  Index validating(Index models) const {
    return validation_models > 0 ? validation_models : models / 5;
  }
  Index fitting(Index models) const {
    const Index b = validating(models), a = fit_models > 0 ? fit_models : models - b;
    require(a >= 2 && b >= 1 && a + b <= models, "Lasso: ", a, " models to fit and ", b,
            " to validate, of ", models);
    return a;
  }

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

/// What was chosen, [targets] each.
template <class Real>
struct LassoPenalties {
  Array<Real, 1> lambda;              // in standardised columns
  Array<double, 1> validation_error;  // mean squared error on the held-out models at that lambda
};

template <class Real>
class LassoPenaltyChoice {
 public:
  template <class B>
  LassoPenaltyChoice(const B& backend, const SubsetMasks& masks, const LassoConfig& config = {})
      : config_(checked(config)),
        rows_(masks.models()),
        columns_(masks, 0, config.fitting(rows_), backend.threads()),
        bits_(columns_),
        validation_(masks, columns_.models(), config.validating(rows_)),
        gram_(mask_correlations(backend, columns_)) {}

  /// What this occupies with a models to fit and b to validate.
  static std::size_t bytes(Index a, Index b, Index examples) {
    return LassoRegression<Real>::bytes(a, examples) + detail::ValidationModels::bytes(b, examples);
  }

  /// Models that the final fit uses, a + b.
  Index models() const { return columns_.models() + validation_.count(); }
  Index examples() const { return columns_.examples(); }

  /// Outputs [models of the masks][targets] to penalties. Throws where an output that is read is
  /// not finite. A thread of a CPU takes 64 targets.
  template <class B, MatrixLike A>
  LassoPenalties<Real> choose(const B& backend, const A& outputs,
                              const Progress& progress = {}) const {
    const MatrixView<const typename A::value_type> y = view(outputs);
    detail::check_outputs("Lasso", rows_, y);
    std::vector<detail::PathChoice> choices(static_cast<std::size_t>(y.cols));
    ProgressCounter counter(progress, y.cols);
    if constexpr (B::lockstep_members > 0)
      choose_in_lockstep(backend, y, choices, counter);
    else
      choose_one_by_one(backend, y, choices, counter);
    LassoPenalties<Real> chosen{make_array<Real>(y.cols), make_array<double>(y.cols)};
    for (std::size_t t = 0; t < choices.size(); ++t) {
      chosen.lambda.data()[t] = detail::in_range<Real>("Lasso", "the penalty of",
                                                       static_cast<Index>(t), choices[t].lambda);
      chosen.validation_error.data()[t] = choices[t].error;
    }
    return chosen;
  }

  /// The final fit on a + b models, which takes over this one's Gram matrix: there is never a
  /// second. `masks` are those of the construction.
  template <class B>
  LassoRegression<Real> regression(const B& backend, const SubsetMasks& masks) && {
    return {backend, masks, models(), columns_, std::move(gram_), config_.solver, "Lasso"};
  }

 private:
  /// What a thread needs for one target.
  struct Work {
    explicit Work(const LassoPenaltyChoice& of)
        : solver(view(of.gram_)), correlations(static_cast<std::size_t>(of.examples())) {}
    CoordinateDescent<Real> solver;
    std::vector<Real> correlations, y, residual;
  };

  static const LassoConfig& checked(const LassoConfig& config) {
    config.validate();
    return config;
  }

  std::vector<Work> work_of_threads(int threads) const {
    return {static_cast<std::size_t>(thread_count(threads)), Work(*this)};
  }

  /// One target a thread.
  template <class B, class T>
  void choose_one_by_one(const B& backend, MatrixView<const T> y,
                         std::vector<detail::PathChoice>& choices, ProgressCounter& counter) const {
    std::vector<Work> work = work_of_threads(backend.threads());
    for_each_target_block<Real>(
        "Lasso", backend.threads(), y.row_range(0, columns_.models()), bits_,
        [&](int thread, const TargetBlock<Real>& block) {
          Work& own = work[static_cast<std::size_t>(thread)];
          for (Index t = 0; t < block.count(); ++t) {
            const Index target = block.first() + t;
            validation_.read(y, target, block.mean(t), block.scale(t), own.y);
            detail::write_correlations(columns_, block, t, own.correlations.data());
            choices[static_cast<std::size_t>(target)] = walk(own).in_unit(block.scale(t));
          }
          counter.add(block.count());
        });
  }

  /// Blocks of targets side by side; those whose working set outgrows its room one by one.
  template <class B, class T>
  void choose_in_lockstep(const B& backend, MatrixView<const T> y,
                          std::vector<detail::PathChoice>& choices,
                          ProgressCounter& counter) const {
    const Index fitting = columns_.models();
    detail::require_finite_outputs("Lasso", backend.threads(), y.row_range(0, models()));
    std::vector<Work> work = work_of_threads(backend.threads());
    LockstepRegression<B> regression(backend, columns_, view(gram_));
    regression.for_each_block(y.row_range(0, fitting), [&](auto& block) {
      const LockstepPath<Real> path{columns_,         validation_.included(),
                                    config_.lambdas,  config_.lambda_ratio,
                                    config_.patience, config_.solver};
      const auto held_out =
          y.row_range(fitting, validation_.count()).columns(block.first(), block.count());
      const std::vector<detail::PathChoice> best = path.walk(block, held_out);
      std::copy(best.begin(), best.end(), choices.begin() + block.first());
      block.for_each_outgrown(work, [&](Work& own, Index t) {
        const Index target = block.first() + t;
        validation_.read(y, target, block.mean(t), block.scale(t), own.y);
        choices[static_cast<std::size_t>(target)] = walk(own).in_unit(block.scale(t));
      });
      counter.add(block.count());
    });
  }

  /// From the correlations and the validation outputs in `work`, in their unit.
  detail::PathChoice walk(Work& work) const {
    work.solver.start(work.correlations.data());
    detail::PathChoice best;
    detail::walk_path(work.solver, config_.lambdas, config_.lambda_ratio, config_.solver,
                      [&](Index k, Real lambda, const CoordinateDescent<Real>& solver,
                          const DescentStatus<Real>&) {
                        best.see(k, static_cast<double>(lambda),
                                 validation_.error(columns_, solver, work.y, work.residual));
                        return config_.patience - best.without_improvement;
                      });
    return best;
  }

  LassoConfig config_;
  Index rows_;  // models of the masks
  MaskColumns columns_;
  BitPanels bits_;
  detail::ValidationModels validation_;
  Array<Real, 2> gram_;  // [examples][examples]
};

}  // namespace expunge
