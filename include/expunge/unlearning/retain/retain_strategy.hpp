// Which retain points matching holds fast, beside the forget set that it moves.
//
// A strategy is a small policy; copy uniform.hpp to make your own.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "expunge/unlearning/problem.hpp"

namespace expunge {

/// What a strategy may look at.
template <class Model, class Real>
struct RetainQuery {
  const Problem<Model, Real>& problem;
  TensorView<const Real> base;     // f_x(theta0) [members][n][outputs], of the training set
  TensorView<const Real> targets;  // what is matched, alike
  Index count;                     // points wanted, at most |R|
  std::uint64_t seed;
};

/// Lists of examples: one for all members, or one for each.
using RetainLists = std::vector<std::vector<Index>>;

/// A strategy S:
///
///   s.validate()
///   s.select(b, query)       `count` different examples of the retain set, for all or for each
///   s.passes(members)        forward passes over the whole training set that this takes, per member
///
/// See docs/concepts.md#retainstrategy.
template <class S, class Model, class B>
concept RetainStrategy = requires(const S& strategy, B& backend,
                                  const RetainQuery<Model, typename B::Real>& query) {
  strategy.validate();
  { strategy.select(backend, query) } -> std::convertible_to<RetainLists>;
  { strategy.passes(Index{}) } -> std::convertible_to<double>;
};

namespace detail {

/// The share of all members that `models` of them are, at most 1: passes of a strategy that looks
/// at so many.
inline double share_of(Index models, Index members) {
  return static_cast<double>(std::min(models, members)) / static_cast<double>(members);
}

/// The `count` entries of `points` with the largest scores, ties in their order. NaN and infinity
/// are smallest.
inline std::vector<Index> highest(const std::vector<Index>& points,
                                  const std::vector<double>& scores, Index count) {
  std::vector<Index> order(points.size());
  std::iota(order.begin(), order.end(), Index{0});
  const auto score = [&](Index i) {
    const double s = scores[static_cast<std::size_t>(i)];
    return std::isfinite(s) ? s : -std::numeric_limits<double>::infinity();
  };
  std::stable_sort(order.begin(), order.end(),
                   [&](Index a, Index b) { return score(a) > score(b); });
  order.resize(static_cast<std::size_t>(count));
  for (Index& i : order) i = points[static_cast<std::size_t>(i)];
  return order;
}

}  // namespace detail
}  // namespace expunge
