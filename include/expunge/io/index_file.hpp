// Forget sets on disk: a .npy file of one axis of integers, positions in the training set.
//
// The order is kept (some published sets are not sorted). Positions outside 0 .. n - 1 and
// duplicates are refused.
#pragma once

#include <algorithm>
#include <numeric>
#include <vector>

#include "expunge/io/npy.hpp"

namespace expunge {

/// From a source of bytes. Throws io_error, naming the first wrong position.
template <ByteSource S>
std::vector<Index> read_indices(S& source, Index n) {
  const Array<std::int64_t, 1> file = read_npy<std::int64_t, 1>(source);
  const std::vector<Index> indices(file.begin(), file.end());
  const std::uint64_t end = source.offset();
  for (std::size_t k = 0; k < indices.size(); ++k)
    if (indices[k] < 0 || indices[k] >= n)
      throw io_error(source.name(), end,
                     sentence("entry ", k, " is ", indices[k], ", not in 0 .. ", n - 1));
  std::vector<Index> sorted = indices;
  std::sort(sorted.begin(), sorted.end());
  const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
  if (twice != sorted.end())
    throw io_error(source.name(), end, sentence("position ", *twice, " is listed twice"));
  return indices;
}

/// The file at `path`, positions among n training examples.
inline std::vector<Index> read_index_file(const std::filesystem::path& path, Index n) {
  FileSource source(path);
  return read_indices(source, n);
}

/// From memory; `name` is for error messages.
inline std::vector<Index> read_index_file(std::span<const std::uint8_t> bytes, std::string name,
                                          Index n) {
  MemorySource source(bytes, std::move(name));
  return read_indices(source, n);
}

}  // namespace expunge
