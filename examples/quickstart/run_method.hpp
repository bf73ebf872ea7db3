// Running any method of the library on all models of a problem, with its clock and its meter.
#pragma once

#include "expunge/output/evaluate.hpp"
#include "expunge/unlearning/margin_recorder.hpp"
#include "methods.hpp"
#include "support/clock.hpp"

namespace quickstart {

template <class Report>
MethodRun finish(Lab& lab, const expunge::Unlearned<Net, float, Report>& unlearned,
                 double seconds) {
  MethodRun run;
  run.seconds = seconds;
  const Index epochs = recipe(0).descent.epochs;
  run.compute = unlearned.compute(lab.train_size(), epochs);
  for (const Index samples : unlearned.report.samples_by_epoch)
    run.compute_by_epoch.push_back(static_cast<double>(samples) /
                                   static_cast<double>(lab.train_size() * epochs));
  run.diverged = unlearned.report.diverged();
  run.logits = expunge::evaluate_logits<float>(lab.backend, unlearned.models,
                                               expunge::view(lab.workload.points.inputs));
  return run;
}

/// Trajectories are recorded in a second run, so that the first one's clock counts the method
/// alone.
template <class Method>
MethodRun run_method(Lab& lab, const ForgetProblem& problem, Method method,
                     Record record = Record::final_only) {
  method.seed = lab.group_seed(0);
  const support::Clock clock;
  const auto unlearned = expunge::unlearn(lab.backend, method, problem);
  MethodRun run = finish(lab, unlearned, clock.seconds());
  if (record == Record::every_epoch) {
    Index epochs = 0;
    if constexpr (requires { method.epochs; })
      epochs = method.epochs;
    else
      epochs = method.steps;
    const expunge::MarginRecorder<Net, Device> recorder(epochs, problem.models.members(),
                                                        lab.workload.points);
    expunge::unlearn(lab.backend, method, problem, recorder);
    run.trajectory = recorder.margins();
  }
  return run;
}

}  // namespace quickstart
