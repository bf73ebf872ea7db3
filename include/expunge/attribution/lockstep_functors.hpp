// What each thread does in a coordinate descent of many targets side by side: the steps of
// lockstep_descent.hpp, which explains them.
#pragma once

#include <cmath>
#include <limits>

#include "expunge/attribution/lasso_conditions.hpp"
#include "expunge/core/view.hpp"

namespace expunge {

/// The working sets of all targets, where the functors read them.
template <class Real>
struct WorkingSets {
  Index targets;
  std::int32_t* members;  // [a][targets]
  Real* weights;          // [a][targets]
  Real* gradients;        // [a][targets]
  Real* pairs;            // [a (a + 1) / 2 + b][targets]
  std::uint8_t* inside;   // [targets][examples]
  std::int32_t* sizes;    // [targets]

  EXPUNGE_HD Index at(Index a, Index t) const { return a * targets + t; }
  EXPUNGE_HD Index pair(Index a, Index b, Index t) const {
    return (a * (a + 1) / 2 + b) * targets + t;
  }
};

/// What each target is solved at, [targets] each.
template <class Real>
struct TargetPenalties {
  const Real* l1;
  const Real* l2;
  const Real* tolerance;
  const Real* bound;  // coordinates beyond it are proposed before the first round
};

/// How far each target is, [targets] each.
struct TargetProgress {
  std::int32_t* active;  // whether it wants another round
  std::int32_t* full;    // whether a coordinate found no room
  std::int32_t* sweeps;
};

template <class Real>
struct SweepTarget {
  WorkingSets<Real> sets;
  TargetPenalties<Real> penalties;
  TargetProgress progress;
  Index most;        // sweeps of this call
  Index max_sweeps;  // of this penalty

  EXPUNGE_HD void operator()(Index t) const {
    if (!progress.active[t]) return;
    const Real l2 = penalties.l2[t], tolerance = penalties.tolerance[t] / 2;
    for (Index s = 0; s < most && progress.sweeps[t] < max_sweeps; ++s) {
      ++progress.sweeps[t];
      if (sweep(t, penalties.l1[t], l2) * (1 + l2) <= tolerance) return;
    }
  }

 private:
  /// The largest change of a weight.
  EXPUNGE_HD Real sweep(Index t, Real l1, Real l2) const {
    const Index size = sets.sizes[t];
    Real largest = 0;
    for (Index a = 0; a < size; ++a) {
      Real& w = sets.weights[sets.at(a, t)];
      const Real now = detail::soft_threshold(sets.gradients[sets.at(a, t)] + w, l1) / (1 + l2);
      const Real change = now - w;
      if (change == Real(0)) continue;
      w = now;
      if (std::abs(change) > largest) largest = std::abs(change);
      for (Index b = 0; b < size; ++b)
        sets.gradients[sets.at(b, t)] -=
            change * sets.pairs[b <= a ? sets.pair(a, b, t) : sets.pair(b, a, t)];
    }
    return largest;
  }
};

/// r = c - G w, everywhere.
template <class Real>
struct RefreshGradient {
  WorkingSets<Real> sets;
  TargetProgress progress;
  MatrixView<const Real> gram, correlations;
  MatrixView<Real> gradient;  // [targets][examples]

  EXPUNGE_HD void operator()(Index t, Index, Index j) const {
    if (!progress.active[t]) return;
    Real r = correlations(t, j);
    for (Index a = 0; a < sets.sizes[t]; ++a)
      if (const Real w = sets.weights[sets.at(a, t)]; w != Real(0))
        r -= w * gram(sets.members[sets.at(a, t)], j);
    gradient(t, j) = r;
  }
};

/// The largest violation of the coordinates part, part + parts, ... outside the working set; NaN
/// where a gradient is not finite.
template <class Real>
struct ViolationOfPart {
  WorkingSets<Real> sets;
  TargetPenalties<Real> penalties;
  TargetProgress progress;
  MatrixView<const Real> gradient;
  MatrixView<Real> worst;  // [targets][parts]

  EXPUNGE_HD void operator()(Index t, Index, Index part) const {
    if (!progress.active[t]) return;
    Real most = 0, finite = 0;
    for (Index j = part; j < gradient.cols; j += worst.cols) {
      const Real r = gradient(t, j), beyond = std::abs(r) - penalties.l1[t];
      finite += r * Real(0);
      if (!sets.inside[t * gradient.cols + j] && beyond > most) most = beyond;
    }
    worst(t, part) = finite == Real(0) ? most : std::numeric_limits<Real>::quiet_NaN();
  }
};

/// The largest of all, and whether another round is wanted.
template <class Real>
struct JudgeTarget {
  WorkingSets<Real> sets;
  TargetPenalties<Real> penalties;
  TargetProgress progress;
  MatrixView<const Real> gradient, worst;
  Index max_sweeps;
  Real* residuals;  // [targets]

