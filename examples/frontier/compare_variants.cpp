#include "compare_variants.hpp"

#include "expunge/unlearning/retain/largest_change.hpp"
#include "expunge/unlearning/retain/leverage.hpp"
#include "expunge/unlearning/retain/nearest.hpp"
#include "run_method.hpp"
#include "settings.hpp"
#include "with_parts.hpp"

namespace frontier {

using namespace expunge;
using namespace quickstart;

namespace {

/// With the isotropic prior damping means something else: this was chosen for it at 80 to 120
/// retain points, with these iterations.
auto isotropic(const GaussNewtonDmm& chosen) {
  auto method = with_parts(chosen, chosen.target, chosen.retain, IsotropicPrior{});
  method.damping = 3e-2;
  method.iterations = 8;
  return method;
}

}  // namespace

void compare_variants(Lab& lab, const LogitDatamodels& datamodels, const std::vector<Case>& cases,
                      Observations& found) {
  const GaussNewtonDmm chosen = chosen_gauss_newton(datamodels);
  for (const Case& c : cases) {
    lab.stage("variants for " + c.set.name);
    const auto add = [&](const std::string& name, const auto& method) {
      found.push_back(observe(lab, c, name, run_method(lab, c.problem, method)));
    };
    const auto add_retain = [&](const std::string& name, auto retain) {
      add(name, with_parts(chosen, chosen.target, retain, chosen.prior));
    };
    add("as chosen", chosen);
    add_retain("UniformRetain, shared", UniformRetain{.shared = true});
    add_retain("NearestRetain", NearestRetain{});
    add_retain("LargestChangeRetain", LargestChangeRetain{});
    add_retain("LeverageRetain", LeverageRetain{});
    add("IsotropicPrior", isotropic(chosen));
    GaussNewtonDmm relinearised = chosen;
    relinearised.steps = 3;
    add("3 steps", relinearised);
    GaussNewtonDmm converged = chosen;
    converged.iterations = 30;
    add("30 iterations", converged);
  }
}

}  // namespace frontier
