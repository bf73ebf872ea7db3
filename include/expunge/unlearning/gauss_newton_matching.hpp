// Gauss-Newton matching: Oracle Matching and Datamodel Matching solved as the least squares that
// they are, instead of by many small steps of Adam.
//
//   minimise over theta:   sum over x in F u R' of  w_x |f_x(theta) - target(x)|^2
//                          + mu (theta - theta0)' P^-1 (theta - theta0)
//
// Every step linearises f and solves; for all but tiny models the solve is dual, in the space of
// the outputs: theta0 + P J'(J P J' + mu W^-1)^-1 r, by conjugate gradients that need products J v
// and J'a alone. mu is relative to the mean diagonal of J J'. R' is chosen by a policy, and so is
// P.
//
// In other words: the posterior mean of Gaussian-process regression of the change of outputs, with
// the network's own tangent kernel as prior covariance (through P, that of the weights' move) and
// mu / w_x as the variance of the noise in the targets. So damping also smooths what attribution
// got wrong point by point.
//
// Source: ours. Close in spirit to scrubbing by the neural tangent kernel (Golatkar, Achille,
// Soatto 2020, arXiv 2003.02960, equation 10 there gives a shift of the weights by an NTK solve),
// with targets from attribution or oracles in the place of a linearised retraining. Gauss-Newton
// with a fixed Tikhonov term: Bakushinskii 1992. docs/methods/gauss_newton_matching.md derives it.
#pragma once

#include "expunge/data/forget_sets.hpp"
#include "expunge/linearisation/kronecker_prior.hpp"
#include "expunge/output/evaluate.hpp"
#include "expunge/unlearning/dm_direct.hpp"
#include "expunge/unlearning/gauss_newton_cohort.hpp"
#include "expunge/unlearning/oracle_outputs.hpp"
#include "expunge/unlearning/retain/uniform.hpp"
#include "expunge/unlearning/unlearn.hpp"

namespace expunge {

template <class TargetType, class RetainType = UniformRetain, class PriorType = KroneckerPrior,
          class OutputType = Logits>
struct GaussNewtonMatching {
  using Report = GaussNewtonReport;

  TargetType target;
  double damping = 3e-3;       // > 0: mu, relative to the mean diagonal of J J' at theta0
  Index iterations = 4;        // >= 1: of the solver, in each step
  double tolerance = 1e-3;     // of the solver's relative residual, in [0, 1)
  Index steps = 1;             // >= 1: linearisations
  Index retain_count = 250;    // >= 0: points of R', at most all
  double retain_multiple = 5;  // >= 0: and this many times |F|, if that is more
  double forget_weight = 1;    // > 0: w of forget points; that of retain points is 1
  Index batch = 1024;          // points that go through the model at a time
  RetainType retain = {};
  PriorType prior = {};
  OutputType output = {};
  std::uint64_t seed = 0;  // of the choice of retain points

  void validate() const {
    target.validate();
    retain.validate();
    prior.validate();
    solver().validate();
    require(damping > 0 && std::isfinite(damping), "GaussNewtonMatching: damping is ", damping,
            ", not positive and finite");
    require(steps >= 1, "GaussNewtonMatching: steps is ", steps, ", below 1");
    require(retain_count >= 0, "GaussNewtonMatching: retain_count is ", retain_count, ", negative");
    require(retain_multiple >= 0 && std::isfinite(retain_multiple),
            "GaussNewtonMatching: retain_multiple is ", retain_multiple,
            ", negative or not finite");
    require(forget_weight > 0 && std::isfinite(forget_weight),
            "GaussNewtonMatching: forget_weight is ", forget_weight, ", not positive and finite");
    require(batch >= 1, "GaussNewtonMatching: batch is ", batch, ", below 1");
  }
  /// Points of R' for forget and retain sets of these sizes.
  Index retain_points(Index forget, Index retain_size) const {
    const double multiple = std::floor(retain_multiple * static_cast<double>(forget));
    return static_cast<Index>(std::min(static_cast<double>(retain_size),
                                       std::max(static_cast<double>(retain_count), multiple)));
  }
  SolverConfig solver() const { return {.iterations = iterations, .tolerance = tolerance}; }

