// Gauss-Newton matching of one cohort: linearise, solve, try.
//
// With r = t - f(theta) + J (theta - theta0), each step minimises the linearised Phi of
// matching_system.hpp, as far as the solver goes:
//
//   dual, where outputs are fewer than weights    D = P J'a,  (J P J' + mu W^-1) a = r
//   primal, where they are not                    D minimises |W^1/2 (J D - r)|^2 + mu D'P^-1 D
//
// and theta0 + D would be the new weights. The trust rule tries the part of the step that is best
// for the linearisation, then halves of that, until Phi falls by a tenth of what the linearisation
// promises; a member that no scale helps keeps its weights, bit for bit.
#pragma once

#include <optional>

#include "expunge/linearisation/kernel_operator.hpp"
#include "expunge/solvers/conjugate_gradients.hpp"
#include "expunge/solvers/lsqr.hpp"
#include "expunge/train/ensemble.hpp"
#include "expunge/unlearning/gauss_newton_report.hpp"
#include "expunge/unlearning/matching_system.hpp"

namespace expunge::detail {

/// W^1/2 J R with P = R R'.
template <class System, class B>
class WeightedJacobian {
  using Real = typename B::Real;

 public:
  WeightedJacobian(B& backend, System& system)
      : system_(system),
        scaled_(backend, system.members(), system.rows()),
        moved_(backend, system.members(), system.jacobian().cols()) {}
  Index rows() const { return system_.rows(); }
  Index cols() const { return system_.jacobian().cols(); }
  void apply(B& backend, MatrixView<const Real> v, MatrixView<Real> y) {
    copy_rows(backend, v, moved_.view());
    system_.metric().apply_root(backend, moved_.view());
    system_.jacobian().apply(backend, moved_, y);
    for_each_element(backend, y.rows, 1, y.cols, MultiplyByRoot<Real>{system_.root_weight(), y, y});
  }
  void apply_transpose(B& backend, MatrixView<const Real> a, MatrixView<Real> v) {
    for_each_element(backend, a.rows, 1, a.cols,
                     MultiplyByRoot<Real>{system_.root_weight(), a, scaled_});
    system_.jacobian().apply_transpose(backend, scaled_, v);
    system_.metric().apply_root_transpose(backend, v);
  }

 private:
  System& system_;
  MemberVectors<B> scaled_, moved_;
};

/// image -= shift o a.
template <class Real>
struct SubtractShifted {
  MatrixView<const Real> shift, a;
  MatrixView<Real> image;
  EXPUNGE_HD void operator()(Index m, Index, Index j) const {
    image(m, j) -= shift(m, j) * a(m, j);
  }
};

/// A move of the weights [members][p], and what the solvers know of it.
template <class B>
struct Move {
  using Real = typename B::Real;
  Move(B& backend, Index members, Index parameters, Index rows)
      : displacement(backend, members, parameters),
        pull(backend, members, parameters),
        image(backend, members, rows) {}
  MemberVectors<B> displacement;  // D
  MemberVectors<B> pull;          // P^-1 D
  MemberVectors<B> image;         // J D  [members][rows]
};

/// The solver of the dual system, and its variables from step to step.
template <class System, class B>
class DualSolver {
  using Real = typename B::Real;
  using JacobianType = typename System::JacobianType;

 public:
  DualSolver(B& backend, System& system)
      : system_(system),
        kernel_(backend, system.jacobian(), system.shift(), system.metric()),
        solve_(backend, system.members(), system.rows()),
        variables_(backend, system.members(), system.rows()) {}

