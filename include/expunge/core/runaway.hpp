// Runaways: outputs that lie so far from all others at their point that a model must have diverged.
//
// A model that diverges to finite numbers is more dangerous than one that ends as NaN: its output
// is clipped, widens every bin of a histogram, inflates every variance, and so makes two different
// distributions look alike. One definition serves the whole library.
//
//   c          the centre of all outputs of a point, in one array or in two that are compared: the
//              middle of the shortest interval that holds half of them; w is half its length
//   c_a, c_b   the centres of the arrays a and b, found likewise among their outputs that are no
//              farther than max(least, 50 w) from c, as half of an array may have run away; c
//              itself for an array that has none there
//   d(x)       min(|x - c_a|, |x - c_b|), so that a shift between the arrays does not matter
//   d_1 <= ... <= d_n   the distances of all outputs of both arrays; spread s = d_ceil(n / 2)
//
// Going outwards from the nearer half, the first output with
//
//   d_i > max(least, min(gap d_(i-1), 600 s)),   gap = 50 for the last one, d_n, else 20
//
// and all beyond it are runaways; so is every NaN and infinity. The gap finds models that are far
// out, however wide or narrow the others are: tails leave one output alone, but never two. The
// second bound finds many that form a ladder. The constants are fixed. They are as small as tails
// allow: of honest points, Student's t with 3 degrees of freedom and the log-normal among them, 20
// to 200 models in each array, fewer than one in 10,000 has a runaway (bench/runaways.cpp measures
// it). A normal sample shows a single one from some 160 standard deviations on. See
// docs/methods/klom.md.
//
// Cost: O(n) where the outputs lie near each other or are spread evenly, else a sort.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <span>
#include <vector>

#include "expunge/core/platform.hpp"

namespace expunge {

/// The fixed constants of the definition above.
struct RunawayRule {
  static constexpr double gap = 50;        // of one output alone
  static constexpr double group_gap = 20;  // of two or more
  static constexpr double spreads = 600;
  static constexpr double least = 10;  // outputs; nothing nearer to a centre is a runaway
};

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

inline constexpr Index runaway_bins = 64;

/// By counts in bins of equal width over the range most points are known to have no runaway: false
/// only where there is none. counts [bins + 1] of both arrays, the second of which may be absent;
/// bin b holds the outputs x with b = trunc((x - low) bins / range), and may be off by a seventh of
/// a bin. With range 1, and d_i the first runaway, one of these holds:
///
///   s < 1 / gap     half of all outputs lie in intervals of length 2 s about the centres, and so in
///                   `window` neighbouring bins about one of them
///   s >= 1 / gap    d_i > group_gap s, and no output lies between d_(i-1) and d_i on the way from it
///                   to its centre: `empty` neighbouring bins at least
EXPUNGE_HD inline bool may_run_away(const std::int32_t* first, const std::int32_t* second,
                                    Index bins, Index outputs, Index centres) {
  constexpr double narrow = 2 / RunawayRule::gap;
  constexpr double hollow = (RunawayRule::group_gap - 1) / RunawayRule::gap;
  const double n = static_cast<double>(bins);
  const Index window = static_cast<Index>(narrow * n + 0.15) + 2;
  const Index empty = static_cast<Index>(hollow * n + 0.85) - 2;  // 0.15 less, rounded down, less 1
  std::int64_t held = 0, most = 0;
  Index run = 0, longest = 0;  // of empty bins with outputs on both sides
  for (Index b = 0; b <= bins; ++b) {
    const std::int64_t here = first[b] + (second ? second[b] : 0);
    held += here;
    if (b >= window) held -= first[b - window] + (second ? second[b - window] : 0);
    most = held > most ? held : most;
    longest = here > 0 && run > longest ? run : longest;
    run = here > 0 ? 0 : run + 1;
  }
  return 2 * centres * most >= outputs || longest >= empty;
}

/// Whether a runaway is possible, found without sorting: false only where there is none.
inline bool may_have_runaways(std::span<const double> a, std::span<const double> b) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  bool finite = true;
  for (const std::span<const double> array : {a, b})
    for (const double x : array) {
      low = x < low ? x : low;
      high = x > high ? x : high;
      finite &= std::isfinite(x);
    }
  const double range = high - low;
  if (!finite || !std::isfinite(range)) return true;
  if (range <= RunawayRule::least) return false;
  std::array<std::int32_t, runaway_bins + 1> counts{};
  const double scale = static_cast<double>(runaway_bins) / range;
  for (const std::span<const double> array : {a, b})
    for (const double x : array) ++counts[static_cast<std::size_t>((x - low) * scale)];
  return may_run_away(counts.data(), nullptr, runaway_bins, std::ssize(a) + std::ssize(b),
                      b.empty() ? 1 : 2);
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
    reach.first_centre = b.empty() ? all.middle : trusted_centre(a, all);
    reach.second_centre = b.empty() ? all.middle : trusted_centre(b, all);
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

  /// The centre of one of two arrays, among its outputs near the centre of both.
  double trusted_centre(std::span<const double> array, const detail::ShortestHalf& all) {
    const double most = std::max(RunawayRule::least, RunawayRule::gap * all.half_length);
    sorted_.clear();
    for (const double x : array)
      if (std::abs(x - all.middle) <= most) sorted_.push_back(x);
    if (sorted_.empty()) return all.middle;
    std::sort(sorted_.begin(), sorted_.end());
    return detail::shortest_half(sorted_, sorted_.size()).middle;
  }

  /// Sets spread and limit. Where half of the outputs are not finite there is nothing to measure
  /// by.
  void set_limit(OutputReach& reach, std::size_t outputs) const {
    const std::size_t half = (outputs + 1) / 2;
    if (half >= distances_.size()) return;
    reach.spread = distances_[half - 1];
    // outputs that differ by the rounding of float alone are no runaways, however many are equal
    const double size = std::max(std::abs(reach.first_centre), std::abs(reach.second_centre));
    const double least = std::max(RunawayRule::least, 1e-5 * size);
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
