// The penalty of each target's LASSO, chosen on held-out models (Ilyas et al. 2022).
//
// Models 0 .. a-1 fit, the next b choose lambda by mean squared error along a path from each
// target's own lambda_max downwards; a path ends early when the error has not improved for
// `patience` penalties. Models beyond a + b are never looked at: keep them for LDS.
//
// The preparation depends on the masks alone and can choose for many blocks of targets one after
// the other; the choice of a target does not depend on its block. Cost: one exact Gram matrix; for
// a target, its masked sums and its path. Memory besides outputs: examples^2 numbers, two copies of
// the bits of a models, b x examples bytes, and 64 targets a thread at a time.
#pragma once

#include <utility>
#include <vector>

#include "expunge/attribution/lasso_regression.hpp"
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
  Array<Real, 1> lambda;            // in standardised columns
  Array<Real, 1> validation_error;  // mean squared error on the held-out models at that lambda
};

namespace detail {

/// The best penalty of a path so far.
struct PathChoice {
  double lambda = 0;
  double error = 0;
  Index without_improvement = 0;
};

}  // namespace detail

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
  /// not finite. A thread takes 64 targets at a time.
  template <class B, MatrixLike A>
  LassoPenalties<Real> choose(const B& backend, const A& outputs,
                              const Progress& progress = {}) const {
    const MatrixView<const typename A::value_type> y = view(outputs);
    detail::check_outputs("Lasso", rows_, y);
    LassoPenalties<Real> chosen{make_array<Real>(y.cols), make_array<Real>(y.cols)};
    ProgressCounter counter(progress, y.cols);
    std::vector<Work> work(static_cast<std::size_t>(thread_count(backend.threads())), Work(*this));
    for_each_target_block<Real>("Lasso", backend.threads(), y.row_range(0, columns_.models()),
                                bits_, [&](int thread, const TargetBlock<Real>& block) {
                                  Work& own = work[static_cast<std::size_t>(thread)];
                                  for (Index t = 0; t < block.count(); ++t) {
                                    const Index target = block.first() + t;
                                    validation_.read(y, target, own.y);
                                    const detail::PathChoice choice = walk(own, block, t);
                                    chosen.lambda.data()[target] = static_cast<Real>(choice.lambda);
                                    chosen.validation_error.data()[target] =
                                        static_cast<Real>(choice.error);
                                  }
                                  counter.add(block.count());
                                });
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

  detail::PathChoice walk(Work& work, const TargetBlock<Real>& block, Index t) const {
    detail::write_correlations(columns_, block, t, work.correlations.data());
    work.solver.start(work.correlations.data());
    detail::PathChoice best;
    detail::walk_path(work.solver, config_.lambdas, config_.lambda_ratio, config_.solver,
                      [&](Index k, Real lambda, const CoordinateDescent<Real>& solver,
                          const DescentStatus<Real>&) {
                        const double error = validation_.error(columns_, solver, block.mean(t),
                                                               work.y, work.residual);
                        ++best.without_improvement;
                        if (k == 0 || error < best.error)
                          best = {static_cast<double>(lambda), error, 0};
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
