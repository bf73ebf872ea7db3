// Permutations and samples without replacement: sort the positions by random keys.
//
// Sorting keys is uniform, and gives the same order on every device (a sort by key there).
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <vector>

#include "expunge/core/check.hpp"
#include "expunge/core/random.hpp"

namespace expunge {

/// Writes a random permutation of 0 .. n - 1 into `order`. Position i gets the 32-bit key number
/// `first_index + i` of the stream; equal keys keep their order. n < 2^32;
/// first_index is a multiple of 4, as keys are drawn four at a time.
inline void random_permutation(std::uint64_t seed, Stream stream, std::uint64_t first_index,
                               Index n, std::vector<Index>& order) {
  require(first_index % 4 == 0, "random_permutation: first_index is ", first_index,
          ", not a multiple of 4");
  thread_local std::vector<std::uint64_t> keys;
  keys.resize(static_cast<std::size_t>(n));
  for (Index i = 0; i < n; i += 4) {
    const std::uint64_t counter = (first_index + static_cast<std::uint64_t>(i)) / 4;
    const std::array<std::uint32_t, 4> bits = random_bits(seed, stream, counter);
    for (Index j = i; j < std::min(i + 4, n); ++j)
      keys[static_cast<std::size_t>(j)] =
          (static_cast<std::uint64_t>(bits[static_cast<std::size_t>(j - i)]) << 32) |
          static_cast<std::uint64_t>(j);
  }
  std::sort(keys.begin(), keys.end());
  order.resize(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < keys.size(); ++i)
    order[i] = static_cast<Index>(keys[i] & 0xffffffffu);
}

/// `count` different elements of `pool`, in random order. Keys start at number `first_index`, a
/// multiple of 4.
inline std::vector<Index> random_sample(std::uint64_t seed, Stream stream,
                                        const std::vector<Index>& pool, Index count,
                                        std::uint64_t first_index = 0) {
  require(count >= 0 && count <= static_cast<Index>(pool.size()), "random_sample: ", count,
          " elements asked of a pool of ", pool.size());
  std::vector<Index> order;
  random_permutation(seed, stream, first_index, static_cast<Index>(pool.size()), order);
  order.resize(static_cast<std::size_t>(count));
  for (Index& position : order) position = pool[static_cast<std::size_t>(position)];
  return order;
}

/// 0 .. n - 1.
inline std::vector<Index> all_indices(Index n) {
  std::vector<Index> indices(static_cast<std::size_t>(n));
  std::iota(indices.begin(), indices.end(), Index{0});
  return indices;
}

}  // namespace expunge
