// Coordinate descent for one target of a LASSO (or elastic net) on a shared Gram matrix G:
//
//   minimise 1/2 w'Gw - c'w + l1 ||w||_1 + l2/2 ||w||^2
//   G = X~'X~ / m with unit diagonal,  c = X~'y / m
//
// which is 1/(2m) ||y - X~w||^2 + ... up to a constant. Friedman, Hastie and Tibshirani (2010),
// section 2.2, "covariance updates"; working set as in glmnet and celer.
//
//     gradient  r = c - G w  [examples]
//     members   A            [k]          the working set, in order of admission
//     block     G_AA         [k][stride]  upper triangle, gathered once per admission
//     q         r_A          [k]          kept up to date by one axpy of length k per changed w
//
// Each round sweeps the working set, whose block and q stay in cache, until its conditions hold,
// recomputes r from w (so that rounding does not add up along a path), and admits the coordinates
// that violate theirs, largest first, each with one update and one axpy of length n. The strong
// rule (Tibshirani et al. 2012) proposes members when the penalty falls; nothing is ever dropped
// unchecked, so the answer is exact to the tolerance. Optimal: |r_j| <= l1 where w_j = 0, r_j - l2
// w_j = l1 sign(w_j) elsewhere.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "expunge/core/platform.hpp"
#include "expunge/core/view.hpp"

namespace expunge {

/// How a solve for one penalty ended.
template <class Real>
struct DescentStatus {
  bool converged = false;
  Index sweeps = 0;
  Real residual = 0;  // largest violation over all coordinates, in units of c; NaN if not finite
};

template <class Real>
class CoordinateDescent {
 public:
  using Vector = Eigen::Matrix<Real, Eigen::Dynamic, 1>;

  /// The Gram matrix [n][n] must outlive this. Zero rows are allowed: their weights stay 0.
  explicit CoordinateDescent(MatrixView<const Real> gram)
      : gram_(gram), gradient_(gram.rows), position_(static_cast<std::size_t>(gram.rows), -1) {}

  /// Begins at w = 0 with correlations c [n], which must outlive the solves.
  void start(const Real* correlations) {
    for (const Index j : members_) position_[static_cast<std::size_t>(j)] = -1;
    members_.clear();
    gathered_ = 0;
    c_ = correlations;
    std::copy_n(c_, gram_.rows, gradient_.data());
    largest_ = 0;
    for (Index j = 0; j < gram_.rows; ++j) largest_ = std::max(largest_, std::abs(c_[j]));
  }

  /// max |c_j|: from l1 = this on, w = 0 is the answer.
  Real largest_correlation() const { return largest_; }

  /// Adds to the working set what the strong rule expects to be non-zero at l1, coming from
  /// `previous` > l1.
  void propose(Real l1, Real previous) {
    const Real bound = 2 * l1 - previous;
    collect(bound);
    for (const Index j : candidates_) admit(j, Real(0));
  }

  /// Solves from the present w to violations of at most `tolerance` (in units of c).
  DescentStatus<Real> solve(Real l1, Real l2, Real tolerance, Index max_sweeps) {
    DescentStatus<Real> status;
    for (Index round = 0; round < max_rounds; ++round) {
      if (!members_.empty()) {
        status.sweeps += sweep_members(l1, l2, tolerance / 2, max_sweeps - status.sweeps);
        refresh_gradient();
      }
      collect(l1 + tolerance);
      status.residual = largest_violation(l1, l2);
      status.converged = status.residual <= tolerance;  // false for NaN
      if (status.converged || status.sweeps >= max_sweeps || std::isnan(status.residual)) break;
      admit_violators(l1, l2, tolerance);
    }
    return status;
  }

  /// Brings w near the answer of a small penalty: a few larger ones first, one sweep each. Without
  /// it the first round admits many coordinates that the answer does not need.
  void approach(Real l1, Real l2) {
    constexpr Real step = Real(0.6);
    const Real last = std::max(l1, largest_ / 1000);  // l1 may be 0
    for (Real stage = largest_ * step; stage > last; stage *= step) {
      collect(stage);
      admit_violators(stage, l2, Real(0));
      sweep_members(stage, l2, Real(0), 1);
      refresh_gradient();
    }
  }

