// Running one method on all N models, under one treatment of batch norm.
#pragma once

#include "attribution.hpp"
#include "expunge/train/statistics.hpp"
#include "expunge/unlearning/oracle_matching.hpp"
#include "support/clock.hpp"

namespace cifar10 {

/// A row of the table before it is scored.
struct MethodRun {
  std::string method;
  std::string batch_norm;
  Array<float, 3> logits;  // [N][points][k]
  double compute = 0;      // fraction of a full training
  double seconds = 0;      // wall clock, all N models
  Index diverged = 0;      // models whose weights are no longer numbers
};

/// Running statistics anew from the retain set. Returns what that costs: forward passes alone, a
/// third of a training step each.
template <class Net, class B>
double reestimate_on_retain_set(Lab& lab, B& device, expunge::Ensemble<Net, float>& models) {
  expunge::reestimate_statistics(
      device, models, lab.images.train.inputs(),
      expunge::all_but(models.members(), lab.train_size(), lab.images.forget),
      lab.settings().statistics_batch);
  return expunge::retrain_compute(lab.train_size(), static_cast<Index>(lab.images.forget.size()),
                                  lab.settings().recipe.descent.epochs, 1) /
         3;
}

template <class Net, class Method, class B>
MethodRun run_method(Lab& lab, B& device, const std::string& name, Method method,
                     const expunge::Problem<Net, float>& problem, BatchNorm batch_norm) {
  method.seed = lab.group_seed(3);
  MethodRun run{name, name_of(batch_norm), {}};
  const support::Clock clock;
  auto unlearned = batch_norm == BatchNorm::frozen
                       ? unlearn(device, expunge::FrozenStatistics<Method>{method}, problem)
                       : unlearn(device, method, problem);
  run.compute = unlearned.compute(lab.train_size(), lab.settings().recipe.descent.epochs);
  if (batch_norm == BatchNorm::reestimate)
    run.compute += reestimate_on_retain_set(lab, device, unlearned.models);
  run.seconds = clock.seconds();
  run.diverged = unlearned.report.diverged();
  run.logits =
      expunge::evaluate_logits<float>(device, unlearned.models, lab.images.points.inputs());
  return run;
}

template <class Target>
expunge::OracleMatching<Target> matching(const Target& target, const MatchingSettings& how) {
  return {.target = target,
          .learning_rate = how.learning_rate,
          .epochs = how.epochs,
          .batch = how.batch,
          .retain_multiple = how.retain_multiple,
          .forget_multiple = how.forget_multiple};
}

/// Every method that fine-tunes, under one treatment of batch norm.
template <class Net, class B>
std::vector<MethodRun> run_methods(Lab& lab, B& device, const FullModels<Net>& full,
                                   const Array<float, 3>& oracles, const PredictedChange& change,
                                   BatchNorm batch_norm) {
  const Settings& s = lab.settings();
  const auto problem =
      expunge::make_problem(lab.images.train, lab.images.forget, full.models,
                            expunge::TensorView<const float>(expunge::view(full.logits)));
  const expunge::DmDirect<PredictedChange> predicted{change, s.attribution.multiplier};
  const expunge::OracleOutputs<float> true_oracles{.outputs = expunge::view(oracles)};
  lab.stage(std::string("unlearn, batch norm ") + name_of(batch_norm));
  return {run_method(lab, device, "GA", s.ascent, problem, batch_norm),
          run_method(lab, device, "GD", s.descent, problem, batch_norm),
          run_method(lab, device, "SCRUB", s.scrub, problem, batch_norm),
          run_method(lab, device, "DMM", matching(predicted, s.datamodel_matching), problem,
                     batch_norm),
          run_method(lab, device, "OM", matching(true_oracles, s.oracle_matching), problem,
                     batch_norm)};
}

/// What needs no fine-tuning: theta0 as it is, with statistics of the retain set alone (when the
/// treatments are compared), and the prediction itself.
template <class Net, class B>
std::vector<MethodRun> run_without_training(Lab& lab, B& device, const FullModels<Net>& full,
                                            const PredictedChange& change) {
  std::vector<MethodRun> runs;
  runs.push_back({"do nothing", "", full.logits});
  if (lab.options.modes.size() > 1) {
    const support::Clock clock;
    expunge::Ensemble<Net, float> models = full.models;
    MethodRun run{"do nothing", name_of(BatchNorm::reestimate), {}};
    run.compute = reestimate_on_retain_set(lab, device, models);
    run.seconds = clock.seconds();
    run.logits = expunge::evaluate_logits<float>(device, models, lab.images.points.inputs());
    runs.push_back(std::move(run));
  }
  const support::Clock clock;
  MethodRun direct{"DM-Direct", "", {}};
  direct.logits =
      expunge::DmDirect<PredictedChange>{change, lab.settings().attribution.multiplier}.targets(
          expunge::TensorView<const float>(expunge::view(full.logits)), lab.images.forget);
  direct.seconds = clock.seconds();
  runs.push_back(std::move(direct));
  return runs;
}

}  // namespace cifar10
