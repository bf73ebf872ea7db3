// A matrix that is known by its products alone, for all members at once.
//
//   a.rows(), a.cols()
//   a.apply(b, x, y)               y[m] = A[m] x[m]       x [members][cols], y [members][rows]
//   a.apply_transpose(b, y, x)     x[m] = A[m]' y[m]      least squares needs it too
//
// Jacobians, kernels J J' and Gauss-Newton matrices J' H J are such operators
// (linearisation/), and so is whatever a user has products of. Nothing is stored, so the cost of a
// solve is its number of products.
#pragma once

#include <concepts>

#include "expunge/core/view.hpp"

namespace expunge {

/// See docs/concepts.md#linearoperator.
template <class A, class B>
concept LinearOperator = requires(A& a, B& backend, MatrixView<const typename B::Real> x,
                                  MatrixView<typename B::Real> y) {
  { a.rows() } -> std::convertible_to<Index>;
  { a.cols() } -> std::convertible_to<Index>;
  a.apply(backend, x, y);
};

/// A LinearOperator whose transpose can be applied too.
template <class A, class B>
concept AdjointOperator = LinearOperator<A, B> &&
    requires(A& a, B& backend, MatrixView<const typename B::Real> y,
             MatrixView<typename B::Real> x) {
  a.apply_transpose(backend, y, x);
};

/// An approximate inverse: p.apply(b, r, z) writes z = P r for symmetric positive definite P.
template <class P, class B>
concept Preconditioner = requires(P& p, B& backend, MatrixView<const typename B::Real> r,
                                  MatrixView<typename B::Real> z) {
  p.apply(backend, r, z);
};

/// P = I.
struct IdentityPreconditioner {
  template <class B, class Real = typename B::Real>
  void apply(B& backend, MatrixView<const Real> r, MatrixView<Real> z) const {
    copy_rows(backend, r, z);
  }
};

}  // namespace expunge
