// LSQR (Paige and Saunders 1982, algorithm of section 4 with damping): least squares
//
//   minimise over x:   |A[m] x[m] - b[m]|^2 + damping[m] |x[m]|^2
//
// for all members at once. It builds the Krylov space of the normal equations A'A without squaring
// the condition number. Starts at 0. Cost per iteration: one product with A, one with A'.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "expunge/backend/vectors.hpp"
#include "expunge/solvers/linear_operator.hpp"
#include "expunge/solvers/solve_status.hpp"

namespace expunge {

/// Memory and code of problems of one size, `rows` x `cols`.
template <class B>
class Lsqr {
  using Real = typename B::Real;

 public:
  Lsqr(B& backend, Index members, Index rows, Index cols)
      : members_(members),
        rows_(rows),
        cols_(cols),
        u_(backend, members, rows),
        au_(backend, members, rows),
        v_(backend, members, cols),
        w_(backend, members, cols),
        atu_(backend, members, cols) {}

  /// x [members][cols] for b [members][rows] and one damping per member. The status's residual is
  /// |A'(b - A x) - damping x| / |A'b|, which is 0 at the solution; that of the equations is not.
  template <class A>
  std::vector<SolveStatus> operator()(B& backend, const SolverConfig& config, A& a,
                                      std::type_identity_t<MatrixView<const Real>> b,
                                      const PerMember& damping,
                                      std::type_identity_t<MatrixView<Real>> x) {
    static_assert(AdjointOperator<A, B>,
                  "Lsqr: the operator must have rows, cols, apply and apply_transpose; see "
                  "docs/concepts.md#linearoperator");
    config.validate();
    require(a.rows() == rows_ && a.cols() == cols_ && b.cols == rows_ && x.cols == cols_ &&
                b.rows == members_ && x.rows == members_,
            "Lsqr: made for ", members_, " problems of ", rows_, " x ", cols_, ", the operator is ",
            a.rows(), " x ", a.cols(), ", b is [", b.rows, "][", b.cols, "], x is [", x.rows, "][",
            x.cols, "]");
    require(static_cast<Index>(damping.size()) == members_, "Lsqr: ", damping.size(),
            " dampings for ", members_, " problems");
    for (const double value : damping)
      require(!(value < 0), "Lsqr: damping is ", value, ", negative");
    start(backend, a, b, x);
    for (Index i = 0; i < config.iterations && any_open(config); ++i) step(backend, a, damping, x);
    return statuses(config);
  }

 private:
  /// What the bidiagonalisation and the rotations carry from step to step, for one member.
  struct State {
    double alpha = 0, beta = 0, rho_bar = 0, phi_bar = 0;
    double first_slope = 0, slope = 0;  // |A'b|, |A'r - damping x|
    bool open = false, broken = false;
    Index iterations = 0;
  };
  static std::size_t at(Index m) { return static_cast<std::size_t>(m); }
  static double inverse(double x) { return x > 0 ? 1 / x : 0; }

  /// x / |x| for every member; the norms.
  PerMember normalise(B& backend, const MemberVectors<B>& x) {
    PerMember norms, factors;
    dot_rows(backend, x, x, norms);
    for (double& norm : norms) norm = std::sqrt(norm);
    for (const double norm : norms) factors.push_back(inverse(norm));
    scale_rows(backend, factors, x.view());
    return norms;
  }

  template <class A>
  void start(B& backend, A& a, MatrixView<const Real> b, MatrixView<Real> x) {
    fill_zero(backend, x);
    copy_rows(backend, b, u_.view());
    const PerMember beta = normalise(backend, u_);
    a.apply_transpose(backend, MatrixView<const Real>(u_), v_.view());
    const PerMember alpha = normalise(backend, v_);
    copy_rows(backend, MatrixView<const Real>(v_), w_.view());
    states_.assign(at(members_), {});
    for (std::size_t m = 0; m < at(members_); ++m) {
      State& s = states_[m];
      s.alpha = s.rho_bar = alpha[m];
      s.beta = s.phi_bar = beta[m];
      s.first_slope = s.slope = alpha[m] * beta[m];
    }
  }

  template <class A>
  void step(B& backend, A& a, const PerMember& damping, MatrixView<Real> x) {
    PerMember minus_alpha, minus_beta;
    for (const State& s : states_) minus_alpha.push_back(-s.alpha);
    a.apply(backend, MatrixView<const Real>(v_), au_.view());
    scale_add(backend, au_, minus_alpha, u_);  // u = A v - alpha u
    const PerMember beta = normalise(backend, u_);
    for (const double value : beta) minus_beta.push_back(-value);
    a.apply_transpose(backend, MatrixView<const Real>(u_), atu_.view());
    scale_add(backend, atu_, minus_beta, v_);  // v = A'u - beta v
    const PerMember alpha = normalise(backend, v_);

    PerMember along(at(members_), 0.0), turn(at(members_), 0.0);
    for (std::size_t m = 0; m < at(members_); ++m)
      if (states_[m].open) rotate(states_[m], alpha[m], beta[m], damping[m], along[m], turn[m]);
    add_scaled(backend, along, w_, x);
    scale_add(backend, v_, turn, w_);
  }

  /// x += along w, then w = v + turn w.
  static void rotate(State& s, double alpha, double beta, double damping, double& along,
                     double& turn) {
    const double rho_damped = std::hypot(s.rho_bar, std::sqrt(damping));
    const double phi_damped = s.rho_bar / rho_damped * s.phi_bar;
    const double rho = std::hypot(rho_damped, beta);
    if (!(rho > 0 && std::isfinite(rho) && std::isfinite(alpha))) {
      s.broken = true;
      return;
    }
    const double cosine = rho_damped / rho, sine = beta / rho;
    const double theta = sine * alpha, phi = cosine * phi_damped;
    s.rho_bar = -cosine * alpha;
    s.phi_bar = sine * phi_damped;
    along = phi / rho;
    turn = -theta / rho;
    s.alpha = alpha;
    s.slope = std::abs(s.phi_bar * alpha * cosine);
    ++s.iterations;
  }

  bool any_open(const SolverConfig& config) {
    bool any = false;
    for (State& s : states_) {
      if (!std::isfinite(s.slope) || !std::isfinite(s.beta)) s.broken = true;
      const double small = std::max(config.tolerance, smallest_residual);
      s.open = !s.broken && s.slope > small * s.first_slope;
      any = any || s.open;
    }
    return any;
  }

  /// Infinity where nothing was computed that one could trust.
  static double residual_of(const State& s) {
    if (s.first_slope > 0 && std::isfinite(s.first_slope)) return s.slope / s.first_slope;
    return s.broken ? std::numeric_limits<double>::infinity() : 0;
  }

  std::vector<SolveStatus> statuses(const SolverConfig& config) {
    any_open(config);
    std::vector<SolveStatus> result;
    for (const State& s : states_)
      result.push_back({s.broken ? SolveOutcome::broken_down
                        : s.open ? SolveOutcome::used_up
                                 : SolveOutcome::converged,
                        s.iterations, residual_of(s)});
    return result;
  }

  Index members_, rows_, cols_;
  MemberVectors<B> u_, au_, v_, w_, atu_;
  std::vector<State> states_;
};

}  // namespace expunge
