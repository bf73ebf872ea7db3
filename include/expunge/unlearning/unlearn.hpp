// Fine-tuning away a forget set: every method is a small description, and this runs it.
//
// A method M says, for a problem:
//
//   m.validate()
//   m.descent()            DescentConfig: rate, epochs, seed
//   m.optimizer()          any Optimizer
//   m.schedule()           any Schedule
//   m.objective(problem)   any Objective: what loss and which examples one pass uses
//
// To add a method, copy gradient_descent.hpp. A method that is no descent (Gauss-Newton matching)
// has `solve` instead, and is run by the same function.
#pragma once

#include "expunge/train/descend.hpp"
#include "expunge/unlearning/problem.hpp"

namespace expunge {

/// See docs/concepts.md#unlearner.
template <class M, class Model, class B>
concept Unlearner = requires(const M& method, const Problem<Model, typename B::Real>& problem) {
  method.validate();
  { method.descent() } -> std::convertible_to<DescentConfig>;
  { method.optimizer() } -> Optimizer<B>;
  { method.schedule() } -> Schedule;
  { method.objective(problem) } -> Objective<B>;
};

/// A method that does not descend by the loop of descend.hpp, but moves the models by itself:
///
///   M::Report                                             has `samples` and `finite`, per member;
///                                                         where it is a MemberHealth
///                                                         (train/divergence.hpp) whose
///                                                         largest_logit `solve` fills, `unlearn`
///                                                         marks the members that ran away
///   m.validate()
///   m.solve(b, problem, models, observer, progress)       moves `models`, which start as theta0
///
/// See docs/concepts.md#unlearner.
template <class M, class Model, class B>
concept SolvingUnlearner = requires(const M& method, B& backend,
                                    const Problem<Model, typename B::Real>& problem,
                                    Ensemble<Model, typename B::Real>& models) {
  typename M::Report;
  method.validate();
  {
    method.solve(backend, problem, models, NoObserver{}, Progress{})
    } -> std::same_as<typename M::Report>;
};

/// The models after unlearning, and what it took.
template <class Model, class Real, class Report = DescentReport>
struct Unlearned {
  Ensemble<Model, Real> models;
  Report report;

  /// Examples that went forward and back per member (repeats counted), over those of a full
  /// training of `epochs` on `n` examples.
  double compute(Index n, Index epochs) const {
    require(n >= 1 && epochs >= 1, "Unlearned::compute: a full training of ", epochs, " epochs on ",
            n, " examples; at least 1 of each is needed");
    const Index most = *std::max_element(report.samples.begin(), report.samples.end());
    return static_cast<double>(most) / static_cast<double>(n * epochs);
  }
};

/// The same for a method that solves.
template <class Method, class Model, class B, class Observer = NoObserver>
requires SolvingUnlearner<Method, Model, B>
    Unlearned<Model, typename B::Real, typename Method::Report> unlearn(
        B& backend, const Method& method, const Problem<Model, typename B::Real>& problem,
        const Observer& after_step = {}, const Progress& progress = {}) {
  method.validate();
  const std::vector<double> start = detail::check_starting_models("unlearn", backend, problem);
  check_finite_inputs(backend, "unlearn", problem.data.inputs);
  Ensemble<Model, typename B::Real> models = problem.models;  // theta0 stays as it is
  typename Method::Report report = method.solve(backend, problem, models, after_step, progress);
  if constexpr (std::is_base_of_v<MemberHealth, typename Method::Report>)
    report.mark_runaways(usual_logit(start));
  return {std::move(models), std::move(report)};
}

/// Runs the method on all members at once, each from its own theta0. Members whose logits grew more
/// than a hundred times beyond those of theta0 on the data count as diverged in the report.
/// Throws std::invalid_argument if theta0, its logits or the inputs are not all finite numbers.
/// `after_epoch(worker, EpochEnd)` sees the weights of each cohort after each epoch.
template <class Method, class Model, class B, class Observer = NoObserver>
Unlearned<Model, typename B::Real> unlearn(B& backend, const Method& method,
                                           const Problem<Model, typename B::Real>& problem,
                                           const Observer& after_epoch = {},
                                           const Progress& progress = {}) {
  static_assert(
      Unlearner<Method, Model, B>,
      "unlearn: the method must have validate, descent, optimizer, schedule and objective; "
      "see docs/concepts.md#unlearner");
  method.validate();
  const std::vector<double> start = detail::check_starting_models("unlearn", backend, problem);
  check_finite_inputs(backend, "unlearn", problem.data.inputs);
  Unlearned<Model, typename B::Real> result{problem.models, {}};  // a copy: theta0 stays as it is
  result.report =
      descend(backend, method.descent(), problem.data, method.objective(problem),
              method.optimizer(), method.schedule(), result.models, after_epoch, progress);
  result.report.mark_runaways(usual_logit(start));
  return result;
}

}  // namespace expunge
