// KLoM of margins that lie on a backend, or are brought there: the scores of klom.hpp, one thread
// for each point of a GPU.
//
//   oracle     [oracle models][points]     float or double, of the host or of the backend
//   unlearned  [unlearned models][points]
//
// Neighbours read neighbouring points of one model. Points go through in pieces that the memory
// holds. On a CPU klom(oracle, unlearned) is the one to take: it uses all threads, and blocks that
// stay in the cache; this one runs on the calling thread.
#pragma once

#include "expunge/backend/cpu.hpp"
#include "expunge/evaluation/klom.hpp"

namespace expunge {

namespace detail {

/// The score of one point; NaN where there is none.
template <class O, class U>
struct ScorePoint {
  using E = EdgeType<O, U>;
  MatrixView<const O> oracle;     // [models][points]
  MatrixView<const U> unlearned;  // [models][points]
  HistogramKl kl;
  Index bins;
  EdgePrecision precision;
  LastEdge last_edge;
  Clipped clipped;
  E clip_min, clip_max;
  bool oracle_first;
  MatrixView<double> edges;         // [points][bins + 2]
  MatrixView<std::int32_t> counts;  // [points][2 (bins + 1)]
  MatrixView<double> scores;        // [1][points]

  EXPUNGE_HD void operator()(Index x) const { scores(0, x) = score(x); }

 private:
  struct Range {
    E low = std::numeric_limits<E>::infinity();
    E high = -std::numeric_limits<E>::infinity();
    bool any_not_finite = false;
  };

  EXPUNGE_HD E clip(E value) const {
    return value < clip_min ? clip_min : value > clip_max ? clip_max : value;
  }

  template <class T>
  EXPUNGE_HD void extend(Range& range, MatrixView<const T> margins, Index x, bool clips) const {
    for (Index m = 0; m < margins.rows; ++m) {
      const E value = static_cast<E>(margins(m, x));
      range.any_not_finite = range.any_not_finite || not_finite(value);
      const E kept = clips ? clip(value) : value;
      range.low = kept < range.low ? kept : range.low;
      range.high = kept > range.high ? kept : range.high;
    }
  }

  template <class T>
  EXPUNGE_HD void count(MatrixView<const T> margins, Index x, bool clips, double low, double scale,
                        std::int32_t* to) const {
    const auto last = static_cast<double>(last_edge == LastEdge::closed ? bins - 1 : bins);
    for (Index b = 0; b <= bins; ++b) to[b] = 0;
    for (Index m = 0; m < margins.rows; ++m) {
      const E value = static_cast<E>(margins(m, x));
      const auto kept = static_cast<double>(clips ? clip(value) : value);
      const double guess = (kept - low) * scale;
      ++to[bin_from(static_cast<Index>(guess < last ? guess : last), kept, edges.row(x))];
    }
  }

  EXPUNGE_HD double score(Index x) const {
    const bool clips_oracle = clipped == Clipped::both, clips = clipped != Clipped::none;
    Range range;
    extend(range, oracle, x, clips_oracle);
    extend(range, unlearned, x, clips);
    const PointKind kind = kind_of_range(range.low, range.high, range.any_not_finite);
    if (kind == PointKind::constant) return 0;
    if (kind == PointKind::bad) return std::numeric_limits<double>::quiet_NaN();
    const double scale =
        point_edges<E>(range.low, range.high, bins, precision, last_edge, edges.row(x));
    std::int32_t* const of_oracles = counts.row(x);
    std::int32_t* const of_unlearned = of_oracles + bins + 1;
    count(oracle, x, clips_oracle, static_cast<double>(range.low), scale, of_oracles);
    count(unlearned, x, clips, static_cast<double>(range.low), scale, of_unlearned);
    if (too_many_lost(of_oracles[bins], of_unlearned[bins], oracle.rows, unlearned.rows,
                      clips && range.high == clip_max))
      return std::numeric_limits<double>::quiet_NaN();
    return oracle_first ? kl(of_oracles, of_unlearned) : kl(of_unlearned, of_oracles);
  }
};

/// Scores of as many points as fit.
template <class B, class O, class U>
void score_points(const B& backend, MatrixView<const O> oracle, MatrixView<const U> unlearned,
                  const KlomConfig& config, const HistogramKl& kl, MatrixView<double> scores) {
  using E = EdgeType<O, U>;
  const Index points = oracle.cols, bins = config.bins;
  const auto o = resident(backend, oracle);
  const auto u = resident(backend, unlearned);
  const auto edges = backend.template allocate<double>(points * (bins + 2));
  const auto counts = backend.template allocate<std::int32_t>(points * 2 * (bins + 1));
  const auto out = backend.template allocate<double>(points);
  const MatrixView<double> there(out.data(), 1, points);
  for_each_index(backend, points,
                 ScorePoint<O, U>{o,
                                  u,
                                  kl,
                                  bins,
                                  config.edges,
                                  config.last_edge,
                                  config.clipped,
                                  static_cast<E>(config.clip_min),
                                  static_cast<E>(config.clip_max),
                                  config.direction == KlDirection::oracle_to_unlearned,
                                  {edges.data(), points, bins + 2},
                                  {counts.data(), points, 2 * (bins + 1)},
                                  there});
  copy_rows(backend, MatrixView<const double>(there), scores);
}

}  // namespace detail

/// KLoM of all models, in nats. Throws std::invalid_argument if the numbers of points differ or
/// there are no models.
template <class B, MatrixLike O, MatrixLike U>
requires requires {
  typename B::Real;
}
KlomResult klom(const B& backend, const O& oracle, const U& unlearned,
                const KlomConfig& config = {}) {
  using From = typename O::value_type;
  using To = typename U::value_type;
  constexpr bool floats = std::is_same_v<From, float> || std::is_same_v<From, double>;
  static_assert(floats && (std::is_same_v<To, float> || std::is_same_v<To, double>),
                "klom(backend, ...): margins are float or double.");
  const MatrixView<const From> o = view(oracle);
  const MatrixView<const To> u = view(unlearned);
  KlomResult result = detail::empty_result(config, o.cols, u.cols, o.rows, u.rows);
  require(o.rows >= 1 && u.rows >= 1, "klom: ", o.rows, " oracle and ", u.rows,
          " unlearned models, at least one of each is needed");
  const std::vector<double> logarithms = detail::logarithms(std::max(o.rows, u.rows));
  const auto table =
      resident(backend, MatrixView<const double>(logarithms.data(), 1, std::ssize(logarithms)));
  const detail::HistogramKl kl(config, MatrixView<const double>(table).data);
  const std::size_t bytes = static_cast<std::size_t>(o.rows) * sizeof(From) +
                            static_cast<std::size_t>(u.rows) * sizeof(To) +
                            static_cast<std::size_t>(config.bins + 2) * 16 + sizeof(double);
  const Index room = std::max<Index>(static_cast<Index>(backend.room() / bytes), 1);
  std::vector<double> scores(static_cast<std::size_t>(o.cols));
  for (Index first = 0; first < o.cols; first += room) {
    const Index count = std::min(room, o.cols - first);
    detail::score_points(backend, o.columns(first, count), u.columns(first, count), config, kl,
                         MatrixView<double>(scores.data() + first, 1, count));
  }
  for (Index x = 0; x < o.cols; ++x)
    detail::set_score(result, x, scores[static_cast<std::size_t>(x)]);
  detail::finish(result);
  return result;
}

}  // namespace expunge
