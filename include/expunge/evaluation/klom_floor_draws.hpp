// Pairs of samples of models that differ in nothing, for the noise floor (klom_floor.hpp): disjoint
// models of the oracles, or as many as are wanted, drawn from too few oracles by a smoothed
// bootstrap.
//
// The plain bootstrap is wrong here: both draws consist of the same few numbers, leave the same
// bins empty and score too low (mean 1.2 instead of 3.0 for 20 models). So a margin that is drawn
// is moved:
//
//   move = h z,  h = 0.15 x the distance to the margin's k-th nearest neighbour at its point,
//   k = 2 sqrt(N),  z from Student's t with 2 degrees of freedom, cut at +-30
//
// h is narrow where margins are dense and wide in the tails, so that the valley between two modes
// is not filled, as one bandwidth for all margins of a point does (Silverman's lifts the floor of
// two modes eight sd apart by half). z has a heavy tail, as the largest of N margins lies below the
// largest of the 2N that a score bins. The constants were chosen on other distributions than those
// of bench/klom_floor.cpp; 0.1 serves nearly as well. Nearest neighbours as bandwidths: Breiman,
// Meisel and Purcell, "Variable kernel estimates of multivariate densities", 1977.
//
//   margins  [models][points]
//
// Draws depend on (seed, repeat, model, point) alone. A point with a margin that is NaN or infinite
// is drawn from without moves. Margins that are equal stay so where k others equal them, too.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include "expunge/core/array.hpp"
#include "expunge/core/parallel.hpp"
#include "expunge/core/random.hpp"
#include "expunge/core/sample.hpp"

namespace expunge {

struct FloorConfig {
  Index oracle_models = 100;     // the numbers of models of the score that the floor goes with
  Index unlearned_models = 100;  //
  Index repeats = 5;             // draws, whose summaries are averaged; the bootstrap takes more
                                 // where points are few
  std::uint64_t seed = 0;

