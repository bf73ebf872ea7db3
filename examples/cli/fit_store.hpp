// The regression of expunge fit, block by block of targets, each finished block on disk: a run that
// was stopped goes on after the last one, and ends with the same bytes.
//
//   OUT/blocks/penalties_F.npy  [2][count]             lambda, validation error (LASSO alone)
//   OUT/blocks/effects_F.npy    [examples + 5][count]  effects, then the rows of BlockRow
//
// F is the block's first target. The folder is removed when everything is put together.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <variant>
#include <vector>

#include "cli/model_outputs.hpp"
#include "expunge/attribution/difference_of_means.hpp"
#include "expunge/attribution/lasso.hpp"
#include "expunge/attribution/ridge.hpp"
#include "expunge/core/progress.hpp"
#include "expunge/io/stage_store.hpp"

namespace expunge::cli {

/// What to fit, on which models: the first `fitted` and, for the LASSO, `validated` after them; the
/// rest are held out.
struct FitPlan {
  std::variant<Lasso, Ridge, DifferenceOfMeans> estimator;
  Index fitted = 0, validated = 0, held_out = 0;
  Index starts = 0;  // centre outputs by these shared starts first; 0 = not
  Index targets = 0;
  Index block = 64;  // targets at a time, a multiple of 64
  int threads = 0;
  std::string key;  // everything that the result depends on
};

/// Rows of a block after its effects.
enum class BlockRow : Index { intercept, kkt_residual, converged, non_zero, lds, count };

/// Bytes of the largest preparation, and of each target that is in memory beside it.
struct FitMemory {
  double prepared = 0;
  double per_target = 0;
};
FitMemory fit_memory(const FitPlan& plan, Index examples);

/// Fits the blocks that the store lacks. Throws io_error where an output is not finite, naming
/// model and target. `progress(stage)` gives the bar of a stage.
void fit_blocks(const FitPlan& plan, const SubsetMasks& masks, const ModelOutputs& outputs,
                const StageStore& store,
                const std::function<Progress(const std::string&)>& progress);

/// The effects of all blocks as one file [examples][targets], written row by row.
void join_effects(const std::filesystem::path& blocks, const FitPlan& plan, Index examples,
                  const std::filesystem::path& file);

/// One of the rows after the effects, of all targets.
Array<float, 1> join_row(const std::filesystem::path& blocks, const FitPlan& plan, Index examples,
                         BlockRow row);

/// Row 0 (lambda) or 1 (validation error) of the penalties of all targets.
Array<float, 1> join_penalties(const std::filesystem::path& blocks, const FitPlan& plan, Index row);

}  // namespace expunge::cli
