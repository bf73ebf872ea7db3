// What every stage of the demonstration shares, and the ensembles that it trains.
#pragma once

#include <functional>

#include "expunge/attribution/datamodels.hpp"
#include "expunge/core/half.hpp"
#include "expunge/io/stage_store.hpp"
#include "workload.hpp"

namespace quickstart {

using expunge::Array;

struct Sizes {
  Index models = 100;          // N: full models, and oracles per forget set (twice)
  Index subset_models = 2000;  // M: models that the datamodels are fitted to
  Index held_out = 200;        // more subset models, for the LDS
  double alpha = 0.8;          // share of the training set that a subset model sees
  Index starts = 50;           // initial weights and orders that the subset models share
};

/// Starts a named stage and returns where it reports progress.
using StartStage = std::function<expunge::Progress(const std::string& name)>;

struct Lab {
  Device backend;
  Workload workload;
  Sizes sizes;
  std::uint64_t seed;
  expunge::StageStore store;
  StartStage stage;

  Index train_size() const { return workload.train.size(); }
  int threads() const { return backend.threads(); }
  /// A seed of its own for each group of models.
  std::uint64_t group_seed(std::uint64_t group) const { return seed * 1000003 + group; }
};

/// Models, and what they say of all points.
struct FullModels {
  Models models;
  Array<float, 3> logits;   // [N][points][k]
  Array<float, 2> margins;  // [N][points]
};

/// Models that never saw a forget set: N to compare with, and N others for the noise floor and as
/// targets of Oracle Matching.
struct Oracles {
  Array<float, 3> logits;         // [N][points][k]
  Array<float, 2> margins;        // [N][points]
  Array<float, 3> other_logits;   // [N][points][k]
  Array<float, 2> other_margins;  // [N][points]
};

struct SubsetModels {
  expunge::SubsetMasks masks;      // [M + held_out][n]
  Array<expunge::Half, 3> logits;  // [M + held_out][points][k]
  Array<float, 2> margins;         // [M + held_out][points]
  std::string key;                 // everything that they depend on
};

FullModels train_full_models(Lab& lab);
/// The weights of the first `count`.
Models first_models(const FullModels& full, Index count);
SubsetModels train_subset_models(Lab& lab);
/// `group` is a number that no other forget set of the program has.
Oracles train_oracles(Lab& lab, const std::string& name, const std::vector<Index>& forget,
                      std::uint64_t group);
/// N models trained on R for `stop_after` of the recipe's epochs.
struct PartialModels {
  Array<float, 3> logits;  // [N][points][k]
  double seconds = 0;      // of their training; NaN when an earlier run had trained them
};
PartialModels train_partially(Lab& lab, const std::string& name, const std::vector<Index>& forget,
                              std::uint64_t group, Index stop_after);

/// Logits as margins of the labels.
Array<float, 2> margins_of(const Lab& lab, const Array<float, 3>& logits);

}  // namespace quickstart
