// Gauss-Newton matching: Oracle Matching and Datamodel Matching solved as the least squares that
// they are, instead of by many small steps of Adam.
//
//   minimise over theta:   sum over x in F u R' of  w_x |f_x(theta) - target(x)|^2
//                          + mu |theta - theta0|^2
//
// Every step linearises f and solves; for all but tiny models the solve is dual, in the space of
// the outputs: theta0 + J'(J J' + mu W^-1)^-1 r, by conjugate gradients that need products J v and
// J'a alone. mu is relative to the mean diagonal of J J'. R' is chosen by a policy.
//
// In other words: the posterior mean of Gaussian-process regression of the change of outputs, with
// the network's own tangent kernel as prior covariance and mu / w_x as the variance of the noise in
// the targets. So damping also smooths what attribution got wrong point by point.
//
// Source: ours. Close in spirit to scrubbing by the neural tangent kernel (Golatkar, Achille, Soatto
// 2020, arXiv 2003.02960, equation 10 there gives a shift of the weights by an NTK solve), with
// targets from attribution or oracles in the place of a linearised retraining. Gauss-Newton with a
// fixed Tikhonov term: Bakushinskii 1992. docs/methods/gauss_newton_matching.md derives it.
#pragma once

#include "expunge/data/forget_sets.hpp"
#include "expunge/linearisation/head_kernel.hpp"
#include "expunge/linearisation/output_blocks.hpp"
#include "expunge/output/evaluate.hpp"
#include "expunge/unlearning/dm_direct.hpp"
#include "expunge/unlearning/gauss_newton_cohort.hpp"
#include "expunge/unlearning/oracle_outputs.hpp"
#include "expunge/unlearning/retain/uniform.hpp"
#include "expunge/unlearning/unlearn.hpp"

namespace expunge {

template <class TargetType, class RetainType = UniformRetain,
          class PreconditionerType = OutputBlocks, class OutputType = Logits>
struct GaussNewtonMatching {
  using Report = GaussNewtonReport;

  TargetType target;
  double damping = 3e-2;     // > 0: mu, relative to the mean diagonal of J J' at theta0
  Index iterations = 8;      // >= 1: of the solver, in each step
  double tolerance = 1e-3;   // of the solver's relative residual, in [0, 1)
  Index steps = 1;           // >= 1: linearisations
  Index retain_count = 80;   // >= 0, at most all
  double forget_weight = 1;  // > 0: w of forget points; that of retain points is 1
  Index batch = 1024;        // points that go through the model at a time
  RetainType retain = {};
  PreconditionerType preconditioner = {};
  OutputType output = {};
  std::uint64_t seed = 0;  // of the choice of retain points

  void validate() const {
    target.validate();
    retain.validate();
    preconditioner.validate();
    solver().validate();
    require(damping > 0 && std::isfinite(damping), "GaussNewtonMatching: damping is ", damping,
            ", not positive and finite");
    require(steps >= 1, "GaussNewtonMatching: steps is ", steps, ", below 1");
    require(retain_count >= 0, "GaussNewtonMatching: retain_count is ", retain_count, ", negative");
    require(forget_weight > 0 && std::isfinite(forget_weight),
            "GaussNewtonMatching: forget_weight is ", forget_weight, ", not positive and finite");
    require(batch >= 1, "GaussNewtonMatching: batch is ", batch, ", below 1");
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
        PreconditionerPolicy<PreconditionerType, Jacobian<Model, B, OutputType>, B>,
        "GaussNewtonMatching: the preconditioner must have validate and a Factor with factorise, "
        "apply and flops; see docs/concepts.md#preconditioner");
    const auto base =
        evaluate_output(output, training_logits(problem), problem.data.labels, backend.threads());
    const TensorView<const Real> from = view(base);
    const Array<Real, 3> all_targets = target.targets(from, problem.forget);
    const std::vector<Index> points = matched_points(backend, problem, from, view(all_targets));
    const Array<Real, 3> targets = rows_of(view(all_targets), points);
    GaussNewtonReport report(models.members());
    ProgressCounter counter(progress, models.members());
    for_each_cohort(backend, models.members(), [&](B& worker, Index first, Index count) {
      match_cohort(worker, problem, points, view(targets).member_range(first, count), first, models,
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
  /// F, then R'.
  template <class B, class Model, class Real>
  std::vector<Index> matched_points(B& backend, const Problem<Model, Real>& problem,
                                    TensorView<const Real> base,
                                    TensorView<const Real> targets) const {
    const Index count = std::min(retain_count, static_cast<Index>(problem.retain.size()));
    const std::vector<Index> chosen =
        retain.select(backend, RetainQuery<Model, Real>{problem, base, targets, count, seed});
    require(static_cast<Index>(chosen.size()) == count, "GaussNewtonMatching: the strategy chose ",
            chosen.size(), " retain points instead of ", count);
    std::vector<Index> points = problem.forget;
    points.insert(points.end(), chosen.begin(), chosen.end());
    check_forget_set("GaussNewtonMatching: the retain points", points, problem.data.size());
    return points;
  }

  template <class Real>
  static Array<Real, 3> rows_of(TensorView<const Real> x, const std::vector<Index>& rows) {
    Array<Real, 3> part = make_array<Real>(x.members, rows.size(), x.features);
    for (Index m = 0; m < x.members; ++m)
      for (std::size_t i = 0; i < rows.size(); ++i)
        std::copy_n(x.row(m, rows[i]), x.features, view(part).row(m, static_cast<Index>(i)));
    return part;
  }

  template <class B, class Model, class Real, class Observer>
  void match_cohort(B& worker, const Problem<Model, Real>& problem,
                    const std::vector<Index>& points, TensorView<const Real> targets, Index first,
                    Ensemble<Model, Real>& models, const Observer& after_step,
                    GaussNewtonReport& report) const {
    using Cohort = detail::CohortMatching<Model, B, OutputType, PreconditionerType>;
    CohortWeights<Model, B> weights(worker, targets.members), start(worker, targets.members);
    weights.load(worker, models, first);
    start.load(worker, models, first);
    typename Cohort::System system(worker, output, problem.data, points,
                                   static_cast<Index>(problem.forget.size()), forget_weight, batch,
                                   start.theta(), targets);
    Cohort cohort(worker, system, preconditioner, weights, first, report);
    cohort.run(worker, damping, solver(), steps, [&](Index step) {
      after_step(worker, EpochEnd<Real>{step, first, weights.view()});
    });
    weights.store(worker, models, first);
    for (Index m = first; m < first + targets.members; ++m)
      report.finite[static_cast<std::size_t>(m)] = is_finite(models, m);
  }
};

}  // namespace expunge
