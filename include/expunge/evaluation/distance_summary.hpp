// The distances of sample_distances.hpp over the points of a split, as one line for printing.
//
// Welch's t enters by its size, since its sign says which side is larger and not how far. The share
// of points with p < 0.05 is about 0.05 where nothing differs, whatever the number of models.
#pragma once

#include <iomanip>
#include <limits>
#include <sstream>
#include <string>

#include "expunge/core/sample.hpp"
#include "expunge/evaluation/klom_floor.hpp"
#include "expunge/evaluation/percentile.hpp"
#include "expunge/evaluation/sample_distances.hpp"

namespace expunge {

/// The distances over the points of one split.
struct DistanceSummary {
  Summary ks, wasserstein, renyi2, renyi5, renyi10, jensen_shannon;
  Summary welch_size;      // |t|
  double significant = 0;  // share of points with p < 0.05: 0.05 for two equal distributions
  std::string label;

  /// "p95 KS 0.21, Wasserstein 0.43, Renyi 0.30 0.85 1.41, Jensen-Shannon 0.06; Welch's p < 0.05 at
  /// 12.0 % of 100 points; 0 bad; ..."
  std::string line() const {
    std::ostringstream out;
    out << std::fixed << std::setprecision(3) << "p95 KS " << ks.p95 << ", Wasserstein "
        << wasserstein.p95 << ", Renyi " << renyi2.p95 << " " << renyi5.p95 << " " << renyi10.p95
        << ", Jensen-Shannon " << jensen_shannon.p95 << "; Welch's p < 0.05 at "
        << std::setprecision(1) << 100 * significant << " % of " << ks.points << " points; "
        << ks.bad << " bad; ";
    if (ks.runaway > 0) out << "a model ran away at " << ks.runaway << "; ";
    out << label;
    return out.str();
  }
};

/// Of the points of a split; bad points count with the worst values, and are counted. So are points
/// where a model ran away.
inline DistanceSummary summarise(const SampleDistances& result, const std::vector<Index>& split) {
  const auto of = [&](const Array<double, 1>& values) {
    Summary s = summarise(values, split);
    s.bad = 0;
    for (const Index x : split) {
      s.bad += result.bad[static_cast<std::size_t>(x)];
      s.runaway += result.runaways.at[static_cast<std::size_t>(x)];
    }
    return s;
  };
  DistanceSummary s;
  s.ks = of(result.ks);
  s.wasserstein = of(result.wasserstein);
  s.renyi2 = of(result.renyi2);
  s.renyi5 = of(result.renyi5);
  s.renyi10 = of(result.renyi10);
  s.jensen_shannon = of(result.jensen_shannon);
  s.welch_size = of(xt::abs(result.welch_t));
  for (const Index x : split) s.significant += result.welch_p(static_cast<std::size_t>(x)) < 0.05;
  s.significant /= static_cast<double>(split.size());
  s.label = result.label();
  return s;
}

namespace detail {

/// Of no points.
inline DistanceSummary no_distances() {
  constexpr double none = std::numeric_limits<double>::quiet_NaN();
  DistanceSummary all;
  for (Summary* s : {&all.ks, &all.wasserstein, &all.renyi2, &all.renyi5, &all.renyi10,
                     &all.jensen_shannon, &all.welch_size})
    s->mean = s->p5 = s->p50 = s->p95 = s->p99 = s->worst = none;
  all.significant = none;
  return all;
}

}  // namespace detail

/// What models score that differ from the oracles [models][points] in nothing: one draw of two
/// groups, as klom_floor makes them (repeats is not read). Points at which an oracle is NaN or
/// infinite, or ran away, are left out: `points` of the summaries says how many are looked at. NaN
/// where none is left.
template <MatrixLike A>
DistanceSummary distances_floor(const A& oracle, FloorConfig floor_config,
                                const SampleDistancesConfig& config = {}) {
  floor_config.repeats = 1;
  const auto floor_of = [&](const auto& sound, Index points) {
    DistanceSummary floor;
    detail::for_each_floor_pair(
        sound, floor_config, config.threads, [&](const auto& first, const auto& second) {
          floor = summarise(sample_distances(first, second, config), all_indices(points));
        });
    return floor;
  };
  return detail::at_sound_points(oracle, config.threads, detail::no_distances(), floor_of);
}

}  // namespace expunge
