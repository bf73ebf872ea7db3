// The regression of expunge fit, block by block of 64 targets, each finished block on disk: a run
// that was stopped goes on after the last one, and ends (on a CPU) with the same bytes.
//
//   OUT/blocks/penalties_F.safetensors  f8 [2][count]         lambda, validation error (LASSO)
//   OUT/blocks/effects_F.safetensors    f4 [examples][count]  effects
//   OUT/blocks/figures_F.safetensors    f8 [4][count]         the rows of Figure
//
// F is the block's first target. How many blocks are worked on at a time follows from the memory
// and changes nothing but, on a GPU, rounding.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "cli/fit_plan.hpp"
#include "expunge/core/progress.hpp"
#include "expunge/io/stage_store.hpp"

namespace expunge::cli {

/// What is said of each target beside its effects.
enum class Figure : Index { intercept, kkt_residual, non_zero, lds, count };

/// The folder OUT/blocks, held by one run at a time.
class FitStore {
 public:
  /// Makes the folder, and removes what killed runs left half-written there and in OUT. Throws
  /// io_error if another run holds it.
  explicit FitStore(const std::filesystem::path& out);
  FitStore(const FitStore&) = delete;
  FitStore& operator=(const FitStore&) = delete;
  ~FitStore();

  const StageStore& stages() const { return stages_; }
  /// Whether a block is there with this key and whole, which reads all of it. Notes what is
  /// damaged.
  bool holds(const std::string& name, const std::string& key);
  /// What was found of each damaged block, beginning with its path.
  const std::vector<std::string>& damaged() const { return damaged_; }
  /// Removes the folder with everything in it.
  void remove();

 private:
  std::filesystem::path folder_;
  StageStore stages_;
  std::vector<std::string> damaged_;
  int lock_ = -1;
};

/// Fits the blocks that the store lacks. Throws io_error where an output is not finite, naming
/// model and target. `progress(stage)` gives the bar of a stage.
void fit_blocks(const FitPlan& plan, const SubsetMasks& masks, const ModelOutputs& outputs,
                FitStore& store, const std::function<Progress(const std::string&)>& progress);

/// The same on a GPU, in programs that are built with CUDA.
void fit_blocks_on_gpu(const FitPlan& plan, const SubsetMasks& masks, const ModelOutputs& outputs,
                       FitStore& store,
                       const std::function<Progress(const std::string&)>& progress);

/// All blocks put together in `out`: effects.npy [examples][targets], written 128 MiB at a time,
/// and one array [targets] for each other figure. One block is open at a time. Throws io_error if a
/// block is of another fit or damaged.
void join_blocks(const FitPlan& plan, Index examples, const FitStore& store,
                 const std::filesystem::path& out);

}  // namespace expunge::cli