  EXPUNGE_HD void operator()(Index t) const {
    if (!progress.active[t]) return;
    const Real l1 = penalties.l1[t], l2 = penalties.l2[t];
    Real most = 0, finite = 0;
    for (Index p = 0; p < worst.cols; ++p) {
      finite += worst(t, p) * Real(0);
      if (worst(t, p) > most) most = worst(t, p);
    }
    for (Index a = 0; a < sets.sizes[t]; ++a) {
      const Real r = gradient(t, sets.members[sets.at(a, t)]), w = sets.weights[sets.at(a, t)];
      const Real violation = detail::violation_at(r, w, l1, l2);
      finite += violation * Real(0);
      if (violation > most) most = violation;
    }
    const bool broken = !(finite == Real(0));
    residuals[t] = broken ? std::numeric_limits<Real>::quiet_NaN() : most;
    progress.active[t] =
        !broken && !(most <= penalties.tolerance[t]) && progress.sweeps[t] < max_sweeps;
  }
};

/// Coordinates with |r| beyond the bound, or that violate by more than the tolerance, join with
/// weight 0, while there is room. A call at most doubles the working set (and adds at least 64): of
/// many that are alike most no longer violate once the first ones are in.
template <class Real>
struct AdmitCoordinates {
  WorkingSets<Real> sets;
  TargetPenalties<Real> penalties;
  TargetProgress progress;
  MatrixView<const Real> gradient;
  const std::int32_t* started;  // [targets]  members before this round's first call
  Index capacity;
  bool propose;

  EXPUNGE_HD void operator()(Index t) const {
    progress.full[t] = 0;
    if (!progress.active[t]) return;
    const Real level = propose ? penalties.bound[t] : penalties.l1[t];
    const Real slack = propose ? Real(0) : penalties.tolerance[t];
    const Index most = 2 * (started[t] > 32 ? started[t] : 32);
    for (Index j = 0; j < gradient.cols && sets.sizes[t] < most; ++j) {
      std::uint8_t& inside = sets.inside[t * gradient.cols + j];
      if (inside || !(std::abs(gradient(t, j)) - level > slack)) continue;  // as ViolationOfPart's
      const Index a = sets.sizes[t];
      if (a == capacity) {
        progress.full[t] = 1;
        return;
      }
      inside = 1;
      sets.members[sets.at(a, t)] = static_cast<std::int32_t>(j);
      sets.weights[sets.at(a, t)] = 0;
      sets.sizes[t] = static_cast<std::int32_t>(a + 1);
    }
  }
};

/// The gradient at member a, and of a new member its row of the block.
template <class Real>
struct LoadMember {
  WorkingSets<Real> sets;
  TargetProgress progress;
  MatrixView<const Real> gram, gradient;
  const std::int32_t* loaded;  // [targets]  members whose rows are there

  EXPUNGE_HD void operator()(Index a, Index, Index t) const {
    if (!progress.active[t] || a >= sets.sizes[t]) return;
    const Index member = sets.members[sets.at(a, t)];
    sets.gradients[sets.at(a, t)] = gradient(t, member);
    if (a < loaded[t]) return;
    for (Index b = 0; b <= a; ++b)
      sets.pairs[sets.pair(a, b, t)] = gram(member, sets.members[sets.at(b, t)]);
  }
};

struct CountLoaded {
  TargetProgress progress;
  const std::int32_t* sizes;
  std::int32_t* loaded;
  EXPUNGE_HD void operator()(Index t) const {
    if (progress.active[t]) loaded[t] = sizes[t];
  }
};

/// The largest |c| of each target.
template <class Real>
struct LargestCorrelation {
  MatrixView<const Real> correlations;
  MatrixView<Real> largest;  // [targets][1]
  EXPUNGE_HD void operator()(Index t) const {
    Real most = 0;
    for (Index j = 0; j < correlations.cols; ++j)
      if (std::abs(correlations(t, j)) > most) most = std::abs(correlations(t, j));
    largest(t, 0) = most;
  }
};

}  // namespace expunge
