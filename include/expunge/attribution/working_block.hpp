// The part of a coordinate descent that stays in cache: the Gram matrix of the working set, and the
// gradient there (coordinate_descent.hpp).
//
//     rows      G_AA  [k][0..a)  lower triangle, each row zero-padded to whole vectors of 16
//     q         r_A   [k]        gradient, up to date but for what is pending
//     pending         [k]        updates of the last pass that later members have not seen
//
// Of the symmetric block only one triangle is held and read. A pass visits the latest member first;
// a row then meets two vectors: the dot product brings in what earlier members did in the pass
// before, the axpy tells earlier members of this change.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <vector>

#include "expunge/attribution/lasso_conditions.hpp"
#include "expunge/core/platform.hpp"
#include "expunge/core/view.hpp"

namespace expunge::detail {

template <class Real>
class WorkingBlock {
 public:
  using Vector = Eigen::Matrix<Real, Eigen::Dynamic, 1>;

  void clear() { starts_.clear(); }

  /// Gathers the rows of members that have joined, each from the member's own row of `gram`, and
  /// reads q from the full gradient.
  void load(MatrixView<const Real> gram, const std::vector<Index>& members,
            const Vector& gradient) {
    const Index k = static_cast<Index>(members.size());
    for (Index a = size(); a < k; ++a) append(gram, members, a);
    q_.setZero(padded(k));
    pending_.setZero(padded(k));
    for (Index a = 0; a < k; ++a) q_[a] = gradient[members[static_cast<std::size_t>(a)]];
  }

  /// Passes over the members with weights w until no update exceeds the tolerance; how many.
  Index sweep(Vector& w, Real l1, Real l2, Real tolerance, Index max_sweeps) {
    Index sweeps = 0;
    while (sweeps < max_sweeps) {
      ++sweeps;
      if (sweep_once(w, l1, l2) * (1 + l2) <= tolerance) break;
    }
    return sweeps;
  }

  /// Brings q up to date with what is pending, for the sweeps of another penalty.
  void settle() {
    for (Index a = 0; a < size(); ++a) q_[a] -= dot(row(a), pending_.data(), padded(a));
    pending_.setZero();
  }

 private:
  static constexpr Index lanes = 16;
  using Lanes = Eigen::Array<Real, static_cast<int>(lanes), 1>;
  using ConstLanes = Eigen::Map<const Lanes>;

  static Index padded(Index k) { return (k + lanes - 1) / lanes * lanes; }
  Index size() const { return static_cast<Index>(starts_.size()); }
  const Real* row(Index a) const { return rows_.data() + starts_[static_cast<std::size_t>(a)]; }

  void append(MatrixView<const Real> gram, const std::vector<Index>& members, Index a) {
    const Index start = a == 0 ? 0 : starts_.back() + padded(a - 1);
    if (start + padded(a) > rows_.size())
      rows_.conservativeResize(std::max<Index>(1024, 2 * (start + padded(a))));
    const Real* source = gram.row(members[static_cast<std::size_t>(a)]);
    Real* own = rows_.data() + start;
    for (Index b = 0; b < a; ++b) own[b] = source[members[static_cast<std::size_t>(b)]];
    std::fill(own + a, own + padded(a), Real(0));
    starts_.push_back(start);
  }

  /// One pass; the largest update.
  Real sweep_once(Vector& w, Real l1, Real l2) {
    const Real shrink = 1 / (1 + l2);
    Real largest = 0;
    for (Index a = size() - 1; a >= 0; --a) {
      const Real q = q_[a] - dot(row(a), pending_.data(), padded(a));
      const Real old = w[a];
      const Real updated = soft_threshold(q + old, l1) * shrink;
      const Real change = updated - old;
      q_[a] = q - change;
      pending_[a] = change;
      if (change == 0) continue;
      w[a] = updated;
      largest = std::max(largest, std::abs(change));
      subtract(change, row(a), q_.data(), padded(a));
    }
    return largest;
  }

  static Real dot(const Real* x, const Real* y, Index count) {
    Lanes even = Lanes::Zero(), odd = Lanes::Zero();
    Index b = 0;
    for (; b + 2 * lanes <= count; b += 2 * lanes) {
      even += ConstLanes(x + b) * ConstLanes(y + b);
      odd += ConstLanes(x + b + lanes) * ConstLanes(y + b + lanes);
    }
    if (b < count) even += ConstLanes(x + b) * ConstLanes(y + b);
    return (even + odd).sum();
  }

  static void subtract(Real change, const Real* x, Real* q, Index count) {
    for (Index b = 0; b < count; b += lanes) Eigen::Map<Lanes>(q + b) -= change * ConstLanes(x + b);
  }

  Vector rows_;
  std::vector<Index> starts_;  // [k] where a row begins
  Vector q_;
  Vector pending_;
};

}  // namespace expunge::detail
