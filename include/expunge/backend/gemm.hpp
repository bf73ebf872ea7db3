// The one matrix product of the library, over members, row-major:
//
//   C[m] = alpha op(A[m]) op(B[m]) + beta C[m]      op(A) [rows][inner], op(B) [inner][cols]
//
// A or B may have member stride 0 (shared by all members). Every extent is checked here and nowhere
// else. On the CPU each member is one single-threaded Eigen product.
#pragma once

#include "expunge/backend/cpu.hpp"

namespace expunge {

enum class Op { none, transpose };

/// What to solve with a Cholesky factor L of A = L L' (cholesky.hpp).
enum class Solve {
  whole,           // A x = b
  half,            // L x = b
  half_transpose,  // L' x = b
};

namespace detail {

template <class Real>
using RowMajor = Eigen::Matrix<Real, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

template <class Real>
using RowMajorMap =
    Eigen::Map<std::conditional_t<std::is_const_v<Real>, const RowMajor<std::remove_const_t<Real>>,
                                  RowMajor<Real>>>;

template <class Real>
RowMajorMap<Real> eigen_map(MatrixView<Real> x) {
  return {x.data, x.rows, x.cols};
}

template <class A, class B, class Real>
void add_product(const A& a, const B& b, Real alpha, RowMajorMap<Real>& c) {
  c.noalias() += alpha * (a * b);
}

}  // namespace detail

/// to = from'.
template <class Real>
struct TransposeElements {
  TensorView<const Real> from;
  TensorView<Real> to;
  EXPUNGE_HD void operator()(Index m, Index i, Index j) const { to(m, i, j) = from(m, j, i); }
};

/// x *= factor.
template <class Real>
struct ScaleElements {
  TensorView<Real> x;
  Real factor;
  EXPUNGE_HD void operator()(Index m, Index i, Index j) const { x(m, i, j) *= factor; }
};

/// Rows and columns of C, and what is summed over.
struct GemmExtents {
  Index rows, inner, cols;
};

/// Throws std::invalid_argument with all extents when they do not fit.
template <class Real>
GemmExtents gemm_extents(Op op_a, Op op_b, TensorView<const Real> a, TensorView<const Real> b,
                         TensorView<Real> c) {
  const Index rows = op_a == Op::none ? a.rows : a.features;
  const Index inner_a = op_a == Op::none ? a.features : a.rows;
  const Index inner_b = op_b == Op::none ? b.rows : b.features;
  const Index cols = op_b == Op::none ? b.features : b.rows;
  require(inner_a == inner_b && rows == c.rows && cols == c.features && a.members == c.members &&
              b.members == c.members,
          "gemm: op(A) is [", a.members, "][", rows, "][", inner_a, "], op(B) is [", b.members,
          "][", inner_b, "][", cols, "], C is [", c.members, "][", c.rows, "][", c.features, "]");
  return {rows, inner_a, cols};
}

/// The product above.
template <class Real>
void gemm(const Cpu<Real>& backend, Op op_a, Op op_b, std::type_identity_t<Real> alpha,
          std::type_identity_t<TensorView<const Real>> a,
          std::type_identity_t<TensorView<const Real>> b, std::type_identity_t<Real> beta,
          std::type_identity_t<TensorView<Real>> c) {
  gemm_extents(op_a, op_b, a, b, c);
  if (beta == Real(0))
    fill_zero(backend, c.flat());
  else if (beta != Real(1))
    for_each_element(backend, c.members, c.rows, c.features, ScaleElements<Real>{c, beta});
  for (Index m = 0; m < c.members; ++m) {
    const detail::RowMajorMap<const Real> am = detail::eigen_map(a[m]);
    const detail::RowMajorMap<const Real> bm = detail::eigen_map(b[m]);
    detail::RowMajorMap<Real> cm = detail::eigen_map(c[m]);
    if (op_a == Op::none && op_b == Op::none) detail::add_product(am, bm, alpha, cm);
    if (op_a == Op::none && op_b == Op::transpose)
      detail::add_product(am, bm.transpose(), alpha, cm);
    if (op_a == Op::transpose && op_b == Op::none)
      detail::add_product(am.transpose(), bm, alpha, cm);
    if (op_a == Op::transpose && op_b == Op::transpose)
      detail::add_product(am.transpose(), bm.transpose(), alpha, cm);
  }
}

}  // namespace expunge
