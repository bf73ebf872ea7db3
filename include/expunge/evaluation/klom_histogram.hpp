// Histograms of two samples per point on common bins, for a block of points at a time.
//
// Margins lie as [models][points], and a point is a column. We copy a block of 64 columns of all
// models into one compact buffer, which stays in the L2 cache; all passes over it run along rows,
// so they vectorise over points and never stride. The bin of a value is guessed by one
// multiplication and then corrected by comparison with the edges, so that it is the bin that
// numpy.histogram and numpy.digitize find, whatever the rounding.
//
//   values  [models][block]       oracles first, then unlearned
//   edges   [block][bins + 2]     NaN where the point has no histogram
//   counts  [2][block][bins + 1]  the last one: samples equal to a dropped last edge
//
// The counts also tell at most points that no model ran away (core/runaway.hpp). A model may be
// listed more than once, as a bootstrap does; it then counts as often in the histogram, but once
// where runaways and lost samples are judged.
//
// Cost: about 1 us per point for 2 x 200 models on one core (bench/klom.cpp).
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

#include "expunge/core/half.hpp"
#include "expunge/core/platform.hpp"
#include "expunge/core/runaway.hpp"
#include "expunge/core/view.hpp"
#include "expunge/evaluation/klom_config.hpp"
#include "expunge/evaluation/listed_models.hpp"

namespace expunge::detail {

inline constexpr Index klom_block = 64;

/// The type that holds both element types exactly, and in which numpy would compute the edges.
template <class A, class B>
using EdgeType = std::conditional_t<
    std::is_same_v<A, double> || std::is_same_v<B, double>, double,
    std::conditional_t<std::is_same_v<A, Half> && std::is_same_v<B, Half>, Half, float>>;

/// The type of values in the buffer: half precision is widened.
template <class E>
using BufferType = std::conditional_t<std::is_same_v<E, Half>, float, E>;

/// By its bits, so that no compiler flag can assume it away.
EXPUNGE_HD inline bool not_finite(float x) {
  return (std::bit_cast<std::uint32_t>(x) & 0x7f800000u) == 0x7f800000u;
}
EXPUNGE_HD inline bool not_finite(double x) {
  return (std::bit_cast<std::uint64_t>(x) & 0x7ff0000000000000u) == 0x7ff0000000000000u;
}

/// x, rounded to its type: keeps a compiler from fusing a product into the sum that follows.
EXPUNGE_HD_FOR_DEVICE_TYPES
template <class E>
EXPUNGE_HD E rounded(E x) {
  if constexpr (std::is_same_v<E, Half>) {
    return x;
  } else {
    volatile E stored = x;
    return stored;
  }
}

/// A number below 2048, which every E holds.
EXPUNGE_HD_FOR_DEVICE_TYPES
template <class E>
EXPUNGE_HD E small_number(Index i) {
  return static_cast<E>(static_cast<float>(i));
}

/// numpy.linspace(first, last, bins + 1) in the arithmetic of E.
EXPUNGE_HD_FOR_DEVICE_TYPES
template <class E>
EXPUNGE_HD void equal_edges(E first, E last, Index bins, double* edges) {
  const E width = last - first;
  const E step = width / small_number<E>(bins);
  const bool underflow = step == small_number<E>(0);
  edges[0] = static_cast<double>(first);
  for (Index i = 1; i < bins; ++i) {
    const E offset = underflow ? rounded((small_number<E>(i) / small_number<E>(bins)) * width)
                               : rounded(small_number<E>(i) * step);
    const E edge = offset + first;
    edges[i] = edge < last ? static_cast<double>(edge) : static_cast<double>(last);
  }
  edges[bins] = static_cast<double>(last);
}

/// What the margins of one point allow.
enum class PointKind : std::uint8_t { ordinary, constant, bad };

/// Of the smallest and the largest margin.
template <class Value>
EXPUNGE_HD PointKind kind_of_range(Value low, Value high, bool any_not_finite) {
  if (any_not_finite || not_finite(high - low)) return PointKind::bad;
  return low < high ? PointKind::ordinary : PointKind::constant;
}

/// Writes the edges [bins + 2] of an ordinary point's histogram: NaN where nothing lies beyond.
/// Returns by what x - low is multiplied to guess the bin of x.
EXPUNGE_HD_FOR_DEVICE_TYPES
template <class E, class Value>
EXPUNGE_HD double point_edges(Value low, Value high, Index bins, EdgePrecision precision,
                              LastEdge last_edge, double* edges) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  edges[bins + 1] = nan;
  if (precision == EdgePrecision::as_input)
    equal_edges<E>(static_cast<E>(low), static_cast<E>(high), bins, edges);
  else
    equal_edges<double>(static_cast<double>(low), static_cast<double>(high), bins, edges);
  // a closed last bin, and the place of dropped samples, end at NaN: nothing lies beyond
  if (last_edge == LastEdge::closed) edges[bins] = nan;
  const double width = static_cast<double>(high) - static_cast<double>(low);
  const double scale = static_cast<double>(bins) / width;
  return not_finite(scale) ? 0 : scale;
}

