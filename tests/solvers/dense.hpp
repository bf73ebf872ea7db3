// Dense matrices as operators, one per member, and what the solver tests share.
#pragma once

#include <Eigen/Dense>
#include <vector>

#include "comparators.hpp"
#include "expunge/core/view.hpp"
#include "expunge/solvers/solve_status.hpp"

namespace expunge {

using DenseMatrix = Eigen::MatrixXd;
using DenseVector = Eigen::VectorXd;

inline DenseMatrix random_matrix(Index rows, Index cols, std::uint32_t stream) {
  const std::vector<double> values = normals<double>(rows * cols, stream);
  return Eigen::Map<const DenseMatrix>(values.data(), rows, cols);
}

/// Symmetric positive definite, with a condition number of some tens.
inline DenseMatrix definite_matrix(Index n, std::uint32_t stream) {
  const DenseMatrix root = random_matrix(n, n, stream);
  return root * root.transpose() + DenseMatrix::Identity(n, n);
}

/// A[m] x[m] and A[m]'y[m]; counts its products.
struct DenseOperator {
  std::vector<DenseMatrix> matrices;
  Index products = 0;

  Index rows() const { return matrices[0].rows(); }
  Index cols() const { return matrices[0].cols(); }

  template <class B>
  void apply(B&, MatrixView<const double> x, MatrixView<double> y) {
    for (Index m = 0; m < x.rows; ++m) vector(y, m) = at(m) * vector(x, m);
    ++products;
  }
  template <class B>
  void apply_transpose(B&, MatrixView<const double> y, MatrixView<double> x) {
    for (Index m = 0; m < y.rows; ++m) vector(x, m) = at(m).transpose() * vector(y, m);
    ++products;
  }

 private:
  const DenseMatrix& at(Index m) const { return matrices[static_cast<std::size_t>(m)]; }
  static Eigen::Map<DenseVector> vector(MatrixView<double> x, Index m) {
    return {x.row(m), x.cols};
  }
  static Eigen::Map<const DenseVector> vector(MatrixView<const double> x, Index m) {
    return {x.row(m), x.cols};
  }
};

/// One vector of n numbers per member, without gaps.
struct Vectors {
  Index members, n;
  std::vector<double> data;

  Vectors(Index members_, Index n_, double value = 0)
      : members(members_), n(n_), data(static_cast<std::size_t>(members_ * n_), value) {}
  static Vectors random(Index members, Index n, std::uint32_t stream) {
    Vectors vectors(members, n);
    vectors.data = normals<double>(members * n, stream);
    return vectors;
  }

  MatrixView<double> view() { return {data.data(), members, n}; }
  operator MatrixView<double>() { return view(); }
  operator MatrixView<const double>() const { return {data.data(), members, n}; }
  DenseVector operator[](Index m) const {
    return Eigen::Map<const DenseVector>(data.data() + m * n, n);
  }
  void set(Index m, const DenseVector& values) {
    std::copy_n(values.data(), n, data.data() + m * n);
  }
};

inline double relative_difference(const DenseVector& a, const DenseVector& b) {
  return relative_difference(a.data(), b.data(), a.size() == b.size() ? a.size() : 0);
}

}  // namespace expunge
