// The bins of one point: its edges and the bin of a margin, as numpy.histogram and numpy.digitize
// find them, whatever the rounding. The bin is guessed by one multiplication and then corrected by
// comparison with the edges.
#pragma once

#include <bit>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "expunge/core/half.hpp"
#include "expunge/core/platform.hpp"
#include "expunge/evaluation/klom_config.hpp"

namespace expunge::detail {

/// The type that holds both element types exactly, and in which numpy would compute the edges.
template <class A, class B>
using EdgeType = std::conditional_t<
    std::is_same_v<A, double> || std::is_same_v<B, double>, double,
    std::conditional_t<std::is_same_v<A, Half> && std::is_same_v<B, Half>, Half, float>>;

/// The type of values in the buffer: half precision is widened.
template <class E>
using BufferType = std::conditional_t<std::is_same_v<E, Half>, float, E>;

/// By its bits, so that no compiler flag can assume it away.
EXPUNGE_HD inline bool not_finite(float x) {
  return (std::bit_cast<std::uint32_t>(x) & 0x7f800000u) == 0x7f800000u;
}
EXPUNGE_HD inline bool not_finite(double x) {
  return (std::bit_cast<std::uint64_t>(x) & 0x7ff0000000000000u) == 0x7ff0000000000000u;
}

/// x, rounded to its type: keeps a compiler from fusing a product into the sum that follows.
EXPUNGE_HD_FOR_DEVICE_TYPES
template <class E>
EXPUNGE_HD E rounded(E x) {
  if constexpr (std::is_same_v<E, Half>) {
    return x;
  } else {
    volatile E stored = x;
    return stored;
  }
}

/// A number below 2048, which every E holds.
EXPUNGE_HD_FOR_DEVICE_TYPES
template <class E>
EXPUNGE_HD E small_number(Index i) {
  return static_cast<E>(static_cast<float>(i));
}

/// numpy.linspace(first, last, bins + 1) in the arithmetic of E.
EXPUNGE_HD_FOR_DEVICE_TYPES
template <class E>
EXPUNGE_HD void equal_edges(E first, E last, Index bins, double* edges) {
  const E width = last - first;
  const E step = width / small_number<E>(bins);
  const bool underflow = step == small_number<E>(0);
  edges[0] = static_cast<double>(first);
  for (Index i = 1; i < bins; ++i) {
    const E offset = underflow ? rounded((small_number<E>(i) / small_number<E>(bins)) * width)
                               : rounded(small_number<E>(i) * step);
    const E edge = offset + first;
    edges[i] = edge < last ? static_cast<double>(edge) : static_cast<double>(last);
  }
  edges[bins] = static_cast<double>(last);
}

/// What the margins of one point allow.
enum class PointKind : std::uint8_t { ordinary, constant, bad };

/// Of the smallest and the largest margin.
template <class Value>
EXPUNGE_HD PointKind kind_of_range(Value low, Value high, bool any_not_finite) {
  if (any_not_finite || not_finite(high - low)) return PointKind::bad;
  return low < high ? PointKind::ordinary : PointKind::constant;
}

/// Writes the edges [bins + 2] of an ordinary point's histogram: NaN where nothing lies beyond.
/// Returns by what x - low is multiplied to guess the bin of x.
EXPUNGE_HD_FOR_DEVICE_TYPES
template <class E, class Value>
EXPUNGE_HD double point_edges(Value low, Value high, Index bins, EdgePrecision precision,
                              LastEdge last_edge, double* edges) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  edges[bins + 1] = nan;
  if (precision == EdgePrecision::as_input)
    equal_edges<E>(static_cast<E>(low), static_cast<E>(high), bins, edges);
  else
    equal_edges<double>(static_cast<double>(low), static_cast<double>(high), bins, edges);
  // a closed last bin, and the place of dropped samples, end at NaN: nothing lies beyond
  if (last_edge == LastEdge::closed) edges[bins] = nan;
  const double width = static_cast<double>(high) - static_cast<double>(low);
  const double scale = static_cast<double>(bins) / width;
  return not_finite(scale) ? 0 : scale;
}

/// The bin of x that the edges say, found from a guess.
EXPUNGE_HD inline Index bin_from(Index bin, double x, const double* edges) {
  while (x < edges[bin]) --bin;
  while (x >= edges[bin + 1]) ++bin;
  return bin;
}

}  // namespace expunge::detail
