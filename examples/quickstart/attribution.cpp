#include "attribution.hpp"

namespace quickstart {

using namespace expunge;

LogitDatamodels fit_attribution(Lab& lab, const SubsetModels& subset, double standard_errors) {
  const Index models = lab.sizes.subset_models;
  const Index points = lab.workload.points.size();
  const SubsetMasks masks = model_range(subset.masks, 0, models);
  const TensorView<const Half> logits =
      TensorView<const Half>(view(subset.logits)).member_range(0, models);
  const std::string key =
      subset.key + sentence("LASSO at ", standard_errors, " standard errors, first ", models, "\n");
  Effects<float> effects;  // DM-Direct needs differences only: the intercepts stay 0
  effects.intercept = xt::zeros<float>({static_cast<std::size_t>(points * Net::classes)});
  effects.weights = lab.store.get_or_make<float, 2>("effects", key, [&] {
    return attribution_estimator(standard_errors)
        .fit(lab.backend, masks, logits.flat(), lab.stage("fit datamodels"))
        .weights;
  });
  return {std::move(effects), points, Net::classes};
}

}  // namespace quickstart
