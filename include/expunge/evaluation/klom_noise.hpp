// Noise floor (klom_floor.hpp) and bootstrap interval (klom_interval.hpp) of the three scores of
// klom_triple.hpp together: forward, reverse and Gaussian, from the same draws.
//
// Draws cost more than scores, so this takes little longer than one of the three alone. On many
// points take a sample of some thousands: the floor of p95 hardly changes, and an interval, moved
// to the score of all points with BootstrapEstimate::around, is slightly too wide.
#pragma once

#include "expunge/evaluation/klom_floor.hpp"
#include "expunge/evaluation/klom_interval.hpp"
#include "expunge/evaluation/klom_triple.hpp"

namespace expunge {

struct KlomFloors {
  KlomFloor forward;   // in the direction of the config
  KlomFloor reverse;   // in the other direction
  KlomFloor gaussian;  // plug-in KL in the direction of the config
};

/// By a split if there are enough oracles [models][points], else by the bootstrap, as klom_floor.
template <MatrixLike A>
KlomFloors klom_floors(const A& oracle, const FloorConfig& floor_config,
                       const KlomConfig& config = {}) {
  const FloorMethod method = detail::floor_method(view(oracle).rows, floor_config);
  const Index points = view(oracle).cols;
  const KlomFloor none = detail::no_floor(method, floor_config, points);
  const auto floors = [&](const auto& sound, Index found) -> KlomFloors {
    detail::FloorSums forward, reverse, gaussian;
    const auto add = [&](detail::FloorPair pair, const auto& o, const auto& u) {
      const KlomScores scores = klom_scores(o, u, config);
      forward.add(pair, scores.forward);
      reverse.add(pair, scores.reverse);
      gaussian.add(pair, scores.gaussian);
    };
    detail::for_each_scored_pair(sound, method, floor_config, config.threads, add);
    const auto of = [&](const detail::FloorSums& sums) {
      return sums.floor(method, floor_config, config.ceiling(), found, points - found);
    };
    return {of(forward), of(reverse), of(gaussian)};
  };
  return detail::at_sound_points(oracle, config.threads, KlomFloors{none, none, none}, floors);
}

struct KlomIntervals {
  KlomInterval forward, reverse, gaussian;
};

/// Over all points: oracle [N_o][points], unlearned [N_u][points], at least 2 models each.
template <MatrixLike O, MatrixLike U>
KlomIntervals klom_intervals(const O& oracle, const U& unlearned, const KlomConfig& config = {},
                             const BootstrapConfig& bootstrap = {}) {
  bootstrap.validate();
  KlomConfig other = config;
  other.direction = reversed(config.direction);
  const std::vector<Index> all = all_indices(static_cast<Index>(view(oracle).cols));
  detail::KlomReplicates forward, reverse, gaussian;
  for (Index r = 0; r < bootstrap.replicates; ++r) {
    const std::vector<Index> o = detail::resampled_models(bootstrap, r, 0, view(oracle).rows);
    const std::vector<Index> u = detail::resampled_models(bootstrap, r, 1, view(unlearned).rows);
    const KlomResult drawn = klom_of_models(oracle, o, unlearned, u, config);
    forward.add(drawn, all);
    reverse.add(klom_of_models(oracle, o, unlearned, u, other), all);
    gaussian.add(detail::gaussian_klom_given(select_models(oracle, o), select_models(unlearned, u),
                                             config, drawn.runaways),
                 all);
  }
  const KlomScores scores = klom_scores(oracle, unlearned, config);
  return {forward.interval(scores.forward, all, bootstrap.level),
          reverse.interval(scores.reverse, all, bootstrap.level),
          gaussian.interval(scores.gaussian, all, bootstrap.level)};
}

}  // namespace expunge
