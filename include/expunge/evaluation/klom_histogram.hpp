// Histograms of two samples per point on common bins, for a block of points at a time.
//
// Margins lie as [models][points], and a point is a column. We copy a block of 64 columns of all
// models into one compact buffer, which stays in the L2 cache; all passes over it run along rows,
// so they vectorise over points and never stride.
//
//   values  [models][block]       oracles first, then unlearned
//   edges   [block][bins + 2]     NaN where the point has no histogram
//   counts  [2][block][bins + 1]  the last one: samples equal to a dropped last edge
//
// The same buffer tells at most points that no model ran away (core/runaway.hpp). A model may be
// listed more than once, as a bootstrap does; it then counts as often in the histogram, but once
// where runaways and lost samples are judged.
//
// Cost: about 1 us per point for 2 x 200 models on one core (bench/klom.cpp).
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <vector>

#include "expunge/core/platform.hpp"
#include "expunge/core/runaway_screen.hpp"
#include "expunge/core/view.hpp"
#include "expunge/evaluation/klom_config.hpp"
#include "expunge/evaluation/klom_edges.hpp"
#include "expunge/evaluation/listed_models.hpp"

namespace expunge::detail {

inline constexpr Index klom_block = runaway_block;

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

/// Whether a point with these counts [bins + 1] of each sample may have a runaway, as
/// may_run_away; with many bins, whose edges may be off by more than that allows where they are
/// rounded to half precision, always.
EXPUNGE_HD inline bool histogram_may_run_away(const std::int32_t* oracle,
                                              const std::int32_t* unlearned, Index bins,
                                              Index models) {
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
        values_(static_cast<std::size_t>((models_[0] + models_[1]) * klom_block)),
        edges_(static_cast<std::size_t>(klom_block * (config.bins + 2))),
        counts_(static_cast<std::size_t>(2 * klom_block * (config.bins + 1))) {}

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
    count(0, values_.data());
    count(1, values_.data() + models_[0] * klom_block);
    look_for_runaways();
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
  bool may_run_away(Index c) const { return suspect_[at(c)] != 0; }

 private:
  template <class T>
  using Columns = BlockOfPoints<T>;
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
      for (Index c = 0; c < width_; ++c) {
        const double x = static_cast<double>(values[c]);
        ++counts[bin_from(guess[at(c)], x, edges)];
        edges += config_.bins + 2;
        counts += config_.bins + 1;
      }
    }
  }

  /// Sets suspect_: what was clipped or is not finite may be anything. The histogram clears most
  /// other points, a finer one most of the rest.
  void look_for_runaways() {
    const Index models = std::ssize(listed_[0]->distinct) + std::ssize(listed_[1]->distinct);
    const bool repeats = models < models_[0] + models_[1];  // the histogram cannot tell then
    runaway_bins_.clear();
    for (Index c = 0; c < width_; ++c) {
      suspect_[at(c)] = kind_[at(c)] == PointKind::bad || reaches_top(c) || reaches_bottom(c);
      const Value range = highest_[at(c)] - lowest_[at(c)];
      if (!suspect_[at(c)] && !too_narrow_for_runaways(static_cast<double>(range)) &&
          (repeats || histogram_may_run_away(counts(0, c), counts(1, c), config_.bins, models)))
        runaway_bins_.watch(at(c), lowest_[at(c)], range);
    }
    if (!runaway_bins_.watches_any()) return;
    const Value* values = values_.data();
    for (const ListedModels* listed : listed_)
      for (const std::uint8_t first_time : listed->first_time) {
        if (first_time) runaway_bins_.add(values, at(width_));
        values += klom_block;
      }
    runaway_bins_.for_suspects(models, 2, [&](std::size_t point) { suspect_[point] = 1; });
  }

  const KlomConfig config_;
  const std::array<const ListedModels*, 2> listed_;
  const std::array<Index, 2> models_;
  Index width_ = 0;
  Columns<Value> lowest_, highest_;
  Columns<std::uint8_t> not_finite_, suspect_;
  Columns<PointKind> kind_;
  Columns<double> origin_, scale_;
  std::vector<Value> values_;
  std::vector<double> edges_;
  std::vector<std::int32_t> counts_;
  RunawayBins<Value> runaway_bins_;
};

}  // namespace expunge::detail
