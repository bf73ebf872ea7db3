// What the rule of runaway.hpp found in whole arrays, and the sentence that says so.
//
// Only finite runaways are listed: NaN and infinities count as far away where the rule is applied,
// but every function that takes outputs has its own answer to them.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "expunge/core/check.hpp"
#include "expunge/core/runaway.hpp"

namespace expunge {

/// One output that ran away, and what its point looks like without it.
struct Runaway {
  bool of_second = false;  // of the second array
  Index model = 0;         // in its array
  Index point = 0;
  double value = 0;
  OutputReach reach;  // of the point

  double distance() const { return reach.distance(value); }
  /// The centre that it is nearer to.
  double centre() const {
    const bool nearer_first = std::abs(value - reach.first_centre) == distance();
    return nearer_first ? reach.first_centre : reach.second_centre;
  }
};

/// What ran away in one array or two.
struct Runaways {
  static constexpr std::size_t most_examples = 5;

  Index points = 0;               // of the arrays
  Index runaway_points = 0;       // with a runaway
  std::vector<std::uint8_t> at;   // [points], 1: with a runaway
  std::vector<Index> first;       // [models of the first array], at how many points it ran away
  std::vector<Index> second;      // [models of the second array], likewise; empty if there is none
  std::vector<Runaway> examples;  // of the first few such points, the farthest output of each
  Runaway worst;                  // the farthest of all, if there is any

  bool any() const { return runaway_points > 0; }
};

/// The models that ran away at one point at least, ascending, by the counts of Runaways.
inline std::vector<Index> runaway_models(const std::vector<Index>& points_of_model) {
  std::vector<Index> models;
  for (std::size_t m = 0; m < points_of_model.size(); ++m)
    if (points_of_model[m] > 0) models.push_back(static_cast<Index>(m));
  return models;
}

/// Adds what ran away in a block of points of the same models, of which the first is number `first`
/// of all: for a caller who reads points in blocks.
inline void add_runaways(Runaways& all, const Runaways& block, Index first) {
  const auto moved = [&](Runaway one) {
    one.point += first;
    return one;
  };
  const auto add = [](std::vector<Index>& counts, const std::vector<Index>& more) {
    counts.resize(std::max(counts.size(), more.size()));
    for (std::size_t m = 0; m < more.size(); ++m) counts[m] += more[m];
  };
  all.points = std::max(all.points, first + block.points);
  all.at.resize(static_cast<std::size_t>(all.points));
  std::copy(block.at.begin(), block.at.end(), all.at.begin() + first);
  add(all.first, block.first);
  add(all.second, block.second);
  if (block.any() && (!all.any() || block.worst.distance() > all.worst.distance()))
    all.worst = moved(block.worst);
  for (const Runaway& example : block.examples)
    if (all.examples.size() < Runaways::most_examples) all.examples.push_back(moved(example));
  all.runaway_points += block.runaway_points;
}

/// What the parts of a sentence about runaways are called: "1 of 60 oracle models".
struct RunawayWords {
  std::string_view point = "point";  // or target
  std::string_view first = "";       // what the models of the first array are: "oracle", say
  std::string_view second = "";
};

namespace detail {

inline std::string short_number(double x) {
  std::ostringstream out;
  out.precision(3);
  out << x;
  return out.str();
}

/// "2 of 60 oracle models"
inline std::string counted_models(const std::vector<Index>& points_of_model,
                                  std::string_view what) {
  return sentence(runaway_models(points_of_model).size(), " of ", points_of_model.size(), " ", what,
                  what.empty() ? "" : " ", points_of_model.size() == 1 ? "model" : "models");
}

}  // namespace detail

/// One sentence without a full stop, for a warning; empty where nothing ran away. "1 of 60 oracle
/// models ran away at 40 of 40 points: oracle model 3 gives -1e+04 at point 0, where half of all
/// outputs lie within 1.3 of 5.2". Models and points are numbered from 0.
inline std::string runaway_sentence(const Runaways& found, const RunawayWords& words = {}) {
  if (!found.any()) return {};
  const bool of_first = !runaway_models(found.first).empty();
  const bool of_second = !runaway_models(found.second).empty();
  const Runaway& worst = found.worst;
  const std::string_view whose = worst.of_second ? words.second : words.first;
  return sentence(
      of_first ? detail::counted_models(found.first, words.first) : "",
      of_first && of_second ? " and " : "",
      of_second ? detail::counted_models(found.second, words.second) : "", " ran away at ",
      found.runaway_points, " of ", found.points, " ", words.point, "s: ", whose,
      whose.empty() ? "" : " ", "model ", worst.model, " gives ", detail::short_number(worst.value),
      " at ", words.point, " ", worst.point, ", where half of all outputs lie within ",
      detail::short_number(worst.reach.spread), " of ", detail::short_number(worst.centre()));
}

}  // namespace expunge