/// The bin of x that the edges say, found from a guess.
EXPUNGE_HD inline Index bin_from(Index bin, double x, const double* edges) {
  while (x < edges[bin]) --bin;
  while (x >= edges[bin + 1]) ++bin;
  return bin;
}

/// Whether so many models of n_oracle and n_unlearned are more than the one largest sample that
/// published code loses at a dropped last edge: several of an array that were clipped to it, or,
/// unclipped, a share of one array that is more than 5 % above the other's.
EXPUNGE_HD inline bool too_many_lost(Index oracles, Index unlearned, Index n_oracle,
                                     Index n_unlearned, bool clipped_to_it) {
  if (oracles <= 1 && unlearned <= 1) return false;
  if (clipped_to_it) return true;
  // |oracles / n_oracle - unlearned / n_unlearned| > 1 / 20
  const Index gap = oracles * n_unlearned - unlearned * n_oracle;
  return 20 * (gap > 0 ? gap : -gap) > n_oracle * n_unlearned;
}

/// Whether a point with these counts [bins + 1] of each sample may have a runaway: false only where
/// it has none. The range is that of the margins, none of which is clipped or not finite.
EXPUNGE_HD inline bool histogram_may_run_away(const std::int32_t* oracle,
                                              const std::int32_t* unlearned, Index bins,
                                              Index models, double range) {
  if (range <= 0.99 * RunawayRule::least) return false;  // with room for the rounding of float
  // edges that are rounded to half precision may be off by more than may_run_away allows
  return bins > 32 || may_run_away(oracle, unlearned, bins, models, 2);
}

/// The histograms of up to 64 points. E: the input's type; reused from block to block.
template <class E>
class HistogramBlock {
 public:
  using Value = BufferType<E>;

  /// The lists have to outlive it.
  HistogramBlock(const KlomConfig& config, const ListedModels& oracle,
                 const ListedModels& unlearned)
      : config_(config),
        listed_{&oracle, &unlearned},
        models_{oracle.count(), unlearned.count()},
        repeated_(oracle.repeated() || unlearned.repeated()),
        values_(static_cast<std::size_t>((models_[0] + models_[1]) * klom_block)),
        edges_(static_cast<std::size_t>(klom_block * (config.bins + 2))),
        counts_(static_cast<std::size_t>(2 * klom_block * (config.bins + 1))),
        distinct_counts_(repeated_ ? counts_.size() : 0) {}

  /// Reads points [first, first + width) of the models listed and counts them.
  template <class O, class U>
  void fill(MatrixView<const O> oracle, MatrixView<const U> unlearned, Index first, Index width) {
    width_ = width;
    lowest_.fill(std::numeric_limits<Value>::infinity());
    highest_.fill(-std::numeric_limits<Value>::infinity());
    not_finite_.fill(0);
    copy(oracle, listed_[0]->drawn, first, config_.clipped == Clipped::both, values_.data());
    copy(unlearned, listed_[1]->drawn, first, config_.clipped != Clipped::none,
         values_.data() + models_[0] * klom_block);
    for (Index c = 0; c < width; ++c) set_edges(c);
    std::fill(counts_.begin(), counts_.end(), 0);
    std::fill(distinct_counts_.begin(), distinct_counts_.end(), 0);
    count(0, values_.data());
    count(1, values_.data() + models_[0] * klom_block);
  }

  PointKind kind(Index c) const { return kind_[at(c)]; }
  /// [bins], then the samples that a dropped last edge leaves out. sample 0: oracle, 1: unlearned.
  const std::int32_t* counts(Index sample, Index c) const {
    return counts_.data() + place(sample, c);
  }

  /// See too_many_lost. A model that is listed twice is one model.
  bool loses_many(Index c) const {
    if (counts(0, c)[config_.bins] <= 1 && counts(1, c)[config_.bins] <= 1) return false;
    return too_many_lost(lost(0, c), lost(1, c), models_[0], models_[1], reaches_top(c));
  }

  /// False only where none of the models listed ran away.
  bool may_run_away(Index c) const {
    if (not_finite_[at(c)] != 0 || reaches_top(c) || reaches_bottom(c)) return true;
    const std::vector<std::int32_t>& counts = repeated_ ? distinct_counts_ : counts_;
    return histogram_may_run_away(
        counts.data() + place(0, c), counts.data() + place(1, c), config_.bins,
        std::ssize(listed_[0]->distinct) + std::ssize(listed_[1]->distinct),
        static_cast<double>(highest_[at(c)]) - static_cast<double>(lowest_[at(c)]));
  }

