// The noise floor of KLoM: what models score that differ from the oracles in nothing.
//
// Two samples of one distribution do not score 0, and what they score depends on the numbers of
// models above all (p95 .65 for 100 against 100, .27 for 200 against 200). Three ways to know it:
//
//   split       disjoint models drawn from the oracles, so N_o + N_u oracles are needed. Unbiased.
//   bootstrap   N_o and N_u models drawn with replacement, each margin then moved by a normal with
//               Silverman's bandwidth h = 0.9 min(sd, IQR / 1.34) N^(-1/5) of its point. The plain
//               bootstrap is wrong here: both draws consist of the same few numbers, leave the same
//               bins empty and score too low (mean 1.2 instead of 3.0 for 20 models). Smoothed, it
//               is within a few percent for 20 to 200 models.
//   simulation  normal numbers; needs no oracles. The floor hardly depends on the distribution.
//
// Draws depend on (seed, repeat, model, point) alone.
#pragma once

#include <string_view>

#include "expunge/core/random.hpp"
#include "expunge/evaluation/klom.hpp"
#include "expunge/evaluation/klom_triple.hpp"

namespace expunge {

enum class FloorMethod { split, bootstrap, simulation };

struct FloorConfig {
  Index oracle_models = 100;     // the numbers of models of the score that the floor goes with
  Index unlearned_models = 100;  //
  Index repeats = 5;             // draws, whose summaries are averaged
  std::uint64_t seed = 0;

