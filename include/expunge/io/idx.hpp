// IDX files, the format of MNIST, Fashion-MNIST and QMNIST, plain or gzip-compressed (told by
// content).
//
//   bytes 0, 1  zero          byte 2  element type: 0x08 unsigned byte, 0x09 signed byte, 0x0B short,
//                                     0x0C int, 0x0D float, 0x0E double
//   byte 3      axes, 1 .. 8  then    one 32-bit big-endian extent per axis, then the elements,
//                                     big-endian
//
// Exactly the elements must follow: too few and too many are both refused, before any allocation by
// what the header claims. Elements convert as convert_number.hpp says:
//
//   const IdxArray images = read_idx("train-images-idx3-ubyte.gz");
//   const BasicIdxArray<int> labels = read_idx<int>("qmnist-train-labels-idx2-int.gz");
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "expunge/core/platform.hpp"
#include "expunge/io/byte_source.hpp"
#include "expunge/io/convert_number.hpp"
#include "expunge/io/file_kind.hpp"
#include "expunge/io/gzip.hpp"

namespace expunge {

/// Row-major: images are [images][rows][columns], labels [images].
template <class T>
struct BasicIdxArray {
  std::vector<Index> shape;
  std::vector<T> values;
};

using IdxArray = BasicIdxArray<std::uint8_t>;

namespace detail {

struct IdxHeader {
  ItemType type;
  std::vector<Index> shape;
  std::size_t data_offset = 0;
  std::uint64_t elements = 1;
};

/// The element type of a code; 0 bytes if there is none.
inline ItemType idx_type(std::uint8_t code) {
  const bool swapped = std::endian::native != std::endian::big;
  switch (code) {
    case 0x08:
      return {'u', 1, false};
    case 0x09:
      return {'i', 1, false};
    case 0x0B:
      return {'i', 2, swapped};
    case 0x0C:
      return {'i', 4, swapped};
    case 0x0D:
      return {'f', 4, swapped};
    case 0x0E:
      return {'f', 8, swapped};
    default:
      return {'u', 0, false};
  }
}

/// Of `content`, with at most `most_bytes` of elements.
inline IdxHeader read_idx_header(std::span<const std::uint8_t> content, const std::string& name,
                                 std::uint64_t most_bytes) {
  if (content.size() < 4 || content[0] != 0 || content[1] != 0)
    throw io_error(name,
                   sentence("not an IDX file: two zero bytes, a type and a rank were expected, ",
                            file_kind(content)));
  IdxHeader header;
  header.type = idx_type(content[2]);
  if (header.type.bytes == 0)
    throw io_error(name, 2,
                   sentence("an IDX element type of 8, 9, 11, 12, 13 or 14 was expected, not ",
                            static_cast<int>(content[2])));
  const std::size_t axes = content[3];
  if (axes < 1 || axes > 8)
    throw io_error(name, 3, sentence("1 to 8 axes were expected, not ", axes));
  header.data_offset = 4 + 4 * axes;
  if (content.size() < header.data_offset)
    throw io_error(name, content.size(), sentence("the file ends within its ", axes, " extents"));
  const auto item = static_cast<std::uint64_t>(header.type.bytes);
  for (std::size_t a = 0; a < axes; ++a) {
    std::uint64_t extent = 0;
    for (std::size_t i = 0; i < 4; ++i) extent = (extent << 8) | content[4 + 4 * a + i];
    if (extent == 0) throw io_error(name, 4 + 4 * a, "an extent of at least 1 was expected");
    if (extent > most_bytes / item / header.elements)
      throw io_error(name, 4 + 4 * a,
                     sentence("an extent of ", extent, " makes more bytes than the limit of ",
                              most_bytes, "; IDX extents are big-endian"));
    header.elements *= extent;
    header.shape.push_back(static_cast<Index>(extent));
  }
  const std::uint64_t follow = content.size() - header.data_offset;
  if (follow != header.elements * item)
    throw io_error(name, header.data_offset,
                   sentence(header.elements, " elements of ", item, item == 1 ? " byte" : " bytes",
                            " were expected, ", follow, " bytes follow",
                            follow < header.elements * item ? "; is the file cut off, or are its "
                                                              "extents little-endian?"
                                                            : ""));
  return header;
}

}  // namespace detail

/// From memory, plain or compressed; `name` is for error messages. Throws io_error if the bytes are
/// no IDX array, more than `most_bytes` unpacked, or hold an element that T cannot.
template <class T = std::uint8_t>
BasicIdxArray<T> read_idx(std::span<const std::uint8_t> bytes, const std::string& name,
                          std::uint64_t most_bytes = std::uint64_t{1} << 31) {
  static_assert(!std::is_same_v<T, bool>, "read_idx: read flags as std::uint8_t, not as bool.");
  std::vector<std::uint8_t> content;
  if (is_gzip(bytes)) {
    content = gunzip(bytes, name, most_bytes);
    bytes = content;
  }
  detail::IdxHeader header = detail::read_idx_header(bytes, name, most_bytes);
  BasicIdxArray<T> array{std::move(header.shape), std::vector<T>(header.elements)};
  const std::uint8_t* data = bytes.data() + header.data_offset;
  const std::size_t good =
      detail::convert_items(header.type, data, array.values.size(), array.values.data());
  if (good == array.values.size()) return array;
  const std::size_t at = good * static_cast<std::size_t>(header.type.bytes);
  throw io_error(
      name, header.data_offset + at,
      sentence("element ", detail::position_text(array.shape, static_cast<Index>(good)),
               " of type ", header.type.text(), " is ", detail::item_text(header.type, data + at),
               ", ", detail::expected_number<T>(), "; read_idx<T> reads it as another type"));
}

/// The file at `path`.
template <class T = std::uint8_t>
BasicIdxArray<T> read_idx(const std::filesystem::path& path,
                          std::uint64_t most_bytes = std::uint64_t{1} << 31) {
  const std::vector<std::uint8_t> bytes = read_bytes(path, most_bytes);
  return read_idx<T>(bytes, path.string(), most_bytes);
}

}  // namespace expunge
