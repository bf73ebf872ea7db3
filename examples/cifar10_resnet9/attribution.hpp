// Datamodels of every logit, fitted to models that saw random subsets.
#pragma once

#include "expunge/attribution/plug_in_lasso.hpp"
#include "expunge/attribution/shared_starts.hpp"
#include "lab.hpp"

namespace cifar10 {

/// What models would say differently without one forget set. Only this is kept of the datamodels:
/// the effects of all images on all logits would not fit into memory at the paper's size.
struct PredictedChange {
  std::vector<Index> forget;
  Array<float, 2> change;  // [points][k]

  Array<float, 2> predicted_change(const std::vector<Index>& asked) const {
    expunge::require(asked == forget, "PredictedChange: asked for another forget set");
    return change;
  }
};

struct SubsetModels {
  expunge::SubsetMasks masks;      // [M][n]
  Array<expunge::Half, 3> logits;  // [M][points][k]
  Index starts = 0;                // model m has the start m % starts; 0: its own
  std::string key;                 // everything that they depend on
};

template <class Net, class B>
SubsetModels train_subset_models(Lab& lab, B& device) {
  const Settings& settings = lab.settings();
  const Index each = settings.attribution.models_per_start, models = settings.subset_models;
  SubsetModels subset;
  subset.starts = each == 0 ? 0 : std::max<Index>(1, models / each);
  subset.masks = expunge::fixed_size_subsets(lab.group_seed(0), models, lab.train_size(),
                                             settings.attribution.alpha);
  expunge::Recipe<> how = lab.recipe(2);
  how.descent.starts = subset.starts;
  subset.key = key_of(lab, how,
                      expunge::sentence(models, " models on fixed-size subsets, alpha ",
                                        settings.attribution.alpha));
  subset.logits = lab.store.get_or_make<expunge::Half, 3>("subset_logits", subset.key, [&] {
    const auto trained = expunge::train<Net>(device, how, lab.images.train, subset.masks,
                                             lab.stage("train subset models"));
    return expunge::evaluate_logits<expunge::Half>(device, trained, lab.images.points.inputs());
  });
  return subset;
}

/// Fits LASSO a block of points at a time, and keeps the forget set's effects, summed.
PredictedChange predict_change(Lab& lab, const SubsetModels& subset);

}  // namespace cifar10
