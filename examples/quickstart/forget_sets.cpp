#include "forget_sets.hpp"

#include "expunge/attribution/difference_of_means.hpp"
#include "expunge/data/forget_sets.hpp"

namespace quickstart {

using namespace expunge;

namespace {

NamedForgetSet random_set(const Lab& lab, Index count, std::uint64_t salt) {
  return {sentence("random ", count), sentence(count, " training images drawn at random"),
          random_forget_set(lab.group_seed(salt), lab.train_size(), count), true};
}

NamedForgetSet class_set(const Lab& lab, Label label, Index count, std::uint64_t salt) {
  const std::string name = class_names[label];
  return {sentence(count, " of ", name),
          sentence(count, " training images drawn at random from the class ", name),
          class_forget_set(lab.group_seed(salt), lab.workload.train.labels, label, count)};
}

}  // namespace

Array<float, 2> train_by_train_effects(const Lab& lab, const SubsetModels& subset) {
  const SubsetMasks masks = model_range(subset.masks, 0, lab.sizes.subset_models);
  const MatrixView<const float> margins =
      MatrixView<const float>(view(subset.margins)).row_range(0, lab.sizes.subset_models);
  return DifferenceOfMeans{}.fit(lab.backend, masks, margins.columns(0, lab.train_size())).weights;
}

NamedForgetSet component_set(const Array<float, 2>& effects, Index component, Index count) {
  return {
      sentence("top ", count, " of PC", component),
      sentence("the ", count, " training images with the largest entries in principal component ",
               component, " of the train x train datamodel matrix"),
      component_forget_set(effects, component, ComponentEnd::top, count)};
}

std::vector<NamedForgetSet> reported_forget_sets(const Lab& lab, const Array<float, 2>& effects) {
  return {random_set(lab, 50, 5001), random_set(lab, 100, 5002), class_set(lab, 6, 50, 5003),
          component_set(effects, 1, 50)};
}

std::vector<NamedForgetSet> held_out_forget_sets(const Lab& lab, const Array<float, 2>& effects) {
  return {random_set(lab, 50, 6001),     random_set(lab, 100, 6002),
          class_set(lab, 2, 50, 6003),   class_set(lab, 4, 50, 6004),
          component_set(effects, 3, 50), component_set(effects, 4, 20)};
}

}  // namespace quickstart
