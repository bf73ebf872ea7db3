// Bootstrap intervals: how far a figure would move with other models, points or targets.
//
// The percentile interval holds the middle `level` of the replicates. Where a resampled figure is
// off the figure itself for a known reason (klom_interval.hpp), read the centred interval, which
// moves the replicates so that their mean is the estimate. Draws depend on (seed, replicate) alone.
#pragma once

#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

#include "expunge/core/check.hpp"
#include "expunge/core/random.hpp"
#include "expunge/evaluation/percentile.hpp"

namespace expunge {

struct BootstrapConfig {
  Index replicates = 200;
  double level = 0.95;
  std::uint64_t seed = 0;

  void validate() const {
    require(replicates >= 2 && replicates < 1'000'000, "BootstrapConfig: replicates is ",
            replicates, ", not in 2 .. 999999");
    require(level > 0 && level < 1, "BootstrapConfig: level is ", level, ", not in (0, 1)");
  }
};

struct Interval {
  double low = 0;
  double high = 0;
};

/// A figure with its bootstrap.
struct BootstrapEstimate {
  double estimate = 0;  // from the data as they are
  double bias = 0;      // mean of the replicates minus the estimate
  Interval percentile;  // of the replicates
  Interval centred;     // of the replicates minus the bias

  /// The same spread about another estimate: of all points, say, where the replicates looked at a
  /// sample of them.
  BootstrapEstimate around(double other) const {
    BootstrapEstimate moved = *this;
    moved.estimate = other;
    for (Interval* interval : {&moved.percentile, &moved.centred}) {
      interval->low += other - estimate;
      interval->high += other - estimate;
    }
    return moved;
  }
};

/// Percentile and centred interval of replicates about an estimate.
inline BootstrapEstimate bootstrap_estimate(double estimate, std::vector<double> replicates,
                                            double level) {
  require(!replicates.empty(), "bootstrap_estimate: no replicates");
  BootstrapEstimate result;
  result.estimate = estimate;
  for (const double r : replicates) result.bias += r / static_cast<double>(replicates.size());
  result.bias -= estimate;
  const std::vector<double> sorted = ascending(std::move(replicates));
  const double tail = 50 * (1 - level);
  result.percentile = {percentile_of_sorted(sorted, tail),
                       percentile_of_sorted(sorted, 100 - tail)};
  result.centred = {result.percentile.low - result.bias, result.percentile.high - result.bias};
  return result;
}

/// Percentile interval of the mean of scores, which are drawn with replacement. Throws if there are
/// none.
inline Interval mean_interval(const std::vector<double>& scores, const BootstrapConfig& config) {
  config.validate();
  require(!scores.empty(), "mean_interval: no scores");
  const Index n = static_cast<Index>(scores.size());
  std::vector<double> means;
  for (Index r = 0; r < config.replicates; ++r) {
    const Stream stream{Purpose::bootstrap, static_cast<std::uint32_t>(r)};
    double sum = 0;
    for (std::uint64_t t = 0; t < scores.size(); ++t)
      sum += scores[static_cast<std::size_t>(random_below(config.seed, stream, t, n))];
    means.push_back(sum / static_cast<double>(n));
  }
  const double mean = std::accumulate(scores.begin(), scores.end(), 0.0) / static_cast<double>(n);
  return bootstrap_estimate(mean, std::move(means), config.level).percentile;
}

}  // namespace expunge
