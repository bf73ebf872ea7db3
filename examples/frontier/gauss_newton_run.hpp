// Gauss-Newton with the chosen settings, but another target or another choice of retain points.
#pragma once

#include <chrono>

#include "methods.hpp"

namespace frontier {

/// The settings of `chosen` with these two parts in the place of its own.
template <class T, class R, class P, class O, class Target, class Retain>
expunge::GaussNewtonMatching<Target, Retain, P, O> with_parts(
    const expunge::GaussNewtonMatching<T, R, P, O>& chosen, Target target, Retain retain) {
  return {.target = target,
          .damping = chosen.damping,
          .iterations = chosen.iterations,
          .tolerance = chosen.tolerance,
          .steps = chosen.steps,
          .retain_count = chosen.retain_count,
          .forget_weight = chosen.forget_weight,
          .batch = chosen.batch,
          .retain = retain,
          .preconditioner = chosen.preconditioner,
          .output = chosen.output,
          .seed = chosen.seed};
}

/// As quickstart::run does for the methods of the demonstration.
template <class Method>
quickstart::MethodRun run_gauss_newton(quickstart::Lab& lab,
                                       const quickstart::ForgetProblem& problem, Method method) {
  method.seed = lab.group_seed(0);
  const auto start = std::chrono::steady_clock::now();
  const auto unlearned = unlearn(lab.backend, method, problem);
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  quickstart::MethodRun run;
  run.seconds = elapsed.count();
  run.compute = unlearned.compute(lab.train_size(), quickstart::recipe(0).descent.epochs);
  run.diverged = unlearned.report.diverged();
  run.logits = expunge::evaluate_logits<float>(lab.backend, unlearned.models,
                                               expunge::view(lab.workload.points.inputs));
  return run;
}

}  // namespace frontier
