// The forget sets of the comparison, none of which settings were chosen on, with their oracles.
#pragma once

#include "forget_sets.hpp"
#include "methods.hpp"
#include "observations.hpp"
#include "score.hpp"

namespace frontier {

using quickstart::Index;

struct Case {
  quickstart::NamedForgetSet set;
  quickstart::Oracles oracles;
  quickstart::Splits splits;
  quickstart::ForgetProblem problem;
  std::uint64_t group = 0;  // of the seeds of its oracles
};

/// The four that the demonstration reports, and the top 20 of the second principal component.
std::vector<quickstart::NamedForgetSet> five_forget_sets(const quickstart::Lab& lab,
                                                         const quickstart::SubsetModels& subset);

/// Trains the oracles. `full` and `lab` must outlive the cases.
std::vector<Case> make_cases(quickstart::Lab& lab, const quickstart::FullModels& full,
                             const std::vector<quickstart::NamedForgetSet>& sets);

/// Models as they are, at no cost.
quickstart::MethodRun as_they_are(const quickstart::Array<float, 3>& logits);

/// Scores what a method's models say.
Observation observe(const quickstart::Lab& lab, const Case& c, const std::string& method,
                    const quickstart::MethodRun& run);

}  // namespace frontier
