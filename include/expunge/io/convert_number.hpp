// Numbers of one type in a file as numbers of another in memory: what all readers share.
//
// Every type converts to a floating-point one, which rounds; a finite number beyond its range does
// not fit. Whole numbers of any type, floating-point ones too, convert to integers that hold their
// value; 1.5, NaN and infinity do not fit. bool takes 0 and 1.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "expunge/core/check.hpp"
#include "expunge/core/half.hpp"
#include "expunge/core/platform.hpp"
#include "expunge/core/shape_text.hpp"

namespace expunge {

/// A type of numbers in a file.
struct ItemType {
  char kind = 'f';  // f float, i integer, u unsigned, b bool
  Index bytes = 4;
  bool swapped = false;  // the file's byte order is not this machine's
  /// As numpy writes it, without byte order: f4, i8, b1.
  std::string text() const { return sentence(kind, bytes); }
};

namespace detail {

template <class T>
inline constexpr bool is_real_type =
    std::is_floating_point_v<T> || std::is_same_v<T, Half> || std::is_same_v<T, Eigen::bfloat16>;

/// Of a whole number in the range of To.
template <class To>
bool convert_whole(double from, To& to) {
  const double beyond = std::ldexp(1.0, std::numeric_limits<To>::digits);  // the first too large
  const double least = std::is_signed_v<To> ? -beyond : 0.0;
  if (!(from >= least && from < beyond && from == std::floor(from))) return false;
  to = static_cast<To>(from);
  return true;
}

/// One number of type From, converted to To. False if To cannot hold it.
template <class From, class To>
bool convert_number(From from, To& to) {
  if constexpr (std::is_same_v<To, bool>) {
    to = from != From(0);
    return from == From(0) || from == From(1);
  } else if constexpr (is_real_type<To>) {
    if constexpr (std::is_same_v<To, Half>)
      to = static_cast<Half>(static_cast<float>(from));
    else
      to = static_cast<To>(from);
    constexpr bool always_fits = is_real_type<From>
                                     ? std::is_same_v<From, To> || sizeof(From) < sizeof(To)
                                     : !std::is_same_v<To, Half>;
    if constexpr (always_fits)
      return true;
    else  // beyond the range of To: only what was infinite may become so
      return std::isfinite(static_cast<double>(to)) || !std::isfinite(static_cast<double>(from));
  } else if constexpr (is_real_type<From>) {
    return convert_whole(static_cast<double>(from), to);
  } else {
    to = static_cast<To>(from);
    return std::in_range<To>(from);
  }
}

/// `count` numbers of type From from their bytes. Returns the position of the first that does not
/// fit, or `count`.
template <class From, class To>
std::size_t convert_bytes(const std::uint8_t* bytes, std::size_t count, bool swapped, To* to) {
  if constexpr (std::is_same_v<From, To>) {
    if (!swapped) {
      if (count > 0) std::memcpy(static_cast<void*>(to), bytes, count * sizeof(To));
      return count;
    }
  }
  for (std::size_t i = 0; i < count; ++i) {
    std::array<std::uint8_t, sizeof(From)> item;
    std::memcpy(item.data(), bytes + i * sizeof(From), sizeof(From));
    if (swapped) std::reverse(item.begin(), item.end());
    From value;
    std::memcpy(static_cast<void*>(&value), item.data(), sizeof(From));
    if (!convert_number(value, to[i])) return i;
  }
  return count;
}

/// convert(From()) for the C++ type of the items.
template <class F>
auto with_item_type(const ItemType& type, F&& convert) {
  switch (type.kind) {
    case 'f':
      if (type.bytes == 2) return convert(Half());
      return type.bytes == 4 ? convert(float()) : convert(double());
    case 'i':
      if (type.bytes == 1) return convert(std::int8_t());
      if (type.bytes == 2) return convert(std::int16_t());
      return type.bytes == 4 ? convert(std::int32_t()) : convert(std::int64_t());
    default:
      if (type.bytes == 1) return convert(std::uint8_t());
      if (type.bytes == 2) return convert(std::uint16_t());
      return type.bytes == 4 ? convert(std::uint32_t()) : convert(std::uint64_t());
  }
}

/// The same for a type that is known when the program runs.
template <class To>
std::size_t convert_items(const ItemType& type, const std::uint8_t* bytes, std::size_t count,
                          To* to) {
  if (type.kind == 'b') {  // any byte but 0 is true, as for numpy
    for (std::size_t i = 0; i < count; ++i)
      if (!convert_number(static_cast<std::uint8_t>(bytes[i] != 0), to[i])) return i;
    return count;
  }
  return with_item_type(
      type, [&]<class From>(From) { return convert_bytes<From>(bytes, count, type.swapped, to); });
}

/// One item as a reader of an error message wants to see it.
inline std::string item_text(const ItemType& type, const std::uint8_t* bytes) {
  return with_item_type(type, [&]<class From>(From) {
    if constexpr (is_real_type<From>) {
      double value = 0;
      convert_bytes<From>(bytes, 1, type.swapped, &value);
      return sentence(value);
    } else {
      From value = 0;
      convert_bytes<From>(bytes, 1, type.swapped, &value);
      return std::to_string(value);
    }
  });
}

/// What T can hold, as the end of a sentence.
template <class T>
std::string expected_number() {
  if constexpr (std::is_same_v<T, bool>) {
    return "0 or 1 was expected";
  } else if constexpr (is_real_type<T>) {
    return sentence("a number in the range of float", 8 * sizeof(T), " was expected");
  } else {
    return "a whole number of " + std::to_string(std::numeric_limits<T>::min()) + " to " +
           std::to_string(std::numeric_limits<T>::max()) + " was expected";
  }
}

/// What whoever saved the array can do where T cannot hold a number of it.
template <class T>
constexpr const char* advice_on_number() {
  if constexpr (std::is_same_v<T, bool>)
    return "; save flags, a != 0, if that is what is meant";
  else if constexpr (is_real_type<T>)
    return "; read it as a wider type, or save it in other units";
  else
    return "; if this is the right array, numpy.rint(a).astype(numpy.int64) makes whole numbers";
}

/// Where element k of a row-major array stands: "7" of one axis, "[2, 3]" of two.
inline std::string position_text(const std::vector<Index>& shape, Index k) {
  if (shape.size() < 2) return std::to_string(k);
  std::vector<Index> at(shape.size());
  for (std::size_t a = shape.size(); a-- > 0; k /= shape[a]) at[a] = k % shape[a];
  return shape_text(at);
}

}  // namespace detail

}  // namespace expunge
