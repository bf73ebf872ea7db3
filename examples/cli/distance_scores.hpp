// The other distances of klom --distances: Kolmogorov-Smirnov, Welch, Wasserstein, Renyi,
// Jensen-Shannon, of models on disk.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cli/klom_scores.hpp"
#include "expunge/evaluation/distance_summary.hpp"

namespace expunge::cli {

/// Every distance of every point, by blocks.
SampleDistances distance_points(const ModelOutputs& oracle, const ModelOutputs& unlearned,
                                const KlomSettings& settings, const Progress& progress);

/// Adds a table with a row and a floor for each split, and the same as JSON under "distances".
void add_distances(Document& document, const ModelOutputs& oracle, const SampleDistances& distances,
                   const std::vector<Split>& splits, const KlomSettings& settings);

/// Named arrays [points] for an .npz file.
NamedArrays distance_arrays(const SampleDistances& distances);

}  // namespace expunge::cli
