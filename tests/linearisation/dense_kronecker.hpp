// Kronecker products over the weights of a linear layer as dense matrices, written out.
#pragma once

#include "solvers/dense.hpp"

namespace expunge {

/// [x 1], row by row.
inline DenseMatrix with_ones(const DenseMatrix& x) {
  DenseMatrix extended(x.rows(), x.cols() + 1);
  extended << x, DenseVector::Ones(x.rows());
  return extended;
}

/// outputs (x) inputs over the weights of a Linear in its order: W [out][in] row by row, then b.
/// The last row of `inputs` is that of the 1 which the bias multiplies.
inline DenseMatrix dense_kronecker(const DenseMatrix& outputs, const DenseMatrix& inputs) {
  const Index out = outputs.rows(), in = inputs.rows() - 1;
  const auto place = [&](Index o, Index i) { return i < in ? o * in + i : out * in + o; };
  DenseMatrix product(out * (in + 1), out * (in + 1));
  for (Index o = 0; o < out; ++o)
    for (Index p = 0; p < out; ++p)
      for (Index i = 0; i <= in; ++i)
        for (Index j = 0; j <= in; ++j)
          product(place(o, i), place(p, j)) = outputs(o, p) * inputs(i, j);
  return product;
}

/// mu P^-1 of one linear layer under KroneckerPrior{points}:
/// points (A + pi g I) (x) (S + g / pi I), for second moments A of [x 1] and S of the slopes.
inline DenseMatrix dense_prior(const DenseMatrix& a, const DenseMatrix& s, double points,
                               double mu) {
  const double g = std::sqrt(mu / points);
  const double pi = std::sqrt((a.trace() / static_cast<double>(a.rows())) /
                              (s.trace() / static_cast<double>(s.rows())));
  return points * dense_kronecker(s + g / pi * DenseMatrix::Identity(s.rows(), s.cols()),
                                  a + pi * g * DenseMatrix::Identity(a.rows(), a.cols()));
}

}  // namespace expunge
