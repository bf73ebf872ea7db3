// Cholesky factors of small symmetric positive definite matrices, one per member.
//
//   cholesky(b, a)             a[m] = L[m] L[m]' in place; whether each is positive definite
//   solve_cholesky(b, l, x)    x[m] <- a[m]^-1 x[m], all columns at once
#pragma once

#include <Eigen/Cholesky>
#include <limits>
#include <vector>

#include "expunge/backend/gemm.hpp"

namespace expunge {

/// Overwrites the lower triangle (of the matrix read column by column) by L. Returns one flag per
/// member: 0 where a[m] is not positive definite or holds a number that is none; such a factor is
/// filled with NaN, so that nobody takes it for one.
template <class Real>
std::vector<char> cholesky(const Cpu<Real>&, TensorView<Real> a) {
  require(a.rows == a.features, "cholesky: matrices are ", a.rows, " x ", a.features);
  using Matrix = Eigen::Matrix<Real, Eigen::Dynamic, Eigen::Dynamic>;
  std::vector<char> definite;
  for (Index m = 0; m < a.members; ++m) {
    Eigen::Map<Matrix> matrix(a[m].data, a.rows, a.rows);
    const Eigen::LLT<Eigen::Ref<Matrix>> factor(matrix);
    definite.push_back(factor.info() == Eigen::Success && matrix.diagonal().allFinite());
    if (!definite.back()) matrix.setConstant(std::numeric_limits<Real>::quiet_NaN());
  }
  return definite;
}

/// Throws std::invalid_argument unless factors l [members][n][n] fit x [members][n][columns].
template <class Real>
void check_factors(TensorView<const Real> l, TensorView<Real> x) {
  require(l.rows == x.rows && l.rows == l.features && l.members == x.members,
          "solve_cholesky: factors are [", l.members, "][", l.rows, "][", l.features,
          "], right-hand sides [", x.members, "][", x.rows, "][", x.features, "]");
}

/// In place, for factors l [members][n][n] and right-hand sides x [members][n][columns].
template <class Real>
void solve_cholesky(const Cpu<Real>&, std::type_identity_t<TensorView<const Real>> l,
                    TensorView<Real> x, Solve which = Solve::whole) {
  check_factors(l, x);
  using Matrix = Eigen::Matrix<Real, Eigen::Dynamic, Eigen::Dynamic>;
  for (Index m = 0; m < x.members; ++m) {
    const Eigen::Map<const Matrix> factor(l[m].data, l.rows, l.rows);
    detail::RowMajorMap<Real> columns = detail::eigen_map(x[m]);
    if (which != Solve::half_transpose)
      factor.template triangularView<Eigen::Lower>().solveInPlace(columns);
    if (which != Solve::half)
      factor.template triangularView<Eigen::Lower>().transpose().solveInPlace(columns);
  }
}

}  // namespace expunge
