// The settings of KLoM, and the four published readings of it as presets.
//
// KLoM (Georgiev et al., arXiv 2410.23232, Algorithm E.1): per point, histogram the margins of the
// oracle and of the unlearned models on common bins, and take the KL divergence of the two.
// Published code disagrees with the paper and with itself; every choice is a field here:
//
//   preset            direction                bins  largest sample  renormalised  clipped
//   paper             KL(oracle || unlearned)  20    counted         no            both arrays
//   paper_code        KL(unlearned || oracle)  19    dropped         yes           unlearned only
//   unlearning_bench  KL(oracle || unlearned)  20    dropped         yes           both arrays
//   easydub           KL(unlearned || oracle)  20    dropped         no            both arrays
//
// A model that diverged to a finite margin, a runaway (core/runaway.hpp), widens every bin until
// both samples share one, and so makes a score too good. The paper's preset gives such points the
// ceiling; the presets of published code keep their scores, as those programs do. All count the
// points and name the models.
//
// `paper_code` is the authors' direct.py, `unlearning_bench` the run.py of data-unlearning-bench,
// `easydub` the eval.py of EasyDUB. Where we differ from all of them: see klom.hpp.
#pragma once

#include <cmath>
#include <string>
#include <string_view>

#include "expunge/core/check.hpp"
#include "expunge/core/platform.hpp"

namespace expunge {

/// Which distribution comes first, so which one has to be covered by the other.
enum class KlDirection { oracle_to_unlearned, unlearned_to_oracle };
/// Whether the last bin holds its right edge, and so the largest sample. numpy.digitize drops it.
enum class LastEdge { closed, dropped };
/// Which array is clipped to [clip_min, clip_max].
enum class Clipped { none, unlearned, both };
/// Where the second distribution is raised to the floor.
enum class FloorWhere { first_has_mass, everywhere };
/// The arithmetic of the bin edges: double, or that of the margins, as in numpy 2 and later.
enum class EdgePrecision { float64, as_input };
/// What to do with a point that has no score (NaN or infinite margins, say).
enum class BadPoints { score_ceiling, refuse };

/// What a point scores at which a model ran away: the ceiling, or what its arithmetic gives.
enum class RunawayPoints { score_ceiling, keep_score };

/// The paper's notation: which sample is P and which is Q in KL(P || Q).
inline std::string_view direction_name(KlDirection direction) {
  return direction == KlDirection::oracle_to_unlearned ? "KL(oracle || unlearned)"
                                                       : "KL(unlearned || oracle)";
}

/// The other direction.
inline KlDirection reversed(KlDirection direction) {
  return direction == KlDirection::oracle_to_unlearned ? KlDirection::unlearned_to_oracle
                                                       : KlDirection::oracle_to_unlearned;
}

struct KlomConfig {
  std::string name = "paper";  // of the preset, for printing
  KlDirection direction = KlDirection::oracle_to_unlearned;
  Index bins = 20;  // equal in width over the joint min..max of the point; at most 1000
  LastEdge last_edge = LastEdge::closed;
  Index bins_below = 0;  // bins below the smallest sample: they hold the floor and nothing else
  Clipped clipped = Clipped::both;
  double clip_min = -100;
  double clip_max = 100;
  double floor = 1e-5;  // of the second distribution's probabilities
  FloorWhere floor_where = FloorWhere::first_has_mass;
  bool renormalised =
      false;  // whether the second distribution is divided by its sum after flooring
  EdgePrecision edges = EdgePrecision::float64;
  BadPoints bad_points = BadPoints::score_ceiling;
  RunawayPoints runaways = RunawayPoints::score_ceiling;
  int threads = 0;  // 0: all; never changes a result

  static KlomConfig paper() { return {}; }
  static KlomConfig paper_code();
  static KlomConfig unlearning_bench();
  static KlomConfig easydub();

  void validate() const;
  /// No point can score more; bad points score this. ln(1e5) = 11.513 for the paper's settings.
  double ceiling() const {
    const double sum = static_cast<double>(bins + bins_below) * floor;
    return -std::log(floor) + (renormalised ? std::log1p(sum) : 0.0);
  }
};

inline KlomConfig KlomConfig::paper_code() {
  KlomConfig config;
  config.name = "paper_code";
  config.direction = KlDirection::unlearned_to_oracle;
  config.bins = 19;  // numpy.linspace(first, last, 20) are 20 edges
  config.bins_below = 1;
  config.last_edge = LastEdge::dropped;
  config.clipped = Clipped::unlearned;
  config.floor_where = FloorWhere::everywhere;
  config.renormalised = true;
  config.edges = EdgePrecision::as_input;
  config.runaways = RunawayPoints::keep_score;
  return config;
}

inline KlomConfig KlomConfig::unlearning_bench() {
  KlomConfig config;
  config.name = "unlearning_bench";
  config.last_edge = LastEdge::dropped;
  config.renormalised = true;
  config.edges = EdgePrecision::as_input;
  config.runaways = RunawayPoints::keep_score;
  return config;
}

inline KlomConfig KlomConfig::easydub() {
  KlomConfig config;
  config.name = "easydub";
  config.direction = KlDirection::unlearned_to_oracle;
  config.last_edge = LastEdge::dropped;
  config.edges = EdgePrecision::as_input;
  config.runaways = RunawayPoints::keep_score;
  return config;
}

inline void KlomConfig::validate() const {
  require(bins >= 1 && bins <= 1000, "KlomConfig: bins is ", bins, ", not in 1 .. 1000");
  require(bins_below >= 0 && bins_below <= 1000, "KlomConfig: bins_below is ", bins_below,
          ", not in 0 .. 1000");
  require(floor > 0 && floor < 1, "KlomConfig: floor is ", floor, ", not in (0, 1)");
  require(clipped == Clipped::none || (std::isfinite(clip_min) && std::isfinite(clip_max)),
          "KlomConfig: clip_min and clip_max are ", clip_min, " and ", clip_max, ", not finite");
  require(clipped == Clipped::none || clip_min < clip_max, "KlomConfig: clip_min ", clip_min,
          " is not below clip_max ", clip_max);
  require(threads >= 0, "KlomConfig: threads is ", threads, ", below 0");
}

/// What a printed score must say: preset, direction, bins, and how many models it rests on.
inline std::string klom_label(const KlomConfig& config, Index oracle_models,
                              Index unlearned_models) {
  return sentence("KLoM (", config.name, "): ", direction_name(config.direction), ", ", config.bins,
                  " bins, largest sample ",
                  config.last_edge == LastEdge::closed ? "counted" : "dropped",
                  config.renormalised ? ", renormalised" : "", ", ", oracle_models, " oracle and ",
                  unlearned_models, " unlearned models");
}

}  // namespace expunge