  /// The working set and its weights (some may be 0).
  const std::vector<Index>& members() const { return members_; }
  Real weight(Index position) const { return w_[position]; }

  /// Writes all weights [n].
  void write_weights(Real* out) const {
    std::fill_n(out, gram_.rows, Real(0));
    for (std::size_t a = 0; a < members_.size(); ++a) out[members_[a]] = w_[static_cast<Index>(a)];
  }

 private:
  static constexpr Index max_rounds = 100;
  using Map = Eigen::Map<Vector>;
  using ConstMap = Eigen::Map<const Vector>;

  static Real soft(Real z, Real l1) { return z > l1 ? z - l1 : (z < -l1 ? z + l1 : Real(0)); }
  Index size() const { return static_cast<Index>(members_.size()); }

  /// Coordinates outside the working set with |r_j| > bound, in `candidates_`.
  void collect(Real bound) {
    candidates_.clear();
    constexpr Index chunk = 64;
    const Real* r = gradient_.data();
    for (Index first = 0; first < gram_.rows; first += chunk) {
      const Index count = std::min(chunk, gram_.rows - first);
      Index above = 0;
      for (Index j = first; j < first + count; ++j) above += std::abs(r[j]) > bound;
      if (above == 0) continue;
      for (Index j = first; j < first + count; ++j)
        if (std::abs(r[j]) > bound && position_[static_cast<std::size_t>(j)] < 0)
          candidates_.push_back(j);
    }
  }

  /// Over all coordinates, by the recomputed gradient; NaN where that or a weight is not finite.
  Real largest_violation(Real l1, Real l2) const {
    if (!gradient_.allFinite() || !w_.head(size()).allFinite())
      return std::numeric_limits<Real>::quiet_NaN();
    Real worst = 0;
    for (Index j = 0; j < gram_.rows; ++j) {
      const Index a = position_[static_cast<std::size_t>(j)];
      const Real r = gradient_[j];
      worst = std::max(worst, a < 0 ? std::abs(r) - l1 : violation_at(r, w_[a], l1, l2));
    }
    return worst;
  }

  /// One update each, where it still violates, largest first.
  void admit_violators(Real l1, Real l2, Real tolerance) {
    std::sort(candidates_.begin(), candidates_.end(), [&](Index a, Index b) {
      const Real x = std::abs(gradient_[a]), y = std::abs(gradient_[b]);
      return x != y ? x > y : a < b;
    });
    for (const Index j : candidates_) {
      if (!(std::abs(gradient_[j]) > l1 + tolerance)) continue;
      const Real w = soft(gradient_[j], l1) / (1 + l2);
      gradient_ -= w * ConstMap(gram_.row(j), gram_.rows);
      admit(j, w);
    }
  }

  /// Appends a coordinate; `gather` fills its part of the block.
  void admit(Index j, Real w) {
    if (size() == w_.size()) w_.conservativeResize(std::max<Index>(64, 2 * size()));
    w_[size()] = w;
    position_[static_cast<std::size_t>(j)] = size();
    members_.push_back(j);
  }

  /// Extends the gathered block to all members: row a holds columns beyond a, and zeros in what
  /// else its vectors cover.
  void gather() {
    const Index k = size();
    if (k > capacity_) grow(k);
    for (Index a = 0; a < k; ++a) {
      const Real* row = gram_.row(members_[static_cast<std::size_t>(a)]);
      Real* own = block_.data() + a * stride_;
      const Index first = std::max(gathered_, a + 1);
      std::fill(own + (a < gathered_ ? gathered_ : a / lanes * lanes), own + first, Real(0));
      for (Index b = first; b < k; ++b) own[b] = row[members_[static_cast<std::size_t>(b)]];
      std::fill(own + std::max(k, first), own + padded(k), Real(0));
    }
    gathered_ = k;
  }

  void grow(Index needed) {
    const Index capacity = padded(std::max<Index>(64, 2 * needed));
    Vector block = Vector::Zero(capacity * capacity);
    for (Index a = 0; a < gathered_; ++a)
      std::copy_n(block_.data() + a * stride_, gathered_, block.data() + a * capacity);
    block_.swap(block);
    capacity_ = stride_ = capacity;
  }

