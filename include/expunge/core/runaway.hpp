// Runaways: outputs that lie so far from all others at their point that a model must have diverged.
//
// A model that diverges to finite numbers is more dangerous than one that ends as NaN: its output
// is clipped, widens every bin of a histogram, inflates every variance, and so makes two different
// distributions look alike. One definition serves the whole library.
//
//   c          the centre of all outputs of a point, in one array or in two that are compared: the
//              middle of the shortest interval that holds half of them; w is half its length
//   c_a, c_b   the centres of the arrays a and b, found likewise among their outputs that are no
//              farther than max(least(w), 50 w) from c, as half of an array may have run away. An
//              array that has none there lies elsewhere as a whole: its centre is that of all its
//              outputs where half of those are as near each other, and c itself where they are not
//   d(x)       min(|x - c_a|, |x - c_b|), so that a shift between the arrays does not matter
//   d_1 <= ... <= d_n   the distances of all outputs of both arrays; spread s = d_ceil(n / 2)
//   least(s)   1, and 10 where the spread says little: of fewer than 20 outputs, and where
//              s <= 1e-5 size, size = max(|c_a|, |c_b|), as of probabilities, answers of 0 and 1
//              and saturated log-odds, half of which are equal but for rounding. Never less than
//              1e-5 size
//
// Going outwards from the nearer half, the first output with
//
//   d_i > max(least(s), min(gap d_(i-1), 600 s)),   gap = 50 for the last one, d_n, else 20
//
// and all beyond it are runaways; so is every NaN and infinity. The gap finds models that are far
// out, however wide or narrow the others are: tails leave one output alone, but never two. The
// second bound finds many that form a ladder. The constants are fixed. They are as small as tails
// allow: of honest points, Student's t with 3 degrees of freedom and the log-normal among them, 20
// to 200 models in each array, fewer than one in 10,000 has a runaway (bench/runaways.cpp measures
// it). A normal sample shows a single one from some 160 standard deviations on, two at unequal
// distances from some 60. Only least(s) has a unit: outputs that all lie within 1 of each other
// have no runaway, so multiply what is measured in thousandths. See docs/methods/klom.md.
//
// Cost: O(n) where the outputs lie near each other or are spread evenly, else a sort.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <span>
#include <vector>

#include "expunge/core/may_run_away.hpp"
#include "expunge/core/platform.hpp"

namespace expunge {

/// Where the outputs of one point end and the runaways begin.
struct OutputReach {
  double first_centre = 0;
  double second_centre = 0;  // the same as the first where there is one array
  double spread = 0;         // s: half of all outputs are no farther from a centre
  double limit = std::numeric_limits<double>::infinity();  // largest distance that is no runaway

  double distance(double x) const {
    return std::min(std::abs(x - first_centre), std::abs(x - second_centre));
  }
  bool is_runaway(double x) const { return !std::isfinite(x) || distance(x) > limit; }
};

namespace detail {

/// The shortest interval that holds half of the outputs.
struct ShortestHalf {
  double middle = std::numeric_limits<double>::quiet_NaN();  // NaN where no output is finite
  double half_length = std::numeric_limits<double>::infinity();
};

/// Of `outputs` outputs, of which the finite ones are given in ascending order.
inline ShortestHalf shortest_half(std::span<const double> ascending, std::size_t outputs) {
  ShortestHalf best;
  if (ascending.empty()) return best;
  const std::size_t half = std::min((outputs + 1) / 2, ascending.size());
  for (std::size_t i = 0; i + half <= ascending.size(); ++i) {
    const double low = ascending[i] / 2, high = ascending[i + half - 1] / 2;  // halves: no overflow
    if (high - low < best.half_length) best = {low + high, high - low};
  }
  return best;
}

}  // namespace detail

/// Finds the reach of one point after the other; keeps its memory.
class ReachFinder {
 public:
  /// Of the outputs of one array, or of two that are compared: one number for each model.
  OutputReach operator()(std::span<const double> a, std::span<const double> b = {}) {
    OutputReach reach;
    if (!detail::may_have_runaways(a, b)) return reach;
    sort_finite({a, b});
    const detail::ShortestHalf all = detail::shortest_half(sorted_, a.size() + b.size());
    reach.first_centre = b.empty() ? all.middle : trusted_centre(a, all, a.size() + b.size());
    reach.second_centre = b.empty() ? all.middle : trusted_centre(b, all, a.size() + b.size());
    distances_.clear();
    for (const std::span<const double> array : {a, b})
      for (const double x : array)
        if (std::isfinite(x)) distances_.push_back(reach.distance(x));
    std::sort(distances_.begin(), distances_.end());
    set_limit(reach, a.size() + b.size());
    return reach;
  }

 private:
  void sort_finite(std::initializer_list<std::span<const double>> arrays) {
    sorted_.clear();
    for (const std::span<const double> array : arrays)
      for (const double x : array)
        if (std::isfinite(x)) sorted_.push_back(x);
    std::sort(sorted_.begin(), sorted_.end());
  }

  /// The centre of one of two arrays, among its outputs near the centre of both if it has any.
  double trusted_centre(std::span<const double> array, const detail::ShortestHalf& all,
                        std::size_t outputs) {
    const double most = std::max(RunawayRule::least_distance(all.half_length, all.middle, outputs),
                                 RunawayRule::gap * all.half_length);
    sort_near(array, all.middle, most);
    const bool elsewhere = sorted_.empty();
    if (elsewhere) sort_near(array, 0, std::numeric_limits<double>::max());
    const detail::ShortestHalf own =
        detail::shortest_half(sorted_, elsewhere ? array.size() : sorted_.size());
    return elsewhere && !(own.half_length <= most) ? all.middle : own.middle;
  }

  void sort_near(std::span<const double> array, double centre, double most) {
    sorted_.clear();
    for (const double x : array)
      if (std::abs(x - centre) <= most) sorted_.push_back(x);
    std::sort(sorted_.begin(), sorted_.end());
  }

  /// Sets spread and limit. Where half of the outputs are not finite there is nothing to measure
  /// by.
  void set_limit(OutputReach& reach, std::size_t outputs) const {
    const std::size_t half = (outputs + 1) / 2;
    if (half >= distances_.size()) return;
    reach.spread = distances_[half - 1];
    const double size = std::max(std::abs(reach.first_centre), std::abs(reach.second_centre));
    const double least = RunawayRule::least_distance(reach.spread, size, outputs);
    for (std::size_t i = half; i < distances_.size(); ++i) {
      const bool alone = i + 1 == distances_.size();
      const double gap = alone ? RunawayRule::gap : RunawayRule::group_gap;
      const double bound = std::min(gap * distances_[i - 1], RunawayRule::spreads * reach.spread);
      if (distances_[i] <= std::max(least, bound)) continue;
      reach.limit = distances_[i - 1];
      return;
    }
  }

  std::vector<double> sorted_, distances_;
};

}  // namespace expunge
