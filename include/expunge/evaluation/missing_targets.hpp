// Missing targets: does the margin of a point reach the oracles', or pass them and leave again?
//
// Per point, fit N(mu, sd) to its oracle margins; after each epoch take the mean margin m of the
// unlearned models and its one-sided tail probability in percent,
//
//   100 (1 - Phi(|m - mu| / sd)),  at most 50,
//
// and mark a point red whose final value is more than 10 % below its own maximum, or whose final
// mean is not finite. Source: Georgiev et al., arXiv 2410.23232, figures 2, 5 and F.2. sd is
// unbiased. Where the oracles do not vary, the value is 50 if m is their constant, else 0; where a
// margin is not finite it is 0.
//
//   oracle      [oracle models][points]
//   trajectory  [epochs][unlearned models][points]
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "expunge/core/array.hpp"
#include "expunge/core/view.hpp"

namespace expunge {

struct MissingTargets {
  Array<double, 2> tail_percent;  // [epochs][points], 0 .. 50
  std::vector<bool> red;          // [points]
  Index red_points = 0;
};

/// 100 (1 - Phi(|m - mu| / sd)).
inline double tail_percent(double m, double mu, double sd) {
  if (!std::isfinite(m) || !std::isfinite(mu) || !std::isfinite(sd)) return 0;
  if (sd == 0) return m == mu ? 50 : 0;
  return 50 * std::erfc(std::abs(m - mu) / sd / std::sqrt(2.0));
}

/// A drop of more than `most_drop` of a point's own maximum makes it red; so does a final mean that
/// is not finite, even where no epoch came near the oracles.
template <MatrixLike O, TensorLike A>
MissingTargets missing_targets(const O& oracle, const A& trajectory, double most_drop = 0.1) {
  const MatrixView<const typename O::value_type> o = view(oracle);
  const TensorView<const typename A::value_type> u = view(trajectory);
  require(o.cols == u.features, "missing_targets: oracle margins have ", o.cols,
          " points, the trajectory has ", u.features);
  require(o.rows >= 2 && u.members >= 1 && u.rows >= 1, "missing_targets: ", o.rows, " oracles, ",
          u.members, " epochs of ", u.rows, " models, at least 2, 1 and 1 are needed");
  require(most_drop >= 0 && most_drop < 1, "missing_targets: most_drop is ", most_drop,
          ", not in [0, 1)");
  MissingTargets result{make_array<double>(u.members, o.cols),
                        std::vector<bool>(static_cast<std::size_t>(o.cols)), 0};
  for (Index x = 0; x < o.cols; ++x) {
    const double origin = static_cast<double>(o(0, x));  // so that a constant is exact
    double shift = 0, square = 0, most = 0, now = 0, mean = 0;
    for (Index m = 0; m < o.rows; ++m) shift += static_cast<double>(o(m, x)) - origin;
    const double mu = origin + shift / static_cast<double>(o.rows);
    for (Index m = 0; m < o.rows; ++m)
      square += (static_cast<double>(o(m, x)) - mu) * (static_cast<double>(o(m, x)) - mu);
    const double sd = std::sqrt(square / static_cast<double>(o.rows - 1));
    for (Index e = 0; e < u.members; ++e) {
      const double first = static_cast<double>(u(e, 0, x));
      mean = 0;
      for (Index m = 0; m < u.rows; ++m) mean += static_cast<double>(u(e, m, x)) - first;
      mean = first + mean / static_cast<double>(u.rows);
      now = tail_percent(mean, mu, sd);
      most = std::max(most, now);
      result.tail_percent(static_cast<std::size_t>(e), static_cast<std::size_t>(x)) = now;
    }
    const bool red = !std::isfinite(mean) || now < (1 - most_drop) * most;
    result.red[static_cast<std::size_t>(x)] = red;
    result.red_points += red;
  }
  return result;
}

}  // namespace expunge
