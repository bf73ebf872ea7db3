// The Gauss-Newton matrix of a mean loss over chosen points, damped:
//
//   (1/points sum_i J_i' H_i J_i + damping I) v      [members][weights]
//
// J_i = Jacobian of the logits of point i, H_i = second derivative of the loss in them. For the
// cross entropy it is the Fisher matrix; for a loss that is convex in the logits it is positive
// semi-definite, as the Hessian of a network is not. What influence functions invert.
//
// Source: Schraudolph 2002, "Fast curvature matrix-vector products for second-order gradient
// descent"; Martens 2010.
#pragma once

#include "expunge/linearisation/jacobian.hpp"
#include "expunge/loss/loss.hpp"

namespace expunge {

/// out = weight H v at every row, H = second derivative of the loss against the row's target.
template <class LossType, class Targets, class Real>
struct CurvatureRows {
  LossType loss;
  Targets target;  // target(m, point)
  Index first;     // point of row 0
  TensorView<const Real> z, v;
  TensorView<Real> out;
  Real weight;
  EXPUNGE_HD void operator()(Index m, Index i, Index) const {
    for (Index j = 0; j < z.features; ++j) out(m, i, j) = 0;
    loss.curvature(z.row(m, i), z.features, target(m, first + i), weight, v.row(m, i),
                   out.row(m, i));
  }
};

/// `target(member, point)` gives the label or the vector of the point at that place of the
/// Jacobian's list (LabelTarget, VectorTarget of train/objective.hpp).
template <class LossType, class Targets, class JacobianType, class B>
class GaussNewtonOperator {
  using Real = typename B::Real;

 public:
  GaussNewtonOperator(B&, const LossType& loss, const Targets& target, JacobianType& jacobian,
                      double damping)
      : loss_(loss), target_(target), jacobian_(jacobian), damping_(damping) {
    require(damping >= 0, "GaussNewtonOperator: damping is ", damping, ", negative");
  }

  Index rows() const { return jacobian_.cols(); }
  Index cols() const { return jacobian_.cols(); }

  void apply(B& backend, MatrixView<const Real> v, MatrixView<Real> y) {
    const Real weight = Real(1) / static_cast<Real>(jacobian_.points());
    jacobian_.apply_normal(
        backend, v,
        [&](Index first, TensorView<const Real> z, TensorView<const Real> dz,
            TensorView<Real> out) {
          return CurvatureRows<LossType, Targets, Real>{loss_, target_, first, z, dz, out, weight};
        },
        y);
    add_scaled(backend, PerMember(static_cast<std::size_t>(y.rows), damping_), v, y);
  }

 private:
  LossType loss_;
  Targets target_;
  JacobianType& jacobian_;
  double damping_;
};

}  // namespace expunge
