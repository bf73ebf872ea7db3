// Eigenvectors of small symmetric matrices, one per member.
#pragma once

#include <Eigen/Eigenvalues>

#include "expunge/backend/gemm.hpp"

namespace expunge {

/// Overwrites a [members][n][n], symmetric, by its orthonormal eigenvectors, one a column, by
/// rising eigenvalue. A matrix that holds a number that is none becomes the identity.
template <class Real>
void eigenvectors(const Cpu<Real>&, TensorView<Real> a) {
  require(a.rows == a.features, "eigenvectors: matrices are ", a.rows, " x ", a.features);
  for (Index m = 0; m < a.members; ++m) {
    detail::RowMajorMap<Real> matrix = detail::eigen_map(a[m]);
    if (!matrix.allFinite()) {
      matrix.setIdentity();
      continue;
    }
    const Eigen::SelfAdjointEigenSolver<detail::RowMajor<Real>> solver(matrix);
    matrix = solver.eigenvectors();
  }
}

}  // namespace expunge
