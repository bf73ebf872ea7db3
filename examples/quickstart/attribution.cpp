#include "attribution.hpp"

#include "expunge/attribution/shared_starts.hpp"

namespace quickstart {

using namespace expunge;

namespace {

std::string estimator_text(double standard_errors) {
  const LassoSolverConfig solver = attribution_estimator(standard_errors).config.solver;
  return sentence("LASSO at ", standard_errors, " standard errors, tolerance ", solver.tolerance,
                  ", at most ", solver.max_sweeps, " sweeps, l1 ratio ", solver.l1_ratio);
}

}  // namespace

Array<Half, 3> centred_logits(const Lab& lab, const Array<Half, 3>& logits, Index models,
                              Index starts) {
  Array<Half, 3> centred = make_array<Half>(models, logits.shape()[1], logits.shape()[2]);
  std::copy_n(logits.data(), centred.size(), centred.data());
  centre_by_start(view(centred).flat(), starts, lab.threads());
  return centred;
}

Array<Half, 3> centred_logits(const Lab& lab, const SubsetModels& subset) {
  return centred_logits(lab, subset.logits, lab.sizes.subset_models, lab.sizes.starts);
}

LogitDatamodels fit_attribution(Lab& lab, const SubsetModels& subset, double standard_errors) {
  const Index models = lab.sizes.subset_models;
  const Index points = lab.workload.points.size();
  const SubsetMasks masks = model_range(subset.masks, 0, models);
  const std::string key =
      subset.key + estimator_text(standard_errors) + sentence(", first ", models, " models\n");
  const auto targets = static_cast<std::size_t>(points * Net::classes);
  Effects<float> effects;  // DM-Direct needs differences only: the intercepts stay 0
  effects.intercept = xt::zeros<double>({targets});
  // The last row holds the KKT residuals, so that a stored fit can still be judged.
  const Array<float, 2> stored = lab.store.get_or_make<float, 2>("effects", key, [&] {
    const Progress progress = lab.stage("fit datamodels");
    const Array<Half, 3> centred = centred_logits(lab, subset);
    const Effects<float> fitted =
        attribution_estimator(standard_errors)
            .fit(lab.backend, masks, TensorView<const Half>(view(centred)).flat(), progress);
    Array<float, 2> rows = make_array<float>(fitted.examples() + 1, fitted.targets());
    std::copy(fitted.weights.begin(), fitted.weights.end(), rows.begin());
    std::copy_n(fitted.kkt_residual.data(), targets,
                rows.data() + fitted.examples() * fitted.targets());
    return rows;
  });
  const auto examples = static_cast<Index>(stored.shape()[0]) - 1;
  effects.weights = make_array<float>(examples, targets);
  std::copy_n(stored.data(), effects.weights.size(), effects.weights.data());
  effects.kkt_residual = xt::zeros<float>({targets});
  std::copy_n(stored.data() + effects.weights.size(), targets, effects.kkt_residual.data());
  return {std::move(effects), points, Net::classes};
}

}  // namespace quickstart
