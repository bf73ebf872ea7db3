// .npy arrays: reading into Array<T, Rank> with conversion, and writing.
//
// Reads f2, f4, f8, b1, i1 to i8 and u1 to u8, both byte orders, C and Fortran order, versions 1 to
// 3 (see npy_header.hpp), and converts them as convert_number.hpp says; an element that T cannot
// hold is named in the error.
//
// A file is read in pieces, so no more memory is needed than the result's; a wrong header is
// refused before the result is allocated. Writing is atomic (see atomic_file.hpp), version 1.0, C
// order.
//
//   const Array<float, 2> margins = read_npy<float, 2>("margins.npy");  // [models][points]
#pragma once

#include <algorithm>
#include <array>
#include <memory>

#include "expunge/core/array.hpp"
#include "expunge/io/atomic_file.hpp"
#include "expunge/io/convert_number.hpp"
#include "expunge/io/npy_header.hpp"

namespace expunge {

namespace detail {

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

/// Element k in C order, which `bytes` hold, is none that T can.
template <class T>
[[noreturn]] void refuse_element(std::string_view name, const NpyHeader& header, Index k,
                                 std::uint64_t offset, const std::uint8_t* bytes) {
  throw io_error(
      name, offset,
      sentence("element ", position_text(header.shape, k), " of type ", header.type(), " is ",
               item_text(header.item(), bytes), ", ", expected_number<T>(), advice_on_number<T>()));
}

}  // namespace detail

/// Reads an array of `Rank` axes. Throws io_error if the file is no such array, or holds a number
/// that T cannot.
template <class T, std::size_t Rank, ByteSource S>
Array<T, Rank> read_npy(S& source) {
  const NpyHeader header = read_npy_header(source);
  if (header.shape.size() != Rank)
    throw io_error(source.name(), sentence("an array of ", Rank, Rank == 1 ? " axis" : " axes",
                                           " was expected, it has ", header.shape.size(), ", ",
                                           shape_text(header.shape)));
  std::array<std::size_t, Rank> shape;
  for (std::size_t a = 0; a < Rank; ++a) shape[a] = static_cast<std::size_t>(header.shape[a]);
  Array<T, Rank> result = Array<T, Rank>::from_shape(shape);
  const std::size_t item = static_cast<std::size_t>(header.item_bytes), piece = 65536;
  std::vector<std::uint8_t> bytes(std::min(piece, result.size()) * item);
  const auto numbers = std::make_unique<T[]>(std::min(piece, result.size()));
  for (std::size_t first = 0; first < result.size(); first += piece) {
    const std::size_t count = std::min(piece, result.size() - first);
    source.read(bytes.data(), count * item);
    const std::size_t good =
        detail::convert_items(header.item(), bytes.data(), count, numbers.get());
    if (good != count) {
      const std::size_t k = first + good;
      const std::size_t at = header.fortran_order ? detail::c_position(header.shape, k) : k;
      detail::refuse_element<T>(source.name(), header, static_cast<Index>(at),
                                header.data_offset + k * item, bytes.data() + good * item);
    }
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
  static_assert(A::static_layout == xt::layout_type::row_major,
                "write_npy: a row-major array was expected (expunge::Array, xt::xtensor).");
  using T = typename A::value_type;
  std::vector<Index> shape;
  for (const auto extent : array.shape()) shape.push_back(static_cast<Index>(extent));
  AtomicFile file(path);
  file.write(npy_header_bytes<T>(shape));
  file.write(array.data(), array.size() * sizeof(T));
  file.commit();
}

}  // namespace expunge
