// The design of U-LiRA (ulira.hpp), who saw and who unlearned which point, and its shadow models:
// per point those that unlearned it and those that never saw it, and equal random samples of both
// that leave out a target's base.
//
// A list is in the order of the bases, so a base's own models are one range of it: what is drawn
// are positions in the list without that range. Draws are partial Fisher-Yates shuffles of 32-bit
// words (the bias is below list / 2^32) and depend on (seed, target, point) alone.
//
// Cost: 12 bytes per candidate; about 5 ns per shadow drawn.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

#include "expunge/core/array.hpp"
#include "expunge/core/find_runaways.hpp"
#include "expunge/core/random.hpp"
#include "expunge/core/view.hpp"
#include "expunge/evaluation/gaussian_kl.hpp"

namespace expunge::detail {

/// What a model has to do with a point.
enum class Seen : std::uint8_t { never, kept, forgotten };

/// Base models numbered from 0.
struct UliraBases {
  std::vector<std::uint32_t> of_model;  // [models]
  std::vector<Index> by_base;           // [models], models in the order of their bases
  Index count = 0;

  std::uint32_t of(Index model) const { return of_model[static_cast<std::size_t>(model)]; }
};

/// From any labels [models]; without labels every model is its own base.
inline UliraBases number_bases(const std::vector<Index>& label, Index models) {
  const std::vector<Index> labels = label.empty() ? all_indices(models) : label;
  std::vector<Index> names = labels;
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  UliraBases bases{{}, all_indices(models), static_cast<Index>(names.size())};
  for (const Index name : labels)
    bases.of_model.push_back(static_cast<std::uint32_t>(
        std::lower_bound(names.begin(), names.end(), name) - names.begin()));
  std::stable_sort(bases.by_base.begin(), bases.by_base.end(),
                   [&](Index a, Index b) { return bases.of(a) < bases.of(b); });
  return bases;
}

inline Seen read_seen(double trained, double forgotten, Index m, Index x) {
  require(trained == 0 || trained == 1, "ulira: trained of model ", m, ", point ", x, " is ",
          trained, ", not 0 or 1");
  require(forgotten == 0 || forgotten == 1, "ulira: forgotten of model ", m, ", point ", x, " is ",
          forgotten, ", not 0 or 1");
  require(forgotten == 0 || trained == 1, "ulira: model ", m, " unlearned point ", x,
          ", which its base was not trained on");
  return forgotten == 1 ? Seen::forgotten : trained == 1 ? Seen::kept : Seen::never;
}

/// [models][points]. Throws unless all models of a base have the same training set.
template <class T, class F>
Array<Seen, 2> read_design(MatrixView<const T> trained, MatrixView<const F> forgotten,
                           const UliraBases& bases) {
  Array<Seen, 2> seen = make_array<Seen>(trained.rows, trained.cols);
  const MatrixView<Seen> s = view(seen);
  Index last = -1;  // the model before, if it has the same base
  for (const Index m : bases.by_base) {
    if (last >= 0 && bases.of(last) != bases.of(m)) last = -1;
    for (Index x = 0; x < s.cols; ++x) {
      s(m, x) =
          read_seen(static_cast<double>(trained(m, x)), static_cast<double>(forgotten(m, x)), m, x);
      require(last < 0 || (s(m, x) == Seen::never) == (s(last, x) == Seen::never), "ulira: models ",
              last, " and ", m, " have the same base, but only one was trained ", "on point ", x);
    }
    last = m;
  }
  return seen;
}

/// Models of one kind at one point, in the order of their bases.
struct ShadowList {
  std::vector<double> margin;       // those that are finite and did not run away
  std::vector<std::uint32_t> base;  // of each margin
  std::vector<std::uint32_t> lost;  // bases of the other models

  void add(double x, std::uint32_t of_base, bool usable) {
    if (!usable) {
      lost.push_back(of_base);
    } else {
      margin.push_back(x);
      base.push_back(of_base);
    }
  }

  /// Usable ones of other bases.
  Index usable(std::uint32_t own) const { return others(base, own); }
  /// All of other bases: what the design offers.
  Index offered(std::uint32_t own) const { return others(base, own) + others(lost, own); }

