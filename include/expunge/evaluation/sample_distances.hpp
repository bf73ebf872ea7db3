// Other distances between the margins of oracles and of unlearned models, point by point: second
// opinions beside KLoM. Formulas and sources: two_samples.hpp.
//
//   from the margins    Kolmogorov-Smirnov, Welch's t with its p-value, 1-Wasserstein
//   from 20 bins        Renyi divergences of order 2, 5 and 10, Jensen-Shannon divergence
//
// Margins are clipped as for KLoM, all of them and before everything, so that the figures compare
// with KLoM's; the histograms are those of its paper preset. Two samples of the same distribution
// do not score 0, and the Renyi divergences least of all, since one bin that the second sample does
// not reach counts by the floor: compare with the distances of two halves of the oracles.
//
// A point with a NaN or infinite margin scores the worst value of each and is counted: KS 1,
// Welch's t infinite and p 0, Wasserstein the width of the clipping range, Renyi -ln(floor),
// Jensen-Shannon ln 2. No ordinary point scores worse. Equal constants score 0 (p 1); constants
// that differ score those worst values too (given two bins), but for Wasserstein, their distance.
//
// Models that ran away (core/runaway.hpp) are counted and named, but their margins count like any
// others: one of them hardly moves Kolmogorov-Smirnov, raises Wasserstein, and lowers what is made
// of bins and Welch's t, all of which then look too good.
//
//   oracle     [oracle models][points]     float, double or Half
//   unlearned  [unlearned models][points]  the number of models may differ
//
// Cost: one sort of each sample, about 17 us per point for 2 x 200 models on one core. Results do
// not depend on the number of threads.
#pragma once

#include <string>
#include <vector>

#include "expunge/core/array.hpp"
#include "expunge/core/find_runaways.hpp"
#include "expunge/core/parallel.hpp"
#include "expunge/evaluation/two_samples.hpp"

namespace expunge {

struct SampleDistancesConfig {
  KlDirection direction = KlDirection::oracle_to_unlearned;  // of the Renyi divergences
  Index bins = 20;  // equal in width over the joint min..max of the point; at most 1000
  double clip_min = -100;
  double clip_max = 100;
  double floor = 1e-5;  // of the second distribution's probabilities, in the Renyi divergences
  int threads = 0;      // 0: all; never changes a result

  void validate() const {
    require(bins >= 1 && bins <= 1000, "SampleDistancesConfig: bins is ", bins,
            ", not in 1 .. 1000");
    require(clip_min < clip_max && std::isfinite(clip_max - clip_min),
            "SampleDistancesConfig: clip_min and clip_max are ", clip_min, " and ", clip_max,
            ", not a finite range");
    require(floor > 0 && floor < 1, "SampleDistancesConfig: floor is ", floor, ", not in (0, 1)");
    require(threads >= 0, "SampleDistancesConfig: threads is ", threads, ", below 0");
  }
};

/// Every distance of every point; each array is [points].
struct SampleDistances {
  Array<double, 1> ks;                       // in [0, 1]
  Array<double, 1> welch_t, welch_p;         // t is signed, unlearned minus oracle; p is two-sided
  Array<double, 1> wasserstein;              // in the unit of the margins
  Array<double, 1> renyi2, renyi5, renyi10;  // nats, at most -ln(floor)
  Array<double, 1> jensen_shannon;           // nats, at most ln 2
  std::vector<std::uint8_t> bad;  // [points], 1: the worst values, because of NaN or infinity
  Index bad_points = 0;
  Index oracle_models = 0;
  Index unlearned_models = 0;
  SampleDistancesConfig config;
  Runaways runaways;  // first: oracles, second: unlearned models

  /// One sentence where a model ran away, else nothing.
  std::string warning() const {
    return runaway_sentence(runaways, {"point", "oracle", "unlearned"});
  }
  /// Direction, bins and numbers of models, for printing beside the figures.
  std::string label() const {
    const bool forward = config.direction == KlDirection::oracle_to_unlearned;
    return sentence("Renyi", forward ? "(oracle || unlearned)" : "(unlearned || oracle)", ", ",
                    config.bins, " bins, ", oracle_models, " oracle and ", unlearned_models,
                    " unlearned models");
  }
};

namespace detail {

inline constexpr Index distances_block = 32;

/// Scores points of a block, one after the other.
class PointDistances {
 public:
  PointDistances(const SampleDistancesConfig& config, SampleDistances& result)
      : config_(config),
        result_(result),
        edges_(static_cast<std::size_t>(config.bins + 1)),
        p_(static_cast<std::size_t>(config.bins)),
        q_(p_.size()) {}

