// A quick look at the outputs of a point: at most points it tells that no model ran away
// (runaway.hpp), without a sort.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>

#include "expunge/core/platform.hpp"

namespace expunge {

/// The fixed constants of the definition in runaway.hpp.
struct RunawayRule {
  static constexpr double gap = 50;        // of one output alone
  static constexpr double group_gap = 20;  // of two or more
  static constexpr double spreads = 600;
  static constexpr double least = 1;          // outputs; nothing nearer to a centre is a runaway
  static constexpr double least_unsure = 10;  // the same where the spread says little
  static constexpr std::size_t few = 20;      // outputs: too few to tell a spread
  static constexpr double rounding = 1e-5;    // of the size of outputs: so near is equal

  /// least(spread) of the definition, for so many outputs of about this size.
  static double least_distance(double spread, double size, std::size_t outputs) {
    const double equal = rounding * std::abs(size);
    return std::max(spread > equal && outputs >= few ? least : least_unsure, equal);
  }
};

namespace detail {

inline constexpr Index runaway_bins = 64;

/// Whether outputs that all lie within this range are too near each other for a runaway; with room
/// for the rounding of float.
EXPUNGE_HD inline bool too_narrow_for_runaways(double range) {
  return range <= 0.99 * RunawayRule::least;
}

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

/// Whether one point may have a runaway, found without sorting: false only where it has none.
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
  if (too_narrow_for_runaways(range)) return false;
  std::array<std::int32_t, runaway_bins + 1> counts{};
  const double scale = static_cast<double>(runaway_bins) / range;
  for (const std::span<const double> array : {a, b})
    for (const double x : array) ++counts[static_cast<std::size_t>((x - low) * scale)];
  return may_run_away(counts.data(), nullptr, runaway_bins, std::ssize(a) + std::ssize(b),
                      b.empty() ? 1 : 2);
}

}  // namespace detail

}  // namespace expunge
