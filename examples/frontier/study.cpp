#include "study.hpp"

#include "attribution.hpp"
#include "compare_attribution.hpp"
#include "compare_methods.hpp"
#include "compare_trak.hpp"
#include "compare_variants.hpp"
#include "settings.hpp"

namespace frontier {

using namespace expunge;
using namespace quickstart;

namespace {

/// Each seed has a folder of its own, for a stage of one name is stored once.
Lab make_lab(const Options& options, std::uint64_t seed, const StartStage& stage,
             const StageStore::Note& note) {
  Sizes sizes;
  sizes.models = options.models;
  sizes.subset_models = options.subset_models;
  sizes.held_out = 0;
  sizes.starts = std::max<Index>(options.subset_models / 40, 1);
  std::filesystem::path folder;
  if (!options.store.empty()) folder = options.store / sentence("seed-", seed);
  return {make_device(options.threads),
          load_workload(options.data, seed),
          sizes,
          seed,
          StageStore(folder, note),
          stage};
}

/// What needs the datamodels of the demonstration, which are gone when this returns.
std::vector<Case> study_methods(const Options& options, Lab& lab, const FullModels& full,
                                Findings& findings) {
  const SubsetModels subset = train_subset_models(lab);
  lab.stage("find forget sets");
  std::vector<Case> cases = make_cases(lab, full, five_forget_sets(lab, subset));
  if (options.methods || options.variants || options.trak) {
    const LogitDatamodels datamodels = fit_attribution(lab, subset, chosen_standard_errors);
    if (options.methods) compare_methods(lab, full, datamodels, cases, findings.methods);
    if (options.variants) compare_variants(lab, datamodels, cases, findings.variants);
    if (options.trak) compare_trak(lab, full, datamodels, cases, findings.trak);
  }
  return cases;
}

}  // namespace

void Options::validate() const {
  require(seeds >= 1 && seeds <= most_seeds, "--seeds is ", seeds, ", not in 1 .. ", most_seeds);
  require(threads >= 0, "--threads is ", threads, ", negative");
  require(models >= 10, "--models is ", models, ", below 10");
  require(subset_models >= 40 && subset_models % 2 == 0, "--subset-models is ", subset_models,
          ", not an even number from 40");
  require(methods || attribution || variants || trak,
          "--no-methods leaves nothing to do without --attribution, --variants or --trak");
}

void study_seed(const Options& options, std::uint64_t seed, const StartStage& stage,
                const StageStore::Note& note, Findings& findings) {
  Lab lab = make_lab(options, seed, stage, note);
  const FullModels full = train_full_models(lab);
  const std::vector<Case> cases = study_methods(options, lab, full, findings);
  if (options.attribution && seed < options.attribution_seeds)
    compare_attribution(lab, full, cases, findings.attribution);
}

}  // namespace frontier