 private:
  static Index others(const std::vector<std::uint32_t>& bases, std::uint32_t own) {
    const auto range = std::equal_range(bases.begin(), bases.end(), own);
    return static_cast<Index>(bases.size()) - (range.second - range.first);
  }
};

/// The two kinds of one point.
struct PointShadows {
  ShadowList unlearned, out;
  OutputReach reach;                // of the margins of both kinds
  std::vector<Runaway> ran_away{};  // finite margins that were left out

  /// How many of each the design offers to a target of this base.
  Index offered(std::uint32_t own) const {
    return std::min(unlearned.offered(own), out.offered(own));
  }
};

/// Of point x: margins [models][points], seen [models][points]. Margins that ran away, measured by
/// both kinds, are left out: one of them would widen the normal of its kind until it fits all.
template <class T>
PointShadows point_shadows(MatrixView<const T> margins, MatrixView<const Seen> seen,
                           const UliraBases& bases, Index x, ReachFinder& find_reach) {
  PointShadows at;
  std::array<std::vector<double>, 2> of_kind;  // unlearned, never seen
  for (Index m = 0; m < margins.rows; ++m)
    if (seen(m, x) != Seen::kept)
      of_kind[seen(m, x) == Seen::never].push_back(static_cast<double>(margins(m, x)));
  at.reach = find_reach(of_kind[0], of_kind[1]);
  for (const Index m : bases.by_base) {
    if (seen(m, x) == Seen::kept) continue;
    const double margin = static_cast<double>(margins(m, x));
    const bool usable = !at.reach.is_runaway(margin);
    if (!usable && !not_finite(margin)) at.ran_away.push_back({false, m, x, margin, at.reach});
    (seen(m, x) == Seen::forgotten ? at.unlearned : at.out).add(margin, bases.of(m), usable);
  }
  return at;
}

/// Draws shadows and fits them; one per thread.
class ShadowSampler {
 public:
  /// Mean and unbiased variance of `count` different usable margins, 2 at least, of other bases
  /// than `own`. Words of the stream from first_word on.
  Moments fit(const ShadowList& list, std::uint32_t own, Index count, std::uint64_t seed,
              Stream stream, std::uint64_t first_word) {
    const auto range = std::equal_range(list.base.begin(), list.base.end(), own);
    const std::size_t hole = static_cast<std::size_t>(range.first - list.base.begin());
    const std::size_t width = static_cast<std::size_t>(range.second - range.first);
    const std::size_t n = list.margin.size() - width;
    picked_.resize(static_cast<std::size_t>(count));
    if (picked_.size() == n)
      std::iota(picked_.begin(), picked_.end(), 0u);
    else
      pick(n, seed, stream, first_word);
    return moments([&](std::uint32_t i) { return list.margin[i < hole ? i : i + width]; });
  }

 private:
  /// picked_.size() different positions of 0 .. n - 1. order_ is the identity between calls.
  void pick(std::size_t n, std::uint64_t seed, Stream stream, std::uint64_t first_word) {
    while (order_.size() < n) order_.push_back(static_cast<std::uint32_t>(order_.size()));
    taken_.clear();
    std::array<std::uint32_t, 4> bits{};
    for (std::size_t i = 0; i < picked_.size(); ++i) {
      if (i % 4 == 0) bits = random_bits(seed, stream, first_word + i / 4);
      const std::size_t j =
          i + static_cast<std::size_t>((std::uint64_t{bits[i % 4]} * (n - i)) >> 32);
      picked_[i] = order_[j];
      order_[j] = order_[i];
      taken_.push_back(static_cast<std::uint32_t>(j));
    }
    for (const std::uint32_t j : taken_) order_[j] = j;
  }

  /// Of the picked values, by differences from the first: a constant has a variance of exactly 0,
  /// and no more than n units of the last place are lost, as the first is one of the sample.
  template <class Value>
  Moments moments(Value value) const {
    const double origin = value(picked_[0]), n = static_cast<double>(picked_.size());
    double sum = 0, squares = 0;
    for (const std::uint32_t i : picked_) {
      const double x = value(i) - origin;
      sum += x;
      squares += x * x;
    }
    return {origin + sum / n, (squares - sum * sum / n) / (n - 1)};
  }

  std::vector<std::uint32_t> order_, picked_, taken_;
};

}  // namespace expunge::detail
