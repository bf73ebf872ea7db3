#include "attribution.hpp"

namespace cifar10 {

using namespace expunge;

namespace {

constexpr Index block = 100;  // points fitted at a time

/// Logits [models][block * k] of consecutive points, as float, without what models of one start
/// share.
Array<float, 2> centred_block(Lab& lab, const SubsetModels& subset, Index first, Index count) {
  const auto logits = view(subset.logits);
  Array<float, 2> y = make_array<float>(logits.members, count * logits.features);
  copy_rows(lab.host,
            MatrixView<const Half>(logits.flat())
                .columns(first * logits.features, count * logits.features),
            view(y));
  centre_by_start(view(y), subset.starts, lab.host.threads());
  return y;
}

}  // namespace

PredictedChange predict_change(Lab& lab, const SubsetModels& subset) {
  const double errors = lab.settings().attribution.standard_errors;
  const LassoSolverConfig solver;
  const std::string key =
      sentence(subset.key, "LASSO at ", errors, " standard errors, tolerance ", solver.tolerance,
               ", at most ", solver.max_sweeps, " sweeps, l1 ratio ", solver.l1_ratio, ", without ",
               list_of(lab.images.forget), "\n");
  const auto fit = [&] {
    const Progress progress = lab.stage("fit datamodels");
    const auto regression = PlugInLasso{{errors, solver}}.prepare(lab.host, subset.masks);
    const Index points = lab.images.points.size();
    Array<float, 2> change = make_array<float>(points, 10);
    change.fill(0);
    for (Index first = 0; first < points; first += block) {
      const Index count = std::min(block, points - first);
      const Effects<float> effects =
          regression.fit(lab.host, centred_block(lab, subset, first, count));
      for (const Index i : lab.images.forget)
        for (Index t = 0; t < effects.targets(); ++t)
          change.data()[first * 10 + t] -= effects.weights(i, t);
      if (progress) progress(first + count, points);
    }
    return change;
  };
  return {lab.images.forget, lab.store.get_or_make<float, 2>("predicted_change", key, fit)};
}

}  // namespace cifar10
