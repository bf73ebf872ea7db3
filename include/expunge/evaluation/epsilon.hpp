// The epsilon and the score of the NeurIPS 2023 unlearning challenge: how far an attacker who knows
// many unlearned and many retrained models tells them apart on each forget example.
//
//   epsilon(x) = max over attacks of ln odds                  (epsilon_attacks.hpp), 0 .. 50
//   H(epsilon) = 2^-floor(2 epsilon),  0 from ceil(ln(N - 1)) on
//   quality    = mean over examples of H(epsilon(x))
//   score      = quality * (retain accuracy ratio) * (test accuracy ratio), unlearned : retrained
//
// Source: Triantafillou et al., "Are we making progress in unlearning? Findings from the first
// NeurIPS unlearning competition", arXiv 2406.09073, and the scorer published with it. Input is our
// margin, log p_y - log sum_{j != y} p_j, the paper's logit-scaled confidence.
//
// Where we differ from that scorer: it tries a grid of 100 thresholds per unit, and of intervals
// about as wide as the narrower sample; we try every cut between distinct values, so that our
// epsilon is never below its. `IntervalFamily::all` has every interval, and is stricter. More
// attacks find more in noise, too: equal distributions of 512 models have quality .19 with the
// published intervals, .05 with all, and never 1 (docs/methods/epsilon.md). It stops at an
// assertion on ordinary input, ours has an answer for all. It adds 1e-45 to probabilities, which
// bounds confidences near 103; margins are not bounded. With unequal numbers of models, N is the
// smaller. NaN and infinite margins have the cap, H = 0, and are counted. Models that ran away
// (core/runaway.hpp) are named; their margins are attacked like any others, which mostly finds the
// cap, since one sample is then far narrower than the other.
//
//   retrained  [N_r][points]
//   unlearned  [N_u][points]
//
// Cost: per point O(N log N) for thresholds, N^2 / 2 integer steps for intervals; .3 to .5 ms for
// 512 against 512 models, .1 to .3 ms with all intervals.
#pragma once

#include "expunge/core/array.hpp"
#include "expunge/core/find_runaways.hpp"
#include "expunge/core/parallel.hpp"
#include "expunge/evaluation/bootstrap.hpp"
#include "expunge/evaluation/column.hpp"
#include "expunge/evaluation/epsilon_attacks.hpp"

namespace expunge {

struct EpsilonResult {
  Array<double, 1> epsilon;           // [points], nats, 0 .. cap
  Array<double, 1> h;                 // [points], H(epsilon) in [0, 1]
  std::vector<EpsilonAttack> attack;  // [points], what gave the epsilon
  Index bad_points = 0;               // with a margin that is NaN or infinite: epsilon cap, H 0
  double forgetting_quality = 0;      // mean H, in [0, 1]; higher is better
  Index retrained_models = 0;
  Index unlearned_models = 0;
  EpsilonConfig config;
  Runaways runaways = {};  // first: retrained models, second: unlearned ones

  /// One sentence where a model ran away, else nothing.
  std::string warning() const {
    return runaway_sentence(runaways, {"point", "retrained", "unlearned"});
  }
};

/// The epsilon from which H is 0 with N models a sample: ceil(ln(N - 1)). N is 2 at least.
inline double epsilon_limit(Index models) {
  require(models >= 2, "epsilon_limit: ", models, " models a sample, at least 2 are needed");
  return std::ceil(std::log(static_cast<double>(models - 1)));
}

/// H: 1 below epsilon 1/2, 1/2 below 1, 1/4 below 3/2 and so on; 0 from the limit or the cap on,
/// and for NaN. Throws for a negative epsilon.
inline double epsilon_h(double epsilon, Index models, double cap = 50) {
  require(!(epsilon < 0), "epsilon_h: epsilon is ", epsilon, ", negative");
  return epsilon < std::min(cap, epsilon_limit(models)) ? std::exp2(-std::floor(2 * epsilon)) : 0;
}

/// Of retrained [N_r][points] against unlearned [N_u][points] margins. Throws if the points differ
/// or are none, or with fewer than 3 models on a side: H would be 0 whatever they are.
template <MatrixLike R, MatrixLike U>
EpsilonResult unlearning_epsilon(const R& retrained, const U& unlearned,
                                 const EpsilonConfig& config = {}) {
  const MatrixView<const typename R::value_type> r = view(retrained);
  const MatrixView<const typename U::value_type> u = view(unlearned);
  config.validate();
  require(r.cols == u.cols && r.cols >= 1, "unlearning_epsilon: retrained margins have ", r.cols,
          " points, unlearned have ", u.cols, ", at least 1 and as many are needed");
  require(r.rows >= 3 && u.rows >= 3, "unlearning_epsilon: ", r.rows, " retrained and ", u.rows,
          " unlearned models, at least 3 of each are needed");
  const std::size_t points = static_cast<std::size_t>(r.cols);
  EpsilonResult result{make_array<double>(r.cols),
                       make_array<double>(r.cols),
                       std::vector<EpsilonAttack>(points),
                       0,
                       0,
                       r.rows,
                       u.rows,
                       config};
  parallel_for(config.threads, r.cols, [&](int, Index point) {
    const std::size_t x = static_cast<std::size_t>(point);
    const AttackEpsilon found =
        attack_epsilon(detail::column(r, point), detail::column(u, point), config);
    result.epsilon(x) = found.epsilon;
    result.attack[x] = found.attack;
    result.h(x) = epsilon_h(found.epsilon, std::min(r.rows, u.rows), config.cap);
  });
  result.runaways = find_runaways(r, u, config.threads);
  for (const EpsilonAttack attack : result.attack)
    result.bad_points += attack == EpsilonAttack::not_finite;
  for (const double h : result.h) result.forgetting_quality += h;  // powers of 2: never above 1
  result.forgetting_quality /= static_cast<double>(points);
  return result;
}

/// Bootstrap percentile interval of the forgetting quality over examples: how it would move with
/// other forget examples, not with other models.
inline Interval forgetting_quality_interval(const EpsilonResult& result,
                                            const BootstrapConfig& bootstrap = {1000, 0.95, 0}) {
  bootstrap.validate();
  require(result.h.size() >= 1, "forgetting_quality_interval: no points");
  return mean_interval({result.h.begin(), result.h.end()}, bootstrap);
}

/// Mean accuracies in [0, 1] over unlearned and over retrained models on one split. A mean of ones
/// may be off 1 by its rounding.
struct AccuracyPair {
  double unlearned = 0;
  double retrained = 0;

  double ratio() const {
    const double most = 1 + 1e-12;
    require(unlearned >= 0 && unlearned <= most, "AccuracyPair: unlearned accuracy is ", unlearned,
            ", not in [0, 1]");
    require(retrained > 0 && retrained <= most, "AccuracyPair: retrained accuracy is ", retrained,
            ", not in (0, 1]");
    return unlearned / retrained;
  }
};

/// The challenge's score: quality in [0, 1] times both accuracy ratios. As published, a ratio above
/// 1 raises the score. Throws for what is out of range or NaN.
inline double challenge_score(double forgetting_quality, const AccuracyPair& retain,
                              const AccuracyPair& test) {
  require(forgetting_quality >= 0 && forgetting_quality <= 1,
          "challenge_score: forgetting quality is ", forgetting_quality, ", not in [0, 1]");
  return forgetting_quality * retain.ratio() * test.ratio();
}

}  // namespace expunge
