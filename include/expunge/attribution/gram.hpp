// The Gram matrix of packed masks, by AND and popcount: exact integers.
//
//   counts(i, j)       = number of models that saw both i and j [examples][examples]
//   correlations(i, j) = (counts / m - p_i p_j) / (sd_i sd_j), diagonal 1; rows and columns of
//                        examples with sd 0 are 0
//
// Only one triangle is computed, in blocks of 16 x 16 pairs (registers hold 4 x 4) and of 128 words
// (8192 models), so that two panels of columns stay in the first-level cache. The inner loop is
// plain std::popcount, which compilers turn into AVX-512 VPOPCNTDQ where the processor has it.
// Cost: examples^2 models / 128 word operations; the float product needs 64 times as many
// multiplications, of which a vector holds half as many.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

#include "expunge/attribution/mask_columns.hpp"
#include "expunge/core/array.hpp"
#include "expunge/core/parallel.hpp"

namespace expunge {

namespace detail {

inline constexpr Index gram_block = 16;
inline constexpr Index gram_words = 128;
using GramBlock = std::array<std::array<std::int32_t, gram_block>, gram_block>;

/// Adds the counts of 4 x 4 pairs of columns over `words` words.
inline void count_pairs(const std::uint64_t* a, const std::uint64_t* b, Index stride, Index words,
                        GramBlock& block, std::size_t row, std::size_t col) {
  std::array<std::array<std::uint64_t, 4>, 4> sums{};
  for (Index w = 0; w < words; ++w) {
    const std::uint64_t a0 = a[w], a1 = a[stride + w], a2 = a[2 * stride + w],
                        a3 = a[3 * stride + w];
    for (std::size_t j = 0; j < 4; ++j) {
      const std::uint64_t bj = b[static_cast<Index>(j) * stride + w];
      sums[0][j] += static_cast<std::uint64_t>(std::popcount(a0 & bj));
      sums[1][j] += static_cast<std::uint64_t>(std::popcount(a1 & bj));
      sums[2][j] += static_cast<std::uint64_t>(std::popcount(a2 & bj));
      sums[3][j] += static_cast<std::uint64_t>(std::popcount(a3 & bj));
    }
  }
  for (std::size_t i = 0; i < 4; ++i)
    for (std::size_t j = 0; j < 4; ++j)
      block[row + i][col + j] += static_cast<std::int32_t>(sums[i][j]);
}

/// Counts of columns [first_i, first_i + 16) against [first_j, first_j + 16). Columns beyond the
/// last example are zero up to the next multiple of 64.
inline void count_block(const MaskColumns& columns, Index first_i, Index first_j,
                        GramBlock& block) {
  const Index stride = columns.words_per_column();
  block = {};
  for (Index word = 0; word < stride; word += gram_words) {
    const Index words = std::min(gram_words, stride - word);
    for (Index i = 0; i < gram_block; i += 4)
      for (Index j = 0; j < gram_block; j += 4)
        count_pairs(columns.column(first_i + i) + word, columns.column(first_j + j) + word, stride,
                    words, block, static_cast<std::size_t>(i), static_cast<std::size_t>(j));
  }
}

/// Fills a symmetric matrix [examples][examples] with value(i, j, count), one triangle counted.
template <class T, class Value>
Array<T, 2> symmetric_from_counts(int threads, const MaskColumns& columns, Value value) {
  const Index n = columns.examples();
  const Index blocks = (n + gram_block - 1) / gram_block;
  Array<T, 2> matrix = make_array<T>(n, n);
  T* out = matrix.data();
  parallel_for(threads, blocks, [&](int, Index piece) {
    const Index first_i = (blocks - 1 - piece) * gram_block;  // the longest rows first
    const Index rows = std::min(gram_block, n - first_i);
    GramBlock block;
    std::array<std::array<T, gram_block>, gram_block> values;
    for (Index first_j = 0; first_j <= first_i; first_j += gram_block) {
      const Index cols = std::min(gram_block, n - first_j);
      count_block(columns, first_i, first_j, block);
      for (std::size_t i = 0; i < static_cast<std::size_t>(rows); ++i)
        for (std::size_t j = 0; j < static_cast<std::size_t>(cols); ++j)
          out[(first_i + static_cast<Index>(i)) * n + first_j + static_cast<Index>(j)] =
              values[i][j] = value(first_i + static_cast<Index>(i), first_j + static_cast<Index>(j),
                                   block[i][j]);
      if (first_j == first_i) continue;
      for (std::size_t j = 0; j < static_cast<std::size_t>(cols); ++j)
        for (std::size_t i = 0; i < static_cast<std::size_t>(rows); ++i)
          out[(first_j + static_cast<Index>(j)) * n + first_i + static_cast<Index>(i)] =
              values[i][j];
    }
  });
  return matrix;
}

}  // namespace detail

/// X'X [examples][examples]: how many models saw both. Exact.
template <class B>
Array<std::int32_t, 2> mask_gram(const B& backend, const MaskColumns& columns) {
  return detail::symmetric_from_counts<std::int32_t>(
      backend.threads(), columns, [](Index, Index, std::int32_t count) { return count; });
}

/// The correlation matrix of the columns [examples][examples], rounded once from exact counts.
template <class B>
Array<typename B::Real, 2> mask_correlations(const B& backend, const MaskColumns& columns) {
  using Real = typename B::Real;
  const Index n = columns.examples();
  const double models = static_cast<double>(columns.models());
  std::vector<double> mean, scale;
  for (Index j = 0; j < n; ++j) {
    mean.push_back(columns.mean(j));
    scale.push_back(columns.inverse_sd(j));
  }
  return detail::symmetric_from_counts<Real>(
      backend.threads(), columns, [&](Index i, Index j, std::int32_t count) {
        const std::size_t a = static_cast<std::size_t>(i), b = static_cast<std::size_t>(j);
        if (i == j) return static_cast<Real>(scale[a] > 0 ? 1 : 0);
        const double covariance = static_cast<double>(count) / models - mean[a] * mean[b];
        return static_cast<Real>(covariance * scale[a] * scale[b]);
      });
}

}  // namespace expunge
