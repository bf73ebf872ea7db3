// The whole experiment on one network.
#pragma once

#include <limits>

#include "experiment.hpp"
#include "expunge/nn/resnet9.hpp"
#include "methods.hpp"

namespace cifar10 {

template <Index Width, class B>
std::vector<ScoredRun> run_experiment(Lab& lab, B& device) {
  using Net = expunge::ResNet9<10, Width>;
  const FullModels<Net> full = train_full_models<Net>(lab, device);
  const Array<float, 3> oracles = train_oracles<Net>(lab, device, 10, "oracles");
  const Array<float, 3> others = train_oracles<Net>(lab, device, 11, "more oracles");
  const SubsetModels subset = train_subset_models<Net>(lab, device);
  const PredictedChange change = predict_change(lab, subset);

  const Array<float, 2> margins = margins_of(lab, oracles);
  std::vector<ScoredRun> rows;
  const auto add = [&](const std::vector<MethodRun>& runs) {
    for (const MethodRun& run : runs) rows.push_back(score(lab, margins, run));
  };
  add(run_without_training(lab, device, full, change));
  for (const BatchNorm batch_norm : lab.options.modes)
    add(run_methods(lab, device, full, others, change, batch_norm));
  MethodRun floor{"floor (oracles)", "", others};
  floor.compute =
      expunge::retrain_compute(lab.train_size(), static_cast<Index>(lab.images.forget.size()),
                               lab.settings().recipe.descent.epochs);
  floor.seconds = std::numeric_limits<double>::quiet_NaN();
  add({std::move(floor)});
  return rows;
}

}  // namespace cifar10
