// Epsilon (evaluation/epsilon.hpp) of models on disk: every point by blocks, then each split, and
// the floor: what as many models score that differ from the retrained ones in nothing, smoothed
// draws of these (klom_floor.hpp; the retrained models are never enough for a split of such size).
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "cli/model_outputs.hpp"
#include "cli/splits.hpp"
#include "expunge/core/progress.hpp"
#include "expunge/evaluation/epsilon.hpp"
#include "expunge/evaluation/klom_floor.hpp"
#include "expunge/evaluation/percentile.hpp"

namespace expunge::cli {

/// Of the points that were looked at.
struct Epsilons {
  std::vector<Index> points;  // of the files, ascending
  EpsilonResult result;       // [points]
  EpsilonResult floor;        // [points], one draw of each; every block of points has its own
  FloorMethod method;         // of the floor
};

struct SplitFigures {
  Summary epsilon;
  double quality = 0;
  Interval interval;
  Index h_zero = 0;  // examples with H = 0
};

struct EpsilonOfSplit {
  std::string name;
  Index points = 0, bad_points = 0;
  SplitFigures figures;
  std::optional<SplitFigures> floor;  // none if no point has one
  Index floor_left_out = 0;           // points without one: a retrained model broke there
  std::array<Index, 5> attacks{};     // examples, by EpsilonAttack
};

/// Throws io_error unless both have the same points and at least 3 models.
void check_models(const ModelOutputs& retrained, const ModelOutputs& unlearned);

/// The points of all splits, ascending, once each.
std::vector<Index> points_of(const std::vector<Split>& splits);

/// Epsilon of these points, ascending, and the floor of each. Both lose their other points.
Epsilons epsilon_points(ModelOutputs& retrained, ModelOutputs& unlearned, std::vector<Index> points,
                        const EpsilonConfig& config, std::uint64_t seed, const Progress& progress);

/// Of a split whose points were looked at; the interval is over them.
EpsilonOfSplit score_split(const Epsilons& all, const Split& split,
                           const BootstrapConfig& bootstrap);

}  // namespace expunge::cli
