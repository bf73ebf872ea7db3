// The one loop of training and fine-tuning: epochs of passes of minibatches, for all members.
//
// A cohort of members (one on a CPU) goes through the whole run on its worker
// (cohort_descent.hpp). Member m's order depends on (seed, m, epoch, pass) alone, so the result
// does not depend on threads or cohorts.
#pragma once

#include "expunge/core/progress.hpp"
#include "expunge/train/cohort_descent.hpp"

namespace expunge {

/// Runs the objective on all members of the ensemble, in place. `after_epoch(worker, EpochEnd)` is
/// called by the worker of each cohort. A member counts as a runaway beside the median one; whoever
/// knows the starting models' logits marks them anew (unlearning/unlearn.hpp).
/// Throws std::invalid_argument on bad settings; divergence is in the report.
template <class Model, class B, class ObjectiveType, class OptimizerType, class ScheduleType,
          class Observer = NoObserver>
DescentReport descend(B& backend, const DescentConfig& config, DatasetView data,
                      const ObjectiveType& objective, const OptimizerType& optimizer,
                      const ScheduleType& schedule, Ensemble<Model, typename B::Real>& ensemble,
                      const Observer& after_epoch = {}, const Progress& progress = {}) {
  static_assert(Objective<ObjectiveType, B>,
                "descend: the objective must have passes, batch_size, examples and a call on a "
                "minibatch; see docs/concepts.md#objective");
  static_assert(Optimizer<OptimizerType, B>,
                "descend: the optimiser must have slots, validate and step; see "
                "docs/concepts.md#optimizer");
  static_assert(Schedule<ScheduleType>,
                "descend: the schedule must turn a Moment into a factor; see "
                "docs/concepts.md#schedule");
  config.validate();
  optimizer.validate();
  require(
      is_image_shape<typename Model::Input> || !config.augmentation.any(),
      "descend: augmentation is on, but the model takes no images of channels, height and width");
  check_model_inputs<Model>("descend", data.inputs);
  DescentReport report(static_cast<std::size_t>(ensemble.members()));
  ProgressCounter counter(progress, ensemble.members());
  if (ensemble.members() == 0) return report;
  const typename B::ResidentScope scope(backend);
  kept_inputs(backend, data.inputs);  // once for all cohorts, and before their size is chosen
  const detail::PassSizes of_first = detail::largest_pass(objective, config, 0);
  const std::size_t bytes = member_bytes<Model, B>(of_first.minibatch, 2 + OptimizerType::slots);
  for_each_cohort(backend, ensemble.members(), bytes, [&](B& worker, Index first, Index count) {
    CohortWeights<Model, B> weights(worker, count);
    weights.load(worker, ensemble, first);
    detail::CohortDescent<Model, B, ObjectiveType, OptimizerType> run(
        worker, config, data, objective, optimizer, first, count,
        first == 0 ? of_first : detail::largest_pass(objective, config, first));
    for (Index epoch = 0; epoch < config.epochs_to_run(); ++epoch) {
      run.epoch(worker, weights, schedule, epoch, report);
      if (first == 0) report.samples_by_epoch.push_back(report.samples[0]);
      after_epoch(worker, EpochEnd<typename B::Real>{epoch, first, weights.view()});
    }
    weights.store(worker, ensemble, first);
    for (Index m = first; m < first + count; ++m)
      report.finite[static_cast<std::size_t>(m)] = is_finite(ensemble, m);
    counter.add(count);
  });
  report.mark_runaways(usual_logit(report.largest_logit));
  return report;
}

}  // namespace expunge
