// The Gram matrix of packed masks, by AND and popcount: exact integers. (On a backend that solves
// targets side by side by products: mask_products.hpp.)
//
//   counts(i, j)       = number of models that saw both i and j [examples][examples]
//   correlations(i, j) = (counts / m - p_i p_j) / (sd_i sd_j), diagonal 1; rows and columns of
//                        examples with sd 0 are 0
//
// Only one triangle is computed, in blocks of 16 x 16 pairs (registers hold 4 x 4) and of 160 words
// (10,240 models), so that two panels of 16 columns stay in the first-level cache. The inner loop
// is plain std::popcount, which compilers turn into AVX-512 VPOPCNTDQ where the processor has it.
// Cost: examples^2 models / 128 word operations; the float product needs 64 times as many
// multiplications, of which a vector holds half as many.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

#include "expunge/attribution/mask_columns.hpp"
#include "expunge/attribution/mask_products.hpp"
#include "expunge/core/array.hpp"
#include "expunge/core/check.hpp"
#include "expunge/core/parallel.hpp"

namespace expunge {

namespace detail {

inline constexpr Index gram_block = 16;
inline constexpr Index gram_words = 160;
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
/// value may read the old entry (i, j).
template <class T, class Value>
void fill_from_counts(int threads, const MaskColumns& columns, T* out, Value value) {
  const Index n = columns.examples();
  const Index blocks = (n + gram_block - 1) / gram_block;
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
}

/// An entry of the correlation matrix from exact counts.
template <class Real>
Real correlation(const MaskColumns& of, Index i, Index j, double count) {
  if (i == j) return static_cast<Real>(of.inverse_sd(i) > 0 ? 1 : 0);
  return static_cast<Real>(correlation_of_count(count, static_cast<double>(of.models()), of.mean(i),
                                                of.mean(j), of.inverse_sd(i), of.inverse_sd(j)));
}

/// The count that `correlation` was rounded from.
template <class Real>
double count_of(const MaskColumns& columns, Index i, Index j, Real correlation) {
  const Index models = columns.models(), size_i = columns.size(i), size_j = columns.size(j);
  if (i == j || size_j == models) return static_cast<double>(size_i);
  if (size_i == models) return static_cast<double>(size_j);
  const double covariance = static_cast<double>(correlation) * columns.sd(i) * columns.sd(j);
  return std::nearbyint(static_cast<double>(models) *
                        (covariance + columns.mean(i) * columns.mean(j)));
}

}  // namespace detail

/// X'X [examples][examples]: how many models saw both. Exact.
template <class B>
Array<std::int32_t, 2> mask_gram(const B& backend, const MaskColumns& columns) {
  Array<std::int32_t, 2> gram = make_array<std::int32_t>(columns.examples(), columns.examples());
  detail::fill_from_counts(backend.threads(), columns, gram.data(),
                           [](Index, Index, std::int32_t count) { return count; });
  return gram;
}

/// What the correlation matrix of so many examples occupies.
template <class Real>
std::size_t correlation_bytes(Index examples) {
  return static_cast<std::size_t>(examples) * static_cast<std::size_t>(examples) * sizeof(Real);
}

/// The correlation matrix of the columns [examples][examples], rounded once from exact counts.
template <class B>
Array<typename B::Real, 2> mask_correlations(const B& backend, const MaskColumns& columns) {
  using Real = typename B::Real;
  if constexpr (B::lockstep_members > 0) {
    return correlations_by_product(backend, columns);
  } else {
    Array<Real, 2> gram = make_array<Real>(columns.examples(), columns.examples());
    detail::fill_from_counts(backend.threads(), columns, gram.data(),
                             [&](Index i, Index j, std::int32_t count) {
                               return detail::correlation<Real>(columns, i, j, count);
                             });
    return gram;
  }
}

/// Turns the correlation matrix of `before` in place into that of `all`, which are the models of
/// `before` and of `added` together: the same numbers as mask_correlations(backend, all), for the
/// cost of counting the added models alone. The counts of `before` are read back from the rounded
/// correlations, exactly so up to 2^24 models.
template <class B>
void extend_correlations(const B& backend, const MaskColumns& before, const MaskColumns& added,
                         const MaskColumns& all, Array<typename B::Real, 2>& gram) {
  using Real = typename B::Real;
  const Index n = all.examples();
  require(before.models() + added.models() == all.models() && before.examples() == n &&
              added.examples() == n,
          "extend_correlations: ", before.models(), " and ", added.models(), " models of ",
          before.examples(), " and ", added.examples(), " examples, together ", all.models(),
          " of ", n);
  require(all.models() <= Index{1} << 24, "extend_correlations: ", all.models(), " models");
  require(static_cast<Index>(gram.size()) == n * n, "extend_correlations: a matrix of ",
          gram.size(), " numbers for ", n, " examples");
  Real* old = gram.data();
  detail::fill_from_counts(
      backend.threads(), added, old, [&](Index i, Index j, std::int32_t count) {
        const double counted = detail::count_of(before, i, j, old[i * n + j]);
        return detail::correlation<Real>(all, i, j, counted + static_cast<double>(count));
      });
}

}  // namespace expunge
