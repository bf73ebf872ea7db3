// KLoM of margins that lie on a backend, or are brought there: the scores of klom.hpp, one thread
// for each point of a GPU.
//
//   oracle     [oracle models][points]     float or double, of the host or of the backend
//   unlearned  [unlearned models][points]
//
// Neighbours read neighbouring points of one model. Points go through in pieces that the memory
// holds. The backend also tells which points may have a runaway; those few come to the host, which
// decides. On a CPU klom(oracle, unlearned) is the one to take: it uses all threads, and blocks
// that stay in the cache; this one runs on the calling thread.
#pragma once

#include "expunge/backend/cpu.hpp"
#include "expunge/evaluation/klom.hpp"

namespace expunge {

namespace detail {

/// The score of one point, NaN where there is none; and whether it may have a runaway.
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
  MatrixView<double> edges;          // [points][bins + 2]
  MatrixView<std::int32_t> counts;   // [points][2 (bins + 1)]
  MatrixView<double> scores;         // [1][points]
  MatrixView<std::int32_t> suspect;  // [1][points], 1: may have a runaway

  EXPUNGE_HD void operator()(Index x) const {
    const bool clips_oracle = clipped == Clipped::both, clips = clipped != Clipped::none;
    Range range;
    extend(range, oracle, x, clips_oracle);
    extend(range, unlearned, x, clips);
    const PointKind kind = kind_of_range(range.low, range.high, range.any_not_finite);
    scores(0, x) = kind == PointKind::constant ? 0
                   : kind == PointKind::bad    ? std::numeric_limits<double>::quiet_NaN()
                                               : score(x, range, clips_oracle, clips);
    suspect(0, x) = kind == PointKind::bad || range.any_clipped ||
                    (kind == PointKind::ordinary && may_run_away(x, range));
  }

 private:
  struct Range {
    E low = std::numeric_limits<E>::infinity();
    E high = -std::numeric_limits<E>::infinity();
    bool any_not_finite = false;
    bool any_clipped = false;
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
      range.any_clipped = range.any_clipped || kept != value;
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

