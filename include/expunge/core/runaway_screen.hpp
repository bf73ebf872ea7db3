// Which of some neighbouring points of arrays [models][points] may have a runaway: the quick look of
// may_run_away.hpp for all of them at a time, along rows, so that it vectorises over points.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "expunge/core/half.hpp"
#include "expunge/core/may_run_away.hpp"
#include "expunge/core/view.hpp"

namespace expunge::detail {

inline constexpr Index runaway_block = 64;

/// One number for each of up to 64 points.
template <class T>
using BlockOfPoints = std::array<T, static_cast<std::size_t>(runaway_block)>;

/// The outputs of chosen points of a block, counted in bins of equal width between the smallest and
/// the largest. Value: float or double, which holds the outputs exactly.
template <class Value>
class RunawayBins {
 public:
  void clear() {
    points_.clear();
    scale_.fill(0);
  }

  /// Counts this point of the block too, whose outputs have this least value and this range.
  void watch(std::size_t point, Value low, Value range) {
    points_.push_back(point);
    low_[point] = low;
    scale_[point] = Value(runaway_bins) / range;
    counts_.assign(points_.size() * stride, 0);
  }

  bool watches_any() const { return !points_.empty(); }

  /// The outputs of one model, [width] from the first point of the block on.
  template <class T>
  void add(const T* row, std::size_t width) {
    BlockOfPoints<std::int32_t> bin;
    for (std::size_t c = 0; c < width; ++c) {
      const Value x = (static_cast<Value>(row[c]) - low_[c]) * scale_[c];
      bin[c] = static_cast<std::int32_t>(scale_[c] > 0 ? x : Value(0));  // not where it is NaN
    }
    std::int32_t* counts = counts_.data();
    for (const std::size_t point : points_) {
      ++counts[bin[point]];
      counts += stride;
    }
  }

  /// Calls take(point) for every point that may have a runaway: of so many models, whose outputs lie
  /// about so many centres.
  template <class Take>
  void for_suspects(Index models, Index centres, const Take& take) const {
    const std::int32_t* counts = counts_.data();
    for (const std::size_t point : points_) {
      if (may_run_away(counts, nullptr, runaway_bins, models, centres)) take(point);
      counts += stride;
    }
  }

 private:
  static constexpr std::size_t stride = static_cast<std::size_t>(runaway_bins + 1);

  BlockOfPoints<Value> low_{}, scale_{};
  std::vector<std::size_t> points_;
  std::vector<std::int32_t> counts_;  // [points][bins + 1]
};

/// Finds which of up to 64 points may have a runaway: may_have_runaways for all of them.
template <class Value>
class RunawayScreen {
 public:
  /// Of points [first, first + width) of a and b, ascending, counted from `first`.
  template <class A, class B>
  const std::vector<Index>& operator()(MatrixView<const A> a, MatrixView<const B> b, Index first,
                                       Index width) {
    low_.fill(std::numeric_limits<Value>::infinity());
    high_.fill(-std::numeric_limits<Value>::infinity());
    not_finite_.fill(0);
    extend(a, first, width);
    extend(b, first, width);
    sort_by_range(width);
    if (!bins_.watches_any()) return suspects_;
    for (Index m = 0; m < a.rows; ++m) bins_.add(a.row(m) + first, at(width));
    for (Index m = 0; m < b.rows; ++m) bins_.add(b.row(m) + first, at(width));
    bins_.for_suspects(a.rows + b.rows, b.rows == 0 ? 1 : 2,
                       [&](std::size_t point) { suspects_.push_back(static_cast<Index>(point)); });
    std::sort(suspects_.begin(), suspects_.end());
    return suspects_;
  }

 private:
  static std::size_t at(Index i) { return static_cast<std::size_t>(i); }

  template <class T>
  void extend(MatrixView<const T> outputs, Index first, Index width) {
    for (Index m = 0; m < outputs.rows; ++m) {
      const T* row = outputs.row(m) + first;
      for (std::size_t c = 0; c < at(width); ++c) {
        const Value x = static_cast<Value>(row[c]);
        low_[c] = x < low_[c] ? x : low_[c];
        high_[c] = x > high_[c] ? x : high_[c];
        not_finite_[c] += x - x;  // NaN from the first output on that is not finite
      }
    }
  }

  /// Narrow points have no runaway; what overflows may have one; the others are to be counted.
  void sort_by_range(Index width) {
    suspects_.clear();
    bins_.clear();
    for (std::size_t c = 0; c < at(width); ++c) {
      const Value range = high_[c] - low_[c] + not_finite_[c];
      if (!std::isfinite(range))
        suspects_.push_back(static_cast<Index>(c));
      else if (!too_narrow_for_runaways(static_cast<double>(range)))
        bins_.watch(c, low_[c], range);
    }
  }

  BlockOfPoints<Value> low_, high_, not_finite_;
  RunawayBins<Value> bins_;
  std::vector<Index> suspects_;
};

}  // namespace expunge::detail
