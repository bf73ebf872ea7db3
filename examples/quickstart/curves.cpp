#include "curves.hpp"

#include <set>

#include "expunge/attribution/difference_of_means.hpp"
#include "expunge/attribution/lasso.hpp"
#include "expunge/attribution/ridge.hpp"
#include "expunge/attribution/shared_starts.hpp"
#include "expunge/evaluation/klom_floor.hpp"
#include "expunge/evaluation/lds.hpp"
#include "expunge/evaluation/missing_targets.hpp"

namespace quickstart {

using namespace expunge;

report::ComputeCurve compute_curve(const std::string& method, const Oracles& oracles,
                                   const MethodRun& run, const Splits& splits, int threads) {
  report::ComputeCurve curve{method, {}};
  const auto scores = score_epochs(oracles, run.trajectory, splits, threads);
  for (std::size_t epoch = 0; epoch < scores.size(); ++epoch)
    curve.points.push_back({run.compute_by_epoch[epoch], scores[epoch]});
  return curve;
}

report::MissingTargets missing_targets_of(const std::string& method, const std::string& forget_set,
                                          const FullModels& full, const Oracles& oracles,
                                          const MethodRun& run, const std::vector<Index>& forget) {
  const auto models = static_cast<Index>(full.margins.shape()[0]);
  const auto epochs = static_cast<Index>(run.trajectory.shape()[0]);
  Array<float, 3> path = make_array<float>(epochs + 1, models, static_cast<Index>(forget.size()));
  for (Index m = 0; m < models; ++m)
    for (std::size_t i = 0; i < forget.size(); ++i) {
      path(0, m, i) = full.margins(m, forget[i]);
      for (Index epoch = 0; epoch < epochs; ++epoch)
        path(epoch + 1, m, i) = run.trajectory(epoch, m, forget[i]);
    }
  const MissingTargets targets = missing_targets(select_points(oracles.margins, forget), path);
  report::MissingTargets result{method, forget_set, {}, targets.red};
  for (Index epoch = 0; epoch <= epochs; ++epoch) {
    const double* row = targets.tail_percent.data() + epoch * static_cast<Index>(forget.size());
    result.percent.emplace_back(row, row + forget.size());
  }
  return result;
}

namespace {

/// The logits of the first `models` subset models at the forget points, [models][|F|][k].
Array<float, 3> forget_logits(const SubsetModels& subset, Index models,
                              const std::vector<Index>& forget) {
  Array<float, 3> logits = make_array<float>(models, forget.size(), Net::classes);
  for (Index m = 0; m < models; ++m)
    for (std::size_t i = 0; i < forget.size(); ++i)
      for (Index j = 0; j < Net::classes; ++j)
        logits(m, i, j) = static_cast<float>(subset.logits(m, forget[i], j));
  return logits;
}

/// p95 KLoM of DM-Direct at the forget points, with effects fitted for those points alone.
template <class E>
double direct_klom(Lab& lab, const E& estimator, const SubsetMasks& masks,
                   const SubsetModels& subset, const FullModels& full, const Oracles& oracles,
                   const std::vector<Index>& forget) {
  Array<float, 3> logits = forget_logits(subset, masks.models(), forget);
  centre_by_start(view(logits).flat(), lab.sizes.starts, lab.threads());
  const LogitDatamodels datamodels = fit_datamodels(lab.backend, estimator, masks, logits);
  Array<float, 3> start = make_array<float>(full.logits.shape()[0], forget.size(), Net::classes);
  std::vector<Label> labels;
  for (std::size_t i = 0; i < forget.size(); ++i) {
    labels.push_back(lab.workload.points.labels[static_cast<std::size_t>(forget[i])]);
    for (std::size_t m = 0; m < full.logits.shape()[0]; ++m)
      for (Index j = 0; j < Net::classes; ++j) start(m, i, j) = full.logits(m, forget[i], j);
  }
  const Array<float, 3> predicted =
      DmDirect<LogitDatamodels>{datamodels}.targets(TensorView<const float>(view(start)), forget);
  const KlomResult scores = klom(select_points(oracles.margins, forget),
                                 margins(predicted, labels.data(), lab.threads()));
  return summarise(scores, all_indices(static_cast<Index>(forget.size()))).p95;
}

template <class E>
report::ModelsCurve models_curve(Lab& lab, const std::string& name, const E& estimator,
                                 const SubsetModels& subset, const FullModels& full,
                                 const Oracles& oracles, const std::vector<Index>& forget) {
  report::ModelsCurve curve{name, {}};
  const Index all = lab.sizes.subset_models, n = lab.train_size();
  const Index targets = static_cast<Index>(lab.workload.validation_points.size());
  const MatrixView<const float> margins =
      MatrixView<const float>(view(subset.margins)).columns(n, targets);
  const SubsetMasks held_out = model_range(subset.masks, all, lab.sizes.held_out);
  for (const Index share : {8, 4, 2, 1}) {
    const Index models = all / share;
    const SubsetMasks masks = model_range(subset.masks, 0, models);
    Array<float, 2> centred = make_array<float>(models, targets);
    copy_rows(lab.backend, margins.row_range(0, models), view(centred));
    centre_by_start(view(centred), lab.sizes.starts, lab.threads());
    const Effects<float> effects = estimator.fit(lab.backend, masks, centred, Progress{});
    const LdsResult score =
        lds(predict(lab.backend, effects, held_out), margins.row_range(all, lab.sizes.held_out),
            {.bootstrap = {.replicates = 200}, .threads = lab.threads()});
    curve.points.push_back({models,
                            score.mean,
                            {score.interval.low, score.interval.high},
                            direct_klom(lab, estimator, masks, subset, full, oracles, forget)});
  }
  return curve;
}

}  // namespace

std::vector<report::ModelsCurve> models_curves(Lab& lab, const SubsetModels& subset,
                                               const FullModels& full, const Oracles& oracles,
                                               const std::vector<Index>& forget) {
  return {models_curve(lab, "difference of means, plain", DifferenceOfMeans{{.standard_errors = 0}},
                       subset, full, oracles, forget),
          models_curve(lab, "difference of means, thresholded", DifferenceOfMeans{}, subset, full,
                       oracles, forget),
          models_curve(lab, "ridge", Ridge{}, subset, full, oracles, forget),
          models_curve(lab, "LASSO", Lasso{}, subset, full, oracles, forget)};
}

std::vector<report::ImageMargins> image_margins(
    const Lab& lab, const std::vector<Index>& forget, const Array<float, 2>& oracle_margins,
    const std::vector<std::pair<std::string, Array<float, 2>>>& others) {
  const auto mean = [](const Array<float, 2>& margins, Index point) {
    double sum = 0;
    for (std::size_t m = 0; m < margins.shape()[0]; ++m) sum += margins(m, point);
    return sum / static_cast<double>(margins.shape()[0]);
  };
  std::vector<std::pair<double, Index>> order;
  for (const Index i : forget)
    order.emplace_back(mean(oracle_margins, i) - mean(others.front().second, i), i);
  std::sort(order.begin(), order.end());

  constexpr Index side = 28;
  std::vector<report::ImageMargins> images;
  std::set<Label> shown;
  for (const auto& [gap, i] : order) {
    const Label label = lab.workload.train.labels[static_cast<std::size_t>(i)];
    if (images.size() == 4 || !shown.insert(label).second) continue;
    report::ImageMargins image{class_names[label], side, side, {}, {}};
    const auto pixel = lab.workload.images.begin() + i * side * side;
    image.pixels.assign(pixel, pixel + side * side);
    const auto add = [&](const std::string& name, const Array<float, 2>& margins) {
      report::ImageMargins::Series series{name, {}};
      for (std::size_t m = 0; m < margins.shape()[0]; ++m) series.margins.push_back(margins(m, i));
      image.series.push_back(std::move(series));
    };
    add("oracle", oracle_margins);
    for (const auto& [name, margins] : others) add(name, margins);
    images.push_back(std::move(image));
  }
  return images;
}

}  // namespace quickstart
