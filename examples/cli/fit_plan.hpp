// What expunge fit was asked for, what that means for these files, and the key under which finished
// blocks are stored.
#pragma once

#include <string>
#include <variant>

#include "cli/model_outputs.hpp"
#include "cli/session.hpp"
#include "expunge/attribution/difference_of_means.hpp"
#include "expunge/attribution/lasso.hpp"
#include "expunge/attribution/ridge.hpp"
#include "expunge/data/subset_masks.hpp"
#include "support/device.hpp"

namespace expunge::cli {

struct FitOptions {
  std::string store, masks, outputs, out, estimator = "lasso";
  double validate = 0.1, hold_out = 0.1;
  Index starts = 0;
  double memory = 0;  // bytes
  support::Device device = support::Device::automatic;
  LassoConfig lasso{};
  RidgeConfig ridge{};
  DifferenceOfMeansConfig means{};
};

/// What to fit, on which models: the first `fitted` and, for the LASSO, `validated` after them; the
/// rest are held out.
struct FitPlan {
  std::variant<Lasso, Ridge, DifferenceOfMeans> estimator;
  Index fitted = 0, validated = 0, held_out = 0;
  Index starts = 0;  // centre the outputs of the models used by these shared starts; 0 = not
  Index targets = 0;
  Index width = 64;  // targets in memory at a time, a multiple of 64; on a CPU it changes no bit
  int threads = 0;
  support::Device device = support::Device::cpu;
  std::string key;  // everything that the result depends on

  /// Models that the final fit uses.
  Index used() const { return fitted + validated; }
};

/// Throws usage_error or io_error where the options do not fit the files, or the memory is too
/// little.
FitPlan make_plan(const FitOptions& options, const Session& session, const SubsetMasks& masks,
                  const ModelOutputs& outputs);

/// The estimator and its settings in words.
std::string settings_text(const FitOptions& options);

/// The key of this plan with the input files as they are now: path, size and time of each,
/// and the name of the array in an archive.
std::string fit_key(const FitOptions& options, const FitPlan& plan);

}  // namespace expunge::cli
