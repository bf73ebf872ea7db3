// The (empirical neural tangent) kernel of chosen outputs, shifted:
//
//   (J P J' + diag(shift)) a       [members][rows], rows = points * outputs
//
// one backward and one tangent pass per product. In the words of Gaussian processes P is the prior
// covariance of the weights' move (I, if nothing else is said; see weight_prior.hpp) and the shift
// the variance of the noise; in those of Levenberg and Marquardt the shift is the damping.
#pragma once

#include "expunge/linearisation/jacobian.hpp"

namespace expunge {

/// y += shift o x.
template <class Real>
struct AddShifted {
  MatrixView<const Real> shift, x;
  MatrixView<Real> y;
  EXPUNGE_HD void operator()(Index m, Index, Index j) const { y(m, j) += shift(m, j) * x(m, j); }
};

/// P = I.
struct IdentityMetric {
  template <class B>
  void apply(B&, MatrixView<typename B::Real>) const {}
};

/// `Metric::apply(b, v)` is v = P v, in place.
template <class JacobianType, class B, class Metric = IdentityMetric>
class KernelOperator {
  using Real = typename B::Real;

 public:
  /// `shift` [members][rows] and `metric` must outlive this, and may change between products.
  KernelOperator(B& backend, JacobianType& jacobian, MatrixView<const Real> shift, Metric& metric)
      : jacobian_(jacobian),
        metric_(metric),
        shift_(shift),
        weights_(backend, jacobian.members(), jacobian.cols()) {
    require(shift.rows == jacobian.members() && shift.cols == jacobian.rows(),
            "KernelOperator: shift is [", shift.rows, "][", shift.cols, "], the Jacobian has ",
            jacobian.members(), " members and ", jacobian.rows(), " rows");
  }
  KernelOperator(B& backend, JacobianType& jacobian,
                 MatrixView<const Real> shift) requires std::is_same_v<Metric, IdentityMetric>
      : KernelOperator(backend, jacobian, shift, identity_) {}

  Index rows() const { return jacobian_.rows(); }
  Index cols() const { return jacobian_.rows(); }

  void apply(B& backend, MatrixView<const Real> a, MatrixView<Real> y) {
    jacobian_.apply_transpose(backend, a, weights_);
    metric_.apply(backend, weights_.view());
    jacobian_.apply(backend, weights_, y);
    for_each_element(backend, y.rows, 1, y.cols, AddShifted<Real>{shift_, a, y});
  }

 private:
  inline static IdentityMetric identity_{};
  JacobianType& jacobian_;
  Metric& metric_;
  MatrixView<const Real> shift_;
  MemberVectors<B> weights_;
};

}  // namespace expunge
