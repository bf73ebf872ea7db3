// The (empirical neural tangent) kernel of chosen outputs, shifted:
//
//   (J J' + diag(shift)) a       [members][rows], rows = points * outputs
//
// one backward and one tangent pass per product. The shift is the variance of the noise in
// Gaussian-process words, the damping in those of Levenberg and Marquardt.
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

template <class JacobianType, class B>
class KernelOperator {
  using Real = typename B::Real;

 public:
  /// `shift` [members][rows] must outlive this, and may change between products.
  KernelOperator(B& backend, JacobianType& jacobian, MatrixView<const Real> shift)
      : jacobian_(jacobian), shift_(shift), weights_(backend, jacobian.members(), jacobian.cols()) {
    require(shift.rows == jacobian.members() && shift.cols == jacobian.rows(),
            "KernelOperator: shift is [", shift.rows, "][", shift.cols, "], the Jacobian has ",
            jacobian.members(), " members and ", jacobian.rows(), " rows");
  }

  Index rows() const { return jacobian_.rows(); }
  Index cols() const { return jacobian_.rows(); }

  void apply(B& backend, MatrixView<const Real> a, MatrixView<Real> y) {
    jacobian_.apply_transpose(backend, a, weights_);
    jacobian_.apply(backend, weights_, y);
    for_each_element(backend, y.rows, 1, y.cols, AddShifted<Real>{shift_, a, y});
  }

 private:
  JacobianType& jacobian_;
  MatrixView<const Real> shift_;
  MemberVectors<B> weights_;
};

}  // namespace expunge
