// U-LiRA: can an attacker who knows the unlearning method tell a point that a model unlearned from
// a point that the model never saw? 50 % is perfect unlearning.
//
//   UNLEARNED(x)  models of other bases that unlearned x     N(mu_u, var_u) fitted to their margins
//   OUT(x)        models of other bases that never saw x     N(mu_o, var_o)
//   score         log N(m; mu_u, var_u) - log N(m; mu_o, var_o),  m the target's margin on x
//   answer        "it was trained on x" if score > 0
//
// A target is a model that unlearned something. It is asked about the points that it unlearned and
// about as many points that it never saw; the two lists are cut to the shorter one, so that no
// constant answer beats 50 %. Source: Hayes et al., arXiv 2403.01218; as run by Georgiev
// et al., arXiv 2410.23232: many base models on random halves, several forget sets for each.
//
// Where we differ from published code: *all* models of a target's base are kept out of its shadows
// (they share its training set and start, and leak its answer); densities are compared by their
// logarithms (far from both means densities underflow to 0 / 0).
//
// A query whose margin is not finite or ran away (core/runaway.hpp), or whose shadows did but for
// fewer than min_shadows, counts as a correct attack, with a score of plus or minus infinity.
// Shadows that ran away are left out, counted and named: ten of 300 at 1e6 would make accuracy fall
// from .83 to .58. A variance below
// variance_floor counts as the floor: two equal constants score 0 ("never saw it"), so that
// accuracy is 50 %; a constant against a spread sample decides by "equal to the constant".
//
// The intervals resample base models and keep the shadows: they hold the noise of the targets.
//
// Cost: 600 draws of about 5 ns per query and a sort of the scores; then O(queries) per replicate.
#pragma once

#include <limits>

#include "expunge/evaluation/ulira_figures.hpp"

