#include "compare_trak.hpp"

#include "expunge/attribution/trak.hpp"
#include "settings.hpp"

namespace frontier {

using namespace expunge;
using namespace quickstart;

namespace {

void try_attribution(Lab& lab, const FullModels& full, const std::vector<Case>& cases,
                     const LogitDatamodels& attribution, const std::string& name,
                     Observations& found) {
  for (const Case& c : cases) {
    for (const double multiplier : {1.0, 1.2})
      found.push_back(observe(lab, c, sentence("DM-Direct, ", name, ", x", multiplier),
                              run_direct(full, attribution, c.set.members, multiplier)));
    found.push_back(observe(lab, c, "DMM, Gauss-Newton, " + name,
                            run(lab, c.problem, chosen_gauss_newton(attribution))));
  }
}

}  // namespace

void compare_trak(Lab& lab, const FullModels& full, const LogitDatamodels& datamodels,
                  const std::vector<Case>& cases, Observations& found) {
  for (const Case& c : cases)
    found.push_back(observe(lab, c, "do nothing", as_they_are(full.logits)));
  try_attribution(lab, full, cases, datamodels, "LASSO", found);
  const Workload& data = lab.workload;
  for (const Curvature curvature : {Curvature::logistic, Curvature::identity})
    for (const Index checkpoints : {1, 5, 20}) {
      if (checkpoints > full.models.members()) continue;
      const std::string name =
          sentence("TRAK, ", checkpoints, checkpoints > 1 ? " models" : " model",
                   curvature == Curvature::identity ? ", without curvature" : "");
      const LogitDatamodels attribution(
          trak(lab.backend, {.curvature = curvature}, first_models(full, checkpoints), data.train,
               data.points, Logits{}, lab.stage(name)),
          data.points.size(), Net::classes);
      try_attribution(lab, full, cases, attribution, name, found);
    }
}

}  // namespace frontier
