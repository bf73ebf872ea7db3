// Preconditioned conjugate gradients (Hestenes and Stiefel 1952; Saad 2003, algorithm 9.1) for
// symmetric positive definite systems A[m] x[m] = b[m] of all members at once.
//
// Members take their steps together, each with its own coefficients; one that has converged or
// broken down stands still, bit for bit. The residual is the recursive one. Cost per iteration: one
// product with A and one with the preconditioner.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "expunge/backend/vectors.hpp"
#include "expunge/solvers/linear_operator.hpp"
#include "expunge/solvers/solve_status.hpp"

namespace expunge {

/// Memory and code of solves of one size.
template <class B>
class ConjugateGradients {
  using Real = typename B::Real;

 public:
  ConjugateGradients(B& backend, Index members, Index n)
      : members_(members),
        n_(n),
        r_(backend, members, n),
        z_(backend, members, n),
        p_(backend, members, n),
        ap_(backend, members, n) {}

  /// Solves for x, starting at the x that is given: [members][n] like b. One status per member.
  /// Where `x_is_zero`, the first product is saved.
  template <class A, class P>
  std::vector<SolveStatus> operator()(B& backend, const SolverConfig& config, A& a,
                                      P& preconditioner,
                                      std::type_identity_t<MatrixView<const Real>> b,
                                      std::type_identity_t<MatrixView<Real>> x,
                                      bool x_is_zero = false) {
    static_assert(LinearOperator<A, B>,
                  "ConjugateGradients: the operator must have rows, cols and apply(b, x, y); see "
                  "docs/concepts.md#linearoperator");
    static_assert(Preconditioner<P, B>,
                  "ConjugateGradients: the preconditioner must have apply(b, r, z); see "
                  "docs/concepts.md#preconditioner");
    config.validate();
    require(a.rows() == n_ && a.cols() == n_ && b.cols == n_ && x.cols == n_ &&
                b.rows == members_ && x.rows == members_,
            "ConjugateGradients: made for ", members_, " systems of ", n_, ", the operator is ",
            a.rows(), " x ", a.cols(), ", b is [", b.rows, "][", b.cols, "], x is [", x.rows, "][",
            x.cols, "]");
    start(backend, a, b, x, x_is_zero);
    for (Index i = 0; i < config.iterations && any_open(config); ++i)
      step(backend, a, preconditioner, x, i);
    return statuses(config);
  }

  /// b - A x of the last solve.
  MatrixView<const Real> residual() const { return r_; }

 private:
  static std::size_t at(Index m) { return static_cast<std::size_t>(m); }

  template <class A>
  void start(B& backend, A& a, MatrixView<const Real> b, MatrixView<Real> x, bool x_is_zero) {
    copy_rows(backend, b, r_.view());
    dot_rows(backend, b, b, scale_squared_);
    if (!x_is_zero) {
      a.apply(backend, MatrixView<const Real>(x), ap_.view());
      add_scaled(backend, PerMember(at(members_), -1.0), ap_, r_);
    }
    dot_rows(backend, r_, r_, r_squared_);
    for (std::size_t m = 0; m < at(members_); ++m)
      if (!(scale_squared_[m] > 0)) scale_squared_[m] = r_squared_[m];
    broken_.assign(at(members_), 0);
    iterations_.assign(at(members_), 0);
  }

  template <class A, class P>
  void step(B& backend, A& a, P& preconditioner, MatrixView<Real> x, Index i) {
    preconditioner.apply(backend, MatrixView<const Real>(r_), z_.view());
    dot_rows(backend, r_, z_, rz_);
    PerMember beta(at(members_), 0.0);
    for (std::size_t m = 0; m < at(members_); ++m)
      if (i > 0 && open_[m]) beta[m] = rz_[m] / last_rz_[m];
    scale_add(backend, z_, beta, p_);
    a.apply(backend, MatrixView<const Real>(p_), ap_.view());
    dot_rows(backend, p_, ap_, pap_);
    PerMember alpha(at(members_), 0.0), minus(at(members_), 0.0);
    for (std::size_t m = 0; m < at(members_); ++m) {
      if (!open_[m]) continue;
      if (!(pap_[m] > 0 && rz_[m] > 0 && std::isfinite(pap_[m]) && std::isfinite(rz_[m]))) {
        broken_[m] = 1;
        continue;
      }
      alpha[m] = rz_[m] / pap_[m];
      minus[m] = -alpha[m];
      ++iterations_[m];
    }
    add_scaled(backend, alpha, p_, x);
    add_scaled(backend, minus, ap_, r_);
    dot_rows(backend, r_, r_, r_squared_);
    last_rz_ = rz_;
  }

  double residual_of(std::size_t m) const {
    return scale_squared_[m] > 0
               ? std::sqrt(r_squared_[m] / scale_squared_[m])
               : (r_squared_[m] == 0 ? 0.0 : std::numeric_limits<double>::infinity());
  }

  /// Marks the members that go on.
  bool any_open(const SolverConfig& config) {
    open_.assign(at(members_), 0);
    bool any = false;
    for (std::size_t m = 0; m < at(members_); ++m) {
      const double residual = residual_of(m);
      if (!std::isfinite(residual)) broken_[m] = 1;
      open_[m] = !broken_[m] && residual > std::max(config.tolerance, smallest_residual);
      any = any || open_[m];
    }
    return any;
  }

  std::vector<SolveStatus> statuses(const SolverConfig& config) {
    any_open(config);
    std::vector<SolveStatus> result(at(members_));
    for (std::size_t m = 0; m < at(members_); ++m)
      result[m] = {broken_[m] ? SolveOutcome::broken_down
                   : open_[m] ? SolveOutcome::used_up
                              : SolveOutcome::converged,
                   iterations_[m], residual_of(m)};
    return result;
  }

  Index members_, n_;
  MemberVectors<B> r_, z_, p_, ap_;
  PerMember scale_squared_, r_squared_, rz_, last_rz_, pap_;
  std::vector<char> open_, broken_;
  std::vector<Index> iterations_;
};

}  // namespace expunge
