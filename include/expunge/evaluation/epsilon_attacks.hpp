// The attacks behind the unlearning challenge's epsilon (see epsilon.hpp), and their maximum for
// one example: how surely can a rule tell unlearned from retrained models by one margin?
//
//   odds(attack) = max((1 - delta - FPR) / FNR, (1 - delta - FNR) / FPR)
//   epsilon      = max(0, ln max over attacks odds),  at most `cap`
//
// FPR = FNR = 0 has infinite odds; an attack with exactly one of the two at zero is discarded (too
// few samples to know the rate). Two families, as in the published scorer:
//
//   threshold  x >= t is the sample with the larger median
//   interval   l <= x <= r is the sample with the smaller range (max - min)
//
// Where medians (ranges) are equal, both samples take that part: epsilon is symmetric in the two
// samples. All cuts between distinct values are tried; equal values are never parted.
//
// Cost: O(N log N) for thresholds, a sorted sweep; N^2 / 2 steps for intervals.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "expunge/core/check.hpp"
#include "expunge/core/platform.hpp"
#include "expunge/evaluation/epsilon_intervals.hpp"
#include "expunge/evaluation/klom_histogram.hpp"

namespace expunge {

/// Which intervals attack. `published`: those that the published scorer can try, with a right end
/// within 2 of the narrower sample's maximum and a width within 2 of its range; scores compare with
/// published ones. `all`: every interval, which is stricter and does not depend on the margin's
/// scale. The more attacks, the higher the epsilon of equal distributions.
enum class IntervalFamily : std::uint8_t { published, all };

struct EpsilonConfig {
  double delta = 1e-5;
  double cap = 50;  // the worst epsilon, in nats
  IntervalFamily intervals = IntervalFamily::published;
  int threads = 0;  // 0: all; never changes a result

  void validate() const {
    require(delta >= 0 && delta < 1, "EpsilonConfig: delta is ", delta, ", not in [0, 1)");
    require(cap > 0 && std::isfinite(cap), "EpsilonConfig: cap is ", cap,
            ", not positive and finite");
  }
};

/// What gave an example its epsilon. `narrow`: one sample's range is below a hundredth of the
/// other's, or both samples are different constants. `not_finite`: a margin is NaN or infinite.
enum class EpsilonAttack : std::uint8_t { none, threshold, interval, narrow, not_finite };

struct AttackEpsilon {
  double epsilon = 0;  // nats, 0 .. cap
  EpsilonAttack attack = EpsilonAttack::none;
};

/// Samples are told apart for certain if the smaller range is below this share of the larger one.
inline constexpr double narrow_range_ratio = 0.01;

/// exp(epsilon) of one attack by its errors; 0 if it is discarded, below 1 if it is no use.
inline double attack_odds(Index false_positives, Index negatives, Index false_negatives,
                          Index positives, double delta) {
  if (false_positives == 0 && false_negatives == 0) return std::numeric_limits<double>::infinity();
  if (false_positives == 0 || false_negatives == 0) return 0;
  const double fpr = static_cast<double>(false_positives) / static_cast<double>(negatives);
  const double fnr = static_cast<double>(false_negatives) / static_cast<double>(positives);
  return std::max((1 - delta - fpr) / fnr, (1 - delta - fnr) / fpr);
}

namespace detail {

/// The best x >= t, of samples in ascending order.
inline double threshold_odds(const std::vector<double>& positive,
                             const std::vector<double>& negative, double delta) {
  const Index p = static_cast<Index>(positive.size()), n = static_cast<Index>(negative.size());
  double best = 0;
  for (auto i = positive.begin(), j = negative.begin(); i != positive.end();) {
    const double t = j != negative.end() && *j < *i ? *j : *i;
    best = std::max(best, attack_odds(negative.end() - j, n, i - positive.begin(), p, delta));
    while (i != positive.end() && *i == t) ++i;
    while (j != negative.end() && *j == t) ++j;
  }
  return best;
}

/// The best l <= x <= r, of samples in ascending order.
inline double interval_odds(const std::vector<double>& members,
                            const std::vector<double>& outsiders, const EpsilonConfig& config) {
  const auto first = std::lower_bound(outsiders.begin(), outsiders.end(), members.front());
  if (first == outsiders.end() || *first > members.back())
    return std::numeric_limits<double>::infinity();
  const std::vector<std::uint32_t> spare = config.intervals == IntervalFamily::all
                                               ? fewest_outsiders(members, outsiders)
                                               : fewest_outsiders_published(members, outsiders);
  const Index m = static_cast<Index>(members.size()), n = static_cast<Index>(outsiders.size());
  double best = 0;
  for (Index a = 1; a < m; ++a) {
    const Index b = Index{spare[static_cast<std::size_t>(a)]} + 1;
    if (b <= n) best = std::max(best, attack_odds(b, n, m - a, m, config.delta));
  }
  return best;
}

/// attack(larger, smaller) by a key of the two samples; both ways where the keys are equal.
template <class Attack>
double oriented(double key_a, double key_b, const std::vector<double>& a,
                const std::vector<double>& b, Attack&& attack) {
  if (key_a > key_b) return attack(a, b);
  if (key_b > key_a) return attack(b, a);
  return std::max(attack(a, b), attack(b, a));
}

/// Of a sample in ascending order.
inline double median(const std::vector<double>& x) {
  return x[(x.size() - 1) / 2] / 2 + x[x.size() / 2] / 2;
}

}  // namespace detail

/// Epsilon of two samples of the margin of one example, in any order and number from 1 on. Equal
/// constants have epsilon 0. What is not finite has the cap.
inline AttackEpsilon attack_epsilon(std::vector<double> a, std::vector<double> b,
                                    const EpsilonConfig& config = {}) {
  require(!a.empty() && !b.empty(), "attack_epsilon: ", a.size(), " against ", b.size(),
          " margins, at least 1 of each is needed");
  config.validate();
  for (const std::vector<double>* x : {&a, &b})
    if (std::any_of(x->begin(), x->end(), [](double m) { return detail::not_finite(m); }))
      return {config.cap, EpsilonAttack::not_finite};
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  const double range_a = a.back() - a.front(), range_b = b.back() - b.front();
  const double larger = std::max(range_a, range_b), smaller = std::min(range_a, range_b);
  if (larger == 0 && a.front() == b.front()) return {};
  if (larger == 0 || smaller / larger < narrow_range_ratio)
    return {config.cap, EpsilonAttack::narrow};
  const double threshold = detail::oriented(
      detail::median(a), detail::median(b), a, b,
      [&](const auto& p, const auto& n) { return detail::threshold_odds(p, n, config.delta); });
  const double interval = detail::oriented(
      -range_a, -range_b, a, b,
      [&](const auto& m, const auto& o) { return detail::interval_odds(m, o, config); });
  const double odds = std::max(threshold, interval);
  if (!(odds > 1)) return {};
  return {std::min(std::log(odds), config.cap),
          threshold >= interval ? EpsilonAttack::threshold : EpsilonAttack::interval};
}

}  // namespace expunge
