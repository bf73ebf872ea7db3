// The whole method on made-up data: the same bytes for any number of threads, any block of members,
// and a run that is stopped and resumed between stages.
#include <doctest/doctest.h>

#include <cstring>
#include <filesystem>
#include <random>

#include "expunge/attribution/datamodels.hpp"
#include "expunge/attribution/difference_of_means.hpp"
#include "expunge/attribution/plug_in_lasso.hpp"
#include "expunge/data/forget_sets.hpp"
#include "expunge/data/synthetic.hpp"
#include "expunge/evaluation/klom_triple.hpp"
#include "expunge/io/stage_store.hpp"
#include "expunge/nn/mlp.hpp"
#include "expunge/output/evaluate.hpp"
#include "expunge/unlearning/oracle_matching.hpp"
#include "expunge/unlearning/retrain.hpp"
#include "expunge/unlearning/scrub.hpp"

using namespace expunge;

namespace {

using Net = Mlp<6, 5, 3>;
constexpr Index examples = 60, members = 9, subset_models = 40;

struct Outcome {
  Array<float, 2> models;  // theta0
  Array<Half, 3> subset_logits;
  Array<float, 2> effects;
  Array<float, 2> dmm, scrub;  // unlearned weights
  Array<double, 1> klom;

  bool operator==(const Outcome& other) const {
    const auto same = [](const auto& a, const auto& b) {
      return a.shape() == b.shape() &&
             std::memcmp(a.data(), b.data(), a.size() * sizeof(*a.data())) == 0;
    };
    return same(models, other.models) && same(subset_logits, other.subset_logits) &&
           same(effects, other.effects) && same(dmm, other.dmm) && same(scrub, other.scrub) &&
           same(klom, other.klom);
  }
};

Recipe<> small_recipe(std::uint64_t seed) {
  Recipe<> recipe;
  recipe.descent = {.learning_rate = 0.05, .epochs = 4, .seed = seed};
  recipe.batch = 8;
  return recipe;
}

/// Every stage; those in the store are taken from there.
Outcome run_pipeline(int threads, Index cohort, const StageStore& store) {
  Cpu<float> backend(threads, cohort);
  const Dataset data = gaussian_classes(3, examples, 6, 3);
  const std::vector<Index> forget = random_forget_set(4, examples, 7);
  Outcome outcome;
  outcome.models = store.get_or_make<float, 2>("models", "models", [&] {
    return train<Net>(backend, small_recipe(1), data, all_but(members, examples, {})).theta;
  });
  Ensemble<Net, float> models{outcome.models, make_array<float>(members, 0)};
  const Array<float, 3> logits = evaluate_logits<float>(backend, models, view(data.inputs));
  const SubsetMasks masks = fixed_size_subsets(5, subset_models, examples, 0.7);
  outcome.subset_logits = store.get_or_make<Half, 3>("subset", "subset", [&] {
    const auto subset = train<Net>(backend, small_recipe(2), data, masks);
    return evaluate_logits<Half>(backend, subset, view(data.inputs));
  });
  outcome.effects = store.get_or_make<float, 2>("effects", "effects", [&] {
    return fit_datamodels(backend, PlugInLasso{}, masks, outcome.subset_logits).effects().weights;
  });
  Effects<float> effects = zero_effects<float>(examples, examples * 3);
  effects.weights = outcome.effects;
  const Datamodels<float> datamodels(std::move(effects), examples, 3);
  const auto problem = make_problem(data, forget, models, view(logits));
  const DatamodelMatching<Datamodels<float>> dmm{
      .target = {datamodels}, .batch = 16, .retain_sample = RetainSample::each_epoch};
  const auto matched = unlearn(backend, dmm, problem);
  outcome.dmm = matched.models.theta;
  outcome.scrub = unlearn(backend, Scrub<>{.epochs = 3}, problem).models.theta;
  const auto oracles = retrain<Net>(backend, small_recipe(0), data, forget, members, 6);
  KlomConfig config;
  config.threads = threads;
  const auto margins_of = [&](const Ensemble<Net, float>& of) {
    return margins(evaluate_logits<float>(backend, of, view(data.inputs)), data.labels.data(),
                   threads);
  };
  outcome.klom = klom(margins_of(oracles), margins_of(matched.models), config).per_point;
  return outcome;
}

struct TemporaryFolder {
  std::filesystem::path path = std::filesystem::temp_directory_path() /
                               sentence("expunge-pipeline-", std::random_device{}());
  ~TemporaryFolder() { std::filesystem::remove_all(path); }
};

}  // namespace

TEST_CASE("the pipeline gives the same bytes for 1, 2 and 5 threads and any block of members") {
  const Outcome reference = run_pipeline(1, 1, StageStore(""));
  CHECK(run_pipeline(2, 1, StageStore("")) == reference);
  CHECK(run_pipeline(5, 1, StageStore("")) == reference);
  CHECK(run_pipeline(1, 4, StageStore("")) == reference);
  CHECK(run_pipeline(2, 3, StageStore("")) == reference);
  CHECK(run_pipeline(1, 100, StageStore("")) == reference);
}

TEST_CASE("a run that was stopped between stages gives the same bytes when it is resumed") {
  const Outcome reference = run_pipeline(1, 1, StageStore(""));
  const TemporaryFolder folder;
  const StageStore store(folder.path);
  CHECK(run_pipeline(1, 1, store) == reference);
  // As if it had been stopped after the first stage, and after the second: later stages are gone.
  std::filesystem::remove(folder.path / "subset.safetensors");
  std::filesystem::resize_file(folder.path / "effects.safetensors", 100);
  CHECK(run_pipeline(2, 1, store) == reference);
  std::filesystem::remove(folder.path / "effects.safetensors");
  CHECK(run_pipeline(1, 2, store) == reference);
  CHECK(run_pipeline(1, 1, store) == reference);
}
