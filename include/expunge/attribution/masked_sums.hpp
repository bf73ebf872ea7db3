// Sums of rows picked by bits: sums(r, t) = sum over the set bits i of row r of values(i, t), which
// is the product of a 0/1 matrix and a dense one (X'Y, or the prediction X beta).
//
// Four inner rows at a time: the 16 possible sums of four rows of values are put into a table, and
// every row of bits adds the entry that its four bits name (the "method of the four Russians"). One
// addition then stands for four multiply-adds. 64 inner rows, one word of bits, make 16 tables of
// 16 entries of one cache line: 16 KiB.
//
//   bits    [words][rows]       word-major
//   values  [64 words][lanes]   one panel of `lanes` targets (one cache line), zero-padded
//   sums    [rows][lanes]
//
// Order of summation is fixed by the shapes. Cost per panel: rows inner / 4 vector additions.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cstdint>
#include <vector>

#include "expunge/attribution/mask_columns.hpp"
#include "expunge/core/platform.hpp"
#include "expunge/data/subset_masks.hpp"

namespace expunge {

/// Numbers of one cache line: the width of a panel of targets.
template <class Real>
inline constexpr Index panel_lanes = 64 / static_cast<Index>(sizeof(Real));

/// Bits turned word-major, so that neighbouring rows are neighbours in memory.
class BitPanels {
 public:
  explicit BitPanels(const MaskColumns& columns)
      : BitPanels(columns.examples(), columns.words_per_column(),
                  [&](Index i) { return columns.column(i); }) {}
  explicit BitPanels(const SubsetMasks& masks)
      : BitPanels(masks.models(), masks.words_per_row(), [&](Index m) { return masks.row(m); }) {}

  /// What `rows` rows of `inner` bits occupy.
  static std::size_t bytes(Index rows, Index inner) {
    return static_cast<std::size_t>(rows * ((inner + 63) / 64)) * sizeof(std::uint64_t);
  }

  Index rows() const { return rows_; }
  Index words() const { return words_; }
  /// Word w of every row.
  const std::uint64_t* panel(Index w) const { return bits_.data() + w * rows_; }

 private:
  template <class RowOf>
  BitPanels(Index rows, Index words, RowOf row_of)
      : rows_(rows), words_(words), bits_(static_cast<std::size_t>(rows * words)) {
    for (Index i = 0; i < rows; ++i)
      for (Index w = 0; w < words; ++w)
        bits_[static_cast<std::size_t>(w * rows + i)] = row_of(i)[w];
  }

  Index rows_;
  Index words_;
  std::vector<std::uint64_t> bits_;
};

namespace detail {

template <class Real>
using PanelRow = Eigen::Array<Real, static_cast<int>(panel_lanes<Real>), 1>;

/// All sums of subsets of four rows of values, for 16 groups of four rows.
template <class Real>
void tabulate(const Real* values, Real* tables) {
  constexpr Index lanes = panel_lanes<Real>;
  using Row = Eigen::Map<PanelRow<Real>>;
  using ConstRow = Eigen::Map<const PanelRow<Real>>;
  for (Index group = 0; group < 16; ++group) {
    Real* table = tables + group * 16 * lanes;
    Row(table).setZero();
    for (Index bit = 0; bit < 4; ++bit)
      for (Index entry = 0; entry < (Index{1} << bit); ++entry)
        Row(table + ((Index{1} << bit) + entry) * lanes) =
            ConstRow(table + entry * lanes) + ConstRow(values + (4 * group + bit) * lanes);
  }
}

/// Adds to each row of sums the sixteen entries that a word names.
template <class Real>
void add_entries(const std::uint64_t* words, Index rows, const Real* tables, Real* sums) {
  constexpr Index lanes = panel_lanes<Real>;
  using ConstRow = Eigen::Map<const PanelRow<Real>>;
  for (Index i = 0; i < rows; ++i) {
    const std::uint64_t word = words[i];
    PanelRow<Real> even = PanelRow<Real>::Zero(), odd = PanelRow<Real>::Zero();
    for (Index group = 0; group < 16; group += 2) {
      const Index a = static_cast<Index>((word >> (4 * group)) & 15u);
      const Index b = static_cast<Index>((word >> (4 * group + 4)) & 15u);
      even += ConstRow(tables + (16 * group + a) * lanes);
      odd += ConstRow(tables + (16 * group + 16 + b) * lanes);
    }
    Eigen::Map<PanelRow<Real>>(sums + i * lanes) += even + odd;
  }
}

}  // namespace detail

/// Sums of one panel. `tables` is scratch.
template <class Real>
void masked_sums(const BitPanels& bits, const Real* values, Real* sums,
                 Eigen::Matrix<Real, Eigen::Dynamic, 1>& tables) {
  constexpr Index lanes = panel_lanes<Real>;
  tables.resize(256 * lanes);
  std::fill(sums, sums + bits.rows() * lanes, Real(0));
  for (Index w = 0; w < bits.words(); ++w) {
    detail::tabulate(values + 64 * w * lanes, tables.data());
    detail::add_entries(bits.panel(w), bits.rows(), tables.data(), sums);
  }
}

}  // namespace expunge
