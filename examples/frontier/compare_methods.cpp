#include "compare_methods.hpp"

#include <limits>

#include "run_method.hpp"
#include "settings.hpp"
#include "with_parts.hpp"

namespace frontier {

using namespace expunge;
using namespace quickstart;

namespace {

/// Other oracles: the score of a method that is perfect.
MethodRun floor_run(const Case& c) {
  MethodRun run = as_they_are(c.oracles.other_logits);
  run.compute = run.seconds = std::numeric_limits<double>::quiet_NaN();
  return run;
}

void compare_on(Lab& lab, const FullModels& full, const LogitDatamodels& datamodels, const Case& c,
                Observations& found) {
  const auto add = [&](const std::string& method, const MethodRun& run) {
    found.push_back(observe(lab, c, method, run));
  };
  const OracleOutputs<float> oracles{.outputs = view(c.oracles.other_logits)};
  const auto newton = chosen_gauss_newton(datamodels);
  add(floor_name, floor_run(c));
  add("do nothing", as_they_are(full.logits));
  add(sentence("retrain ", partial_epochs, "/", recipe(0).descent.epochs),
      run_partially(lab, c.set.name, c.set.members, c.group, partial_epochs));
  lab.stage("unlearn " + c.set.name);
  add("GA", run(lab, c.problem, chosen_ascent()));
  add("GD", run(lab, c.problem, chosen_descent()));
  add("SCRUB", run(lab, c.problem, chosen_scrub()));
  add("OM", run(lab, c.problem, chosen_om(oracles)));
  add("OM, Gauss-Newton",
      run_method(lab, c.problem, with_parts(newton, oracles, newton.retain, newton.prior)));
  add("DM-Direct", run_direct(full, datamodels, c.set.members, chosen_multiplier));
  add("DMM", run(lab, c.problem, chosen_dmm(datamodels)));
  add("DMM, Gauss-Newton", run_method(lab, c.problem, newton));
}

}  // namespace

void compare_methods(Lab& lab, const FullModels& full, const LogitDatamodels& datamodels,
                     const std::vector<Case>& cases, Observations& found) {
  for (const Case& c : cases) compare_on(lab, full, datamodels, c, found);
}

}  // namespace frontier
