// IDX files, the format of MNIST and Fashion-MNIST, plain or gzip-compressed (told by content).
//
//   bytes 0, 1  zero          byte 2  element type, 0x08 = unsigned byte, the only one read here
//   byte 3      axes, 1 .. 8  then    one 32-bit big-endian extent per axis, then the elements
//
// Exactly the elements must follow: too few and too many are both refused, before any allocation by
// what the header claims.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "expunge/core/platform.hpp"
#include "expunge/io/byte_source.hpp"
#include "expunge/io/gzip.hpp"

namespace expunge {

/// Unsigned bytes, row-major: images are [images][rows][columns], labels [images].
struct IdxArray {
  std::vector<Index> shape;
  std::vector<std::uint8_t> values;
};

/// From memory, plain or compressed; `name` is for error messages. Throws io_error if the bytes are
/// no IDX array of unsigned bytes, or more than `most_bytes`.
inline IdxArray read_idx(std::span<const std::uint8_t> bytes, const std::string& name,
                         std::uint64_t most_bytes = std::uint64_t{1} << 31) {
  std::vector<std::uint8_t> content;
  if (is_gzip(bytes)) {
    content = gunzip(bytes, name, most_bytes);
    bytes = content;
  }
  if (bytes.size() < 4 || bytes[0] != 0 || bytes[1] != 0)
    throw io_error(name, "not an IDX file: two zero bytes, a type and a rank were expected");
  if (bytes[2] != 0x08)
    throw io_error(name, 2,
                   sentence("IDX element type 8 (unsigned byte) was expected, not ",
                            static_cast<int>(bytes[2])));
  const std::size_t axes = bytes[3];
  if (axes < 1 || axes > 8)
    throw io_error(name, 3, sentence("1 to 8 axes were expected, not ", axes));
  const std::size_t data_offset = 4 + 4 * axes;
  if (bytes.size() < data_offset)
    throw io_error(name, bytes.size(), sentence("the file ends within its ", axes, " extents"));
  IdxArray array;
  std::uint64_t elements = 1;
  for (std::size_t a = 0; a < axes; ++a) {
    std::uint64_t extent = 0;
    for (std::size_t i = 0; i < 4; ++i) extent = (extent << 8) | bytes[4 + 4 * a + i];
    if (extent == 0) throw io_error(name, 4 + 4 * a, "an extent of at least 1 was expected");
    if (extent > most_bytes / elements)
      throw io_error(name, 4 + 4 * a, sentence("more elements than the limit of ", most_bytes));
    elements *= extent;
    array.shape.push_back(static_cast<Index>(extent));
  }
  if (bytes.size() - data_offset != elements)
    throw io_error(name, data_offset,
                   sentence(elements, " elements were expected, ", bytes.size() - data_offset,
                            " bytes follow"));
  array.values.assign(bytes.begin() + static_cast<std::ptrdiff_t>(data_offset), bytes.end());
  return array;
}

/// The file at `path`.
inline IdxArray read_idx(const std::filesystem::path& path,
                         std::uint64_t most_bytes = std::uint64_t{1} << 31) {
  const std::vector<std::uint8_t> bytes = read_bytes(path, most_bytes);
  return read_idx(bytes, path.string(), most_bytes);
}

}  // namespace expunge