  /// Of point x. The samples are sorted and clipped in place.
  void operator()(std::span<double> oracle, std::span<double> unlearned, std::size_t x) {
    if (!prepare(oracle) || !prepare(unlearned)) return worst(x);
    const CdfDistances distances(oracle, unlearned);
    result_.ks(x) = distances.ks;
    result_.wasserstein(x) = distances.wasserstein;
    const WelchTest welch = welch_test(oracle, unlearned);
    result_.welch_t(x) = welch.t;
    result_.welch_p(x) = welch.p_value;
    equal_edges<double>(std::min(oracle.front(), unlearned.front()),
                        std::max(oracle.back(), unlearned.back()), config_.bins, edges_.data());
    shares_of_sorted(oracle, edges_, p_);
    shares_of_sorted(unlearned, edges_, q_);
    if (config_.direction == KlDirection::unlearned_to_oracle) p_.swap(q_);
    result_.renyi2(x) = renyi_divergence(p_, q_, 2, config_.floor);
    result_.renyi5(x) = renyi_divergence(p_, q_, 5, config_.floor);
    result_.renyi10(x) = renyi_divergence(p_, q_, 10, config_.floor);
    result_.jensen_shannon(x) = expunge::jensen_shannon(p_, q_);
    result_.bad[x] = 0;
  }

 private:
  /// False if a value is not finite.
  bool prepare(std::span<double> sample) const {
    for (double& value : sample) {
      if (not_finite(value)) return false;
      value = std::clamp(value, config_.clip_min, config_.clip_max);
    }
    std::sort(sample.begin(), sample.end());
    return true;
  }

  void worst(std::size_t x) {
    result_.ks(x) = 1;
    result_.welch_t(x) = WelchTest().t;
    result_.welch_p(x) = 0;
    result_.wasserstein(x) = config_.clip_max - config_.clip_min;
    result_.renyi2(x) = result_.renyi5(x) = result_.renyi10(x) = -std::log(config_.floor);
    result_.jensen_shannon(x) = std::log(2.0);
    result_.bad[x] = 1;
  }

  const SampleDistancesConfig config_;
  SampleDistances& result_;
  std::vector<double> edges_, p_, q_;
};

/// Points [first, first + width) as [width][models]: each sample is contiguous.
template <class T>
std::vector<double> transposed(MatrixView<const T> margins, Index first, Index width) {
  std::vector<double> columns(static_cast<std::size_t>(width * margins.rows));
  for (Index m = 0; m < margins.rows; ++m)
    for (Index c = 0; c < width; ++c)
      columns[static_cast<std::size_t>(c * margins.rows + m)] =
          static_cast<double>(margins(m, first + c));
  return columns;
}

}  // namespace detail

/// Distances of this many points that are still to be set: for a caller who scores blocks of
/// points.
inline SampleDistances unset_distances(Index points, Index oracle_models, Index unlearned_models,
                                       const SampleDistancesConfig& config) {
  SampleDistances result;
  for (Array<double, 1>* a :
       {&result.ks, &result.welch_t, &result.welch_p, &result.wasserstein, &result.renyi2,
        &result.renyi5, &result.renyi10, &result.jensen_shannon})
    *a = make_array<double>(points);
  result.bad.resize(static_cast<std::size_t>(points));
  result.oracle_models = oracle_models;
  result.unlearned_models = unlearned_models;
  result.config = config;
  return result;
}

/// Of all models: oracle [N_o][points] against unlearned [N_u][points], two models each at least.
/// Throws std::invalid_argument if the numbers of points differ.
template <MatrixLike O, MatrixLike U>
SampleDistances sample_distances(const O& oracle, const U& unlearned,
                                 const SampleDistancesConfig& config = {}) {
  const MatrixView<const typename O::value_type> o = view(oracle);
  const MatrixView<const typename U::value_type> u = view(unlearned);
  config.validate();
  require(o.cols == u.cols, "sample_distances: oracle margins have ", o.cols,
          " points, unlearned have ", u.cols);
  require(o.rows >= 2 && u.rows >= 2, "sample_distances: ", o.rows, " oracle and ", u.rows,
          " unlearned models, at least 2 of each have a variance");
  SampleDistances result = unset_distances(o.cols, o.rows, u.rows, config);
  const auto score_block = [&](int, Index block) {
    const Index first = block * detail::distances_block;
    const Index width = std::min(detail::distances_block, o.cols - first);
    std::vector<double> a = detail::transposed(o, first, width);
    std::vector<double> b = detail::transposed(u, first, width);
    detail::PointDistances score(config, result);
    for (Index c = 0; c < width; ++c)
      score({a.data() + c * o.rows, static_cast<std::size_t>(o.rows)},
            {b.data() + c * u.rows, static_cast<std::size_t>(u.rows)},
            static_cast<std::size_t>(first + c));
  };
  const Index blocks = (o.cols + detail::distances_block - 1) / detail::distances_block;
  parallel_for(config.threads, blocks, score_block);
  for (const std::uint8_t bad : result.bad) result.bad_points += bad;
  result.runaways = find_runaways(o, u, config.threads);
  return result;
}

}  // namespace expunge
