// The columns of the mask matrix X in {0, 1}^(models x examples): bits turned example-major, and
// the mean and standard deviation that centre and scale each column.
//
//   bits  [examples][words_per_column]   bit m % 64 of word m / 64 is model m; unused bits are 0
//   mean  p_j = (models that saw j) / models,   sd_j = sqrt(p_j (1 - p_j)) (population, not n - 1)
//
// A column with sd 0 (an example that every model saw, or none did) says nothing; every estimator
// gives it the effect 0. Cost: one pass over the bits, 64 x 64 transposes (Warren, Hacker's
// Delight, section 7-3).
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <vector>

#include "expunge/core/check.hpp"
#include "expunge/core/parallel.hpp"
#include "expunge/core/view.hpp"
#include "expunge/data/subset_masks.hpp"

namespace expunge {

/// Transposes 64 x 64 bits in place: bit j of word i becomes bit i of word j.
inline void transpose_bits(std::array<std::uint64_t, 64>& a) {
  std::uint64_t mask = 0x00000000ffffffffu;
  for (unsigned shift = 32; shift != 0; shift /= 2, mask ^= mask << shift) {
    for (unsigned k = 0; k < 64; k = ((k | shift) + 1) & ~shift) {
      const std::uint64_t swap = ((a[k] >> shift) ^ a[k | shift]) & mask;
      a[k] ^= swap << shift;
      a[k | shift] ^= swap;
    }
  }
}

/// The correlation of two columns of means p and inverse deviations s that `count` of the models
/// saw both of.
EXPUNGE_HD inline double correlation_of_count(double count, double models, double p_i, double p_j,
                                              double s_i, double s_j) {
  return (count / models - p_i * p_j) * s_i * s_j;
}

class MaskColumns {
 public:
  /// Models [first, first + count) of the masks.
  MaskColumns(const SubsetMasks& masks, Index first, Index count, int threads = 1)
      : models_(count), examples_(masks.examples()), words_((count + 63) / 64) {
    require(first >= 0 && count >= 1 && first + count <= masks.models(), "MaskColumns: models ",
            first, " to ", first + count, " of ", masks.models());
    bits_.resize(static_cast<std::size_t>(words_ * ((examples_ + 63) / 64 * 64)));
    parallel_for(threads, masks.words_per_row(),
                 [&](int, Index word) { transpose_word(masks, first, word); });
    summarise();
  }
  explicit MaskColumns(const SubsetMasks& masks, int threads = 1)
      : MaskColumns(masks, 0, masks.models(), threads) {}

  /// What the columns of so many models and examples occupy.
  static std::size_t bytes(Index models, Index examples) {
    const Index padded = (examples + 63) / 64 * 64;
    return static_cast<std::size_t>((models + 63) / 64 * padded) * sizeof(std::uint64_t) +
           static_cast<std::size_t>(examples) * (sizeof(Index) + 3 * sizeof(double));
  }

  Index models() const { return models_; }
  Index examples() const { return examples_; }
  Index words_per_column() const { return words_; }
  const std::uint64_t* column(Index example) const { return bits_.data() + example * words_; }

  /// How many models saw the example.
  Index size(Index example) const { return sizes_[static_cast<std::size_t>(example)]; }
  double mean(Index example) const { return mean_[static_cast<std::size_t>(example)]; }
  /// Zero where the example was seen by all models or by none.
  double sd(Index example) const { return sd_[static_cast<std::size_t>(example)]; }
  /// 1 / sd, and 0 where sd is 0.
  double inverse_sd(Index example) const { return inverse_sd_[static_cast<std::size_t>(example)]; }
  /// Of all columns, [1][examples].
  MatrixView<const double> means() const { return {mean_.data(), 1, examples_}; }
  MatrixView<const double> inverse_sds() const { return {inverse_sd_.data(), 1, examples_}; }

 private:
  void transpose_word(const SubsetMasks& masks, Index first, Index word) {
    for (Index block = 0; block < words_; ++block) {
      std::array<std::uint64_t, 64> tile{};
      for (Index m = 0; m < std::min<Index>(64, models_ - 64 * block); ++m)
        tile[static_cast<std::size_t>(m)] = masks.row(first + 64 * block + m)[word];
      transpose_bits(tile);
      for (Index i = 0; i < 64; ++i)
        bits_[static_cast<std::size_t>((64 * word + i) * words_ + block)] =
            tile[static_cast<std::size_t>(i)];
    }
  }

  void summarise() {
    for (Index j = 0; j < examples_; ++j) {
      Index count = 0;
      for (Index w = 0; w < words_; ++w) count += std::popcount(column(j)[w]);
      sizes_.push_back(count);
      const double p = static_cast<double>(count) / static_cast<double>(models_);
      mean_.push_back(p);
      sd_.push_back(std::sqrt(p * (1 - p)));
      inverse_sd_.push_back(sd_.back() > 0 ? 1 / sd_.back() : 0);
    }
  }

  Index models_;
  Index examples_;
  Index words_;
  std::vector<std::uint64_t> bits_;
  std::vector<Index> sizes_;
  std::vector<double> mean_;
  std::vector<double> sd_;
  std::vector<double> inverse_sd_;
};

}  // namespace expunge