  /// Starts at the variables of the step before. J D is what the residual leaves of r.
  std::vector<SolveStatus> operator()(B& backend, const SolverConfig& config, bool at_start,
                                      MatrixView<const Real> r, Move<B>& move) {
    const std::vector<SolveStatus> statuses =
        solve_(backend, config, kernel_, none_, r, variables_, at_start);
    system_.jacobian().apply_transpose(backend, variables_, move.pull.view());
    copy_rows(backend, MatrixView<const Real>(move.pull), move.displacement.view());
    system_.metric().apply(backend, move.displacement.view());
    copy_rows(backend, r, move.image.view());
    add_scaled(backend, PerMember(statuses.size(), -1.0), solve_.residual(), move.image);
    for_each_element(backend, r.rows, 1, r.cols,
                     SubtractShifted<Real>{system_.shift(), variables_, move.image});
    return statuses;
  }

 private:
  System& system_;
  KernelOperator<JacobianType, B, typename System::Metric> kernel_;
  IdentityPreconditioner none_;
  ConjugateGradients<B> solve_;
  MemberVectors<B> variables_;
};

/// The solver of the primal problem, in the variables u with D = R u.
template <class System, class B>
class PrimalSolver {
  using Real = typename B::Real;

 public:
  PrimalSolver(B& backend, System& system)
      : system_(system),
        weighted_(backend, system),
        solve_(backend, system.members(), system.rows(), system.jacobian().cols()),
        right_(backend, system.members(), system.rows()) {}

  std::vector<SolveStatus> operator()(B& backend, const SolverConfig& config,
                                      MatrixView<const Real> r, Move<B>& move) {
    for_each_element(backend, r.rows, 1, r.cols,
                     MultiplyByRoot<Real>{system_.root_weight(), r, right_});
    const std::vector<SolveStatus> statuses =
        solve_(backend, config, weighted_, right_, system_.mu(), move.displacement);
    system_.metric().apply_root(backend, move.displacement.view());
    copy_rows(backend, MatrixView<const Real>(move.displacement), move.pull.view());
    system_.metric().apply_inverse(backend, move.pull.view());
    system_.jacobian().apply(backend, move.displacement, move.image.view());
    return statuses;
  }

 private:
  System& system_;
  WeightedJacobian<System, B> weighted_;
  Lsqr<B> solve_;
  MemberVectors<B> right_;
};

template <class Model, class B, class OutputType, class PriorType>
class CohortMatching {
  using Real = typename B::Real;
  static constexpr double enough = 0.1;    // share of the promised fall that must come true
  static constexpr double settled = 1e-3;  // a step that lowers Phi by less is the last
  static constexpr int most_halvings = 5;

 public:
  using System = MatchingSystem<Model, B, OutputType, PriorType>;

  CohortMatching(B& backend, System& system, const CohortWeights<Model, B>& weights, Index first,
                 GaussNewtonReport& report)
      : system_(system),
        weights_(weights),
        first_(static_cast<std::size_t>(first)),
        report_(report),
        right_(backend, system.members(), system.rows()),
        direction_(backend, system.members(), Model::parameters, system.rows()),
        before_(backend, system.members(), Model::parameters),
        before_pull_(backend, system.members(), Model::parameters),
        pull_(backend, system.members(), Model::parameters),
        open_(static_cast<std::size_t>(system.members()), 1) {
    if (system.rows() < Model::parameters)
      dual_.emplace(backend, system);
    else
      primal_.emplace(backend, system);
  }

  /// Moves the weights, which start at theta0. `after_step(step)` is called after each step.
  template <class AfterStep>
  void run(B& backend, double damping, const SolverConfig& solver, Index steps,
           const AfterStep& after_step) {
    system_.begin(backend, weights_.view(), damping, direction_.displacement.view());
    phi_ = system_.phi(backend);
    record(phi_, report_.first_loss);
    for (std::size_t m = 0; m < open_.size(); ++m)
      if (!std::isfinite(phi_[m])) close(m, MatchingOutcome::refused);
    for (Index step = 0; step < steps; ++step) {
      if (std::count(open_.begin(), open_.end(), 1) > 0) {
        solve(backend, solver, step == 0);
        attempt(backend);
      }
      count_work();
      after_step(step);
    }
    record(system_.mismatch(backend), report_.last_loss);
  }

