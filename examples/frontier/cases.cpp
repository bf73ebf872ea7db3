#include "cases.hpp"

namespace frontier {

using namespace expunge;
using namespace quickstart;

std::vector<NamedForgetSet> five_forget_sets(const Lab& lab, const SubsetModels& subset) {
  const Array<float, 2> effects = train_by_train_effects(lab, subset);
  std::vector<NamedForgetSet> sets = reported_forget_sets(lab, effects);
  sets.push_back(component_set(effects, 2, 20));
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

MethodRun as_they_are(const Array<float, 3>& logits) {
  MethodRun run;
  run.logits = logits;
  return run;
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