namespace expunge {

namespace detail {

/// The queries of one model; `skipped` is how many points it unlearned and is not asked about.
inline std::vector<UliraQuery> choose_queries(MatrixView<const Seen> seen, Index model,
                                              std::uint32_t base,
                                              const std::vector<PointShadows>& shadows,
                                              const UliraConfig& config, Index& skipped) {
  std::vector<Index> members, strangers;
  const Index forgotten = std::count(seen.row(model), seen.row(model) + seen.cols, Seen::forgotten);
  if (forgotten == 0) return {};
  for (Index x = 0; x < seen.cols; ++x) {
    const Seen s = seen(model, x);
    const PointShadows& at = shadows[static_cast<std::size_t>(x)];
    if (s == Seen::kept || at.offered(base) < config.min_shadows) continue;
    (s == Seen::forgotten ? members : strangers).push_back(x);
  }
  const Index count = static_cast<Index>(std::min(members.size(), strangers.size()));
  skipped = forgotten - count;
  std::vector<UliraQuery> queries;
  for (const bool member : {true, false}) {
    const Stream stream{Purpose::queries, static_cast<std::uint32_t>(2 * model + member)};
    std::vector<Index> drawn =
        random_sample(config.seed, stream, member ? members : strangers, count);
    std::sort(drawn.begin(), drawn.end());
    for (const Index x : drawn)
      queries.push_back(
          {0, static_cast<std::uint32_t>(model), static_cast<std::uint32_t>(x), member, false});
  }
  return queries;
}

/// log N(m; u) - log N(m; o), nats.
inline double log_likelihood_ratio(double m, const Moments& u, const Moments& o,
                                   const UliraConfig& config) {
  const double pooled = (u.variance + o.variance) / 2;  // equal counts
  const double of_u = std::max(config.pooled_variance ? pooled : u.variance, config.variance_floor);
  const double of_o = std::max(config.pooled_variance ? pooled : o.variance, config.variance_floor);
  const double to_u = (m - u.mean) * (m - u.mean) / of_u;
  const double to_o = (m - o.mean) * (m - o.mean) / of_o;
  return 0.5 * (std::log(of_o / of_u) + to_o - to_u);
}

/// Scores one query about a margin, given its point's shadows.
inline void score_query(UliraQuery& query, double margin, std::uint32_t base,
                        const PointShadows& at, const UliraConfig& config, ShadowSampler& sampler) {
  const Index count =
      std::min({at.unlearned.usable(base), at.out.usable(base), config.max_shadows});
  query.bad = at.reach.is_runaway(margin) || count < config.min_shadows;
  if (!query.bad) {
    const Stream stream{Purpose::shadow_models, query.model};
    const std::uint64_t word = std::uint64_t{query.point} << 32;
    const Moments u = sampler.fit(at.unlearned, base, count, config.seed, stream, word);
    const Moments o =
        sampler.fit(at.out, base, count, config.seed, stream, word + (std::uint64_t{1} << 31));
    query.score = log_likelihood_ratio(margin, u, o, config);
    query.bad = not_finite(query.score);
  }
  const double infinity = std::numeric_limits<double>::infinity();
  if (query.bad) query.score = query.member ? infinity : -infinity;
}

/// Of all points; counts the margins that are left out, and names those that ran away.
template <class T>
std::vector<PointShadows> all_shadows(MatrixView<const T> margins, MatrixView<const Seen> seen,
                                      const UliraBases& bases, int threads, UliraResult& result) {
  std::vector<PointShadows> shadows(static_cast<std::size_t>(seen.cols));
  std::vector<ReachFinder> finders(static_cast<std::size_t>(thread_count(threads)));
  parallel_for(threads, seen.cols, [&](int thread, Index x) {
    shadows[static_cast<std::size_t>(x)] =
        point_shadows(margins, seen, bases, x, finders[static_cast<std::size_t>(thread)]);
  });
  std::vector<Runaway> ran_away;
  for (const PointShadows& at : shadows) {
    result.bad_shadows += static_cast<Index>(at.unlearned.lost.size() + at.out.lost.size());
    ran_away.insert(ran_away.end(), at.ran_away.begin(), at.ran_away.end());
  }
  result.runaway_shadows = std::ssize(ran_away);
  result.bad_shadows -= result.runaway_shadows;
  result.runaways = collect(seen.cols, margins.rows, ran_away);
  return shadows;
}

/// Of all models, in their order.
inline std::vector<UliraQuery> all_queries(MatrixView<const Seen> seen, const UliraBases& bases,
                                           const std::vector<PointShadows>& shadows,
                                           const UliraConfig& config, Index& skipped) {
  std::vector<std::vector<UliraQuery>> of_model(static_cast<std::size_t>(seen.rows));
  std::vector<Index> skipped_by(of_model.size());
  parallel_for(config.threads, seen.rows, [&](int, Index m) {
    const std::size_t i = static_cast<std::size_t>(m);
    of_model[i] = choose_queries(seen, m, bases.of(m), shadows, config, skipped_by[i]);
  });
  skipped = std::accumulate(skipped_by.begin(), skipped_by.end(), Index{0});
  std::vector<UliraQuery> queries;
  for (const std::vector<UliraQuery>& q : of_model)
    queries.insert(queries.end(), q.begin(), q.end());
  return queries;
}

/// Scores all queries, a point at a time: its lists stay in the cache.
template <class T>
void score_queries(std::vector<UliraQuery>& queries, MatrixView<const T> margins,
                   const UliraBases& bases, const std::vector<PointShadows>& shadows,
                   const UliraConfig& config) {
  std::vector<std::vector<std::size_t>> at_point(shadows.size());
  for (std::size_t q = 0; q < queries.size(); ++q) at_point[queries[q].point].push_back(q);
  std::vector<ShadowSampler> samplers(static_cast<std::size_t>(thread_count(config.threads)));
  parallel_for(config.threads, margins.cols, [&](int thread, Index x) {
    for (const std::size_t q : at_point[static_cast<std::size_t>(x)])
      score_query(queries[q], static_cast<double>(margins(queries[q].model, x)),
                  bases.of(queries[q].model), shadows[static_cast<std::size_t>(x)], config,
                  samplers[static_cast<std::size_t>(thread)]);
  });
}

}  // namespace detail

/// Of models after unlearning, one row each:
///
///   margins    [models][points]  logit-scaled confidences
///   trained    [models][points]  1: the model's base was trained on the point
///   forgotten  [models][points]  1: this model unlearned the point
///   base       [models]          the base model it was unlearned from, any labels; empty: each
///                                model is its own base
///
/// Models without a forgotten point are shadows only. Throws if shapes differ, if a model unlearned
/// what its base was not trained on, if models of a base differ in training set, or if no query has
/// min_shadows of each kind.
template <MatrixLike M, MatrixLike T, MatrixLike F>
UliraResult ulira(const M& margins, const T& trained, const F& forgotten,
                  const std::vector<Index>& base = {}, const UliraConfig& config = {}) {
  const MatrixView<const typename M::value_type> m = view(margins);
  const MatrixView<const typename T::value_type> t = view(trained);
  const MatrixView<const typename F::value_type> f = view(forgotten);
  config.validate();
  require(t.rows == m.rows && f.rows == m.rows && t.cols == m.cols && f.cols == m.cols,
          "ulira: margins are [", m.rows, "][", m.cols, "], trained [", t.rows, "][", t.cols,
          "], forgotten [", f.rows, "][", f.cols, "]");
  require(base.empty() || static_cast<Index>(base.size()) == m.rows, "ulira: ", base.size(),
          " bases for ", m.rows, " models");
  const detail::UliraBases bases = detail::number_bases(base, m.rows);
  const Array<detail::Seen, 2> seen = detail::read_design(t, f, bases);
  UliraResult result;
  const std::vector<detail::PointShadows> shadows =
      detail::all_shadows(m, view(seen), bases, config.threads, result);
  result.queries = detail::all_queries(view(seen), bases, shadows, config, result.skipped);
  require(!result.queries.empty(), "ulira: none of ", result.skipped,
          " unlearned points can be asked about: each needs ", config.min_shadows,
          " models of other bases that unlearned it, as many that never saw it, and another point ",
          "that its model never saw");
  detail::score_queries(result.queries, m, bases, shadows, config);
  detail::add_targets(result);
  detail::add_figures(result, bases, config);
  return result;
}

}  // namespace expunge
