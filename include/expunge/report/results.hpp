// Everything that a demonstration reports, as plain values: what ran, how each method scored on
// each forget set, and the curves behind the figures. The writers beside this file (table, figure,
// html) read nothing else.
//
// A number that was not measured is NaN, `not_measured`; it is printed as words, never as a good
// score. KLoM is the KL divergence of margins, in nats, of Georgiev et al. 2024 (arXiv 2410.23232,
// section 2).
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "expunge/core/platform.hpp"

namespace expunge::report {

inline constexpr double not_measured = std::numeric_limits<double>::quiet_NaN();

/// One value for each part of the data.
template <class T>
struct PerSplit {
  T forget{};
  T retain{};
  T validation{};
};

struct Interval {
  double low = not_measured;
  double high = not_measured;
};

/// A distance over the points of a split: 95th percentile with its bootstrap interval, and mean.
struct Score {
  double p95 = not_measured;
  double mean = not_measured;
  Interval p95_interval{};
};

/// How one method did on one split.
struct SplitScores {
  Score forward{};       // KL(oracle || unlearned), the paper's direction
  Score reverse{};       // KL(unlearned || oracle): exposes models that are too spread out
  Score gaussian{};      // KL between fitted Gaussians: a much lower noise floor
  Index bad_points = 0;  // points whose margins were not finite; they score the ceiling
  double accuracy = not_measured;  // mean over models, in [0, 1]
};

/// One method on one forget set.
struct Row {
  std::string method;
  std::string settings;                    // in a few words: "Adam 3e-3, 5 epochs"
  double compute_fraction = not_measured;  // of retraining one model; 0 = no training at all
  double seconds = not_measured;           // per unlearned model set, as measured
  PerSplit<SplitScores> scores{};
  bool diverged = false;  // the method's own verdict: margins that are no numbers
};

/// One point of a KLoM-against-compute curve.
struct ComputePoint {
  double compute_fraction = not_measured;
  PerSplit<double> klom_p95{not_measured, not_measured, not_measured};
};

struct ComputeCurve {
  std::string method;
  std::vector<ComputePoint> points;
};

/// One forget set: what it is, the floor that no method can beat, and how the methods did.
struct ForgetSetResult {
  std::string name;         // "random 100"
  std::string description;  // "100 training images drawn at random"
  Index size = 0;
  PerSplit<SplitScores> floor{};  // oracles against other oracles; accuracy: that of the oracles
  std::vector<Row> rows;
  std::vector<ComputeCurve> klom_vs_compute;
  std::vector<std::string> remarks;
};

/// Where the mean margin of each point stands in the oracle's distribution, epoch by epoch:
/// one-sided tail probability in percent, 50 at its centre (the paper's figures 2, 5 and F.2).
struct MissingTargets {
  std::string method;
  std::string forget_set;
  std::vector<std::vector<double>> percent;  // [epochs + 1][points]
  std::vector<bool> overshoots;              // [points] reached its target, then left it behind
};

/// How good the attribution is with this many models, and what DM-Direct makes of it.
struct ModelsPoint {
  Index models = 0;
  double lds = not_measured;
  Interval lds_interval{};
  double klom_forget_p95 = not_measured;  // of DM-Direct
};

struct ModelsCurve {
  std::string estimator;
  std::vector<ModelsPoint> points;
};

/// One image and the margins that differently trained models give it.
struct ImageMargins {
  struct Series {
    std::string method;
    std::vector<double> margins;  // [models]
  };
  std::string title;  // "Shirt, example 1203"
  Index width = 0;    // pixels
  Index height = 0;
  std::vector<std::uint8_t> pixels;  // [height][width], 0 = black
  std::vector<Series> series;
};

struct Stage {
  std::string name;
  double seconds = not_measured;
};

/// One run of a program: what a reader needs in order to repeat it.
struct Run {
  std::string version;  // of expunge
  std::string command;
  std::string machine;  // processor, memory, compiler
  Index threads = 0;
  std::uint64_t seed = 0;
  std::string date;                                           // ISO 8601
  std::vector<std::pair<std::string, std::string>> settings;  // name, value
  std::vector<Stage> stages;
  double peak_memory_bytes = not_measured;
};

struct Results {
  std::string title;
  std::vector<std::string> summary;  // what was done, in about three sentences
  Run run{};
  std::vector<ForgetSetResult> forget_sets;
  std::vector<MissingTargets> missing_targets;
  std::vector<ModelsCurve> models_curves;
  std::vector<ImageMargins> histograms;
  std::vector<std::string> remarks;  // honesty: how settings were chosen, what failed
};

}  // namespace expunge::report