  /// Moves `models`, which start as theta0 of the problem. `after_step(worker, EpochEnd)` sees the
  /// weights of each cohort after each step.
  template <class B, class Model, class Real, class Observer>
  GaussNewtonReport solve(B& backend, const Problem<Model, Real>& problem,
                          Ensemble<Model, Real>& models, const Observer& after_step,
                          const Progress& progress) const {
    static_assert(Target<TargetType, Real>,
                  "GaussNewtonMatching: the target must have validate and targets(base, forget); "
                  "see docs/concepts.md#target");
    static_assert(RetainStrategy<RetainType, Model, B>,
                  "GaussNewtonMatching: the retain strategy must have validate, select and passes; "
                  "see docs/concepts.md#retainstrategy");
    static_assert(
        WeightPrior<PriorType, Jacobian<Model, B, OutputType>, B>,
        "GaussNewtonMatching: the prior must have validate and a Metric with measure, set, "
        "apply, apply_inverse, apply_root, apply_root_transpose and flops; see "
        "docs/concepts.md#weightprior");
    const auto base =
        evaluate_output(output, training_logits(problem), problem.data.labels, backend.threads());
    const TensorView<const Real> from = view(base);
    const Array<Real, 3> all_targets = target.targets(from, problem.forget);
    const Array<Index, 2> points = matched_points(backend, problem, from, view(all_targets));
    const Array<Real, 3> targets = rows_of(view(all_targets), view(points));
    GaussNewtonReport report(models.members());
    ProgressCounter counter(progress, models.members());
    constexpr Index copies = 16;  // theta, and the moves of the solver and of the trust rule
    const std::size_t bytes =
        member_bytes<Model, B>(std::min<Index>(batch, view(points).cols), copies);
    for_each_cohort(backend, models.members(), bytes, [&](B& worker, Index first, Index count) {
      const MatrixView<const Index> own =
          points.shape()[0] == 1 ? view(points) : view(points).row_range(first, count);
      match_cohort(worker, problem, own, view(targets).member_range(first, count), first, models,
                   after_step, report);
      counter.add(count);
    });
    const auto choosing = static_cast<Index>(
        std::ceil(retain.passes(models.members()) * static_cast<double>(problem.data.size()) / 2));
    for (Index& samples : report.samples) samples += choosing;
    for (Index& samples : report.samples_by_epoch) samples += choosing;
    return report;
  }

 private:
  /// F, then R', [1 or members][points].
  template <class B, class Model, class Real>
  Array<Index, 2> matched_points(B& backend, const Problem<Model, Real>& problem,
                                 TensorView<const Real> base,
                                 TensorView<const Real> targets) const {
    const auto forget = static_cast<Index>(problem.forget.size());
    const Index count = retain_points(forget, static_cast<Index>(problem.retain.size()));
    const RetainLists lists =
        retain.select(backend, RetainQuery<Model, Real>{problem, base, targets, count, seed});
    const auto rows = static_cast<Index>(lists.size());
    require(rows == 1 || rows == base.members, "GaussNewtonMatching: the strategy gave ", rows,
            " lists of retain points for ", base.members, " members");
    Array<Index, 2> points = make_array<Index>(rows, forget + count);
    for (Index m = 0; m < rows; ++m) {
      std::vector<Index> list = problem.forget;
      const std::vector<Index>& chosen = lists[static_cast<std::size_t>(m)];
      require(static_cast<Index>(chosen.size()) == count,
              "GaussNewtonMatching: the strategy chose ", chosen.size(),
              " retain points instead of ", count);
      list.insert(list.end(), chosen.begin(), chosen.end());
      check_forget_set("GaussNewtonMatching: the retain points", list, problem.data.size());
      std::copy(list.begin(), list.end(), view(points).row(m));
    }
    return points;
  }

  template <class Real>
  static Array<Real, 3> rows_of(TensorView<const Real> x, MatrixView<const Index> rows) {
    Array<Real, 3> part = make_array<Real>(x.members, rows.cols, x.features);
    for (Index m = 0; m < x.members; ++m)
      for (Index i = 0; i < rows.cols; ++i)
        std::copy_n(x.row(m, rows(rows.rows == 1 ? 0 : m, i)), x.features, view(part).row(m, i));
    return part;
  }

  template <class B, class Model, class Real, class Observer>
  void match_cohort(B& worker, const Problem<Model, Real>& problem, MatrixView<const Index> points,
                    TensorView<const Real> targets, Index first, Ensemble<Model, Real>& models,
                    const Observer& after_step, GaussNewtonReport& report) const {
    using Cohort = detail::CohortMatching<Model, B, OutputType, PriorType>;
    CohortWeights<Model, B> weights(worker, targets.members), start(worker, targets.members);
    weights.load(worker, models, first);
    start.load(worker, models, first);
    typename Cohort::System system(worker, output, prior, problem.data, points,
                                   static_cast<Index>(problem.forget.size()), forget_weight, batch,
                                   start.theta(), targets);
    Cohort cohort(worker, system, weights, first, report);
    cohort.run(worker, damping, solver(), steps, [&](Index step) {
      after_step(worker, EpochEnd<Real>{step, first, weights.view()});
    });
    weights.store(worker, models, first);
    const std::vector<double> largest = system.jacobian().largest_logits(worker);
    std::copy(largest.begin(), largest.end(), report.largest_logit.begin() + first);
    for (Index m = first; m < first + targets.members; ++m)
      report.finite[static_cast<std::size_t>(m)] = is_finite(models, m);
  }
};

}  // namespace expunge