 private:
  std::size_t at(std::size_t m) const { return first_ + m; }
  PerMember all(double value) const { return PerMember(open_.size(), value); }
  void close(std::size_t m, MatchingOutcome outcome) {
    open_[m] = 0;
    report_.outcome[at(m)] = outcome;
  }
  void record(const PerMember& sums, std::vector<double>& losses) const {
    for (std::size_t m = 0; m < open_.size(); ++m)
      losses[at(m)] = sums[m] / static_cast<double>(system_.rows());
  }

  /// direction = theta0 + D - theta, its pull, and J D.
  void solve(B& backend, const SolverConfig& config, bool at_start) {
    system_.right_hand_side(backend, at_start, right_);
    const std::vector<SolveStatus> statuses =
        dual_ ? (*dual_)(backend, config, at_start, right_, direction_)
              : (*primal_)(backend, config, right_, direction_);
    add_scaled(backend, all(-1), system_.displacement(), direction_.displacement);
    add_scaled(backend, all(-1), system_.pull(), direction_.pull);
    for (std::size_t m = 0; m < open_.size(); ++m)
      if (open_[m]) {
        report_.iterations[at(m)] += statuses[m].iterations;
        report_.residual[at(m)] = statuses[m].residual;
      }
  }

  /// Moves every open member along its direction, as far as that helps.
  void attempt(B& backend) {
    const std::vector<PredictedFall> falls =
        system_.predict(backend, direction_.displacement, direction_.pull, direction_.image);
    PerMember scale = all(0), phi;
    for (std::size_t m = 0; m < open_.size(); ++m)
      if (open_[m] && falls[m].slope > 0 && std::isfinite(falls[m].curvature))
        scale[m] = std::min(1.0, falls[m].slope / falls[m].curvature);
    copy_rows(backend, MatrixView<const Real>(weights_.theta()), before_.view());
    copy_rows(backend, system_.pull(), before_pull_.view());
    for (int halvings = 0; halvings <= most_halvings + 1; ++halvings) {
      copy_rows(backend, MatrixView<const Real>(before_), weights_.theta());
      add_scaled(backend, scale, direction_.displacement, weights_.theta());
      copy_rows(backend, MatrixView<const Real>(before_pull_), pull_.view());
      add_scaled(backend, scale, direction_.pull, pull_);
      system_.move(backend, weights_.view(), pull_);
      phi = system_.phi(backend);
      bool again = false;
      for (std::size_t m = 0; m < open_.size(); ++m) {
        if (scale[m] == 0 || phi_[m] - phi[m] >= enough * falls[m](scale[m])) continue;
        scale[m] = halvings < most_halvings ? scale[m] / 2 : 0;
        again = true;
      }
      if (!again) break;
    }
    for (std::size_t m = 0; m < open_.size(); ++m) {
      if (!open_[m]) continue;
      report_.steps[at(m)] += scale[m] > 0;
      if (scale[m] == 0)
        close(m, MatchingOutcome::refused);
      else if (phi_[m] - phi[m] < settled * phi_[m])
        close(m, MatchingOutcome::settled);
      phi_[m] = phi[m];
    }
  }

  void count_work() {
    const double work = system_.jacobian().work() +
                        system_.metric().flops() / (4 * static_cast<double>(Model::parameters));
    for (std::size_t m = 0; m < open_.size(); ++m)
      report_.samples[at(m)] = static_cast<Index>(std::ceil(work));
    if (first_ == 0) report_.samples_by_epoch.push_back(report_.samples[0]);
  }

  System& system_;
  const CohortWeights<Model, B>& weights_;
  std::size_t first_;
  GaussNewtonReport& report_;
  MemberVectors<B> right_;
  Move<B> direction_;  // from where the weights are; its image is from theta0
  MemberVectors<B> before_, before_pull_, pull_;
  std::optional<DualSolver<System, B>> dual_;
  std::optional<PrimalSolver<System, B>> primal_;
  std::vector<char> open_;
  PerMember phi_;
};

}  // namespace expunge::detail
