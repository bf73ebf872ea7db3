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
//     block     G_AA, r_A                 a row gathered once per admission (working_block.hpp)
//
// Each round sweeps the working set, whose block stays in cache, until its conditions hold,
// recomputes r from w (so that rounding does not add up along a path), and admits the coordinates
// that violate theirs, largest first, each with one update and one axpy of length n.
//
// Recomputing r reads a row of G for every non-zero weight, from beyond the cache: the larger part
// of a path's time. Four penalties of a path are therefore solved ahead on the working set and
// checked together, for one reading of those rows. A weaker form of the strong rule (Tibshirani et
// al. 2012) proposes members beforehand; where the check fails, the penalty is solved by rounds.
//
// Nothing is ever dropped unchecked, so the answer is exact to the tolerance. Optimal: |r_j| <= l1
// where w_j = 0, r_j - l2 w_j = l1 sign(w_j) elsewhere. Memory: k^2 / 2 numbers
// of the block, and of the rest run_length + 2 for each example and run_length + 3 for each member.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "expunge/attribution/working_block.hpp"
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
    block_.clear();
    c_ = correlations;
    std::copy_n(c_, gram_.rows, gradient_.data());
    largest_ = 0;
    for (Index j = 0; j < gram_.rows; ++j) largest_ = std::max(largest_, std::abs(c_[j]));
  }

  /// max |c_j|: from l1 = this on, w = 0 is the answer.
  Real largest_correlation() const { return largest_; }

  /// Penalties that are solved ahead.
  static constexpr Index run_length = 4;

  /// A falling run of at most run_length penalties, coming from `previous` > l1[0], where w is the
  /// answer: solves them on the working set and what is likely to join it. Then check(i, ...) must
  /// follow for i = 0, 1, ... in order; where it fails, the rest of the run is void.
  void solve_ahead(const std::vector<Real>& l1, const std::vector<Real>& l2, Real previous,
                   Real tolerance, Index max_sweeps) {
    const Index count = static_cast<Index>(l1.size());
    collect(l1.back() - (previous - l1.back()) / static_cast<Real>(count));
    for (const Index j : candidates_) admit(j, Real(0));
    block_.load(gram_, members_, gradient_);
    ahead_.resize(size(), run_length);
    ahead_.setZero();
    for (Index i = 0; i < count; ++i) {
      ahead_sweeps_[static_cast<std::size_t>(i)] =
          block_.sweep(w_, l1[static_cast<std::size_t>(i)], l2[static_cast<std::size_t>(i)],
                       tolerance / 2, max_sweeps);
      block_.settle();
      ahead_.col(i).head(size()) = w_.head(size());
    }
    refresh_ahead();
  }

  /// Takes penalty i of the run; converged where the full gradient says so.
  DescentStatus<Real> check(Index i, Real l1, Real l2, Real tolerance) {
    w_.head(size()) = ahead_.col(i).head(size());
    gradient_ = ahead_gradient_.col(i);
    DescentStatus<Real> status;
    status.sweeps = ahead_sweeps_[static_cast<std::size_t>(i)];
    status.residual = largest_violation(l1, l2);
    status.converged = status.residual <= tolerance;  // false for NaN
    return status;
  }

  /// Solves from the present w to violations of at most `tolerance` (in units of c).
  DescentStatus<Real> solve(Real l1, Real l2, Real tolerance, Index max_sweeps) {
    DescentStatus<Real> status;
    for (Index round = 0; round < max_rounds; ++round) {
      if (!members_.empty()) {
        block_.load(gram_, members_, gradient_);
        status.sweeps += block_.sweep(w_, l1, l2, tolerance / 2, max_sweeps - status.sweeps);
        refresh_gradient();
      }
      status.residual = largest_violation(l1, l2);
      status.converged = status.residual <= tolerance;  // false for NaN
      if (status.converged || status.sweeps >= max_sweeps || std::isnan(status.residual)) break;
      admit_violators(l1, l2, tolerance);
    }
    return status;
  }

  /// Solves a penalty whose check failed, with the sweeps that are left.
  DescentStatus<Real> finish(const DescentStatus<Real>& failed, Real l1, Real l2, Real tolerance,
                             Index max_sweeps) {
    if (std::isnan(failed.residual) || failed.sweeps >= max_sweeps) return failed;
    admit_violators(l1, l2, tolerance);
    DescentStatus<Real> status = solve(l1, l2, tolerance, max_sweeps - failed.sweeps);
    status.sweeps += failed.sweeps;
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
      block_.load(gram_, members_, gradient_);
      block_.sweep(w_, stage, l2, Real(0), 1);
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
  /// Leaves the violators outside the working set in `candidates_`.
  Real largest_violation(Real l1, Real l2) {
    const Real finite = (gradient_ * Real(0)).sum() + (w_.head(size()) * Real(0)).sum();
    if (finite != 0) return std::numeric_limits<Real>::quiet_NaN();
    Real worst = 0;
    collect(l1);
    for (const Index j : candidates_) worst = std::max(worst, std::abs(gradient_[j]) - l1);
    for (Index a = 0; a < size(); ++a)
      worst = std::max(worst, detail::violation_at(gradient_[members_[static_cast<std::size_t>(a)]],
                                                   w_[a], l1, l2));
    return worst;
  }

  /// One update each, where it still violates, largest first.
  void admit_violators(Real l1, Real l2, Real tolerance) {
    std::sort(candidates_.begin(), candidates_.end(), [&](Index a, Index b) {
      const Real x = std::abs(gradient_[a]), y = std::abs(gradient_[b]);
      return x != y ? x > y : a < b;
    });
    for (const Index j : candidates_) {
      if (!(std::abs(gradient_[j]) - l1 > tolerance)) continue;  // rounded as largest_violation's
      const Real w = detail::soft_threshold(gradient_[j], l1) / (1 + l2);
      gradient_ -= w * ConstMap(gram_.row(j), gram_.rows);
      admit(j, w);
    }
  }

  /// Appends a coordinate; WorkingBlock::load fills its row of the block.
  void admit(Index j, Real w) {
    if (size() == w_.size()) w_.conservativeResize(std::max<Index>(64, 2 * size()));
    w_[size()] = w;
    position_[static_cast<std::size_t>(j)] = size();
    members_.push_back(j);
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

  /// The gradients of a run, a piece of all of them at a time, so that a piece of a row of G is
  /// read once for all penalties.
  void refresh_ahead() {
    constexpr Index piece = 4096;
    const Index n = gram_.rows;
    ahead_gradient_.resize(n, run_length);
    support_.clear();
    for (Index a = 0; a < size(); ++a)
      if ((ahead_.row(a).array() != 0).any()) support_.push_back(a);
    for (Index first = 0; first < n; first += piece) {
      const Index count = std::min(piece, n - first);
      for (Index i = 0; i < run_length; ++i)
        std::copy_n(c_ + first, count, ahead_gradient_.col(i).data() + first);
      std::size_t s = 0;
      for (; s + 4 <= support_.size(); s += 4) subtract_rows<4>(s, first, count);
      for (; s < support_.size(); ++s) subtract_rows<1>(s, first, count);
    }
  }

  /// Members support_[s] .. + rows: their part of a piece of all gradients of the run.
  template <Index rows>
  void subtract_rows(std::size_t s, Index first, Index count) {
    std::array<const Real*, static_cast<std::size_t>(rows)> row;
    for (std::size_t k = 0; k < row.size(); ++k)
      row[k] = gram_.row(members_[static_cast<std::size_t>(support_[s + k])]) + first;
    for (Index i = 0; i < run_length; ++i) {
      Map out(ahead_gradient_.col(i).data() + first, count);
      const auto part = [&](std::size_t k) {
        return ahead_(support_[s + k], i) * ConstMap(row[k], count);
      };
      if constexpr (rows == 4)
        out -= part(0) + part(1) + part(2) + part(3);
      else
        out -= part(0);
    }
  }

  MatrixView<const Real> gram_;
  const Real* c_ = nullptr;
  Real largest_ = 0;
  Vector gradient_;              // [n]
  std::vector<Index> position_;  // [n], -1 = outside the working set
  std::vector<Index> members_;   // [k]
  std::vector<Index> candidates_;
  std::vector<Index> support_;
  detail::WorkingBlock<Real> block_;
  Vector w_;                                                            // [capacity]
  Eigen::Matrix<Real, Eigen::Dynamic, Eigen::Dynamic> ahead_;           // [k][run] weights
  Eigen::Matrix<Real, Eigen::Dynamic, Eigen::Dynamic> ahead_gradient_;  // [n][run]
  std::array<Index, static_cast<std::size_t>(run_length)> ahead_sweeps_{};
};

}  // namespace expunge
