// What is suspicious about the inputs and the result of a fit, in one sentence each: models that
// ran away or were never done, masks that are inverted, arrays that are turned round.
#pragma once

#include <string>
#include <vector>

#include "cli/array_facts.hpp"
#include "cli/model_outputs.hpp"
#include "expunge/core/find_runaways.hpp"
#include "expunge/core/progress.hpp"
#include "expunge/data/subset_masks.hpp"
#include "support/json.hpp"

namespace expunge::cli {

/// What one pass over all outputs [models][targets] finds.
struct OutputFacts {
  Runaways runaways;               // numbers of targets are those of the whole file
  std::vector<Index> zero_models;  // all of whose outputs are 0
  std::vector<double> model_mean;  // [models], over the targets
  AxisVariances variances;         // rows are models, columns targets
};

/// Reads `width` targets at a time. Outputs that are not finite are left to the fit, which refuses
/// them.
OutputFacts output_facts(const ModelOutputs& outputs, Index width, int threads,
                         const Progress& progress = {});

/// Effects of examples on themselves, where target i is the output at example i.
struct OwnEffects {
  Index positive = 0, negative = 0;
  double mean = 0;         // of all of them
  double mean_others = 0;  // of the absolute effects of as many examples on other targets
};

/// Of effects [examples][targets] with at least as many targets as examples.
OwnEffects own_effects(const NpyView& effects);

/// A word of advice where the numbers of models differ but would agree if one array were turned
/// round; empty otherwise.
std::string turned_round_hint(const SubsetMasks& masks, const ModelOutputs& outputs);

/// One sentence for everything that looks wrong. `own`: nullptr where no target is known to be an
/// example's own output.
std::vector<std::string> fit_warnings(const SubsetMasks& masks, const ModelOutputs& outputs,
                                      const OutputFacts& facts, const OwnEffects* own);

/// For programs: runaways, models without outputs and effects of examples on themselves.
void add_fit_checks(const OutputFacts& facts, const OwnEffects* own, report::Json& results);

}  // namespace expunge::cli
