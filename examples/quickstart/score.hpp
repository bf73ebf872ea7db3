// From margins and logits to the numbers of the report.
#pragma once

#include "expunge/evaluation/klom_triple.hpp"
#include "expunge/report/results.hpp"
#include "lab.hpp"

namespace quickstart {

/// The points that a score is reported on.
struct Splits {
  std::vector<Index> forget, retain, validation;
};

Splits splits_of(const Lab& lab, const std::vector<Index>& forget);

/// Forward, reverse and Gaussian on each split: what settings are chosen by.
struct QuickScore {
  expunge::KlomTriple forget, retain, validation;
};

QuickScore quick_score(const Array<float, 2>& oracle, const Array<float, 2>& unlearned,
                       const Splits& splits, int threads);

/// All scores of one method, with bootstrap intervals over models and accuracies.
expunge::report::PerSplit<expunge::report::SplitScores> full_score(const Lab& lab,
                                                                   const Oracles& oracles,
                                                                   const Array<float, 3>& logits,
                                                                   const Splits& splits);

/// p95 forward of every epoch of a trajectory [epochs][models][points].
std::vector<expunge::report::PerSplit<double>> score_epochs(const Oracles& oracles,
                                                            const Array<float, 3>& trajectory,
                                                            const Splits& splits, int threads);

}  // namespace quickstart
