// A bootstrap interval of KLoM over models: how far mean and p95 would move with other models.
//
// Oracles are drawn with replacement from the oracles, unlearned models from the unlearned ones;
// each replicate is summarised over the points. A resampled pair is further apart than the pair
// itself (it carries the noise of the models twice), so the percentile interval of the replicates
// lies too high, and near the floor it may not even hold the estimate. Read the centred interval,
// which moves the replicates so that their mean is the estimate; the percentile interval and the
// bias are given beside.
#pragma once

#include "expunge/core/random.hpp"
#include "expunge/evaluation/klom.hpp"
#include "expunge/evaluation/klom_floor.hpp"

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

struct KlomInterval {
  BootstrapEstimate mean;
  BootstrapEstimate p95;
};

/// For the points of a split: oracle [N_o][points], unlearned [N_u][points].
template <MatrixLike O, MatrixLike U>
KlomInterval klom_interval(const O& oracle, const U& unlearned, const std::vector<Index>& split,
                           const KlomConfig& config = {}, const BootstrapConfig& bootstrap = {}) {
  bootstrap.validate();
  const Array<typename O::value_type, 2> o = select_points(oracle, split);
  const Array<typename U::value_type, 2> u = select_points(unlearned, split);
  const std::vector<Index> all = all_indices(static_cast<Index>(split.size()));
  std::vector<double> means, p95s;
  for (Index r = 0; r < bootstrap.replicates; ++r) {
    const auto draw = [&](Index models, Index which) {
      const Stream stream{Purpose::bootstrap, static_cast<std::uint32_t>(2 * r + which)};
      std::vector<Index> drawn(static_cast<std::size_t>(models));
      for (std::size_t m = 0; m < drawn.size(); ++m)
        drawn[m] = random_below(bootstrap.seed, stream, m, models);
      return drawn;
    };
    const std::vector<Index> of_oracle = draw(view(oracle).rows, 0);
    const std::vector<Index> of_unlearned = draw(view(unlearned).rows, 1);
    const Summary s = summarise(klom_of_models(o, of_oracle, u, of_unlearned, config), all);
    means.push_back(s.mean);
    p95s.push_back(s.p95);
  }
  const Summary s = summarise(klom(o, u, config), all);
  return {bootstrap_estimate(s.mean, std::move(means), bootstrap.level),
          bootstrap_estimate(s.p95, std::move(p95s), bootstrap.level)};
}

}  // namespace expunge
