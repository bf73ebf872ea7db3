// KLoM forward, in reverse, and the Gaussian plug-in KL, always together.
//
// One direction alone can be pleased: KL(oracle || unlearned) rewards unlearned models whose
// margins are spread too wide, since they leave no bin empty. The reverse direction and the
// Gaussian figure expose it. So these three come as one value and print as one line.
#pragma once

#include <iomanip>
#include <sstream>
#include <string>

#include "expunge/evaluation/gaussian_kl.hpp"
#include "expunge/evaluation/percentile.hpp"

namespace expunge {

/// Of a KLoM result over a split; bad points count with the ceiling, and are counted. So are points
/// with a runaway.
inline Summary summarise(const KlomResult& result, const std::vector<Index>& split) {
  Summary s = summarise(result.per_point, split);
  for (const Index x : split) {
    s.bad += result.bad[static_cast<std::size_t>(x)];
    s.runaway += result.runaways.at[static_cast<std::size_t>(x)];
  }
  return s;
}

/// The three scores of every point.
struct KlomScores {
  KlomResult forward;   // in the direction of the config
  KlomResult reverse;   // in the other direction
  KlomResult gaussian;  // plug-in KL in the direction of the config
};

/// The three scores of one split.
struct KlomTriple {
  Summary forward;
  Summary reverse;
  Summary gaussian;
  std::string label;    // preset, direction, bins, numbers of models
  std::string warning;  // of a model that ran away, at these points or others; else empty

  /// "p95 forward 0.65, reverse 0.70, Gaussian 0.06; mean 0.33, 0.34, 0.02; 0 of 100 points bad;
  /// ..."
  std::string line() const {
    std::ostringstream out;
    out << std::fixed << std::setprecision(3) << "p95 forward " << forward.p95 << ", reverse "
        << reverse.p95 << ", Gaussian " << gaussian.p95 << "; mean " << forward.mean << ", "
        << reverse.mean << ", " << gaussian.mean << "; " << forward.bad << " of " << forward.points
        << " points bad; ";
    if (forward.runaway > 0) out << "a model ran away at " << forward.runaway << "; ";
    out << label;
    return out.str();
  }
};

/// All three, for oracle [N_o][points] and unlearned [N_u][points].
template <MatrixLike O, MatrixLike U>
KlomScores klom_scores(const O& oracle, const U& unlearned, const KlomConfig& config = {}) {
  KlomConfig other = config;
  other.direction = reversed(config.direction);
  KlomScores scores{klom(oracle, unlearned, config), klom(oracle, unlearned, other), {}};
  scores.gaussian = detail::gaussian_klom_given(oracle, unlearned, config, scores.forward.runaways);
  return scores;
}

/// Of the points of a split.
inline KlomTriple summarise(const KlomScores& scores, const std::vector<Index>& split) {
  return {summarise(scores.forward, split), summarise(scores.reverse, split),
          summarise(scores.gaussian, split), scores.forward.label(), scores.forward.warning()};
}

}  // namespace expunge
