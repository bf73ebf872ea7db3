#include "methods.hpp"

#include "expunge/unlearning/retrain.hpp"
#include "expunge/unlearning/scrub_rewind.hpp"
#include "run_method.hpp"

namespace quickstart {

using namespace expunge;

MethodRun run(Lab& lab, const ForgetProblem& problem, const GradientAscent<>& method,
              Record record) {
  return run_method(lab, problem, method, record);
}
MethodRun run(Lab& lab, const ForgetProblem& problem, const GradientDescent<>& method,
              Record record) {
  return run_method(lab, problem, method, record);
}
MethodRun run(Lab& lab, const ForgetProblem& problem, const AscentDescent<>& method,
              Record record) {
  return run_method(lab, problem, method, record);
}
MethodRun run(Lab& lab, const ForgetProblem& problem, const Scrub<>& method, Record record) {
  return run_method(lab, problem, method, record);
}
MethodRun run(Lab& lab, const ForgetProblem& problem, const Om& method, Record record) {
  return run_method(lab, problem, method, record);
}
MethodRun run(Lab& lab, const ForgetProblem& problem, const Dmm& method, Record record) {
  return run_method(lab, problem, method, record);
}

MethodRun run(Lab& lab, const ForgetProblem& problem, const GaussNewtonDmm& method, Record record) {
  return run_method(lab, problem, method, record);
}

MethodRun run_rewound(Lab& lab, const ForgetProblem& problem, const Scrub<>& settings) {
  Scrub<> method = settings;
  method.seed = lab.group_seed(0);
  const support::Clock clock;
  const Rewound<Net, float> rewound =
      scrub_rewind(lab.backend, method, problem, lab.workload.validation);
  MethodRun run = finish(lab, rewound.unlearned, clock.seconds());
  run.diverged = rewound.diverged_runs;  // rewound to an epoch before
  return run;
}

MethodRun run_partially(Lab& lab, const std::string& name, const std::vector<Index>& forget,
                        std::uint64_t group, Index stop_after) {
  PartialModels trained = train_partially(lab, name, forget, group, stop_after);
  MethodRun run;
  run.logits = std::move(trained.logits);
  run.compute = retrain_compute(lab.train_size(), static_cast<Index>(forget.size()),
                                recipe(0).descent.epochs, stop_after);
  run.seconds = trained.seconds;
  return run;
}

MethodRun run_direct(const FullModels& full, const LogitDatamodels& datamodels,
                     const std::vector<Index>& forget, double multiplier) {
  const support::Clock clock;
  const DmDirect<LogitDatamodels> direct{datamodels, multiplier};
  MethodRun run;
  run.logits = direct.targets(TensorView<const float>(view(full.logits)), forget);
  run.seconds = clock.seconds();
  return run;
}

}  // namespace quickstart
