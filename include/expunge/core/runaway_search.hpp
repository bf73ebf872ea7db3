// The rule of runaway.hpp at single points of arrays [models][points], and the sum of what several
// threads found.
#pragma once

#include <array>
#include <cmath>
#include <vector>

#include "expunge/core/runaways.hpp"
#include "expunge/core/sample.hpp"
#include "expunge/core/view.hpp"

namespace expunge::detail {

/// What one thread finds, at points that may have a runaway.
class RunawaySearch {
 public:
  /// Of the models listed, each once, of arrays of so many models.
  RunawaySearch(const std::vector<Index>& first, Index first_models,
                const std::vector<Index>& second, Index second_models)
      : listed_{first, second},
        counts_{std::vector<Index>(static_cast<std::size_t>(first_models)),
                std::vector<Index>(static_cast<std::size_t>(second_models))} {}
  RunawaySearch(Index first_models, Index second_models)
      : RunawaySearch(all_indices(first_models), first_models, all_indices(second_models),
                      second_models) {}

  /// At how many points each model ran away, so far.
  const std::vector<Index>& counts(std::size_t array) const { return counts_[array]; }

  /// Looks at a column of a and b [models][columns], which is this point. True where something ran
  /// away; `farthest` is then set.
  template <class A, class B>
  bool operator()(MatrixView<const A> a, MatrixView<const B> b, Index column, Index point,
                  Runaway& farthest) {
    gather(a, column, 0);
    gather(b, column, 1);
    const OutputReach reach = find_reach_(outputs_[0], outputs_[1]);
    bool any = false;
    for (std::size_t array = 0; array < 2; ++array)
      for (std::size_t i = 0; i < outputs_[array].size(); ++i) {
        const double x = outputs_[array][i];
        if (!std::isfinite(x) || !reach.is_runaway(x)) continue;
        const Index model = listed_[array][i];
        ++counts_[array][static_cast<std::size_t>(model)];
        if (!any || reach.distance(x) > farthest.distance())
          farthest = {array == 1, model, point, x, reach};
        any = true;
      }
    return any;
  }

 private:
  template <class T>
  void gather(MatrixView<const T> outputs, Index column, std::size_t array) {
    outputs_[array].clear();
    for (const Index m : listed_[array])
      outputs_[array].push_back(static_cast<double>(outputs(m, column)));
  }

  std::array<std::vector<Index>, 2> listed_, counts_;
  std::array<std::vector<double>, 2> outputs_;
  ReachFinder find_reach_;
};

/// The farthest output of each point that has a runaway, by block of points; and the threads'
/// counts.
inline Runaways collect(Index points, const std::vector<std::vector<Runaway>>& of_block,
                        const std::vector<RunawaySearch>& searches) {
  Runaways found;
  found.points = points;
  found.at.resize(static_cast<std::size_t>(points));
  found.first.resize(searches.front().counts(0).size());
  found.second.resize(searches.front().counts(1).size());
  for (const RunawaySearch& search : searches) {
    for (std::size_t m = 0; m < found.first.size(); ++m) found.first[m] += search.counts(0)[m];
    for (std::size_t m = 0; m < found.second.size(); ++m) found.second[m] += search.counts(1)[m];
  }
  for (const std::vector<Runaway>& block : of_block)
    for (const Runaway& farthest : block) {
      if (!found.any() || farthest.distance() > found.worst.distance()) found.worst = farthest;
      if (found.examples.size() < Runaways::most_examples) found.examples.push_back(farthest);
      found.at[static_cast<std::size_t>(farthest.point)] = 1;
      ++found.runaway_points;
    }
  return found;
}

/// By every runaway of one array of so many models, in the order of the points.
inline Runaways collect(Index points, Index models, const std::vector<Runaway>& every) {
  Runaways found;
  found.points = points;
  found.at.resize(static_cast<std::size_t>(points));
  found.first.resize(static_cast<std::size_t>(models));
  for (const Runaway& one : every) {
    std::uint8_t& at = found.at[static_cast<std::size_t>(one.point)];
    const bool first_of_point = at == 0;
    if (!found.any() || one.distance() > found.worst.distance()) found.worst = one;
    found.runaway_points += first_of_point;
    at = 1;
    ++found.first[static_cast<std::size_t>(one.model)];
    if (first_of_point && found.examples.size() < Runaways::most_examples)
      found.examples.push_back(one);
    else if (!first_of_point && found.examples.back().point == one.point &&
             one.distance() > found.examples.back().distance())
      found.examples.back() = one;
  }
  return found;
}

}  // namespace expunge::detail
