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
#include "expunge/evaluation/bootstrap.hpp"
#include "expunge/evaluation/klom.hpp"
#include "expunge/evaluation/klom_floor.hpp"

namespace expunge {

struct KlomInterval {
  BootstrapEstimate mean;
  BootstrapEstimate p95;
};

namespace detail {

/// Models drawn with replacement for one replicate; which: 0 oracles, 1 unlearned models.
inline std::vector<Index> resampled_models(const BootstrapConfig& config, Index replicate,
                                           Index which, Index models) {
  const Stream stream{Purpose::bootstrap, static_cast<std::uint32_t>(2 * replicate + which)};
  std::vector<Index> drawn(static_cast<std::size_t>(models));
  for (std::size_t m = 0; m < drawn.size(); ++m)
    drawn[m] = random_below(config.seed, stream, m, models);
  return drawn;
}

/// Summaries of the replicates, as they come.
struct KlomReplicates {
  std::vector<double> means, p95s;

  void add(const KlomResult& result, const std::vector<Index>& split) {
    const Summary s = summarise(result, split);
    means.push_back(s.mean);
    p95s.push_back(s.p95);
  }
  KlomInterval interval(const KlomResult& estimate, const std::vector<Index>& split,
                        double level) const {
    const Summary s = summarise(estimate, split);
    return {bootstrap_estimate(s.mean, means, level), bootstrap_estimate(s.p95, p95s, level)};
  }
};

}  // namespace detail

/// For the points of a split: oracle [N_o][points], unlearned [N_u][points].
template <MatrixLike O, MatrixLike U>
KlomInterval klom_interval(const O& oracle, const U& unlearned, const std::vector<Index>& split,
                           const KlomConfig& config = {}, const BootstrapConfig& bootstrap = {}) {
  bootstrap.validate();
  const Array<typename O::value_type, 2> o = select_points(oracle, split);
  const Array<typename U::value_type, 2> u = select_points(unlearned, split);
  const std::vector<Index> all = all_indices(static_cast<Index>(split.size()));
  detail::KlomReplicates replicates;
  for (Index r = 0; r < bootstrap.replicates; ++r)
    replicates.add(
        klom_of_models(o, detail::resampled_models(bootstrap, r, 0, view(oracle).rows), u,
                       detail::resampled_models(bootstrap, r, 1, view(unlearned).rows), config),
        all);
  return replicates.interval(klom(o, u, config), all, bootstrap.level);
}

}  // namespace expunge
