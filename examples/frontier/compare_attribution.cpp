#include "compare_attribution.hpp"

#include "attribution.hpp"
#include "expunge/attribution/difference_of_means.hpp"
#include "settings.hpp"

namespace frontier {

using namespace expunge;
using namespace quickstart;

namespace {

/// One kind of subset models.
struct Plan {
  double fraction = 0.8;
  bool fixed = true;
  Index models = 0;           // trained
  Index starts = 0;           // shared; 0: each model has its own
  std::uint64_t group = 0;    // of the seeds of masks and models
  std::vector<Index> counts;  // how many of the models are fitted to

  std::string text() const {
    return sentence(fraction, fixed ? " fixed, " : " Bernoulli, ",
                    starts > 0 ? "shared starts" : "own starts");
  }
};

std::vector<Plan> plans_for(Index models) {
  std::vector<Plan> plans;
  std::uint64_t group = 3000;
  for (const double fraction : {0.5, 0.8, 0.9})
    for (const bool fixed : {true, false}) {
      plans.push_back({fraction,
                       fixed,
                       2 * models,
                       std::max<Index>(models / 20, 1),
                       group++,
                       {models / 2, models, 2 * models}});
      if (fraction != 0.8 || !fixed) continue;
      Plan own = plans.back();  // with the same masks
      own.models = models;
      own.starts = 0;
      own.counts = {models};
      plans.push_back(own);
    }
  return plans;
}

SubsetMasks masks_of(const Lab& lab, const Plan& plan, Index models) {
  const std::uint64_t seed = lab.group_seed(plan.group);
  return plan.fixed ? fixed_size_subsets(seed, models, lab.train_size(), plan.fraction)
                    : bernoulli_subsets(seed, models, lab.train_size(), plan.fraction);
}

/// Logits of all the plan's models [models][points][k]; stored.
Array<Half, 3> train_plan(Lab& lab, const Plan& plan) {
  Recipe<> how = recipe(lab.group_seed(plan.group));
  how.descent.starts = plan.starts;
  const std::string name = "subsets of " + plan.text();
  const std::string key =
      describe(lab.workload, how) + sentence("; ", plan.models, " models, ", plan.text(), ", ",
                                             plan.starts, " starts, group ", plan.group, "\n");
  return lab.store.get_or_make<Half, 3>(name, key, [&] {
    const Models trained = train<Net>(lab.backend, how, lab.workload.train,
                                      masks_of(lab, plan, plan.models), lab.stage(name));
    return evaluate_logits<Half>(lab.backend, trained, view(lab.workload.points.inputs));
  });
}

template <class E>
void try_estimator(Lab& lab, const FullModels& full, const std::vector<Case>& cases,
                   const E& estimator, const SubsetMasks& masks, const Array<Half, 3>& logits,
                   const std::string& name, Observations& found) {
  const LogitDatamodels datamodels =
      fit_datamodels(lab.backend, estimator, masks, logits, lab.stage("fit " + name));
  for (const Case& c : cases)
    for (const double multiplier : {1.0, 1.2})
      found.push_back(observe(lab, c, sentence(name, ", x", multiplier),
                              run_direct(full, datamodels, c.set.members, multiplier)));
}

void try_plan(Lab& lab, const FullModels& full, const std::vector<Case>& cases, const Plan& plan,
              Observations& found) {
  const Array<Half, 3> logits = train_plan(lab, plan);
  for (const Index count : plan.counts) {
    const SubsetMasks masks = masks_of(lab, plan, count);  // model m's mask depends on m alone
    const Array<Half, 3> centred = centred_logits(lab, logits, count, plan.starts);
    const std::string name = sentence(plan.text(), ", M ", count);
    try_estimator(lab, full, cases, DifferenceOfMeans{}, masks, centred, name + ", difference",
                  found);
    try_estimator(lab, full, cases, attribution_estimator(chosen_standard_errors), masks, centred,
                  name + ", LASSO", found);
  }
}

}  // namespace

void compare_attribution(Lab& lab, const FullModels& full, const std::vector<Case>& cases,
                         Observations& found) {
  for (const Plan& plan : plans_for(lab.sizes.subset_models))
    try_plan(lab, full, cases, plan, found);
}

}  // namespace frontier
