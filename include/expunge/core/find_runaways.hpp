// Finds the runaways (runaway.hpp) of whole arrays.
//
//   outputs  [models][points]   of one array, or of two that are compared; float, double or Half
//
// Cost: 64 points of all models at a time. One pass finds the smallest and largest output of every
// point, a second one counts the outputs of wide points in bins (detail::may_run_away); only points
// that may have a runaway are sorted. 0.4 ns per output on one core where all points are narrower
// than 1, else 1.5 to 2 ns.
#pragma once

#include <type_traits>
#include <vector>

#include "expunge/core/check.hpp"
#include "expunge/core/parallel.hpp"
#include "expunge/core/runaway_screen.hpp"
#include "expunge/core/runaway_search.hpp"
#include "expunge/core/runaways.hpp"

namespace expunge {

namespace detail {

template <class A, class B>
Runaways find_runaways_of(MatrixView<const A> a, MatrixView<const B> b, int threads) {
  const Index blocks = (a.cols + runaway_block - 1) / runaway_block;
  using Value =
      std::conditional_t<std::is_same_v<A, double> || std::is_same_v<B, double>, double, float>;
  const std::size_t workers = static_cast<std::size_t>(thread_count(threads));
  std::vector<RunawayScreen<Value>> screens(workers);
  std::vector<RunawaySearch> searches(workers, RunawaySearch(a.rows, b.rows));
  std::vector<std::vector<Runaway>> of_block(static_cast<std::size_t>(blocks));
  parallel_for(threads, blocks, [&](int thread, Index block) {
    const std::size_t t = static_cast<std::size_t>(thread);
    const Index first = block * runaway_block, width = std::min(runaway_block, a.cols - first);
    Runaway farthest;
    for (const Index c : screens[t](a, b, first, width))
      if (searches[t](a, b, first + c, first + c, farthest))
        of_block[static_cast<std::size_t>(block)].push_back(farthest);
  });
  return collect(a.cols, of_block, searches);
}

}  // namespace detail

/// Of one array [models][points]. threads 0: all; never changes the result.
template <MatrixLike A>
Runaways find_runaways(const A& outputs, int threads = 0) {
  using T = typename A::value_type;
  const MatrixView<const T> a = view(outputs);
  return detail::find_runaways_of(a, MatrixView<const T>(nullptr, 0, a.cols), threads);
}

/// Of two arrays that are compared, [models][points] each, with their own numbers of models. Throws
/// std::invalid_argument if the numbers of points differ.
template <MatrixLike A, MatrixLike B>
Runaways find_runaways(const A& first, const B& second, int threads = 0) {
  const MatrixView<const typename A::value_type> a = view(first);
  const MatrixView<const typename B::value_type> b = view(second);
  require(a.cols == b.cols, "find_runaways: outputs of ", a.cols, " and of ", b.cols, " points");
  return detail::find_runaways_of(a, b, threads);
}

}  // namespace expunge
