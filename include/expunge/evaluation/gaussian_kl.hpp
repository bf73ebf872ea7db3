// The KL divergence of two normal distributions fitted to the margins of a point: a plug-in
// estimate beside KLoM, whose noise floor is ten times lower and which over-dispersed models cannot
// please.
//
//   KL(N(a, s^2) || N(b, t^2)) = 1/2 (ln(t^2 / s^2) + (s^2 + (a - b)^2) / t^2 - 1)
//
// with unbiased variances. Margins are clipped as for KLoM, and a score is capped at KLoM's
// ceiling, so that the two compare. A variance of zero scores the ceiling, unless both samples are
// the same constant (0). NaN and infinite margins score the ceiling and are counted.
//
// Cost: two passes over the margins, about 0.2 us per point for 2 x 200 models on one core.
#pragma once

#include <algorithm>
#include <array>

#include "expunge/evaluation/klom.hpp"

namespace expunge {

/// Mean and unbiased variance of one sample.
struct Moments {
  double mean = 0;
  double variance = 0;
};

/// KL(first || second) in nats; infinite if a variance is zero and the two differ.
inline double gaussian_kl(const Moments& first, const Moments& second) {
  const double shift = first.mean - second.mean;
  if (first.variance == 0 && second.variance == 0 && shift == 0) return 0;
  if (!(first.variance > 0) || !(second.variance > 0))
    return std::numeric_limits<double>::infinity();
  return 0.5 * (std::log(second.variance / first.variance) +
                (first.variance + shift * shift) / second.variance - 1);
}

namespace detail {

using BlockMoments = std::array<Moments, static_cast<std::size_t>(klom_block)>;

/// Of points [first, first + width). A column with a margin that is not finite gets NaN.
template <class T>
void block_moments(MatrixView<const T> margins, bool clip, const KlomConfig& config, Index first,
                   Index width, BlockMoments& moments) {
  const auto value = [&](Index m, Index c) {
    const double x = static_cast<double>(margins(m, first + c));
    if (not_finite(x)) return std::nan("");
    return clip ? std::clamp(x, config.clip_min, config.clip_max) : x;
  };
  const double n = static_cast<double>(margins.rows);
  std::array<double, static_cast<std::size_t>(klom_block)> origin;
  moments.fill({});
  for (Index c = 0; c < width; ++c) origin[static_cast<std::size_t>(c)] = value(0, c);
  for (Index m = 0; m < margins.rows; ++m)  // from the first model, so that a constant is exact
    for (Index c = 0; c < width; ++c) {
      const std::size_t i = static_cast<std::size_t>(c);
      moments[i].mean += value(m, c) - origin[i];
    }
  for (Index c = 0; c < width; ++c) {
    const std::size_t i = static_cast<std::size_t>(c);
    moments[i].mean = origin[i] + moments[i].mean / n;
  }
  for (Index m = 0; m < margins.rows; ++m)
    for (Index c = 0; c < width; ++c) {
      Moments& point = moments[static_cast<std::size_t>(c)];
      const double difference = value(m, c) - point.mean;
      point.variance += difference * difference;
    }
  for (Moments& point : moments) point.variance /= n - 1;
}

}  // namespace detail

/// Gaussian plug-in KL per point, in the direction and with the clipping of `config`; its bins,
/// floor and preset do not matter but for the ceiling. oracle [N_o][points], unlearned
/// [N_u][points], two models each at least.
template <MatrixLike O, MatrixLike U>
KlomResult gaussian_klom(const O& oracle, const U& unlearned, const KlomConfig& config = {}) {
  const MatrixView<const typename O::value_type> o = view(oracle);
  const MatrixView<const typename U::value_type> u = view(unlearned);
  config.validate();
  require(o.cols == u.cols, "gaussian_klom: oracle margins have ", o.cols,
          " points, unlearned have ", u.cols);
  require(o.rows >= 2 && u.rows >= 2, "gaussian_klom: ", o.rows, " oracle and ", u.rows,
          " unlearned models, at least 2 of each have a variance");
  KlomResult result{make_array<double>(o.cols),
                    std::vector<std::uint8_t>(static_cast<std::size_t>(o.cols)),
                    0,
                    o.rows,
                    u.rows,
                    config};
  const auto score_block = [&](int, Index block) {
    const Index first = block * detail::klom_block;
    const Index width = std::min(detail::klom_block, o.cols - first);
    detail::BlockMoments of_oracle, of_unlearned;
    detail::block_moments(o, config.clipped == Clipped::both, config, first, width, of_oracle);
    detail::block_moments(u, config.clipped != Clipped::none, config, first, width, of_unlearned);
    for (Index c = 0; c < width; ++c) {
      const std::size_t i = static_cast<std::size_t>(c), x = static_cast<std::size_t>(first + c);
      const double kl = config.direction == KlDirection::oracle_to_unlearned
                            ? gaussian_kl(of_oracle[i], of_unlearned[i])
                            : gaussian_kl(of_unlearned[i], of_oracle[i]);
      result.bad[x] = detail::not_finite(of_oracle[i].variance + of_unlearned[i].variance);
      result.per_point(x) = kl < config.ceiling() && !result.bad[x] ? kl : config.ceiling();
    }
  };
  parallel_for(config.threads, (o.cols + detail::klom_block - 1) / detail::klom_block, score_block);
  detail::finish(result);
  return result;
}

}  // namespace expunge
