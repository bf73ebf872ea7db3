// .npy arrays: reading into Array<T, Rank> with conversion, and writing.
//
// Reads f2, f4, f8, b1, i1 to i8 and u1 to u8, both byte orders, C and Fortran order, versions 1 to
// 3 (see npy_header.hpp). Every type converts to a floating-point T, which rounds; a finite number
// beyond its range is refused. Integers convert to integers that hold their value, floating-point
// numbers never do. bool takes b1, 0 and 1.
//
// A file is read in pieces, so no more memory is needed than the result's; a wrong header is
// refused before the result is allocated. Writing is atomic (see atomic_file.hpp), version 1.0, C
// order.
//
//   const Array<float, 2> margins = read_npy<float, 2>("margins.npy");  // [models][points]
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <type_traits>
#include <utility>

#include "expunge/core/array.hpp"
#include "expunge/core/half.hpp"
#include "expunge/io/atomic_file.hpp"
#include "expunge/io/npy_header.hpp"

namespace expunge {

namespace detail {

template <class T>
inline constexpr bool is_real_type = std::is_floating_point_v<T> || std::is_same_v<T, Half>;

/// One number of type From, converted to To. False if To cannot hold it.
template <class From, class To>
bool convert_number(From from, To& to) {
  if constexpr (std::is_same_v<To, bool>) {
    if constexpr (is_real_type<From>) return false;
    to = from != From(0);
    return from == From(0) || from == From(1);
  } else if constexpr (is_real_type<To>) {
    if constexpr (std::is_same_v<To, Half>)
      to = static_cast<Half>(static_cast<float>(from));
    else
      to = static_cast<To>(from);
    if constexpr (sizeof(From) <= sizeof(To) || !is_real_type<From>)
      return true;
    else  // beyond the range of To: only what was infinite may become so
      return std::isfinite(static_cast<double>(to)) || !std::isfinite(static_cast<double>(from));
  } else if constexpr (is_real_type<From>) {
    return false;
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

/// The same for the type that the header names.
template <class To>
std::size_t convert_items(const NpyHeader& header, const std::uint8_t* bytes, std::size_t count,
                          To* to) {
  const auto as = [&]<class From>(From) {
    return convert_bytes<From>(bytes, count, header.swapped, to);
  };
  switch (header.kind) {
    case 'f':
      if (header.item_bytes == 2) return as(Half());
      return header.item_bytes == 4 ? as(float()) : as(double());
    case 'b':  // any byte but 0 is true, as for numpy
      for (std::size_t i = 0; i < count; ++i)
        if (!convert_number(static_cast<std::uint8_t>(bytes[i] != 0), to[i])) return i;
      return count;
    case 'i':
      if (header.item_bytes == 1) return as(std::int8_t());
      if (header.item_bytes == 2) return as(std::int16_t());
      return header.item_bytes == 4 ? as(std::int32_t()) : as(std::int64_t());
    default:
      if (header.item_bytes == 1) return as(std::uint8_t());
      if (header.item_bytes == 2) return as(std::uint16_t());
      return header.item_bytes == 4 ? as(std::uint32_t()) : as(std::uint64_t());
  }
}

/// Where element k of the file, Fortran order, belongs in C order.
inline std::size_t c_position(const std::vector<Index>& shape, std::size_t k) {
  std::size_t position = 0, stride = 1;
  for (const Index extent : shape) stride *= static_cast<std::size_t>(extent);
  for (const Index extent : shape) {
    const std::size_t n = static_cast<std::size_t>(extent);
    stride /= n;
    position += (k % n) * stride;
    k /= n;
  }
  return position;
}

template <class T>
std::string npy_type() {
  const char kind = is_real_type<T>           ? 'f'
                    : std::is_same_v<T, bool> ? 'b'
                    : std::is_unsigned_v<T>   ? 'u'
                                              : 'i';
  const char order = sizeof(T) == 1 ? '|' : std::endian::native == std::endian::little ? '<' : '>';
  return sentence(order, kind, sizeof(T));
}

}  // namespace detail

/// Reads an array of `Rank` axes. Throws io_error if the file is no such array, or holds a number
/// that T cannot.
template <class T, std::size_t Rank, ByteSource S>
Array<T, Rank> read_npy(S& source) {
  const NpyHeader header = read_npy_header(source);
  if (header.shape.size() != Rank)
    throw io_error(
        source.name(), header.data_offset,
        sentence("an array of ", Rank, " axes was expected, it has ", header.shape.size()));
  std::array<std::size_t, Rank> shape;
  for (std::size_t a = 0; a < Rank; ++a) shape[a] = static_cast<std::size_t>(header.shape[a]);
  Array<T, Rank> result = Array<T, Rank>::from_shape(shape);
  const std::size_t item = static_cast<std::size_t>(header.item_bytes), piece = 65536;
  std::vector<std::uint8_t> bytes(std::min(piece, result.size()) * item);
  const auto numbers = std::make_unique<T[]>(std::min(piece, result.size()));
  for (std::size_t first = 0; first < result.size(); first += piece) {
    const std::size_t count = std::min(piece, result.size() - first);
    source.read(bytes.data(), count * item);
    const std::size_t good = detail::convert_items(header, bytes.data(), count, numbers.get());
    if (good != count)
      throw io_error(source.name(), header.data_offset + (first + good) * item,
                     sentence("type ", header.type(), " holds a number that ",
                              detail::npy_type<T>(), " cannot"));
    for (std::size_t i = 0; i < count; ++i)
      result
          .data()[header.fortran_order ? detail::c_position(header.shape, first + i) : first + i] =
          numbers[i];
  }
  return result;
}

/// Reads the file at `path`.
template <class T, std::size_t Rank>
Array<T, Rank> read_npy(const std::filesystem::path& path) {
  FileSource source(path);
  return read_npy<T, Rank>(source);
}

/// Reads from memory; `name` is for error messages.
template <class T, std::size_t Rank>
Array<T, Rank> read_npy(std::span<const std::uint8_t> bytes, std::string name) {
  MemorySource source(bytes, std::move(name));
  return read_npy<T, Rank>(source);
}

/// All that comes before the numbers of a C-order array of this shape, version 1.0: what numpy.save
/// writes.
template <class T>
std::string npy_header_bytes(const std::vector<Index>& shape) {
  std::string extents;
  for (const Index extent : shape) extents += sentence(extents.empty() ? "" : ", ", extent);
  if (shape.size() == 1) extents += ',';
  std::string header = sentence("{'descr': '", detail::npy_type<T>(),
                                "', 'fortran_order': False, 'shape': (", extents, "), }");
  header.append((64 - (10 + header.size() + 1) % 64) % 64, ' ');
  header += '\n';
  std::string bytes("\x93NUMPY\x01\x00", 8);
  bytes += static_cast<char>(header.size() & 0xff);
  bytes += static_cast<char>(header.size() >> 8);
  return bytes + header;
}

/// Writes a row-major array of any number of axes. Throws io_error if it cannot; the old file
/// stays.
template <class A>
void write_npy(const std::filesystem::path& path, const A& array) {
  using T = typename A::value_type;
  std::vector<Index> shape;
  for (const auto extent : array.shape()) shape.push_back(static_cast<Index>(extent));
  AtomicFile file(path);
  file.write(npy_header_bytes<T>(shape));
  file.write(array.data(), array.size() * sizeof(T));
  file.commit();
}

}  // namespace expunge