  void validate() const {
    require(oracle_models >= 2 && unlearned_models >= 2, "FloorConfig: oracle_models ",
            oracle_models, " and unlearned_models ", unlearned_models, ", at least 2 of each");
    require(repeats >= 1 && repeats < 1'000'000, "FloorConfig: repeats is ", repeats,
            ", not in 1 .. 999999");
  }
};

/// What to print beside a score of as many models, in the same preset.
struct KlomFloor {
  double mean = 0;
  double p95 = 0;
  FloorMethod method = FloorMethod::split;
  Index oracle_models = 0;
  Index unlearned_models = 0;
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

inline void add_repeat(KlomFloor& floor, const KlomResult& result, Index repeats) {
  const Summary s = summarise(result, all_indices(static_cast<Index>(result.per_point.size())));
  floor.mean += s.mean / static_cast<double>(repeats);
  floor.p95 += s.p95 / static_cast<double>(repeats);
}

/// Silverman's bandwidth of every point.
template <MatrixLike A>
std::vector<double> bandwidths(const A& margins, int threads) {
  const MatrixView<const typename A::value_type> from = view(margins);
  std::vector<double> h(static_cast<std::size_t>(from.cols));
  const double n = static_cast<double>(from.rows);
  parallel_for(threads, from.cols, [&](int, Index x) {
    std::vector<double> sorted;
    double mean = 0, square = 0;
    for (Index m = 0; m < from.rows; ++m) {
      sorted.push_back(static_cast<double>(from(m, x)));
      mean += sorted.back() / n;
    }
    for (const double value : sorted) square += (value - mean) * (value - mean);
    sorted = ascending(std::move(sorted));
    const double range = percentile_of_sorted(sorted, 75) - percentile_of_sorted(sorted, 25);
    const double sd = std::sqrt(square / (n - 1));
    h[static_cast<std::size_t>(x)] = 0.9 * std::min(sd, range / 1.34) * std::pow(n, -0.2);
  });
  return h;
}

/// `models` models drawn with replacement, every margin moved by a normal of its point's bandwidth.
template <MatrixLike A>
Array<double, 2> smoothed_draw(const A& margins, const std::vector<double>& h, Index models,
                               std::uint64_t seed, std::uint32_t draw, int threads) {
  const MatrixView<const typename A::value_type> from = view(margins);
  Array<double, 2> to = make_array<double>(models, from.cols);
  parallel_for(threads, models, [&](int, Index m) {
    const std::uint64_t row = static_cast<std::uint64_t>(m);
    const Index model = random_below(seed, {Purpose::noise_floor, 2 * draw}, row, from.rows);
    for (Index x = 0; x < from.cols; ++x) {
      const std::uint64_t index =
          row * static_cast<std::uint64_t>(from.cols + 1) + static_cast<std::uint64_t>(x);
      to(static_cast<std::size_t>(m), static_cast<std::size_t>(x)) =
          static_cast<double>(from(model, x)) +
          h[static_cast<std::size_t>(x)] *
              random_normal(seed, {Purpose::noise_floor, 2 * draw + 1}, index);
    }
  });
  return to;
}

/// Calls f(oracles, others) for each repeat, with two smoothed draws of these margins, of bandwidth h
/// at each point.
template <MatrixLike A, class F>
void for_each_smoothed_pair(const A& margins, const std::vector<double>& h,
                            const FloorConfig& floor_config, int threads, F f) {
  for (Index r = 0; r < floor_config.repeats; ++r) {
    const auto draw = [&](Index models, Index which) {
      return smoothed_draw(margins, h, models, floor_config.seed,
                           static_cast<std::uint32_t>(2 * r + which), threads);
    };
    f(draw(floor_config.oracle_models, 0), draw(floor_config.unlearned_models, 1));
  }
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

/// Disjoint models if there are enough oracles, else smoothed draws; says which.
inline FloorMethod floor_method(Index oracles, const FloorConfig& floor_config) {
  floor_config.validate();
  require(oracles >= 2, "klom_floor: ", oracles, " oracle models, at least 2 have a spread");
  const bool enough = floor_config.oracle_models + floor_config.unlearned_models <= oracles;
  return enough ? FloorMethod::split : FloorMethod::bootstrap;
}

/// Calls f(oracles, others) for each repeat, by the method that floor_method names.
template <MatrixLike A, class F>
void for_each_floor_pair(const A& oracle, const FloorConfig& floor_config, int threads, F f) {
  if (floor_method(view(oracle).rows, floor_config) == FloorMethod::split)
    for_each_disjoint_pair(oracle, floor_config, f);
  else
    for_each_smoothed_pair(oracle, bandwidths(oracle, threads), floor_config, threads, f);
}

inline KlomFloor no_floor(FloorMethod method, const FloorConfig& config) {
  return {0, 0, method, config.oracle_models, config.unlearned_models};
}

}  // namespace detail

/// From disjoint models: oracle [models][points], with at least oracle_models + unlearned_models
/// rows.
template <MatrixLike A>
KlomFloor split_floor(const A& oracle, const FloorConfig& floor_config,
                      const KlomConfig& config = {}) {
  floor_config.validate();
  KlomFloor floor = detail::no_floor(FloorMethod::split, floor_config);
  detail::for_each_disjoint_pair(oracle, floor_config, [&](const auto& o, const auto& u) {
    detail::add_repeat(floor, klom(o, u, config), floor_config.repeats);
  });
  return floor;
}

/// From smoothed draws with replacement; any number of oracles from 2 on: oracle [models][points].
template <MatrixLike A>
KlomFloor bootstrap_floor(const A& oracle, const FloorConfig& floor_config,
                          const KlomConfig& config = {}) {
  floor_config.validate();
  require(view(oracle).rows >= 2, "bootstrap_floor: ", view(oracle).rows,
          " oracle models, at least 2 have a spread");
  KlomFloor floor = detail::no_floor(FloorMethod::bootstrap, floor_config);
  detail::for_each_smoothed_pair(oracle, detail::bandwidths(oracle, config.threads), floor_config,
                                 config.threads, [&](const auto& o, const auto& u) {
                                   detail::add_repeat(floor, klom(o, u, config),
                                                      floor_config.repeats);
                                 });
  return floor;
}

/// From standard normal margins of this many points.
inline KlomFloor simulated_floor(Index points, const FloorConfig& floor_config,
                                 const KlomConfig& config = {}) {
  floor_config.validate();
  const Array<double, 2> centre =
      xt::zeros<double>({std::size_t{1}, static_cast<std::size_t>(points)});
  const std::vector<double> one(static_cast<std::size_t>(points), 1.0);
  KlomFloor floor = detail::no_floor(FloorMethod::simulation, floor_config);
  detail::for_each_smoothed_pair(
      centre, one, floor_config, config.threads, [&](const auto& o, const auto& u) {
        detail::add_repeat(floor, klom(o, u, config), floor_config.repeats);
      });
  return floor;
}

/// By a split if there are enough oracles, else by the smoothed bootstrap.
template <MatrixLike A>
KlomFloor klom_floor(const A& oracle, const FloorConfig& floor_config,
                     const KlomConfig& config = {}) {
  return detail::floor_method(view(oracle).rows, floor_config) == FloorMethod::split
             ? split_floor(oracle, floor_config, config)
             : bootstrap_floor(oracle, floor_config, config);
}

/// Whether the models compared differ in no more than the forget set.
struct DoNothingStatus {
  bool broken = false;
  double ratio = 0;  // of the score to the floor
  std::string message;
};

/// The p95 of the models before unlearning on the retain or the validation split, against the floor
/// of the same numbers of models. Far above it, the two kinds of model differ in more than the
/// forget set (another recipe, other data, other points), and no score of that set-up means
/// anything. A forget set that truly moves other points can raise the ratio as well: judge a small
/// random one.
inline DoNothingStatus do_nothing_check(double score_p95, const KlomFloor& floor,
                                        double most = 3.0) {
  DoNothingStatus status;
  status.ratio = score_p95 / floor.p95;
  status.broken = !(status.ratio <= most);
  const auto rounded = [](double x) { return std::round(100 * x) / 100; };
  status.message =
      sentence("doing nothing scores p95 ", rounded(score_p95), ", ", rounded(status.ratio),
               " times the noise floor of ", rounded(floor.p95), " for ", floor.oracle_models,
               " against ", floor.unlearned_models, " models: ",
               status.broken ? "the set-up is broken, the models compared differ in "
                               "more than the forget set"
                             : "as it should be");
  return status;
}

}  // namespace expunge
