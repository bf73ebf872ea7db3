#include "compare_retain.hpp"

#include "expunge/unlearning/retain/largest_change.hpp"
#include "expunge/unlearning/retain/leverage.hpp"
#include "expunge/unlearning/retain/nearest.hpp"
#include "expunge/unlearning/retain/uniform.hpp"
#include "gauss_newton_run.hpp"
#include "settings.hpp"

namespace frontier {

using namespace expunge;
using namespace quickstart;

void compare_retain(Lab& lab, const LogitDatamodels& datamodels, const std::vector<Case>& cases,
                    Observations& found) {
  const auto newton = chosen_gauss_newton(datamodels);
  for (const Case& c : cases) {
    lab.stage("retain points for " + c.set.name);
    const auto add = [&](const std::string& strategy, auto retain) {
      const auto method = with_parts(newton, newton.target, retain);
      found.push_back(observe(lab, c, strategy, run_gauss_newton(lab, c.problem, method)));
    };
    add("UniformRetain", UniformRetain{});
    add("NearestRetain", NearestRetain{});
    add("LargestChangeRetain", LargestChangeRetain{});
    add("LeverageRetain", LeverageRetain{});
  }
}

}  // namespace frontier