  /// Sweeps until no update exceeds the tolerance; returns the number of sweeps.
  Index sweep_members(Real l1, Real l2, Real tolerance, Index max_sweeps) {
    gather();
    q_.setZero(stride_);
    pending_.setZero(stride_);
    for (Index a = 0; a < size(); ++a) q_[a] = gradient_[members_[static_cast<std::size_t>(a)]];
    Index sweeps = 0;
    while (sweeps < max_sweeps) {
      ++sweeps;
      if (sweep_once(l1, l2) * (1 + l2) <= tolerance) break;
    }
    return sweeps;
  }

  /// One pass over the members; the largest update. Row a of the block meets q twice: the dot
  /// product brings in what later members did in the pass before, the axpy tells later members of
  /// this change.
  Real sweep_once(Real l1, Real l2) {
    const Real shrink = 1 / (1 + l2);
    Real largest = 0;
    for (Index a = 0; a < size(); ++a) {
      const Index first = (a + 1) / lanes * lanes, count = padded(size()) - first;
      const Real* row = block_.data() + a * stride_ + first;
      const Real q = q_[a] - dot(row, pending_.data() + first, count);
      const Real old = w_[a];
      const Real updated = soft(q + old, l1) * shrink;
      const Real change = updated - old;
      q_[a] = q - change;
      pending_[a] = change;
      if (change == 0) continue;
      w_[a] = updated;
      largest = std::max(largest, std::abs(change));
      subtract(change, row, q_.data() + first, count);
    }
    return largest;
  }

  using Lanes = Eigen::Array<Real, 16, 1>;
  static constexpr Index lanes = 16;
  static Index padded(Index k) { return (k + lanes - 1) / lanes * lanes; }

  static Real dot(const Real* x, const Real* y, Index count) {
    using ConstLanes = Eigen::Map<const Lanes>;
    Lanes even = Lanes::Zero(), odd = Lanes::Zero();
    Index b = 0;
    for (; b + 2 * lanes <= count; b += 2 * lanes) {
      even += ConstLanes(x + b) * ConstLanes(y + b);
      odd += ConstLanes(x + b + lanes) * ConstLanes(y + b + lanes);
    }
    if (b < count) even += ConstLanes(x + b) * ConstLanes(y + b);
    return (even + odd).sum();
  }

  static void subtract(Real change, const Real* row, Real* q, Index count) {
    for (Index b = 0; b < count; b += lanes)
      Eigen::Map<Lanes>(q + b) -= change * Eigen::Map<const Lanes>(row + b);
  }

  static Real violation_at(Real r, Real w, Real l1, Real l2) {
    const Real zero = std::abs(r) - l1;
    const Real slope = std::abs(r - l2 * w - std::copysign(l1, w));
    return w == 0 ? zero : slope;
  }

  /// r = c - G w, four rows of G at a time.
  void refresh_gradient() {
    const Index n = gram_.rows;
    std::copy_n(c_, n, gradient_.data());
    support_.clear();
    for (Index a = 0; a < size(); ++a)
      if (w_[a] != 0) support_.push_back(a);
    const auto row = [&](std::size_t s) {
      return ConstMap(gram_.row(members_[static_cast<std::size_t>(support_[s])]), n);
    };
    std::size_t s = 0;
    for (; s + 4 <= support_.size(); s += 4)
      gradient_ -= w_[support_[s]] * row(s) + w_[support_[s + 1]] * row(s + 1) +
                   w_[support_[s + 2]] * row(s + 2) + w_[support_[s + 3]] * row(s + 3);
    for (; s < support_.size(); ++s) gradient_ -= w_[support_[s]] * row(s);
  }

  MatrixView<const Real> gram_;
  const Real* c_ = nullptr;
  Real largest_ = 0;
  Vector gradient_;              // [n]
  std::vector<Index> position_;  // [n], -1 = outside the working set
  std::vector<Index> members_;   // [k]
  std::vector<Index> candidates_;
  std::vector<Index> support_;
  Vector block_;        // [capacity][stride]
  Vector w_;            // [capacity]
  Vector q_;            // [stride]
  Vector pending_;      // [stride] updates of the last pass that earlier members have not seen
  Index gathered_ = 0;  // members whose part of the block is filled
  Index capacity_ = 0;
  Index stride_ = 0;
};

}  // namespace expunge