  void validate() const {
    require(oracle_models >= 2 && unlearned_models >= 2, "FloorConfig: oracle_models ",
            oracle_models, " and unlearned_models ", unlearned_models, ", at least 2 of each");
    require(repeats >= 1 && repeats < 1'000'000, "FloorConfig: repeats is ", repeats,
            ", not in 1 .. 999999");
  }
};

/// These points of all models, [models][split].
template <MatrixLike A>
Array<typename A::value_type, 2> select_points(const A& margins, const std::vector<Index>& split) {
  const MatrixView<const typename A::value_type> from = view(margins);
  Array<typename A::value_type, 2> to =
      make_array<typename A::value_type>(from.rows, static_cast<Index>(split.size()));
  for (const Index x : split)
    require(x >= 0 && x < from.cols, "select_points: point ", x, " of ", from.cols);
  for (Index m = 0; m < from.rows; ++m)
    for (std::size_t i = 0; i < split.size(); ++i)
      to(static_cast<std::size_t>(m), i) = from(m, split[i]);
  return to;
}

/// These models alone, [models.size()][points]; one may be listed more than once.
template <MatrixLike A>
Array<typename A::value_type, 2> select_models(const A& margins, const std::vector<Index>& models) {
  const MatrixView<const typename A::value_type> from = view(margins);
  Array<typename A::value_type, 2> to =
      make_array<typename A::value_type>(static_cast<Index>(models.size()), from.cols);
  typename A::value_type* row = to.data();
  for (const Index m : models) {
    require(m >= 0 && m < from.rows, "select_models: model ", m, " of ", from.rows);
    row = std::copy_n(from.row(m), from.cols, row);
  }
  return to;
}

namespace detail {

/// The distance of each of these ascending values to its k-th nearest neighbour, 1 <= k < n.
inline std::vector<double> neighbour_distances(const std::vector<double>& ascending,
                                               std::size_t k) {
  std::vector<double> distances(ascending.size());
  std::size_t low = 0;  // the nearest k and itself are low .. low + k
  for (std::size_t i = 0; i < ascending.size(); ++i) {
    const double x = ascending[i];
    while (low + k + 1 < ascending.size() && ascending[low + k + 1] - x < x - ascending[low]) ++low;
    distances[i] = std::max(x - ascending[low], ascending[low + k] - x);
  }
  return distances;
}

/// The bandwidth h of every margin, [models][points], at least 2 models.
template <MatrixLike A>
Array<double, 2> bandwidths(const A& margins, int threads) {
  const MatrixView<const typename A::value_type> from = view(margins);
  const std::size_t n = static_cast<std::size_t>(from.rows);
  const double neighbours = std::round(2 * std::sqrt(static_cast<double>(n)));
  const std::size_t k = std::min(static_cast<std::size_t>(neighbours), n - 1);
  Array<double, 2> h = xt::zeros<double>({n, static_cast<std::size_t>(from.cols)});
  parallel_for(threads, from.cols, [&](int, Index x) {
    std::vector<std::pair<double, Index>> sorted;
    bool finite = true;
    for (Index m = 0; m < from.rows; ++m) {
      sorted.emplace_back(static_cast<double>(from(m, x)), m);
      finite = finite && std::isfinite(sorted.back().first);
    }
    if (!finite) return;
    std::sort(sorted.begin(), sorted.end());
    std::vector<double> values;
    for (const auto& [value, model] : sorted) values.push_back(value);
    const std::vector<double> distances = neighbour_distances(values, k);
    for (std::size_t i = 0; i < n; ++i)
      h(static_cast<std::size_t>(sorted[i].second), static_cast<std::size_t>(x)) =
          0.15 * distances[i];
  });
  return h;
}

/// Student's t with 2 degrees of freedom, cut at +-30, from its quantile function at u in [0, 1).
inline double move_of(double u) {
  const double t = (2 * u - 1) / std::sqrt(2 * u * (1 - u));  // u = 0: -infinity
  return std::clamp(t, -30.0, 30.0);
}

/// Which of `models` models is drawn at a position of a stream, and by how many bandwidths its
/// margin moves.
struct RandomMargin {
  Index model = 0;
  double move = 0;
};

inline RandomMargin random_margin(std::uint64_t seed, Stream stream, std::uint64_t index,
                                  Index models) {
  const std::array<std::uint32_t, 4> bits = random_bits(seed, stream, index);
  const std::uint64_t word = (static_cast<std::uint64_t>(bits[1]) << 32) | bits[0];
  const std::uint64_t of_model = bits[2] * static_cast<std::uint64_t>(models);
  return {static_cast<Index>(of_model >> 32), move_of(static_cast<double>(word >> 11) * 0x1.0p-53)};
}

/// [models][points], each number f(row, point, index) of its position; index < 2^64 is a different
/// one for each.
template <class F>
Array<double, 2> drawn_margins(Index models, Index points, int threads, F f) {
  Array<double, 2> to = make_array<double>(models, points);
  parallel_for(threads, models, [&](int, Index m) {
    const std::uint64_t start =
        static_cast<std::uint64_t>(m) * static_cast<std::uint64_t>(points + 1);
    double* row = to.data() + m * points;
    for (Index x = 0; x < points; ++x) row[x] = f(m, x, start + static_cast<std::uint64_t>(x));
  });
  return to;
}

/// `models` margins of every point drawn with replacement, each moved by its own bandwidth h
/// [models of margins][points]. Points are drawn independently: which models are drawn how often
/// would else move the scores of all points together.
template <MatrixLike A>
Array<double, 2> smoothed_draw(const A& margins, const Array<double, 2>& h, Index models,
                               std::uint64_t seed, std::uint32_t draw, int threads) {
  const MatrixView<const typename A::value_type> from = view(margins);
  const MatrixView<const double> width = view(h);
  const Stream stream{Purpose::noise_floor, draw};
  return drawn_margins(models, from.cols, threads, [&](Index, Index x, std::uint64_t index) {
    const RandomMargin drawn = random_margin(seed, stream, index, from.rows);
    return static_cast<double>(from(drawn.model, x)) + width(drawn.model, x) * drawn.move;
  });
}

/// Standard normal margins.
inline Array<double, 2> normal_draw(Index models, Index points, std::uint64_t seed,
                                    std::uint32_t draw, int threads) {
  return drawn_margins(models, points, threads, [&](Index, Index, std::uint64_t index) {
    return random_normal(seed, {Purpose::noise_floor, 2 * draw + 1}, index);
  });
}

/// Calls f(oracles, others) for each repeat, with draw(models, number) for each of the two.
template <class Draw, class F>
void for_each_drawn_pair(const FloorConfig& floor_config, Draw draw, F f) {
  for (Index r = 0; r < floor_config.repeats; ++r) {
    const std::uint32_t number = static_cast<std::uint32_t>(2 * r);
    f(draw(floor_config.oracle_models, number), draw(floor_config.unlearned_models, number + 1));
  }
}

/// Calls f(oracles, others) for each repeat, with two smoothed draws of these margins.
template <MatrixLike A, class F>
void for_each_smoothed_pair(const A& margins, const FloorConfig& floor_config, int threads, F f) {
  const Array<double, 2> h = bandwidths(margins, threads);
  const auto draw = [&](Index models, std::uint32_t number) {
    return smoothed_draw(margins, h, models, floor_config.seed, number, threads);
  };
  for_each_drawn_pair(floor_config, draw, f);
}

/// Calls f(oracles, others) for each repeat, with disjoint models drawn from these.
template <MatrixLike A, class F>
void for_each_disjoint_pair(const A& oracle, const FloorConfig& floor_config, F f) {
  const Index models = view(oracle).rows;
  const Index n = floor_config.oracle_models, u = floor_config.unlearned_models;
  require(n + u <= models, "split_floor: ", n, " against ", u, " disjoint models asked of ", models,
          " oracles");
  std::vector<Index> order;
  for (Index r = 0; r < floor_config.repeats; ++r) {
    const Stream stream{Purpose::split, static_cast<std::uint32_t>(r)};
    random_permutation(floor_config.seed, stream, 0, models, order);
    f(select_models(oracle, {order.begin(), order.begin() + n}),
      select_models(oracle, {order.begin() + n, order.begin() + n + u}));
  }
}

}  // namespace detail
}  // namespace expunge