 private:
  template <class T>
  using Columns = std::array<T, static_cast<std::size_t>(klom_block)>;
  static std::size_t at(Index c) { return static_cast<std::size_t>(c); }
  Index place(Index sample, Index c) const {
    return (sample * klom_block + c) * (config_.bins + 1);
  }

  /// Whether a margin of the point may have been clipped.
  bool reaches_top(Index c) const {
    return config_.clipped != Clipped::none &&
           highest_[at(c)] == static_cast<Value>(static_cast<E>(config_.clip_max));
  }
  bool reaches_bottom(Index c) const {
    return config_.clipped != Clipped::none &&
           lowest_[at(c)] == static_cast<Value>(static_cast<E>(config_.clip_min));
  }

  /// How many different models of a sample have the largest value.
  Index lost(Index sample, Index c) const {
    const Value* values = values_.data() + sample * models_[0] * klom_block + c;
    Index at_edge = 0;
    for (const std::uint8_t first_time : listed_[at(sample)]->first_time) {
      at_edge += first_time && *values >= highest_[at(c)];
      values += klom_block;
    }
    return at_edge;
  }

  template <class T>
  void copy(MatrixView<const T> margins, const std::vector<Index>& models, Index first, bool clip,
            Value* to) {
    const Value low = static_cast<Value>(static_cast<E>(config_.clip_min));
    const Value high = static_cast<Value>(static_cast<E>(config_.clip_max));
    for (const Index model : models) {
      const T* from = margins.row(model) + first;
      for (Index c = 0; c < width_; ++c) {
        Value x = static_cast<Value>(from[c]);
        not_finite_[at(c)] |= not_finite(x);
        if (clip) x = x < low ? low : (x > high ? high : x);
        lowest_[at(c)] = x < lowest_[at(c)] ? x : lowest_[at(c)];
        highest_[at(c)] = x > highest_[at(c)] ? x : highest_[at(c)];
        to[c] = x;
      }
      to += klom_block;
    }
  }

  void set_edges(Index c) {
    double* edges = edges_.data() + c * (config_.bins + 2);
    const Value low = lowest_[at(c)], high = highest_[at(c)];
    kind_[at(c)] = kind_of_range(low, high, not_finite_[at(c)] != 0);
    origin_[at(c)] = static_cast<double>(low);
    scale_[at(c)] = 0;
    std::fill_n(edges, config_.bins + 2, std::numeric_limits<double>::quiet_NaN());
    if (kind_[at(c)] == PointKind::ordinary)
      scale_[at(c)] =
          point_edges<E>(low, high, config_.bins, config_.edges, config_.last_edge, edges);
  }

  void count(Index sample, const Value* values) {
    const bool closed = config_.last_edge == LastEdge::closed;
    const double last = static_cast<double>(closed ? config_.bins - 1 : config_.bins);
    Columns<std::int32_t> guess;
    for (Index m = 0; m < models_[at(sample)]; ++m, values += klom_block) {
      for (Index c = 0; c < width_; ++c) {
        const double t = (static_cast<double>(values[c]) - origin_[at(c)]) * scale_[at(c)];
        guess[at(c)] = static_cast<std::int32_t>(t < last ? t : last);  // NaN: last
      }
      const double* edges = edges_.data();
      std::int32_t* counts = counts_.data() + place(sample, 0);
      std::int32_t* distinct = repeated_ && listed_[at(sample)]->first_time[at(m)] != 0
                                   ? distinct_counts_.data() + place(sample, 0)
                                   : nullptr;
      for (Index c = 0; c < width_; ++c) {
        const double x = static_cast<double>(values[c]);
        const Index bin = bin_from(guess[at(c)], x, edges);
        ++counts[bin];
        if (distinct) ++distinct[bin], distinct += config_.bins + 1;
        edges += config_.bins + 2;
        counts += config_.bins + 1;
      }
    }
  }

  const KlomConfig config_;
  const std::array<const ListedModels*, 2> listed_;
  const std::array<Index, 2> models_;
  const bool repeated_;
  Index width_ = 0;
  Columns<Value> lowest_, highest_;
  Columns<std::uint8_t> not_finite_;
  Columns<PointKind> kind_;
  Columns<double> origin_, scale_;
  std::vector<Value> values_;
  std::vector<double> edges_;
  std::vector<std::int32_t> counts_;
  std::vector<std::int32_t>
      distinct_counts_;  // of models listed for the first time, if any repeats
};

}  // namespace expunge::detail
