#include "lab.hpp"

#include <chrono>
#include <limits>

#include "expunge/output/evaluate.hpp"
#include "expunge/unlearning/retrain.hpp"

namespace quickstart {

using namespace expunge;

namespace {

std::string key_of(const Lab& lab, std::uint64_t group, const std::string& what) {
  return describe(lab.workload, recipe(lab.group_seed(group))) + "; " + what + "\n";
}

std::string list_of(const std::vector<Index>& indices) {
  std::string text;
  for (const Index i : indices) text += sentence(i, " ");
  return text;
}

Array<float, 3> oracle_logits(Lab& lab, const std::string& name, const std::vector<Index>& forget,
                              std::uint64_t group, Index stop_after, double* seconds = nullptr) {
  const std::string key = key_of(lab, group,
                                 sentence(lab.sizes.models, " models, ", stop_after,
                                          " epochs (0: all), without ", list_of(forget)));
  return lab.store.get_or_make<float, 3>(name, key, [&] {
    const auto start = std::chrono::steady_clock::now();
    const Models models =
        retrain<Net>(lab.backend, recipe(0), lab.workload.train, forget, lab.sizes.models,
                     lab.group_seed(group), stop_after, lab.stage(name));
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    if (seconds != nullptr) *seconds = elapsed.count();
    return evaluate_logits<float>(lab.backend, models, view(lab.workload.points.inputs));
  });
}

}  // namespace

Array<float, 2> margins_of(const Lab& lab, const Array<float, 3>& logits) {
  return margins(logits, lab.workload.points.labels.data(), lab.threads());
}

FullModels train_full_models(Lab& lab) {
  const std::string key = key_of(lab, 1, sentence(lab.sizes.models, " models of all examples"));
  FullModels full;
  full.models.theta = lab.store.get_or_make<float, 2>("full_models", key, [&] {
    const SubsetMasks all = all_but(lab.sizes.models, lab.train_size(), {});
    return train<Net>(lab.backend, recipe(lab.group_seed(1)), lab.workload.train, all,
                      lab.stage("train full models"))
        .theta;
  });
  full.models.stats = make_array<float>(lab.sizes.models, Net::statistics);
  full.logits = evaluate_logits<float>(lab.backend, full.models, view(lab.workload.points.inputs));
  full.margins = margins_of(lab, full.logits);
  return full;
}

Models first_models(const FullModels& full, Index count) {
  Models models = Models::uninitialised(count);
  std::copy_n(full.models.theta.data(), models.theta.size(), models.theta.data());
  return models;
}

SubsetModels train_subset_models(Lab& lab) {
  const Sizes& sizes = lab.sizes;
  const Index models = sizes.subset_models + sizes.held_out;
  SubsetModels subset;
  subset.masks = fixed_size_subsets(lab.group_seed(0), models, lab.train_size(), sizes.alpha);
  subset.key = key_of(lab, 2,
                      sentence(models, " models on fixed-size subsets, alpha ", sizes.alpha, ", ",
                               sizes.starts, " starts"));
  subset.logits = lab.store.get_or_make<Half, 3>("subset_logits", subset.key, [&] {
    Recipe<> how = recipe(lab.group_seed(2));
    how.descent.starts = sizes.starts;
    const Models trained = train<Net>(lab.backend, how, lab.workload.train, subset.masks,
                                      lab.stage("train subset models"));
    return evaluate_logits<Half>(lab.backend, trained, view(lab.workload.points.inputs));
  });
  subset.margins = margins(subset.logits, lab.workload.points.labels.data(), lab.threads());
  return subset;
}

Oracles train_oracles(Lab& lab, const std::string& name, const std::vector<Index>& forget,
                      std::uint64_t group) {
  Oracles oracles;
  oracles.logits = oracle_logits(lab, "oracles of " + name, forget, 10 + 2 * group, 0);
  oracles.other_logits = oracle_logits(lab, "more oracles of " + name, forget, 11 + 2 * group, 0);
  oracles.margins = margins_of(lab, oracles.logits);
  oracles.other_margins = margins_of(lab, oracles.other_logits);
  return oracles;
}

PartialModels train_partially(Lab& lab, const std::string& name, const std::vector<Index>& forget,
                              std::uint64_t group, Index stop_after) {
  PartialModels partial;
  partial.seconds = std::numeric_limits<double>::quiet_NaN();
  partial.logits = oracle_logits(lab, "partial retraining of " + name, forget, 1000 + group,
                                 stop_after, &partial.seconds);
  return partial;
}

}  // namespace quickstart
