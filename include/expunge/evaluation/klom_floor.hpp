// The noise floor of KLoM: what models score that differ from the oracles in nothing.
//
// Two samples of one distribution do not score 0, and what they score depends on the numbers of
// models above all (p95 .65 for 100 against 100, .27 for 200 against 200). Three ways to know it:
//
//   split       disjoint models drawn from the oracles, so N_o + N_u oracles are needed. Unbiased.
//   bootstrap   with fewer oracles, N say: as many disjoint models as there are in the same
//               proportion (N / 2 against N / 2), whose floor is unbiased but too high; times what
//               smoothed draws (klom_floor_draws.hpp) of N_o and N_u models score, over what the
//               first of them, in the numbers of the disjoint models, score. Most of the draws'
//               bias cancels: mean and p95 are within a tenth for normal, t3, log-normal and
//               bimodal margins at 20 to 200 models (bench/klom_floor.cpp measures it).
//   simulation  normal numbers; needs no oracles.
//
// Draws depend on (seed, repeat, model, point) alone. Points at which an oracle is NaN or infinite,
// or ran away, are left out and counted (sound_points.hpp); where none is left, the floor is NaN.
#pragma once

#include <array>
#include <limits>
#include <string_view>

#include "expunge/evaluation/klom.hpp"
#include "expunge/evaluation/klom_floor_draws.hpp"
#include "expunge/evaluation/klom_triple.hpp"
#include "expunge/evaluation/sound_points.hpp"

namespace expunge {

enum class FloorMethod { split, bootstrap, simulation };

/// What to print beside a score of as many models, in the same preset.
struct KlomFloor {
  double mean = 0;  // NaN where no point is left
  double p95 = 0;   // likewise
  FloorMethod method = FloorMethod::split;
  Index oracle_models = 0;
  Index unlearned_models = 0;
  Index points = 0;    // that it was found on
  Index left_out = 0;  // that it does without: an oracle is NaN or infinite there, or ran away
};

namespace detail {

/// f(margins of the sound points, how many these are), or `none` where there is not one.
template <MatrixLike A, class Result, class F>
Result at_sound_points(const A& oracle, int threads, Result none, F f) {
  const std::vector<Index> sound = sound_points(oracle, threads);
  if (sound.empty()) return none;
  const Index points = std::ssize(sound);
  return points == view(oracle).cols ? f(oracle, points) : f(select_points(oracle, sound), points);
}

/// Of no points.
inline KlomFloor no_floor(FloorMethod method, const FloorConfig& config, Index left_out) {
  constexpr double none = std::numeric_limits<double>::quiet_NaN();
  return {none, none, method, config.oracle_models, config.unlearned_models, 0, left_out};
}

/// Disjoint models if there are enough oracles, else smoothed draws; says which.
inline FloorMethod floor_method(Index oracles, const FloorConfig& floor_config) {
  floor_config.validate();
  require(oracles >= 2, "klom_floor: ", oracles, " oracle models, at least 2 have a spread");
  const bool enough = floor_config.oracle_models + floor_config.unlearned_models <= oracles;
  return enough ? FloorMethod::split : FloorMethod::bootstrap;
}

/// Calls f(oracles, others) for each repeat, by the method that floor_method names: the draws
/// alone, for figures other than a floor's mean and p95.
template <MatrixLike A, class F>
void for_each_floor_pair(const A& oracle, const FloorConfig& floor_config, int threads, F f) {
  if (floor_method(view(oracle).rows, floor_config) == FloorMethod::split)
    for_each_disjoint_pair(oracle, floor_config, f);
  else
    for_each_smoothed_pair(oracle, floor_config, threads, f);
}

/// The three pairs that the bootstrap's floor is made of.
enum class FloorPair { wanted, part, disjoint };

/// The summaries of each over the repeats, and the floor that they make.
class FloorSums {
 public:
  void add(FloorPair pair, const KlomResult& result) {
    const Summary s = summarise(result, all_indices(static_cast<Index>(result.per_point.size())));
    Sum& sum = sums_[static_cast<std::size_t>(pair)];
    sum.mean += s.mean;
    sum.p95 += s.p95;
    ++sum.repeats;
  }