  EXPUNGE_HD double score(Index x, const Range& range, bool clips_oracle, bool clips) const {
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

  /// Of a point that is counted and neither clipped nor constant: by its histogram, then by a finer
  /// one.
  EXPUNGE_HD bool may_run_away(Index x, const Range& range) const {
    const double low = static_cast<double>(range.low);
    const double width = static_cast<double>(range.high) - low;
    const Index models = oracle.rows + unlearned.rows;
    if (too_narrow_for_runaways(width) ||
        !histogram_may_run_away(counts.row(x), counts.row(x) + bins + 1, bins, models))
      return false;
    std::int32_t finer[runaway_bins + 1] = {};
    add_to(finer, oracle, x, low, static_cast<double>(runaway_bins) / width);
    add_to(finer, unlearned, x, low, static_cast<double>(runaway_bins) / width);
    return detail::may_run_away(finer, nullptr, runaway_bins, models, 2);
  }

  template <class T>
  EXPUNGE_HD void add_to(std::int32_t* finer, MatrixView<const T> margins, Index x, double low,
                         double scale) const {
    for (Index m = 0; m < margins.rows; ++m)
      ++finer[static_cast<Index>((static_cast<double>(margins(m, x)) - low) * scale)];
  }
};

/// to[m][i] = from[m][columns[i]]
template <class T>
struct GatherColumns {
  MatrixView<const T> from;
  MatrixView<const Index> columns;  // [1][count]
  MatrixView<T> to;                 // [models][count]
  EXPUNGE_HD void operator()(Index, Index m, Index i) const { to(m, i) = from(m, columns(0, i)); }
};

/// These columns of margins that a backend's functors can read, [models][columns] on the host.
template <class B, class T>
Array<T, 2> columns_on_host(const B& backend, MatrixView<const T> margins,
                            MatrixView<const Index> columns) {
  Array<T, 2> host = make_array<T>(margins.rows, columns.cols);
  const auto there = backend.template allocate<T>(margins.rows * columns.cols);
  const auto which = resident(backend, columns);
  const MatrixView<T> gathered(there.data(), margins.rows, columns.cols);
  for_each_element(backend, 1, margins.rows, columns.cols,
                   GatherColumns<T>{margins, which, gathered});
  copy_rows(backend, MatrixView<const T>(gathered), view(host));
  return host;
}

/// What ran away at these points, of which the first is number `first` to the caller.
template <class B, class O, class U>
void search_suspects(const B& backend, MatrixView<const O> oracle, MatrixView<const U> unlearned,
                     const std::vector<std::int32_t>& suspect, Index first, RunawaySearch& search,
                     std::vector<Runaway>& ran_away) {
  constexpr std::size_t at_once = 4096;
  std::vector<Index> columns;
  for (std::size_t x = 0; x < suspect.size(); ++x) {
    if (suspect[x] != 0) columns.push_back(static_cast<Index>(x));
    if (columns.empty() || (columns.size() < at_once && x + 1 < suspect.size())) continue;
    const MatrixView<const Index> which(columns.data(), 1, std::ssize(columns));
    const Array<O, 2> o = columns_on_host(backend, oracle, which);
    const Array<U, 2> u = columns_on_host(backend, unlearned, which);
    Runaway farthest;
    for (Index i = 0; i < which.cols; ++i)
      if (search(view(o), view(u), i, first + which(0, i), farthest)) ran_away.push_back(farthest);
    columns.clear();
  }
}

/// Scores of as many points as fit, the first of them number `first`, and what ran away at them.
template <class B, class O, class U>
void score_points(const B& backend, MatrixView<const O> oracle, MatrixView<const U> unlearned,
                  const KlomConfig& config, const HistogramKl& kl, MatrixView<double> scores,
                  Index first, RunawaySearch& search, std::vector<Runaway>& ran_away) {
  using E = EdgeType<O, U>;
  const Index points = oracle.cols, bins = config.bins;
  const auto o = resident(backend, oracle);
  const auto u = resident(backend, unlearned);
  const auto edges = backend.template allocate<double>(points * (bins + 2));
  const auto counts = backend.template allocate<std::int32_t>(points * 2 * (bins + 1));
  const auto out = backend.template allocate<double>(points);
  const MatrixView<double> there(out.data(), 1, points);
  const auto marks = backend.template allocate<std::int32_t>(points);
  const MatrixView<std::int32_t> marked(marks.data(), 1, points);
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
                                  there,
                                  marked});
  copy_rows(backend, MatrixView<const double>(there), scores);
  std::vector<std::int32_t> suspect(static_cast<std::size_t>(points));
  copy_rows(backend, MatrixView<const std::int32_t>(marked),
            MatrixView<std::int32_t>(suspect.data(), 1, points));
  search_suspects(backend, MatrixView<const O>(o), MatrixView<const U>(u), suspect, first, search,
                  ran_away);
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
                            static_cast<std::size_t>(config.bins + 2) * 16 + sizeof(double) +
                            sizeof(std::int32_t);
  const Index room = std::max<Index>(static_cast<Index>(backend.room() / bytes), 1);
  std::vector<double> scores(static_cast<std::size_t>(o.cols));
  std::vector<detail::RunawaySearch> search(1, detail::RunawaySearch(o.rows, u.rows));
  std::vector<std::vector<Runaway>> ran_away(1);
  for (Index first = 0; first < o.cols; first += room) {
    const Index count = std::min(room, o.cols - first);
    detail::score_points(backend, o.columns(first, count), u.columns(first, count), config, kl,
                         MatrixView<double>(scores.data() + first, 1, count), first, search[0],
                         ran_away[0]);
  }
  for (Index x = 0; x < o.cols; ++x)
    detail::set_score(result, x, scores[static_cast<std::size_t>(x)]);
  detail::finish(result, detail::collect(o.cols, ran_away, search));
  return result;
}

}  // namespace expunge
