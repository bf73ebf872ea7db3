// What Gauss-Newton matching did to each member.
#pragma once

#include <algorithm>
#include <vector>

#include "expunge/train/divergence.hpp"

namespace expunge {

enum class MatchingOutcome {
  finished,  // all steps were taken
  settled,   // a step improved the match by less than a thousandth, so no more were taken
  refused,   // a step improved it at no scale: the weights are those before that step
};

/// The logits that say whether a member ran away are those of the matched points, at the weights
/// that it ends with: a pass that the last step makes anyway. `unlearn` marks the runaways beside
/// the starting models. A member that is not finite had no finite theta0.
struct GaussNewtonReport : MemberHealth {
  std::vector<double>
      first_loss;                 // [members]  mean of w (f - target)^2 over the outputs, at theta0
  std::vector<double> last_loss;  // [members]  and at the end
  std::vector<Index> steps;       // [members]  steps that moved the weights
  std::vector<Index> iterations;  // [members]  of the solver, all steps together
  std::vector<double> residual;   // [members]  relative, of the last solve
  std::vector<MatchingOutcome> outcome;  // [members]
  std::vector<Index> samples;            // [members]  examples that went forward and back: half of
                                         //   one for each forward, backward and tangent pass, and
                                         //   4 p operations of a prior are one
  std::vector<Index> samples_by_epoch;   // [steps]    of member 0, up to the end of each step

  explicit GaussNewtonReport(Index members = 0)
      : MemberHealth(size(members)),
        first_loss(size(members)),
        last_loss(size(members)),
        steps(size(members)),
        iterations(size(members)),
        residual(size(members)),
        outcome(size(members)),
        samples(size(members)) {}

  Index refused() const {
    return std::count(outcome.begin(), outcome.end(), MatchingOutcome::refused);
  }

 private:
  static std::size_t size(Index members) { return static_cast<std::size_t>(members); }
};

}  // namespace expunge
