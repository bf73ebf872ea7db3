// KLoM of models on disk: every point by blocks, then each split with its noise floor and interval.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "cli/document.hpp"
#include "cli/fingerprint.hpp"
#include "cli/model_outputs.hpp"
#include "cli/splits.hpp"
#include "expunge/core/progress.hpp"
#include "expunge/evaluation/klom_noise.hpp"

namespace CLI {
class App;
}

namespace expunge::cli {

struct KlomSettings {
  KlomConfig klom{};
  BootstrapConfig bootstrap{};
  Index interval_points = 2000;  // of a split that the bootstrap looks at; 0 = all
  Index floor_points = 5000;     // of a split that the floor looks at; 0 = all
  Index floor_repeats = 5;       // draws of the floor, which are averaged
  std::uint64_t seed = 0;
  bool strict = false;  // a point without a score is an error
};

/// One of the three scores of a split.
struct ScoreOfSplit {
  Summary summary;
  BootstrapEstimate p95, mean;  // about the summary's values
  KlomFloor floor;
};

struct KlomOfSplit {
  std::string name;
  Index points = 0;
  Index oracle_models = 0, unlearned_models = 0;
  Index interval_points = 0, floor_points = 0;  // looked at for those
  Index floor_left_out = 0;  // points that the floor does without: an oracle is not finite there
  Fingerprints fingerprints;
  ScoreOfSplit forward, reverse, gaussian;

  /// Points without a score in one of the two directions, which count as the worst.
  Index bad_points() const { return std::max(forward.summary.bad, reverse.summary.bad); }
  /// Points where a model ran away.
  Index runaway_points() const { return forward.summary.runaway; }
};

/// Forward, reverse and Gaussian score of every point. Both have the same points and at least two
/// models, or an io_error says the numbers.
KlomScores score_points(const ModelOutputs& oracle, const ModelOutputs& unlearned,
                        const KlomSettings& settings, const Progress& progress);

/// Summaries, floors and intervals of one split of these scores. The floor is of the scores'
/// numbers of models, drawn from `floor_oracles`, which may be more than the oracles.
KlomOfSplit score_split(const ModelOutputs& oracle, const ModelOutputs& unlearned,
                        const ModelOutputs& floor_oracles, const KlomScores& scores,
                        const Split& split, const KlomSettings& settings);

/// The table of the splits, its remarks and warnings, and the same as JSON.
void add_klom(Document& document, const std::vector<KlomOfSplit>& splits,
              const KlomSettings& settings);

/// What becomes of points where a model ran away, for RunawayReport.
std::string runaway_consequence(const KlomConfig& config);

/// Options of every command that scores by KLoM. The settings must outlive the parsing.
void add_klom_options(CLI::App& command, KlomSettings& settings);

/// Per-point scores [points] as files: PATH.npy holds the forward score, PATH.npz forward, reverse,
/// gaussian and bad, each name after `prefix`.
NamedArrays per_point_arrays(const KlomScores& scores, const std::string& prefix);

/// "split", "smoothed bootstrap" or "simulation".
std::string_view floor_method_name(FloorMethod method);

/// Points of a split that the noise floor looks at.
std::vector<Index> floor_sample(const Split& split, const KlomSettings& settings);

/// The type that holds the numbers of both exactly.
inline Precision common_precision(const ModelOutputs& a, const ModelOutputs& b) {
  return std::max(a.precision(), b.precision());
}

/// Calls f(first, margins of oracles, margins of the unlearned) for blocks of points
/// [models][count].
template <class F>
void for_each_block(const ModelOutputs& oracle, const ModelOutputs& unlearned, int threads,
                    const Progress& progress, F f) {
  constexpr Index block_bytes = Index{64} << 20;  // in memory at a time
  const Index points = oracle.points(), models = oracle.models() + unlearned.models();
  with_precision(common_precision(oracle, unlearned), [&]<class T>(T) {
    const Index width =
        std::max<Index>(64, block_bytes / (models * static_cast<Index>(sizeof(T))) / 64 * 64);
    for (Index first = 0; first < points; first += width) {
      const Index count = std::min(width, points - first);
      f(first, oracle.read_margins<T>(first, count, threads),
        unlearned.read_margins<T>(first, count, threads));
      if (progress) progress(first + count, points);
    }
  });
}

}  // namespace expunge::cli
