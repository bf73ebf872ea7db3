// The runaways (runaway.hpp) of whole arrays: how many points have one, which models ran away, and
// the sentence that says so.
//
//   outputs  [models][points]   of one array, or of two that are compared; float, double or Half
//
// Only finite runaways are listed here: NaN and infinities count as far away where the rule is
// applied, but every function that takes outputs has its own answer to them.
//
// Cost: 64 points of all models at a time. One pass finds the smallest and largest output of every
// point, a second one counts the outputs of wide points in bins (detail::may_run_away); only points
// that may have a runaway are sorted. 1 ns per output on one core, 2 to 5 ns where all points are
// wide.
#pragma once

#include <numeric>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "expunge/core/check.hpp"
#include "expunge/core/half.hpp"
#include "expunge/core/parallel.hpp"
#include "expunge/core/runaway.hpp"
#include "expunge/core/view.hpp"

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

namespace detail {

inline constexpr Index runaway_block = 64;

/// Finds which of up to 64 points may have a runaway, along rows: may_have_runaways for all of
/// them. Value: float or double, which holds the outputs exactly.
template <class Value>
class RunawayScreen {
 public:
  /// Of points [first, first + width) of a and b, ascending, counted from `first`.
  template <class A, class B>
  const std::vector<Index>& operator()(MatrixView<const A> a, MatrixView<const B> b, Index first,
                                       Index width) {
    low_.fill(std::numeric_limits<Value>::infinity());
    high_.fill(-std::numeric_limits<Value>::infinity());
    not_finite_.fill(0);
    extend(a, first, width);
    extend(b, first, width);
    sort_by_range(width);
    if (wide_.empty()) return suspects_;
    counts_.assign(wide_.size() * stride, 0);
    count(a, first, width);
    count(b, first, width);
    for (std::size_t w = 0; w < wide_.size(); ++w)
      if (may_run_away(counts_.data() + w * stride, nullptr, runaway_bins, a.rows + b.rows,
                       b.rows == 0 ? 1 : 2))
        suspects_.push_back(static_cast<Index>(wide_[w]));
    std::sort(suspects_.begin(), suspects_.end());
    return suspects_;
  }

 private:
  template <class T>
  using Columns = std::array<T, static_cast<std::size_t>(runaway_block)>;
  static constexpr std::size_t stride = static_cast<std::size_t>(runaway_bins + 1);

  template <class T>
  void extend(MatrixView<const T> outputs, Index first, Index width) {
    for (Index m = 0; m < outputs.rows; ++m) {
      const T* row = outputs.row(m) + first;
      for (std::size_t c = 0; c < static_cast<std::size_t>(width); ++c) {
        const Value x = static_cast<Value>(row[c]);
        low_[c] = x < low_[c] ? x : low_[c];
        high_[c] = x > high_[c] ? x : high_[c];
        not_finite_[c] += x - x;  // NaN from the first output on that is not finite
      }
    }
  }

  /// Narrow points have no runaway; what overflows may have one; the others are to be counted.
  void sort_by_range(Index width) {
    suspects_.clear();
    wide_.clear();
    for (std::size_t c = 0; c < static_cast<std::size_t>(width); ++c) {
      const Value range = high_[c] - low_[c] + not_finite_[c];
      const bool finite = std::isfinite(range),
                 wide = range > Value(0.99 * RunawayRule::least);  // rounding
      scale_[c] = finite && wide ? Value(runaway_bins) / range : 0;
      if (!finite)
        suspects_.push_back(static_cast<Index>(c));
      else if (wide)
        wide_.push_back(c);
    }
  }

  template <class T>
  void count(MatrixView<const T> outputs, Index first, Index width) {
    Columns<std::int32_t> bin;
    for (Index m = 0; m < outputs.rows; ++m) {
      const T* row = outputs.row(m) + first;
      for (std::size_t c = 0; c < static_cast<std::size_t>(width); ++c) {
        const Value x = (static_cast<Value>(row[c]) - low_[c]) * scale_[c];
        bin[c] = static_cast<std::int32_t>(scale_[c] > 0 ? x : Value(0));
      }
      std::int32_t* counts = counts_.data();
      for (const std::size_t c : wide_) {
        ++counts[bin[c]];
        counts += stride;
      }
    }
  }

  Columns<Value> low_, high_, not_finite_, scale_;
  std::vector<std::size_t> wide_;
  std::vector<Index> suspects_;
  std::vector<std::int32_t> counts_;  // [wide points][bins + 1]
};

/// 0 .. models - 1
inline std::vector<Index> every_model(Index models) {
  std::vector<Index> all(static_cast<std::size_t>(models));
  std::iota(all.begin(), all.end(), Index{0});
  return all;
}

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
      : RunawaySearch(every_model(first_models), first_models, every_model(second_models),
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
