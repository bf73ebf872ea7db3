#include "methods.hpp"

#include <chrono>

#include "expunge/unlearning/margin_recorder.hpp"
#include "expunge/unlearning/scrub_rewind.hpp"

namespace quickstart {

using namespace expunge;

namespace {

class Clock {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

template <class Report>
MethodRun finish(Lab& lab, const Unlearned<Net, float, Report>& unlearned, double seconds) {
  MethodRun run;
  run.seconds = seconds;
  const Index epochs = recipe(0).descent.epochs;
  run.compute = unlearned.compute(lab.train_size(), epochs);
  for (const Index samples : unlearned.report.samples_by_epoch)
    run.compute_by_epoch.push_back(static_cast<double>(samples) /
                                   static_cast<double>(lab.train_size() * epochs));
  run.diverged = unlearned.report.diverged();
  run.logits =
      evaluate_logits<float>(lab.backend, unlearned.models, view(lab.workload.points.inputs));
  return run;
}

Index epochs_of(const auto& method) {
  return method.epochs;
}
Index epochs_of(const GaussNewtonDmm& method) {
  return method.steps;
}

/// Trajectories are recorded in a second run, so that the first one's clock counts the method
/// alone.
template <class Method>
MethodRun run_any(Lab& lab, const ForgetProblem& problem, Method method, Record record) {
  method.seed = lab.group_seed(0);
  const Clock clock;
  const auto unlearned = unlearn(lab.backend, method, problem);
  MethodRun run = finish(lab, unlearned, clock.seconds());
  if (record == Record::every_epoch) {
    const MarginRecorder<Net, Device> recorder(epochs_of(method), problem.models.members(),
                                               lab.workload.points);
    unlearn(lab.backend, method, problem, recorder);
    run.trajectory = recorder.margins();
  }
  return run;
}

}  // namespace

MethodRun run(Lab& lab, const ForgetProblem& problem, const GradientAscent<>& method,
              Record record) {
  return run_any(lab, problem, method, record);
}
MethodRun run(Lab& lab, const ForgetProblem& problem, const GradientDescent<>& method,
              Record record) {
  return run_any(lab, problem, method, record);
}
MethodRun run(Lab& lab, const ForgetProblem& problem, const AscentDescent<>& method,
              Record record) {
  return run_any(lab, problem, method, record);
}
MethodRun run(Lab& lab, const ForgetProblem& problem, const Scrub<>& method, Record record) {
  return run_any(lab, problem, method, record);
}
MethodRun run(Lab& lab, const ForgetProblem& problem, const Om& method, Record record) {
  return run_any(lab, problem, method, record);
}
MethodRun run(Lab& lab, const ForgetProblem& problem, const Dmm& method, Record record) {
  return run_any(lab, problem, method, record);
}

MethodRun run(Lab& lab, const ForgetProblem& problem, const GaussNewtonDmm& method, Record record) {
  return run_any(lab, problem, method, record);
}

MethodRun run_rewound(Lab& lab, const ForgetProblem& problem, const Scrub<>& settings) {
  Scrub<> method = settings;
  method.seed = lab.group_seed(0);
  const Clock clock;
  const Rewound<Net, float> rewound =
      scrub_rewind(lab.backend, method, problem, lab.workload.validation);
  MethodRun run = finish(lab, rewound.unlearned, clock.seconds());
  run.diverged = rewound.diverged_runs;  // rewound to an epoch before
  return run;
}

}  // namespace quickstart
