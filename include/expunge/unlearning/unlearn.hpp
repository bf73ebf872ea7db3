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
// To add a method, copy gradient_descent.hpp.
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

/// The models after unlearning, and what it took.
template <class Model, class Real>
struct Unlearned {
  Ensemble<Model, Real> models;
  DescentReport report;

  /// Examples that went forward and back per member (repeats counted), over those of a full
  /// training of `epochs` on `n` examples.
  double compute(Index n, Index epochs) const {
    const Index most = *std::max_element(report.samples.begin(), report.samples.end());
    return static_cast<double>(most) / static_cast<double>(n * epochs);
  }
};

/// Runs the method on all members at once, each from its own theta0.
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
  Unlearned<Model, typename B::Real> result{problem.models, {}};  // a copy: theta0 stays as it is
  result.report =
      descend(backend, method.descent(), problem.data, method.objective(problem),
              method.optimizer(), method.schedule(), result.models, after_epoch, progress);
  return result;
}

}  // namespace expunge
