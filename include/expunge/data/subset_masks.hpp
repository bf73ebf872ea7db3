// Which training examples each model of an ensemble saw: one bit per example and model.
//
//   words  [models][words_per_row]   bit i % 64 of word i / 64 is example i; 1 = included;
//                                    unused bits of the last word are 0
//
// Fixed-size subsets hold exactly round(alpha n) examples, so that no effect of "less data" enters
// a regression on them; Bernoulli subsets include each example with probability alpha.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <vector>

#include "expunge/core/array.hpp"
#include "expunge/core/check.hpp"
#include "expunge/core/sample.hpp"

namespace expunge {

class SubsetMasks {
 public:
  SubsetMasks() = default;

  /// All empty.
  SubsetMasks(Index models, Index examples)
      : models_(models),
        examples_(examples),
        words_per_row_((examples + 63) / 64),
        words_(word_count(models, examples)) {}

  Index models() const { return models_; }
  Index examples() const { return examples_; }
  Index words_per_row() const { return words_per_row_; }

  /// The packed bits of one model, words_per_row() words.
  const std::uint64_t* row(Index model) const { return words_.data() + model * words_per_row_; }

  bool contains(Index model, Index example) const {
    return (row(model)[example / 64] >> (example % 64)) & 1u;
  }

  void insert(Index model, Index example) {
    words_[word(model, example)] |= std::uint64_t{1} << (example % 64);
  }

  void erase(Index model, Index example) {
    words_[word(model, example)] &= ~(std::uint64_t{1} << (example % 64));
  }

  /// How many examples the model saw.
  Index size(Index model) const {
    Index count = 0;
    for (Index w = 0; w < words_per_row_; ++w) count += std::popcount(row(model)[w]);
    return count;
  }

  /// The examples that the model saw, ascending.
  std::vector<Index> members(Index model) const {
    std::vector<Index> examples;
    for (Index w = 0; w < words_per_row_; ++w)
      for (std::uint64_t bits = row(model)[w]; bits != 0; bits &= bits - 1)
        examples.push_back(64 * w + std::countr_zero(bits));
    return examples;
  }

  bool operator==(const SubsetMasks&) const = default;

 private:
  /// How many words the rows take; checked before anything is allocated.
  static std::size_t word_count(Index models, Index examples) {
    require(models >= 0 && examples >= 0, "SubsetMasks: ", models, " models of ", examples,
            " examples");
    return static_cast<std::size_t>(models) * static_cast<std::size_t>((examples + 63) / 64);
  }

  std::size_t word(Index model, Index example) const {
    return static_cast<std::size_t>(model * words_per_row_ + example / 64);
  }

  Index models_ = 0;
  Index examples_ = 0;
  Index words_per_row_ = 0;
  std::vector<std::uint64_t> words_;
};

/// Whether some model sees the example.
inline bool is_used(const SubsetMasks& masks, Index example) {
  for (Index m = 0; m < masks.models(); ++m)
    if (masks.contains(m, example)) return true;
  return false;
}

/// Every model sees all examples but those listed. Throws if one is listed twice or out of range,
/// or if there is no model.
inline SubsetMasks all_but(Index models, Index examples, const std::vector<Index>& left_out) {
  require(models >= 1, "all_but: ", models, " models, at least 1 is needed");
  SubsetMasks masks(models, examples);
  for (Index i = 0; i < examples; ++i) masks.insert(0, i);
  for (const Index i : left_out) {
    require(i >= 0 && i < examples, "all_but: example ", i, " of ", examples);
    require(masks.contains(0, i), "all_but: example ", i, " is listed twice");
    masks.erase(0, i);
  }
  for (Index m = 1; m < models; ++m)
    for (Index i = 0; i < examples; ++i)
      if (masks.contains(0, i)) masks.insert(m, i);
  return masks;
}

/// Every model sees exactly round(alpha * examples) examples; model m depends on (seed, m) alone.
inline SubsetMasks fixed_size_subsets(std::uint64_t seed, Index models, Index examples,
                                      double alpha) {
  require(alpha > 0 && alpha <= 1, "fixed_size_subsets: alpha is ", alpha, ", not in (0, 1]");
  SubsetMasks masks(models, examples);
  const Index count = static_cast<Index>(std::llround(alpha * static_cast<double>(examples)));
  std::vector<Index> order;
  for (Index m = 0; m < models; ++m) {
    const Stream stream{Purpose::subset_masks, static_cast<std::uint32_t>(m)};
    random_permutation(seed, stream, 0, examples, order);
    for (Index i = 0; i < count; ++i) masks.insert(m, order[static_cast<std::size_t>(i)]);
  }
  return masks;
}

/// Every model sees each example with probability alpha, independently.
inline SubsetMasks bernoulli_subsets(std::uint64_t seed, Index models, Index examples,
                                     double alpha) {
  require(alpha > 0 && alpha <= 1, "bernoulli_subsets: alpha is ", alpha, ", not in (0, 1]");
  SubsetMasks masks(models, examples);
  for (Index m = 0; m < models; ++m) {
    const Stream stream{Purpose::subset_masks, static_cast<std::uint32_t>(m)};
    for (Index i = 0; i < examples; ++i)
      if (random_uniform(seed, stream, static_cast<std::uint64_t>(i)) < alpha) masks.insert(m, i);
  }
  return masks;
}

/// Models [first, first + count) alone.
inline SubsetMasks model_range(const SubsetMasks& masks, Index first, Index count) {
  require(first >= 0 && count >= 0 && first + count <= masks.models(), "model_range: models ",
          first, " to ", first + count, " of ", masks.models());
  SubsetMasks part(count, masks.examples());
  for (Index m = 0; m < count; ++m)
    for (const Index i : masks.members(first + m)) part.insert(m, i);
  return part;
}

/// From bool [models][examples], True = included, as on disk.
inline SubsetMasks from_bool(const Array<bool, 2>& included) {
  const Index models = static_cast<Index>(included.shape()[0]);
  const Index examples = static_cast<Index>(included.shape()[1]);
  SubsetMasks masks(models, examples);
  for (Index m = 0; m < models; ++m)
    for (Index i = 0; i < examples; ++i)
      if (included(m, i)) masks.insert(m, i);
  return masks;
}

/// As bool [models][examples], True = included.
inline Array<bool, 2> to_bool(const SubsetMasks& masks) {
  Array<bool, 2> included = make_array<bool>(masks.models(), masks.examples());
  for (Index m = 0; m < masks.models(); ++m)
    for (Index i = 0; i < masks.examples(); ++i) included(m, i) = masks.contains(m, i);
  return included;
}

}  // namespace expunge
