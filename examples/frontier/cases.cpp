#include "cases.hpp"

#include "expunge/attribution/difference_of_means.hpp"
#include "expunge/data/forget_sets.hpp"

namespace frontier {

using namespace expunge;
using namespace quickstart;

namespace {

/// As forget_sets.cpp takes the first component: of plain effects on margins, train x train.
NamedForgetSet second_component(const Lab& lab, const SubsetModels& subset, Index count) {
  const SubsetMasks masks = model_range(subset.masks, 0, lab.sizes.subset_models);
  const MatrixView<const float> margins =
      MatrixView<const float>(view(subset.margins)).row_range(0, lab.sizes.subset_models);
  const Effects<float> effects =
      DifferenceOfMeans{}.fit(lab.backend, masks, margins.columns(0, lab.train_size()));
  return {sentence("top ", count, " of PC2"),
          sentence("the ", count,
                   " training images with the largest entries in principal component 2 of the "
                   "train x train datamodel matrix"),
          component_forget_set(effects.weights, 2, ComponentEnd::top, count)};
}

}  // namespace

std::vector<NamedForgetSet> five_forget_sets(const Lab& lab, const SubsetModels& subset) {
  std::vector<NamedForgetSet> sets = reported_forget_sets(lab, subset);
  sets.push_back(second_component(lab, subset, 20));
  return sets;
}

std::vector<Case> make_cases(Lab& lab, const FullModels& full,
                             const std::vector<NamedForgetSet>& sets) {
  std::vector<Case> cases;
  for (std::size_t s = 0; s < sets.size(); ++s) {
    const NamedForgetSet& set = sets[s];
    const auto group = static_cast<std::uint64_t>(s);
    cases.push_back(
        {set, train_oracles(lab, set.name, set.members, group), splits_of(lab, set.members),
         make_problem(lab.workload.train, set.members, full.models, view(full.logits)), group});
  }
  return cases;
}

Observation observe(const Lab& lab, const Case& c, const std::string& method,
                    const MethodRun& run) {
  const QuickScore score =
      quick_score(c.oracles.margins, margins_of(lab, run.logits), c.splits, lab.threads());
  Observation o{lab.seed, c.set.name, method, {}, run.diverged};
  std::size_t at = 0;
  for (const KlomTriple* split : {&score.forget, &score.retain, &score.validation}) {
    o.values[at++] = split->forward.p95;
    o.values[at++] = split->reverse.p95;
    o.values[at++] = split->gaussian.p95;
    o.values[both_directions] += (split->forward.p95 + split->reverse.p95) / 6;
  }
  o.values[compute_percent] = 100 * run.compute;
  o.values[seconds] = run.seconds;
  return o;
}

}  // namespace frontier
