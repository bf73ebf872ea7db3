// What a run of the loop did to each member.
#pragma once

#include <vector>

#include "expunge/train/divergence.hpp"

namespace expunge {

/// The logits that say whether a member ran away are those of the last epoch's passes, and of the
/// last minibatch once more after the last step, in eval mode: what the run computes anyway, and
/// one forward pass of one minibatch.
struct DescentReport : MemberHealth {
  std::vector<double> losses;  // [members]  mean loss over the last epoch
  std::vector<Index> samples;  // [members]  examples that went forward and back, repeats counted

  std::vector<Index> samples_by_epoch;  // [epochs run]  of member 0, up to the end of each epoch

  DescentReport() = default;
  explicit DescentReport(std::size_t members)
      : MemberHealth(members), losses(members), samples(members) {}
};

}  // namespace expunge