  /// Of this many points. The pairs of a part may be missing. No floor lies above the ceiling.
  KlomFloor floor(FloorMethod method, const FloorConfig& floor_config, double ceiling, Index points,
                  Index left_out = 0) const {
    KlomFloor floor{
        0, 0, method, floor_config.oracle_models, floor_config.unlearned_models, points, left_out};
    const auto [wanted, part, disjoint] = sums_;
    const double n = static_cast<double>(wanted.repeats);
    const auto scaled = [&](double of_wanted, double of_part, double of_disjoint) {
      const double ratio = of_part > 0 ? of_disjoint / of_part : 1;  // 0: equal constants
      return std::min(of_wanted / n * ratio, ceiling);
    };
    floor.mean = scaled(wanted.mean, part.mean, disjoint.mean);
    floor.p95 = scaled(wanted.p95, part.p95, disjoint.p95);
    return floor;
  }

 private:
  struct Sum {
    double mean = 0, p95 = 0;
    Index repeats = 0;
  };
  std::array<Sum, 3> sums_;
};

/// The largest numbers of disjoint models in the proportion asked for.
inline FloorConfig disjoint_part(Index oracles, const FloorConfig& floor_config) {
  const Index asked = floor_config.oracle_models + floor_config.unlearned_models;
  FloorConfig part = floor_config;
  if (oracles >= asked) return part;
  part.oracle_models = floor_config.oracle_models * oracles / asked;
  part.unlearned_models = floor_config.unlearned_models * oracles / asked;
  return part;
}

/// As many repeats that at least 2000 scores of points are averaged: the three factors of the
/// bootstrap's floor are noisy for a forget set of twenty points, and cost nothing there.
inline Index bootstrap_repeats(Index points, Index repeats) {
  constexpr Index least = 2000;
  return std::max(repeats, (least + points - 1) / std::max<Index>(points, 1));
}

/// Calls f(pair, oracles, others) for every pair that the bootstrap's floor needs. Fewer than four
/// disjoint models of a side say nothing; then the draws stand alone.
template <MatrixLike A, class F>
void for_each_bootstrap_pair(const A& oracle, FloorConfig floor_config, int threads, F f) {
  floor_config.repeats = bootstrap_repeats(view(oracle).cols, floor_config.repeats);
  const FloorConfig part = disjoint_part(view(oracle).rows, floor_config);
  const Index n = part.oracle_models, u = part.unlearned_models;
  const bool has_part = std::min(n, u) >= 4;
  const auto score_draws = [&](const Array<double, 2>& o, const Array<double, 2>& other) {
    f(FloorPair::wanted, o, other);
    if (has_part) f(FloorPair::part, view(o).row_range(0, n), view(other).row_range(0, u));
  };
  for_each_smoothed_pair(oracle, floor_config, threads, score_draws);
  if (has_part)
    for_each_disjoint_pair(
        oracle, part, [&](const auto& o, const auto& other) { f(FloorPair::disjoint, o, other); });
}

/// Calls f(pair, oracles, others) for all that the method needs.
template <MatrixLike A, class F>
void for_each_scored_pair(const A& oracle, FloorMethod method, const FloorConfig& floor_config,
                          int threads, F f) {
  if (method == FloorMethod::bootstrap)
    for_each_bootstrap_pair(oracle, floor_config, threads, f);
  else
    for_each_disjoint_pair(oracle, floor_config, [&](const auto& o, const auto& other) {
      f(FloorPair::wanted, o, other);
    });
}

template <MatrixLike A>
KlomFloor floor_by(FloorMethod method, const A& oracle, const FloorConfig& floor_config,
                   const KlomConfig& config) {
  const Index points = view(oracle).cols;
  return at_sound_points(
      oracle, config.threads, no_floor(method, floor_config, points),
      [&](const auto& sound, Index found) {
        FloorSums sums;
        for_each_scored_pair(sound, method, floor_config, config.threads,
                             [&](FloorPair pair, const auto& o, const auto& other) {
                               sums.add(pair, klom(o, other, config));
                             });
        return sums.floor(method, floor_config, config.ceiling(), found, points - found);
      });
}

}  // namespace detail

/// From disjoint models: oracle [models][points], with at least oracle_models + unlearned_models
/// rows.
template <MatrixLike A>
KlomFloor split_floor(const A& oracle, const FloorConfig& floor_config,
                      const KlomConfig& config = {}) {
  floor_config.validate();
  return detail::floor_by(FloorMethod::split, oracle, floor_config, config);
}

/// From disjoint models as far as they go, and smoothed draws; any number of oracles from 2 on:
/// oracle [models][points]. With fewer than 8 oracles it rests on the draws alone.
template <MatrixLike A>
KlomFloor bootstrap_floor(const A& oracle, const FloorConfig& floor_config,
                          const KlomConfig& config = {}) {
  floor_config.validate();
  require(view(oracle).rows >= 2, "bootstrap_floor: ", view(oracle).rows,
          " oracle models, at least 2 have a spread");
  return detail::floor_by(FloorMethod::bootstrap, oracle, floor_config, config);
}

/// From standard normal margins of this many points.
inline KlomFloor simulated_floor(Index points, const FloorConfig& floor_config,
                                 const KlomConfig& config = {}) {
  floor_config.validate();
  detail::FloorSums sums;
  const auto draw = [&](Index models, std::uint32_t number) {
    return detail::normal_draw(models, points, floor_config.seed, number, config.threads);
  };
  detail::for_each_drawn_pair(floor_config, draw, [&](const auto& o, const auto& other) {
    sums.add(detail::FloorPair::wanted, klom(o, other, config));
  });
  return sums.floor(FloorMethod::simulation, floor_config, config.ceiling(), points);
}

/// By a split if there are enough oracles, N_o + N_u of them; with fewer, so always where the
/// oracles are those of the score alone, by the bootstrap.
template <MatrixLike A>
KlomFloor klom_floor(const A& oracle, const FloorConfig& floor_config,
                     const KlomConfig& config = {}) {
  return detail::floor_by(detail::floor_method(view(oracle).rows, floor_config), oracle,
                          floor_config, config);
}

/// Whether the models compared differ in no more than the forget set.
struct DoNothingStatus {
  bool broken = false;
  double ratio = 0;  // of the score to the floor
  std::string message;
};

/// The p95 of the models before unlearning on the retain or the validation split, against the floor
/// of the same numbers of models. Far above it, the two kinds of model differ in more than the
/// forget set (another recipe, other data, other points), and no score of that set-up means
/// anything. A forget set that truly moves other points can raise the ratio as well: judge a small
/// random one.
inline DoNothingStatus do_nothing_check(double score_p95, const KlomFloor& floor,
                                        double most = 3.0) {
  DoNothingStatus status;
  status.ratio = score_p95 / floor.p95;
  status.broken = !(status.ratio <= most);
  if (std::isnan(floor.p95)) {
    status.message = sentence("doing nothing scores p95 ", score_p95,
                              ", and there is no noise floor: at every point an oracle's margin is "
                              "NaN or infinite, or ran away; leave such oracles out");
    return status;
  }
  const auto rounded = [](double x) { return std::round(100 * x) / 100; };
  status.message =
      sentence("doing nothing scores p95 ", rounded(score_p95), ", ", rounded(status.ratio),
               " times the noise floor of ", rounded(floor.p95), " for ", floor.oracle_models,
               " against ", floor.unlearned_models, " models: ",
               status.broken ? "the set-up is broken, the models compared differ in "
                               "more than the forget set"
                             : "as it should be");
  return status;
}

}  // namespace expunge
